"""Messages from a CSV file, a row each, in flat memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from devino_core import Medium, Message
from devino_core.errors import InvalidMessage
from devino_core.phone import normalize
from devino_core.suggest import did_you_mean

from ._table import InvalidRow, Table
from ._times import parse_duration, parse_send_at

__all__ = ["COLUMNS", "Row", "read_rows"]


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


class Row(NamedTuple):
    """A message, and the line of the file on which it begins, counted from 1."""

    line: int
    message: Message


def read_rows(
    path: str, encoding: str, defaults: Mapping[str, object], *, region: str | None = None
) -> Iterator[Row]:
    """The messages of a file, or of stdin for ``-``. The first line names the columns.

    ``defaults`` are fields of :class:`Message` for cells that are empty or missing. ``region``: as
    for :func:`devino_core.phone.normalize`. Raises
    InvalidRow for a row that is not a message or whose ref stood before, and what :class:`Table`
    raises.
    """
    table = Table(path, encoding)
    names = [name.lower() for name in table.columns]
    _check_header(names, table.line)
    # Hashes, for a file may have millions of refs.
    refs = set[int]()
    for line, cells in table:
        message = _message(line, zip(names, cells, strict=True), defaults, region)
        if "ref" in names:
            key = hash(message.ref)
            if key in refs:
                raise InvalidRow(line, "ref", "occurs twice in one call")
            refs.add(key)
        yield Row(line, message)


def _check_header(names: list[str], line: int) -> None:
    for name in names:
        if name not in COLUMNS:
            hint = did_you_mean(name, COLUMNS) or f"known are {', '.join(COLUMNS)}"
            raise InvalidRow(
                line, name or "row", f"the first line names the columns, as in `to,text`; {hint}"
            )
        if names.count(name) > 1:
            raise InvalidRow(line, name, "this column occurs twice")
    if "to" not in names:
        raise InvalidRow(line, "to", "the first line must name this column, as in `to,text`")


def _message(
    line: int,
    cells: Iterator[tuple[str, str]],
    defaults: Mapping[str, object],
    region: str | None,
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
            normalize(message.to, region)
    except InvalidMessage as error:
        raise InvalidRow(line, error.field, error.reason) from None
    except ValueError as error:
        raise InvalidRow(line, "to", str(error)) from None
    return message
