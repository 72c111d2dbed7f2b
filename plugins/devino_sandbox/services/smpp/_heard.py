"""What goes over one connection of the SMSC, PDU by PDU, for the journal."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress

from devino_codecs import DecodeError
from devino_codecs.masking import Kinds
from devino_codecs.smpp import (
    CommandId,
    DeliverSm,
    EsmClass,
    Framer,
    decode,
    describe,
    status_name,
)
from devino_sandbox._http_said import UnreadSaid
from devino_sandbox._journal import LONGEST, Journal, Record, Said, Wire

from ._submitting import PROTOCOL

__all__ = ["Heard"]

_header = struct.Struct(">4I").unpack_from
_HEADER = 16
_ANSWER = 0x80000000
_DELIVER_SM = int(CommandId.DELIVER_SM)
_REPORTS = EsmClass.DELIVERY_RECEIPT | EsmClass.INTERMEDIATE_NOTIFICATION
_RECEIPT = re.compile(rb"id:([0-9A-Fa-f]{1,20}) ")
_NACK = int(CommandId.GENERIC_NACK)
_BINDS = {1, 2, 9}


class _PduSaid:
    __slots__ = ("octets",)
    call_id: str | None = None

    def __init__(self, octets: bytes) -> None:
        self.octets = octets

    def wire(self, kinds: Kinds, path: str) -> Wire:
        octets = self.octets
        shown = octets[:LONGEST].hex(" ")
        begin, end = _password(octets)
        if begin < end:
            # Each octet takes three places.
            shown = shown[: begin * 3] + "** " * (end - begin) + shown[end * 3 :]
        told = None
        with suppress(DecodeError):
            told = describe(octets)
        size = len(octets)
        return Wire(
            head="",
            body=shown.rstrip(),
            is_hex=True,
            size=size,
            truncated=size > LONGEST,
            decoded=told,
        )


class Heard:
    """One connection. It reads the wire beside the session's machine: so it shows what was sent,
    and not what was understood.

    ``named``: what the journal calls a message by, for its id in receipts.
    """

    def __init__(self, journal: Journal, peer: str, named: Callable[[str], str | None]) -> None:
        self._journal = journal
        self._named = named
        self._peer = peer
        self._from, self._to = Framer(), Framer()
        # Requests that have no answer yet, by their numbers.
        self._asked: dict[int, Record] = {}
        self._asking: dict[int, Record] = {}

    def came(self, data: bytes) -> None:
        """The client has sent this."""
        self._read(self._from, data, self._asked, self._asking)

    def goes(self, data: bytes) -> None:
        """The centre sends this."""
        self._read(self._to, data, self._asking, self._asked)

    def during(self, number: int) -> AbstractContextManager[object]:
        """What happens in the block belongs to the request with this number."""
        record = self._asked.get(number)
        return nullcontext() if record is None else record

    @contextmanager
    def connecting(self) -> Iterator[None]:
        """What happens in the block happens to the connection itself. Only a fault is a call."""
        record = self._journal.record(UnreadSaid(b""))
        with record:
            yield
        if record.fault is not None:
            record.enter(PROTOCOL, self._peer, "connect").broke("refused (fault)")

    def over(self) -> None:
        """The connection has ended."""
        for record in (*self._asked.values(), *self._asking.values()):
            record.broke("no answer")
        self._asked.clear()
        self._asking.clear()

    def _read(
        self,
        framer: Framer,
        data: bytes,
        requests: dict[int, Record],
        answered: dict[int, Record],
    ) -> None:
        if _is_lost(framer) or not self._journal.is_read:
            return
        for frame in framer.feed(data):
            _, command, status, number = _header(frame)
            if command & _ANSWER:
                record = answered.pop(number, None)
                if record is None:
                    if framer is self._to:
                        # To what was no PDU, and stands in the journal as that.
                        continue
                    record = self._record(_PduSaid(frame), command)
                else:
                    record.answer = _PduSaid(frame)
                failed = bool(status) or command == _NACK
                record.end(status_name(status), failed=failed)
            else:
                record = requests[number] = self._record(_PduSaid(frame), command)
                told = _told_of(frame) if command == _DELIVER_SM else None
                named = None if told is None else self._named(told)
                if named is not None:
                    record.messages += (named,)
        if _is_lost(framer):
            said = UnreadSaid(data)
            self._record(said, None).end(said.what("SMPP"), failed=True)

    def _record(self, said: Said, command: int | None) -> Record:
        name = None
        if command is not None:
            known = command in CommandId.__members__.values()
            name = CommandId(command).name.lower() if known else f"0x{command:08x}"
        return self._journal.record(said).enter(PROTOCOL, self._peer, name)


def _is_lost(framer: Framer) -> bool:
    return framer.error is not None


def _told_of(octets: bytes) -> str | None:
    """The id in the receipt that is delivered; None if it is something else."""
    pdu = decode(octets)
    if not isinstance(pdu, DeliverSm) or not pdu.esm_class & _REPORTS:
        return None
    receipt = _RECEIPT.match(pdu.short_message)
    return None if receipt is None else receipt[1].decode()


def _password(octets: bytes) -> tuple[int, int]:
    """Where the password of a bind stands, however broken that is; an empty range for others."""
    if len(octets) < _HEADER or _header(octets)[1] not in _BINDS:
        return 0, 0
    system_id = octets.find(b"\0", _HEADER)
    if system_id < 0:
        # Without its end it may be anything.
        return _HEADER, len(octets)
    end = octets.find(b"\0", system_id + 1)
    if end == system_id + 1:
        # There is none, or it has run into the login.
        return _HEADER, system_id
    return system_id + 1, len(octets) if end < 0 else end
