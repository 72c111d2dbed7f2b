"""A message centre in a process of its own, which takes everything at once, and fast.

``python -m tests.bench._canned_smpp [receipts]`` prints its port, and ends with its standard input.
With ``receipts`` it sends a receipt after each ``submit_sm_resp``, and needs no answer.
"""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from devino_codecs import smpp

_HEADER = struct.Struct(">4I")
_SUBMIT_SM = int(smpp.SubmitSm.command_id)
_SUBMIT_SM_RESP = int(smpp.SubmitSmResp.command_id)
_DELIVER_SM_RESP = int(smpp.DeliverSmResp.command_id)
_RECEIPTS = "receipts" in sys.argv[1:]


def _serve(connection: socket.socket) -> None:
    # It blocks in a thread, because an event loop would take longer than everything else here.
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    count = 0
    rest = b""
    with connection:
        while chunk := connection.recv(65536):
            data = rest + chunk
            at, end = 0, len(data)
            out: list[bytes] = []
            while end - at >= 16:
                length, command_id, _, number = _HEADER.unpack_from(data, at)
                if at + length > end:
                    break
                if command_id == _SUBMIT_SM:
                    count += 1
                    message_id = b"%010d" % count
                    out.append(_HEADER.pack(27, _SUBMIT_SM_RESP, 0, number) + message_id + b"\0")
                    if _RECEIPTS:
                        out.append(_receipt(message_id, count))
                elif command_id != _DELIVER_SM_RESP:
                    out.append(_other(data[at : at + length]))
                at += length
            rest = data[at:]
            connection.sendall(b"".join(out))


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


def _run() -> None:
    server = socket.create_server(("127.0.0.1", 0))
    print(server.getsockname()[1], flush=True)
    threading.Thread(target=_accept, args=(server,), daemon=True).start()
    sys.stdin.read()


def _accept(server: socket.socket) -> None:
    while True:
        connection, _ = server.accept()
        threading.Thread(target=_serve, args=(connection,), daemon=True).start()


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
    _run()
