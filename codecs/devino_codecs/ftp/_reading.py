"""Reading archives, as the platform's side does: hostile ones too."""

from __future__ import annotations

import codecs
import csv
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from types import TracebackType
from typing import BinaryIO, Final

from devino_codecs.errors import DecodeError

from ._values import Archive, PlainArchive, Quoting, TemplateArchive, date_of

__all__ = ["MAX_SIZE", "Opened", "decode"]

MAX_SIZE: Final = 2 << 30
"""The default for how many bytes the files of an archive may have when unpacked."""
_MAX_RATIO: Final = 1000
_MAX_ENTRIES: Final = 100
_MAX_DIRECTORY: Final = 1 << 16
_MAX_LINE: Final = 1 << 16
_DIRECTORY_END: Final = b"PK\x05\x06"
# Of zip64: a longer form of it stands before, and says the same with more digits.
_LONG_END: Final = struct.Struct("<4xQ2H2L4Q")
_LONG_END_PLACE: Final = b"PK\x06\x07"
_PLACE_SIZE: Final = 20

# What zipfile raises for an archive that is damaged or of a kind that it does not read.
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, struct.error, ValueError)


class Opened:
    """An archive that is being read: what stands in it once, and an iterator over its rows.

    ``rows`` gives each row as a tuple of cells, as many as the row has. A row may be bad by itself:
    :meth:`TemplateArchive.sms` says so. Raises DecodeError where the file is damaged.
    """

    archive: Archive
    rows: Iterator[tuple[str, ...]]

    def __init__(self, archive: Archive, rows: Iterator[tuple[str, ...]], zip_: zipfile.ZipFile):
        self.archive = archive
        self.rows = rows
        self._zip = zip_

    def close(self) -> None:
        """End the reading. The file that was given stays open."""
        self._zip.close()

    def __enter__(self) -> Opened:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def decode(
    file: BinaryIO,
    *,
    encoding: str = "utf-8",
    quoting: Quoting = Quoting.STANDARD,
    max_size: int = MAX_SIZE,
) -> Opened:
    """Open an archive in a seekable file, and read all of it but the rows.

    Case of names, line ends, a byte order mark and the direction of slashes make no difference.

    Raises DecodeError for what is no archive of chapter 9: no zip file, encryption, an entry
    outside of ``sms/``, no template or two, columns that are missing, more than ``max_size``
    bytes unpacked, or files packed a thousandfold.
    """
    _check_directory(file)
    try:
        zip_ = zipfile.ZipFile(file)
    except _BROKEN as error:
        raise DecodeError(f"no readable zip archive: {error}") from None
    try:
        return _opened(zip_, encoding, quoting, max_size)
    except BaseException:
        # Whatever it was, nobody else knows the reader to close it.
        zip_.close()
        raise


def _check_directory(file: BinaryIO) -> None:
    """Refuse a directory that would take long to read: zipfile reads all of it at once."""
    file.seek(0, io.SEEK_END)
    size = file.tell()
    file.seek(max(0, size - (1 << 16) - 22))
    tail = file.read()
    place = tail.rfind(_DIRECTORY_END)
    if place < 0 or len(tail) - place < 22:
        raise DecodeError("no zip archive: its directory is missing")
    entries, length = struct.unpack_from("<HL", tail, place + 10)
    long_end = place - _PLACE_SIZE - _LONG_END.size
    if long_end >= 0 and tail.startswith(_LONG_END_PLACE, place - _PLACE_SIZE):
        *_, entries, length, _ = _LONG_END.unpack_from(tail, long_end)
    if entries > _MAX_ENTRIES or length > _MAX_DIRECTORY:
        raise DecodeError(f"the archive has more than {_MAX_ENTRIES} files")
    file.seek(0)


def _opened(zip_: zipfile.ZipFile, encoding: str, quoting: Quoting, max_size: int) -> Opened:
    entries = _entries(zip_, max_size)
    if "contacts.csv" in entries or "template.csv" in entries:
        if set(entries) != {"contacts.csv", "template.csv"}:
            names = ", ".join(sorted(entries))
            raise DecodeError(f"expected contacts.csv and template.csv in sms/, found {names}")
        said = _Table(zip_, entries["template.csv"], encoding, quoting)
        rows = list(zip(range(3), said.rows, strict=False))
        if len(rows) != 1:
            raise DecodeError(
                "template.csv must have exactly one line of data", path="template.csv"
            )
        table = _Table(zip_, entries["contacts.csv"], encoding, quoting)
        table.require("phone")
        return Opened(_template(said, rows[0][1], table.columns), table.rows, zip_)
    if len(entries) != 1:
        raise DecodeError(f"expected one table in sms/, found {len(entries)}")
    ((name, entry),) = entries.items()
    if not name.endswith((".csv", ".txt")):
        raise DecodeError(f"expected a .csv or .txt file in sms/, found {name}")
    table = _Table(zip_, entry, encoding, quoting)
    table.require("TELNR_LONG", "TEXT")
    return Opened(PlainArchive(columns=table.columns), table.rows, zip_)


