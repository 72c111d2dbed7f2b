"""Messages from a CSV file, a row each, in flat memory."""

from __future__ import annotations

import csv
import stat
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import rich_click as click

from devino_core import Medium, Message
from devino_core.errors import ConfigurationError, InvalidMessage
from devino_core.phone import normalize
from devino_core.suggest import did_you_mean

from ._times import parse_duration, parse_send_at

__all__ = ["COLUMNS", "InvalidRow", "Row", "is_read_once", "read_rows"]


def _parse_medium(text: str) -> Medium:
    try:
        return Medium(text.upper())
    except ValueError:
        raise ValueError(f"{text!r} is none of {', '.join(Medium).lower()}") from None


COLUMNS: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "to": ("to", str),
    "text": ("content", str),
    "sender": ("sender", str),
    "medium": ("medium", _parse_medium),
    "at": ("send_at", parse_send_at),
    "validity": ("validity", parse_duration),
    "ref": ("ref", str),
}
"""For each column: the field of :class:`Message` that it fills, and how a cell is read."""


class InvalidRow(InvalidMessage):
    """A row that is not a valid message. ``line`` counts from 1."""

    def __init__(self, line: int, field: str, reason: str) -> None:
        super().__init__(field, reason)
        self.line = line

    def __str__(self) -> str:
        return f"line {self.line}: {super().__str__()}"


class Row(NamedTuple):
    """A message, and the line of the file on which it begins, counted from 1."""

    line: int
    message: Message


def read_rows(path: str, encoding: str, defaults: Mapping[str, object]) -> Iterator[Row]:
    """The messages of a file, or of stdin for ``-``. The first line names the columns.

    ``defaults`` are fields of :class:`Message` for cells that are empty or missing. Commas,
    semicolons or tabs separate cells: whichever occurs most in the first line. Raises InvalidRow
    for a row that is not a message or not CSV, or whose ref stood before, and ConfigurationError
    for a file that cannot be read.
    """
    lines = _lines(path, encoding)
    header = next(lines, "")
    delimiter = max(",;\t", key=header.count)
    names = [name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter), [])]
    _check_header(names)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    # Hashes, for a file may have millions of refs.
    refs = set[int]()
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
        message = _message(line, zip(names, cells, strict=True), defaults)
        if "ref" in names:
            key = hash(message.ref)
            if key in refs:
                raise InvalidRow(line, "ref", "occurs twice in one call")
            refs.add(key)
        yield Row(line, message)


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


def _check_header(names: list[str]) -> None:
    for name in names:
        if name not in COLUMNS:
            hint = did_you_mean(name, COLUMNS) or f"known are {', '.join(COLUMNS)}"
            raise InvalidRow(
                1, name or "row", f"the first line names the columns, as in `to,text`; {hint}"
            )
        if names.count(name) > 1:
            raise InvalidRow(1, name, "this column occurs twice")
    if "to" not in names:
        raise InvalidRow(1, "to", "the first line must name this column, as in `to,text`")


def _message(
    line: int, cells: Iterator[tuple[str, str]], defaults: Mapping[str, object]
) -> Message:
    fields: dict[str, Any] = dict(defaults)
    for name, cell in cells:
        if cell := cell.strip():
            field, parse = COLUMNS[name]
            try:
                fields[field] = parse(cell)
            except ValueError as error:
                raise InvalidRow(line, name, str(error)) from None
    for name, hint in (("to", ""), ("text", ": fill the cell, or give TEXT for all rows")):
        if COLUMNS[name][0] not in fields:
            raise InvalidRow(line, name, f"is missing{hint}")
    try:
        message = Message(**fields)
        if message.medium is not Medium.EMAIL:
            normalize(message.to)
    except InvalidMessage as error:
        raise InvalidRow(line, error.field, error.reason) from None
    except ValueError as error:
        raise InvalidRow(line, "to", str(error)) from None
    return message
