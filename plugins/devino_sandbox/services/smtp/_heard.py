"""What is said in a conversation of a mail server, command by command, for the journal."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from devino_sandbox._journal import Journal, Record
from devino_sandbox._text_said import TextSaid

__all__ = ["OPERATIONS", "Heard"]

OPERATIONS = (
    "CONNECT",
    "EHLO",
    "HELO",
    "STARTTLS",
    "AUTH",
    "MAIL",
    "RCPT",
    "RSET",
    "NOOP",
    "QUIT",
    "DATA-BEGIN",
    "DATA",
)
"""What can fail: the greeting, each command, and the mail."""
_KNOWN = frozenset({*OPERATIONS, "DATA", "VRFY", "EXPN", "HELP", "BDAT"})
_AUTH = re.compile(rb"(\s*AUTH\s+[\w-]+)[^\r\n]*", re.IGNORECASE)
_LINE = re.compile(rb"[^\r\n]+")
_END_OF_MAIL = b"\r\n.\r\n"


class Heard:
    """One conversation. A call is a command with all that belongs to it, up to the reply that ends
    it: ``AUTH`` with what follows each 334, ``DATA`` with the mail.

    ``mail_masked`` takes the credentials out of a mail.
    """

    def __init__(
        self, journal: Journal, protocol: str, mail_masked: Callable[[bytes], bytes]
    ) -> None:
        self._journal = journal
        self._protocol = protocol
        self._mail_masked = mail_masked
        self.peer = ""
        self._unread = bytearray()
        self._record: Record | None = None
        self._last: Record | None = None
        self._replies = TextSaid()
        self._asked_for = 0
        """Lines that were asked for beside the command."""
        self._in_mail = False

    def came(self, data: bytes) -> None:
        """The client has sent this."""
        if not self._journal.is_read:
            return
        self._unread += data
        if self._record is None:
            self._begin()

    def call(self) -> Record:
        """The command that is being carried out, or the greeting."""
        if self._record is None:
            self._begin()
        record = self._record
        assert record is not None  # noqa: S101 - it has just begun
        return record.enter(self._protocol, self.peer, self._operation())

    def last(self) -> AbstractContextManager[object]:
        """What happens in the block belongs to the command that was replied to last."""
        return nullcontext() if self._last is None else self._last

    def replied(self, line: bytes) -> None:
        """A reply goes out. One of 3xx asks for more; any other ends the command."""
        if not self._journal.is_read:
            return
        if self._record is None and not self._unread:
            if line[:1] == b"2":
                # The greeting is no call.
                return
            self._begin()
        record = self.call()
        self._replies.add(line + b"\r\n")
        if line[:1] == b"3":
            self._in_mail = line[:3] == b"354"
            self._asked_for += not self._in_mail
            return
        said = self._taken()
        if isinstance(record.request, TextSaid):
            record.request.add(said)
            record.request.masked = self._masked_as(record.operation)
        record.answer = self._replies
        self._last = record
        record.end(line[:3].decode("latin-1"), failed=line[:1] in b"45")
        self._next()

    def over(self) -> None:
        """The conversation has ended."""
        record, self._record = self._record, None
        if record is not None and (self._unread or record.fault is not None):
            record = record.enter(self._protocol, self.peer, self._operation())
            if isinstance(record.request, TextSaid):
                record.request.add(bytes(self._unread))
                record.request.masked = self._masked_as(record.operation)
            record.broke("the client left")

    def _begin(self) -> None:
        self._record = self._journal.record(TextSaid())

    def _next(self) -> None:
        self._record, self._replies = None, TextSaid()
        self._asked_for, self._in_mail = 0, False
        if self._unread:
            self._begin()

    def _operation(self) -> str | None:
        if not self._unread:
            return "CONNECT"
        word = bytes(self._unread[:20]).split(None, 1)[:1]
        name = word[0].decode("latin-1").upper() if word else ""
        return name if name in _KNOWN else None

    def _taken(self) -> bytes:
        """What belongs to the command that ends now."""
        unread = self._unread
        if self._in_mail:
            end = unread.find(_END_OF_MAIL)
            length = len(unread) if end < 0 else end + len(_END_OF_MAIL)
        else:
            length = 0
            for _ in range(1 + self._asked_for):
                found = unread.find(b"\n", length)
                length = len(unread) if found < 0 else found + 1
        taken = bytes(unread[:length])
        del unread[:length]
        return taken

    def _masked_as(self, operation: str | None) -> Callable[[bytes], bytes]:
        if operation == "DATA":
            return self._data_masked
        if operation == "AUTH":
            return _auth_masked
        # It may be half of a login that was refused.
        return bytes if operation is not None else lambda data: _LINE.sub(b"***", data)

    def _data_masked(self, data: bytes) -> bytes:
        command, end, mail = data.partition(b"\n")
        return command + end + self._mail_masked(mail) if mail else data


def _auth_masked(data: bytes) -> bytes:
    command, end, more = data.partition(b"\n")
    return _AUTH.sub(rb"\1 ***", command) + end + _LINE.sub(b"***", more)