def _entries(zip_: zipfile.ZipFile, max_size: int) -> dict[str, zipfile.ZipInfo]:
    """The files of ``sms/`` by their names in lower case, once all entries were checked."""
    entries: dict[str, zipfile.ZipInfo] = {}
    total = 0
    for entry in zip_.infolist():
        path = entry.filename.replace("\\", "/")
        folder, _, name = path.lower().partition("/")
        if folder != "sms" or "/" in name or name in (".", ".."):
            raise DecodeError(f"{path!a} lies outside of sms/")
        if not name:
            continue
        if entry.flag_bits & 0x1:
            raise DecodeError("is encrypted", path=path)
        # The upper half holds Unix' kind of file; 0 says nothing.
        if (entry.external_attr >> 28) not in (0, 0o10):
            raise DecodeError("is no regular file", path=path)
        if entry.file_size > _MAX_RATIO * max(entry.compress_size, 1):
            raise DecodeError(f"is packed more than {_MAX_RATIO} to 1", path=path)
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DecodeError("is packed otherwise than by deflate", path=path)
        if name in entries:
            raise DecodeError("occurs twice", path=path)
        total += entry.file_size
        entries[name] = entry
    if total > max_size:
        raise DecodeError(f"unpacks to more than {max_size} bytes")
    return entries


class _Table:
    """A table in an archive: its columns, then its rows."""

    def __init__(
        self, zip_: zipfile.ZipFile, entry: zipfile.ZipInfo, encoding: str, quoting: Quoting
    ) -> None:
        self.name = entry.filename
        if codecs.lookup(encoding).name == "utf-8":
            encoding = "utf-8-sig"
        try:
            # A byte of another encoding makes its own row bad, and no other.
            text = io.TextIOWrapper(zip_.open(entry), encoding, errors="surrogateescape")
        except (*_BROKEN, RuntimeError) as error:
            raise DecodeError(f"cannot be read: {error}", path=self.name) from None
        self.rows = self._rows(text, quoting)
        head = next(self.rows, ())
        self.columns = tuple(cell.strip().lstrip("\ufeff") for cell in head)
        if len({name.lower() for name in self.columns}) < len(self.columns):
            raise DecodeError("the first line names a column twice", path=self.name)

    def require(self, *columns: str) -> None:
        """Raise DecodeError where a column is missing."""
        there = {name.lower() for name in self.columns}
        for column in columns:
            if column.lower() not in there:
                raise DecodeError(f"the first line must name {column}", path=self.name)

    def _rows(self, text: io.TextIOWrapper, quoting: Quoting) -> Iterator[tuple[str, ...]]:
        reader = csv.reader(
            self._lines(text),
            delimiter=";",
            quoting=csv.QUOTE_NONE if quoting is Quoting.NEVER else csv.QUOTE_MINIMAL,
        )
        try:
            for row in reader:
                if row:
                    yield tuple(row)
        except (*_BROKEN, csv.Error, OSError) as error:
            if isinstance(error, DecodeError):
                raise
            raise DecodeError(
                f"cannot be read after line {reader.line_num}: {error}", path=self.name
            ) from None

    def _lines(self, text: io.TextIOWrapper) -> Iterator[str]:
        number = 0
        while line := text.readline(_MAX_LINE):
            number += 1
            if len(line) == _MAX_LINE:
                raise DecodeError(f"line {number} is too long", path=self.name)
            yield line


def _template(table: _Table, row: tuple[str, ...], columns: tuple[str, ...]) -> TemplateArchive:
    table.require("message", "sourceaddress")
    if len(row) > len(table.columns):
        raise DecodeError("more cells than columns", path=table.name)
    names = (name.lower() for name in table.columns)
    cells = dict(zip(names, (cell.strip() for cell in row), strict=False))
    for name in ("message", "sourceaddress"):
        if not cells.get(name):
            raise DecodeError(f"{name} is empty", path=table.name)
    validity = cells.get("validity", "")
    if validity and not (validity.isascii() and validity.isdecimal() and len(validity) < 10):
        raise DecodeError("validity is no number of minutes", path=table.name)
    local_time = cells.get("localtime", "") or "0"
    if local_time not in ("0", "1"):
        raise DecodeError("localtime is neither 0 nor 1", path=table.name)
    date = cells.get("senddate", "")
    return TemplateArchive(
        text=cells["message"],
        sender=cells["sourceaddress"],
        validity=int(validity) if validity else None,
        send_at=date_of(date, "senddate") if date else None,
        local_time=local_time == "1",
        columns=columns,
    )
