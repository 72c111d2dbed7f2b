"""Rows of cells from a CSV file, in flat memory: the first line names the columns."""

from __future__ import annotations

import csv
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import rich_click as click

from devino_core.errors import ConfigurationError, InvalidMessage

__all__ = ["InvalidRow", "is_read_once", "read_cells"]


class InvalidRow(InvalidMessage):
    """A row that is not what it should be, such as a valid message. ``line`` counts from 1."""

    def __init__(self, line: int, field: str, reason: str) -> None:
        super().__init__(field, reason)
        self.line = line

    def __str__(self) -> str:
        return f"line {self.line}: {super().__str__()}"


def read_cells(
    path: str, encoding: str, check: Callable[[Sequence[str]], None]
) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a file, or of stdin for ``-``: line, and cells by column, without empty rows.

    ``check`` gets the names of the columns, in lower case, and raises InvalidRow for those that are
    wrong. Commas, semicolons or tabs separate cells: whichever occurs most in the first line.
    Raises InvalidRow for a row that is not CSV, or has more or fewer cells than the first line, and
    ConfigurationError for a file that cannot be read.
    """
    lines = _lines(path, encoding)
    header = next(lines, "")
    delimiter = max(",;\t", key=header.count)
    names = [name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter), [])]
    check(names)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 2
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InvalidRow(line, "row", str(error)) from None
        if not any(cells):
            continue
        if len(cells) != len(names):
            raise InvalidRow(
                line, "row", f"has {len(cells)} cells, where the first line names {len(names)}"
            )
        yield line, {name: cell.strip() for name, cell in zip(names, cells, strict=True)}


def is_read_once(path: str) -> bool:
    """Whether what was read is gone: from stdin, a pipe or a terminal, unlike a file."""
    try:
        return path == "-" or not stat.S_ISREG(Path(path).stat().st_mode)
    except OSError:
        return False  # whoever opens it says why


def _lines(path: str, encoding: str) -> Iterator[str]:
    if path == "-" and sys.stdin is None:
        raise ConfigurationError("cannot read -: standard input is closed")
    # An error that the caller meets while it works on a line does not pass through here.
    try:
        with click.open_file(path, encoding=encoding) as file:
            yield from file
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(
            f"{path} is not in {encoding}: name its encoding, as in --encoding cp1251"
        ) from None
    except LookupError:
        raise ConfigurationError(f"no encoding is called {encoding!r}") from None
