"""A message centre in a process of its own that takes everything at once, fast.

``python -m tests.bench._canned_smpp [receipts]``: prints its port, ends with its standard input.
With ``receipts`` it sends a receipt behind each ``submit_sm_resp``, and asks for no answer.
"""

from __future__ import annotations

import asyncio
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from devino_codecs import smpp

_HEADER = struct.Struct(">4I")
_SUBMIT_SM, _DELIVER_SM_RESP = smpp.SubmitSm.command_id, smpp.DeliverSmResp.command_id
_RECEIPTS = "receipts" in sys.argv[1:]


class _Canned(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._buffer = b""
        self._count = 0

    def data_received(self, data: bytes) -> None:
        data = self._buffer + data
        at, end = 0, len(data)
        out: list[bytes] = []
        while end - at >= 16:
            length, command_id, _, number = _HEADER.unpack_from(data, at)
            if at + length > end:
                break
            if command_id == _SUBMIT_SM:
                self._count += 1
                message_id = b"%010d" % self._count
                out.append(_HEADER.pack(27, 0x80000004, 0, number) + message_id + b"\0")
                if _RECEIPTS:
                    out.append(_receipt(message_id, self._count))
            elif command_id != _DELIVER_SM_RESP:
                out.append(_other(data[at : at + length]))
            at += length
        self._buffer = data[at:]
        self._transport.write(b"".join(out))


_RECEIPT_TEXT = (
    b"id:0000000000 sub:001 dlvrd:001 submit date:2601311200 done date:2601311201 stat:DELIVRD"
    b" err:000 text:Hello"
)
_RECEIPT = smpp.encode(
    smpp.DeliverSm(
        source_addr_ton=1,
        source_addr_npi=1,
        source_addr="79031234567",
        dest_addr_ton=5,
        dest_addr_npi=1,
        destination_addr="DEVINO",
        esm_class=smpp.EsmClass.DELIVERY_RECEIPT,
        short_message=_RECEIPT_TEXT,
    )
)
_ID_AT = _RECEIPT.index(_RECEIPT_TEXT) + 3
_BEFORE, _BETWEEN, _AFTER = _RECEIPT[:12], _RECEIPT[16:_ID_AT], _RECEIPT[_ID_AT + 10 :]


def _receipt(message_id: bytes, number: int) -> bytes:
    return b"".join((_BEFORE, number.to_bytes(4, "big"), _BETWEEN, message_id, _AFTER))


def _other(frame: bytes) -> bytes:
    match smpp.decode(frame):
        case smpp.BindTransceiver(sequence_number=number):
            return smpp.encode(smpp.BindTransceiverResp(system_id="canned"), number)
        case smpp.EnquireLink(sequence_number=number):
            return smpp.encode(smpp.EnquireLinkResp(), number)
        case smpp.Unbind(sequence_number=number):
            return smpp.encode(smpp.UnbindResp(), number)
    return b""


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Canned, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextmanager
def canned_centre(*, receipts: bool = False) -> Iterator[int]:
    """Run the centre and give its port."""
    arguments = ["receipts"] if receipts else []
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench._canned_smpp", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.communicate()


if __name__ == "__main__":
    asyncio.run(_serve())
