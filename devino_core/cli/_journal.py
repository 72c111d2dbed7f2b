"""A file that knows what became of each line of a run, whatever ends the run.

It has a JSON object a line. The first says what is sent::

    {"journal": 1, "run": "5f0c...", "file_sha256": "9b1d...", "options": {"text": "Hello {name}"}}

Before a line of the file is sent, its intent reaches the disk. Afterwards comes what it ended with:
the receipt, or why it was not sent::

    {"line": 2, "ref": "8c31...", "intent": "2030-01-31T12:00:00Z"}
    {"line": 2, "ref": "8c31...", "receipt": {"to": "79031234567", "state": "ACCEPTED", ...}}
    {"line": 3, "ref": "1d70...", "unsent": "InsufficientFunds: the balance is used up"}

If the process dies, at any moment, only the lines that were under way are in doubt: they have an
intent and nothing more. Lines are appended only. If the last one is torn, its writer died while it
wrote, and did not begin what it was about to do.
"""

from __future__ import annotations

import enum
import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import IO, Any, Self

import msgspec

from devino_core.errors import ConfigurationError
from devino_core.files import lines_of

from ._exit import JournalFailed

__all__ = ["Journal", "JournalHead", "Standing"]

_VERSION = 1
_MOST_LINES = 1_000_000_000


class Standing(enum.IntEnum):
    """What a journal knows of a line."""

    NEW = 0
    """Nothing: it was not sent."""
    UNDER_WAY = 1
    """An intent alone: it may have been sent."""
    UNSENT = 2
    """It was tried and not sent."""
    ACCEPTED = 3
    REFUSED = 4
    UNKNOWN = 5
    """It was sent, and no answer says what became of it."""

    @property
    def may_be_sent(self) -> bool:
        return self in (Standing.NEW, Standing.UNSENT)

    @property
    def is_doubtful(self) -> bool:
        return self in (Standing.UNDER_WAY, Standing.UNKNOWN)


class JournalHead(msgspec.Struct, frozen=True, kw_only=True):
    """What a run sends: the file, and the options that make messages of it."""

    journal: int = _VERSION
    run: str = msgspec.field(default_factory=lambda: secrets.token_hex(16))
    """Of this run alone: the same file may be sent again, and its messages are others then."""
    file_sha256: str
    options: Mapping[str, Any]

    def ref(self, line: int) -> str:
        """The ref of a line's message, the same each time."""
        return hashlib.sha256(f"{self.run} {self.file_sha256} {line}".encode()).hexdigest()[:32]


class _Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    line: int
    ref: str
    intent: datetime | None = None
    receipt: dict[str, Any] | None = None
    unsent: str | None = None


_ENTRY = msgspec.json.Decoder(_Entry)
_HEAD = msgspec.json.Decoder(JournalHead)
_JSON = msgspec.json.Encoder(decimal_format="number")


class Journal:
    """A journal that is open for writing, by this process alone.

    Raises ConfigurationError for a file that cannot be used, and JournalFailed for one that cannot
    be written any more.
    """

    def __init__(
        self, path: str, descriptor: int, head: JournalHead, *, is_empty: bool = False
    ) -> None:
        self.head = head
        self.path = path
        self._descriptor = descriptor
        self._is_empty = is_empty
        self._has_failed = False
        # One octet a line: a file may have millions.
        self._standing = bytearray()
        self._intents: dict[int, datetime] = {}

    @classmethod
    def begin(cls, path: str, head: JournalHead) -> Self:
        """A new one. Raises ConfigurationError if the file has something in it.

        Until something is written, there is nothing in it.
        """
        descriptor = _open(path, os.O_CREAT)
        if os.fstat(descriptor).st_size:
            os.close(descriptor)
            raise ConfigurationError(
                f"{path} is there already: add --resume to go on with its run, or name another file"
            )
        return cls(path, descriptor, head, is_empty=True)

    @classmethod
    def resume(cls, path: str, head: JournalHead) -> Self:
        """The journal of a run that did not end; its file and options must be those of ``head``.

        Raises ConfigurationError if they are not, or if there is no such file.
        """
        descriptor = _open(path)
        try:
            with os.fdopen(os.dup(descriptor), "rb") as file:
                lines = _whole_lines(file)
                first = next(lines, None)
                if first is None:
                    # Its process died before it wrote a line, so nothing was sent.
                    os.ftruncate(descriptor, 0)
                    return cls(path, descriptor, head, is_empty=True)
                found = _head_of(first, path)
                _compare(path, found, head)
                journal = cls(path, descriptor, found)
                end = len(first)
                for number, line in enumerate(lines, 2):
                    journal._learn(_entry_of(line, number, path))
                    end += len(line)
            os.ftruncate(descriptor, end)
        except OSError as error:
            os.close(descriptor)
            raise ConfigurationError(f"cannot read the journal {path}: {error.strerror}") from None
        except BaseException:
            # Whatever it was, nobody else knows the file to close it.
            os.close(descriptor)
            raise
        return journal

    def standing(self, line: int) -> Standing:
        """What is known of a line of the file."""
        return Standing(self._standing[line]) if line < len(self._standing) else Standing.NEW

    def intended(self, line: int) -> datetime | None:
        """When a line that is under way was to be sent."""
        return self._intents.get(line)

    def intend(self, rows: Iterable[tuple[int, str]], at: datetime) -> None:
        """Write that these lines, each with its ref, are about to be sent. It is on the disk then,
        and so is all that was written before."""
        self._write([_Entry(line, ref, intent=at) for line, ref in rows])
        self.sync()

    def end(self, line: int, ref: str, receipt: Mapping[str, Any]) -> None:
        """Write the receipt of a line, as ``devino send --json`` shows it."""
        self._write(
            [_Entry(line, ref, receipt={k: v for k, v in receipt.items() if v is not None})]
        )

    def not_sent(self, line: int, ref: str, why: str) -> None:
        """Write that a line was not sent after all."""
        self._write([_Entry(line, ref, unsent=why)])

    def sync(self) -> None:
        """Have all of it on the disk."""
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            raise self._failed(error) from error

    def close(self) -> None:
        """Have all of it on the disk, and leave it to others."""
        try:
            # What could not be written before was said then.
            if not self._has_failed:
                self.sync()
        finally:
            os.close(self._descriptor)

    def _write(self, entries: list[_Entry]) -> None:
        values: list[msgspec.Struct] = [self.head, *entries] if self._is_empty else [*entries]
        self._put(b"".join([_JSON.encode(value) + b"\n" for value in values]))
        if self._is_empty:
            self._is_empty = False
            _sync_folder(self.path)
        for entry in entries:
            self._learn(entry)

    def _put(self, data: bytes) -> None:
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
        except OSError as error:
            raise self._failed(error) from error

    def _failed(self, error: OSError) -> JournalFailed:
        self._has_failed = True
        return JournalFailed(f"the journal {self.path} cannot be written: {error.strerror}")

    def _learn(self, entry: _Entry) -> None:
        line = entry.line
        if line >= len(self._standing):
            self._standing += bytes(line + 1000 - len(self._standing))
        standing = _standing_of(entry)
        if entry.intent is not None:
            self._intents[line] = entry.intent
        elif not standing.is_doubtful:
            self._intents.pop(line, None)
        self._standing[line] = standing


