"""Writing archives: rows are taken, checked and compressed some thousand at a time."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from types import TracebackType
from typing import BinaryIO, Final

from devino_codecs.errors import EncodeError

from ._values import (
    ATTRIBUTE,
    CONTROL,
    NUMBER,
    Archive,
    PlainArchive,
    Quoting,
    Row,
    TemplateArchive,
)

__all__ = ["MAX_ROWS", "Writer", "encode"]

MAX_ROWS: Final = 1_000_000
"""More rows than this belong into another archive. The limit is ours: the manual names none."""
# An archive with a larger file would need zip64.
_MAX_BYTES: Final = 1_900_000_000
# So many rows are checked by one match.
_BLOCK: Final = 2000
_END: Final = "\r\n"

_SENDER = re.compile(r"[0-9]{1,15}|[ -~]{1,11}")
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
_CELL = {
    Quoting.REFUSE: f'[^;"{CONTROL}]*',
    Quoting.NEVER: f"[^;{CONTROL}]*",
    # Cells that need quotes are not looked for in blocks.
    Quoting.STANDARD: f'[^;"{CONTROL}]*',
}
_QUOTED = re.compile(f"[^{CONTROL}]*")


class Writer:
    """Writes one archive into a seekable file, which stays open.

    Use it as a context manager, or end it by :meth:`close` or :meth:`abandon`: nobody is to take a
    part of the rows for all of them.

    Raises EncodeError for an archive, or at :meth:`write` for a row, that this wire cannot carry.
    ``path`` is then the row, counted from 0, and the column: ``"[17].attr1"``.
    """

    rows: int
    """How many rows were written."""
    size: int
    """The bytes of these rows before compression."""

    def __init__(
        self,
        file: BinaryIO,
        archive: Archive,
        *,
        encoding: str = "utf-8",
        quoting: Quoting = Quoting.REFUSE,
    ) -> None:
        self.rows = 0
        self.size = 0
        self._archive = archive
        self._encoding = encoding
        self._quoting = quoting
        _check_columns(archive)
        if "1;\r\n".encode(encoding) != b"1;\r\n":
            raise EncodeError(f"{encoding} spells digits otherwise than ASCII does")
        if not file.seekable():
            raise EncodeError("the file must be seekable, or the archive needs data descriptors")
        self._patterns = [_pattern(column, quoting) for column in archive.columns]
        self._block = re.compile(f"(?:{';'.join(self._patterns)}{_END})*").fullmatch
        self._template: bytes | None = None
        if isinstance(archive, TemplateArchive):
            self._template = self._encoded_template(archive)
        self._file = file
        self._start = file.tell()
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED)
        name = "name.csv" if isinstance(archive, PlainArchive) else "contacts.csv"
        self._entry = self._zip.open(f"sms/{name}", "w")
        self._entry.write((";".join(archive.columns) + _END).encode(encoding))

    @property
    def full(self) -> bool:
        """Whether further rows belong into another archive."""
        return self.rows >= MAX_ROWS or self.size >= _MAX_BYTES

    def write(self, rows: Iterable[Row]) -> int:
        """Write rows until there are no more or the archive is :attr:`full`; how many it took.

        Nothing beyond the rows that it took is read from ``rows``.
        """
        before = self.rows
        source = iter(rows)
        while not self.full and (block := list(islice(source, min(_BLOCK, MAX_ROWS - self.rows)))):
            octets = self._encoded(block)
            self._entry.write(octets)
            self.rows += len(block)
            self.size += len(octets)
        return self.rows - before

    def close(self) -> None:
        """Write what ends the archive."""
        self._entry.close()
        if self._template is not None:
            with self._zip.open("sms/template.csv", "w") as entry:
                entry.write(self._template)
        self._zip.close()

    def abandon(self) -> None:
        """Leave nothing of the archive in the file.

        A table without its last rows would look whole: zipfile ends an archive even when it is
        only forgotten.
        """
        self._entry.close()
        self._zip.close()
        self._file.seek(self._start)
        self._file.truncate()

    def _encoded(self, block: list[Row]) -> bytes:
        width = len(self._patterns)
        try:
            text = _END.join(map(";".join, block)) + _END
        except TypeError:
            text = ""
        # The counts show a cell that holds a semicolon or a line break: it could pass for two.
        if (
            text.count("\n") == len(block)
            and all(len(row) == width for row in block)
            and self._block(text)
        ):
            try:
                return text.encode(self._encoding)
            except UnicodeEncodeError:
                pass
        return b"".join(
            self._encoded_row(self._archive.columns, row, f"[{nth}].")
            for nth, row in enumerate(block, self.rows)
        )

    def _encoded_row(self, columns: tuple[str, ...], row: Row, where: str) -> bytes:
        if len(row) != len(columns):
            raise EncodeError(f"{len(row)} cells for {len(columns)} columns", path=where[:-1])
        cells = [
            _spelt(cell, column, self._quoting, where + column)
            for column, cell in zip(columns, row, strict=True)
        ]
        try:
            return (";".join(cells) + _END).encode(self._encoding)
        except UnicodeEncodeError as error:
            bad = error.object[error.start]
            raise EncodeError(
                f"{self._encoding} has no {bad!a}: write another text, or agree on another "
                "encoding with support",
                path=where[:-1],
            ) from None

    def _encoded_template(self, archive: TemplateArchive) -> bytes:
        if not _SENDER.fullmatch(archive.sender):
            raise EncodeError("expected 1 to 11 Latin characters or 15 digits", path="sender")
        if archive.validity is not None and archive.validity < 1:
            raise EncodeError("expected at least one minute", path="validity")
        dated = archive.send_at is not None
        cells = {"message": archive.text, "sourceaddress": archive.sender}
        if archive.validity is not None:
            cells["validity"] = str(archive.validity)
        if archive.send_at is not None:
            cells["senddate"] = _date(archive.send_at)
        # The manual wants no column that has no value.
        if dated or "senddate" in archive.columns:
            cells["localtime"] = str(int(archive.local_time))
        columns = tuple(cells)
        head = (";".join(columns) + _END).encode(self._encoding)
        return head + self._encoded_row(columns, tuple(cells.values()), "template.")

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()


def encode(
    archive: Archive,
    rows: Iterable[Row],
    file: BinaryIO,
    *,
    encoding: str = "utf-8",
    quoting: Quoting = Quoting.REFUSE,
) -> int:
    """Write an archive of these rows into a seekable file; how many rows there were.

    Raises EncodeError for what the wire cannot carry, and for more than :data:`MAX_ROWS` rows.
    Divide these with a :class:`Writer` for each archive.
    """
    source = iter(rows)
    with Writer(file, archive, encoding=encoding, quoting=quoting) as writer:
        writer.write(source)
        if next(source, None) is not None:
            raise EncodeError(f"more than {writer.rows} rows: divide them between archives")
    return writer.rows


def _check_columns(archive: Archive) -> None:
    columns = archive.columns
    if isinstance(archive, PlainArchive):
        if columns != ("TELNR_LONG", "TEXT"):
            raise EncodeError("expected TELNR_LONG and TEXT", path="columns")
        return
    for name in columns:
        if name not in ("phone", "senddate") and not re.fullmatch(ATTRIBUTE, name):
            raise EncodeError(
                f"{name!a} is none of phone, senddate, attr1, attr2...", path="columns"
            )
    if "phone" not in columns or len(set(columns)) < len(columns):
        raise EncodeError("needs phone, and each column once", path="columns")


def _pattern(column: str, quoting: Quoting) -> str:
    if column in ("phone", "TELNR_LONG"):
        return NUMBER
    if column == "senddate":
        return f"(?:{_DATE})?"
    # The text of a message must not be empty; a value for a field may be.
    return _CELL[quoting] + ("(?<=[^;\n])" if column in ("TEXT", "message") else "")


def _spelt(cell: object, column: str, quoting: Quoting, path: str) -> str:
    """A cell as it is written. Raises EncodeError."""
    if not isinstance(cell, str):
        raise EncodeError(f"expected str, not {type(cell).__name__}", path=path)
    if re.fullmatch(_pattern(column, quoting), cell):
        return cell
    if column in ("phone", "TELNR_LONG"):
        raise EncodeError("expected 1 to 15 digits, with or without '+'", path=path)
    if column == "senddate":
        raise EncodeError("expected a date such as 2010-06-01T19:14:00", path=path)
    if not cell:
        raise EncodeError("is empty", path=path)
    if found := re.search(f"[{CONTROL}]", cell):
        raise EncodeError(f"may not hold U+{ord(found[0]):04X}", path=path)
    if quoting is Quoting.STANDARD:
        return '"' + cell.replace('"', '""') + '"'
    refused = "';'" if quoting is Quoting.NEVER else "';' or '\"'"
    raise EncodeError(
        f"may not hold {refused}: the manual says nothing of quotes; if support does, set "
        "`quoting`",
        path=path,
    )


def _date(when: datetime) -> str:
    if when.tzinfo is not None:
        raise EncodeError("expected a naive date: the wire has no zones", path="send_at")
    return when.isoformat(timespec="seconds")
