"""What is said over a control connection of FTP, command by command, for the journal."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from devino_sandbox._journal import Journal, Record
from devino_sandbox._text_said import TextSaid

__all__ = ["Heard"]

PROTOCOL = "ftp"
"""As messages and faults name it."""

_PASS = re.compile(rb"(\s*PASS)\b[^\r\n]*", re.IGNORECASE)
_KNOWN = re.compile(r"[A-Z]{3,4}")


class Heard:
    """One control connection. A call is a command with its replies; one of 1xx is not the last."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.peer = ""
        self.record: Record | None = None
        """The command that came last."""
        self._replies = TextSaid()

    def asked(self, operation: str, line: str) -> None:
        """A command has come; ``CONNECT`` is the connection itself."""
        if not self._journal.is_read:
            return
        self.over("no reply")
        self.record = None
        known = _KNOWN.fullmatch(operation) is not None or operation == "CONNECT"
        said = TextSaid(_masked if known else lambda data: b"***")
        said.add(line.encode(errors="replace"))
        self.record = self._journal.record(said)
        if operation != "CONNECT":
            self.record.enter(PROTOCOL, self.peer, operation if known else None)
        self._replies = TextSaid()

    @contextmanager
    def during(self) -> Iterator[None]:
        """What happens in the block belongs to the command that came last."""
        record = self.record
        if record is None:
            yield
            return
        with record:
            yield
        if record.fault is not None:
            record.enter(PROTOCOL, self.peer, "CONNECT")

    def replied(self, line: str) -> None:
        """A reply goes out."""
        record = self.record
        if record is None:
            return
        self._replies.add(line.encode(errors="replace") + b"\r\n")
        if line[:1] != "1":
            record.answer = self._replies
            record.end(line[:3], failed=line[:1] in "45")

    def forget(self) -> None:
        """The connection itself is no call, unless it fails."""
        self.record = None

    def over(self, why: str = "the client left") -> None:
        """The connection has ended, or the next command has come."""
        record, self.record = self.record, None
        if record is not None:
            record.broke(why)


def _masked(data: bytes) -> bytes:
    return _PASS.sub(rb"\1 ***", data)