def _standing_of(entry: _Entry) -> Standing:
    if entry.intent is not None:
        return Standing.UNDER_WAY
    if entry.receipt is None:
        return Standing.UNSENT
    receipt, error = entry.receipt, entry.receipt.get("error")
    if isinstance(error, dict) and error.get("retry") == "may_duplicate":
        return Standing.UNKNOWN
    return Standing.REFUSED if error or receipt.get("state") == "REJECTED" else Standing.ACCEPTED


def _open(path: str, flags: int = 0) -> int:
    try:
        descriptor = os.open(
            path, os.O_RDWR | os.O_APPEND | getattr(os, "O_CLOEXEC", 0) | flags, 0o600
        )
    except OSError as error:
        if isinstance(error, FileNotFoundError) and not flags & os.O_CREAT:
            raise ConfigurationError(
                f"there is no journal {path} to resume: leave --resume out to begin a run"
            ) from None
        raise ConfigurationError(f"cannot open the journal {path}: {error.strerror}") from None
    if not _lock(descriptor):
        os.close(descriptor)
        raise ConfigurationError(f"another devino is writing {path}: wait for its end")
    return descriptor


def _lock(descriptor: int) -> bool:
    """Keep others out for as long as this process lives. Where the system has no such lock, others
    are not kept out."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a network's file system that has none
    return True


def _sync_folder(path: str) -> None:
    """Have the file's name on the disk, where the system lets a folder be synced."""
    try:
        folder = os.open(Path(path).parent, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(folder)
    except OSError:
        pass
    finally:
        os.close(folder)


def _whole_lines(file: IO[bytes]) -> Iterator[bytes]:
    """The lines, without a last one that is torn. A machine that fails leaves zeros instead."""
    for line in lines_of(file):
        if not line.endswith(b"\n") or b"\0" in line:
            return
        yield line


def _head_of(line: bytes, path: str) -> JournalHead:
    try:
        head = _HEAD.decode(line)
    except msgspec.DecodeError:
        raise ConfigurationError(f"{path} is no journal of `devino send`") from None
    if head.journal != _VERSION:
        raise ConfigurationError(f"{path} is a journal of another version of devino")
    return head


def _entry_of(line: bytes, number: int, path: str) -> _Entry:
    try:
        entry = _ENTRY.decode(line)
    except msgspec.DecodeError:
        entry = None
    kinds = () if entry is None else (entry.intent, entry.receipt, entry.unsent)
    if (
        entry is None
        or not 0 <= entry.line < _MOST_LINES
        or sum(one is not None for one in kinds) != 1
    ):
        raise ConfigurationError(
            f"{path}: line {number} is damaged, so nobody knows what was sent: look at it before "
            "you go on"
        )
    return entry


def _compare(path: str, found: JournalHead, given: JournalHead) -> None:
    if found.file_sha256 != given.file_sha256:
        raise ConfigurationError(f"{path} is the journal of another file, or the file has changed")
    for name in sorted({*found.options, *given.options}):
        was, is_ = found.options.get(name), given.options.get(name)
        if was != is_:
            raise ConfigurationError(
                f"{path} is the journal of a run with other options: {name} was {was!r}, is {is_!r}"
            )
