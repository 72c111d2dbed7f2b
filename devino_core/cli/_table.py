"""CSV files as people have them, in flat memory."""

from __future__ import annotations

import codecs
import csv
import errno
import io
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import click

from devino_core.errors import ConfigurationError, InvalidMessage
from devino_core.files import MOST
from devino_core.suggest import did_you_mean

__all__ = ["InvalidRow", "Line", "Table", "is_read_once", "opened"]

_CHUNK = 1 << 16
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_SEPARATOR = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"?')


class InvalidRow(InvalidMessage):
    """A row that cannot be used as it is. ``line`` counts from 1."""

    def __init__(self, line: int, field: str, reason: str) -> None:
        super().__init__(field, reason)
        self.line = line

    @property
    def said(self) -> str:
        return f"line {self.line}: {super().said}"


class Line(NamedTuple):
    """The cells of a row, one for each named column, and the line on which it begins, from 1."""

    number: int
    cells: Sequence[str]


class Table:
    """A CSV file, or stdin for ``-``. The first line that is not blank names the columns; without
    ``header`` they are called 1, 2, 3.

    Commas, semicolons or tabs separate cells: whichever occurs most in that line, or what Excel's
    line ``sep=;`` before it says. A byte order mark decides the encoding, whatever was given. Blank
    lines are left out, and so are columns that have neither a name nor a value. The file may be of
    any length, and a line no longer than :data:`devino_core.files.MOST`.

    Raises ConfigurationError for a file that cannot be read, and InvalidRow for what is no CSV,
    both also while it is iterated. It can be iterated once. An open file is read from where it is.
    """

    columns: tuple[str, ...]
    """Their names, without blanks around them."""
    line: int
    """That of the names."""

    def __init__(
        self, path: str | BinaryIO, encoding: str = "utf-8-sig", *, header: bool = True
    ) -> None:
        lines = _lines(path, encoding)
        self._skipped, first = 0, next(lines, "")
        separator = _SEPARATOR.fullmatch(first)
        while first.isspace() or (separator and not self._skipped):
            self._skipped += 1
            first = next(lines, "")
        bare = _QUOTED.sub("", first)
        delimiter = separator[1] if separator else max(",;\t", key=bare.count)
        self._reader = csv.reader(chain((first,), lines), delimiter=delimiter, strict=True)
        self.line = self._skipped + 1
        first_cells = self._next() or []
        names = [name.strip() for name in first_cells]
        while names and not names[-1]:
            names.pop()
        if not header:
            names = [str(nth) for nth, _ in enumerate(names, 1)]
        self.columns = tuple(names)
        self._first = [] if header else first_cells[: len(names)]

    def __iter__(self) -> Iterator[Line]:
        for row in self.rows():
            if isinstance(row, InvalidRow):
                raise row
            yield row

    def rows(self) -> Iterator[Line | InvalidRow]:
        """The same rows; what is none is given as the error that iterating raises."""
        width = len(self.columns)
        if self._first:
            yield Line(self.line, self._first)
        while True:
            number = self._skipped + self._reader.line_num + 1
            try:
                cells = self._next()
            except InvalidRow as error:
                yield error
                continue
            if cells is None:
                return
            if len(cells) > width and not any(cells[width:]):
                del cells[width:]
            if not any(cells):
                continue
            if len(cells) == width:
                yield Line(number, cells)
            elif any(map(str.strip, cells)):
                yield InvalidRow(
                    number, "row", f"has {len(cells)} cells, where the first line names {width}"
                )

    def place(self, column: str, *, hint: str = "") -> int:
        """Where a column stands, in any case of its name. Raises InvalidRow where it does not, or
        twice."""
        found = [nth for nth, name in enumerate(self.columns) if name == column] or [
            nth for nth, name in enumerate(self.columns) if name.casefold() == column.casefold()
        ]
        if len(found) == 1:
            return found[0]
        if found:
            raise InvalidRow(self.line, column, "this column occurs twice")
        said = did_you_mean(column, self.columns) or f"there are {', '.join(self.columns)}"
        raise InvalidRow(self.line, column, f"no column of this name; {said}{hint}")

    def _next(self) -> list[str] | None:
        line = self._skipped + self._reader.line_num + 1
        try:
            return next(self._reader, None)
        except csv.Error as error:
            raise InvalidRow(line, "row", str(error)) from None


def is_read_once(path: str) -> bool:
    """Whether what was read is gone: from stdin, a pipe or a terminal, unlike a file."""
    try:
        return path == "-" or not stat.S_ISREG(Path(path).stat().st_mode)
    except OSError:
        return False  # whoever opens it says why


def opened(path: str) -> AbstractContextManager[Any]:
    """A file to read, in bytes; stdin for ``-``."""
    return click.open_file(path, "rb")


def _lines(path: str | BinaryIO, encoding: str) -> Iterator[str]:
    named = path if isinstance(path, str) else "the file"
    # An error that the caller meets while it works on a line does not pass through here.
    try:
        with opened(path) if isinstance(path, str) else nullcontext(path) as file:
            yield from _decoded(file, encoding)
    except OSError as error:
        raise ConfigurationError(f"cannot read {named}: {error.strerror}") from None
    except UnicodeDecodeError:
        # Python's name for UTF-8 that may begin with a byte order mark means nothing to users.
        called = "UTF-8" if encoding == "utf-8-sig" else encoding
        raise ConfigurationError(
            f"{named} is not in {called}: name its encoding, as in --encoding cp1251"
        ) from None
    except LookupError:
        raise ConfigurationError(f"no encoding is called {encoding!r}") from None


def _decoded(file: Any, encoding: str) -> Iterator[str]:
    # Of a pipe what is there, and not only when there is much of it.
    read = getattr(file, "read1", file.read)
    begun = b""
    while len(begun) < 3 and (more := read(_CHUNK)):
        begun += more
    encoding = next((name for mark, name in _MARKS.items() if begun.startswith(mark)), encoding)
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    rest = ""
    for text in codecs.iterdecode(chain((begun,), iter(lambda: read(_CHUNK), b"")), encoding):
        *lines, rest = (rest + newlines.decode(text)).split("\n")
        for line in lines:
            yield line + "\n"
        if len(rest) > MOST:
            raise OSError(errno.EFBIG, f"a line is longer than {MOST:,} bytes")
    rest += newlines.decode("", final=True)
    if rest:
        yield rest
