"""Messages from a CSV file, a row each, in flat memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from devino_core import Fill, Medium, Message
from devino_core.errors import InvalidMessage
from devino_core.phone import normalize
from devino_core.suggest import did_you_mean

from ._merge import Merged, MergedText
from ._seen import Seen
from ._table import InvalidRow, Table
from ._times import parse_duration, parse_send_at

__all__ = ["COLUMNS", "Layout", "Row", "Rows", "read_rows"]


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

_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_NUMBERS = ("phone", "телефон", "номер", "мобильный", "mobile", "msisdn", "number", "tel")
"""How people call the column that is `to` here."""


class Row(NamedTuple):
    """A message, and the line of the file on which it begins, counted from 1."""

    line: int
    message: Message


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """How the columns of a file are read."""

    columns: Mapping[str, str] = {}
    """The file's column for a name: ``to`` -> ``Телефон``."""
    header: bool = True
    """Whether the first line names the columns."""
    ignore_extra: bool = False
    """Whether there may be columns that nothing is made of."""


def read_rows(
    path: str, encoding: str, defaults: Mapping[str, object], *, region: str | None = None
) -> Iterator[Row]:
    """The messages of a file, or of stdin for ``-``. The first line names the columns.

    Raises InvalidRow for the first row that cannot be a message, and what :class:`Table` raises.
    """
    rows = Rows(Table(path, encoding), Layout(), MergedText(None), defaults, region=region)
    for row in rows:
        if isinstance(row, InvalidRow):
            raise row
        yield row


class Rows:
    """The messages of a table. What cannot be one is given as an InvalidRow.

    ``defaults`` are fields of :class:`Message` for cells that are empty or missing. ``ref_of``
    gives a line's ref where the row has none. With ``unique`` each recipient gets one message.
    ``region``: as for :func:`devino_core.phone.normalize`. Raises InvalidRow if the columns are not
    those that are needed.
    """

    def __init__(
        self,
        table: Table,
        layout: Layout,
        merged: Merged,
        defaults: Mapping[str, object],
        *,
        ref_of: Callable[[int], str] | None = None,
        unique: bool = False,
        counts_repeated: bool = False,
        region: str | None = None,
    ) -> None:
        self.repeated = 0
        """How many rows had a recipient that stood before, where that is counted."""
        self._table = table
        self._defaults = defaults
        self._merged = merged
        self._ref_of = ref_of
        self._unique = unique
        self._region = region
        self._recipients = Seen() if unique or counts_repeated else None
        self._refs = Seen()
        self._texts = merged.texts(table.columns)
        self._known = self._places(layout)
        self._values = {
            name: self._place(layout, name, source) for name, source in self._fields().items()
        }
        self._check_columns(layout)

    def __iter__(self) -> Iterator[Row | InvalidRow]:
        for line in self._table.rows():
            if isinstance(line, InvalidRow):
                yield line
                continue
            try:
                message, number = self._message(line.number, line.cells)
            except InvalidRow as error:
                yield error
                continue
            if "ref" in self._known and not self._refs.add(message.ref):
                yield InvalidRow(line.number, "ref", "occurs twice in one call")
                continue
            if self._recipients is not None and not self._recipients.add((message.medium, number)):
                self.repeated += 1
                if self._unique:
                    continue
            yield Row(line.number, message)

    def _message(self, line: int, cells: Sequence[str]) -> tuple[Message, str]:
        """The message, and its recipient as it is compared."""
        fields: dict[str, Any] = dict(self._defaults)
        for name, place in self._known.items():
            if cell := cells[place].strip():
                field, parse = COLUMNS[name]
                try:
                    fields[field] = parse(cell)
                except ValueError as error:
                    raise InvalidRow(line, name, str(error)) from None
        if self._ref_of is not None and "ref" not in fields:
            fields["ref"] = self._ref_of(line)
        if "to" not in fields:
            raise InvalidRow(line, "to", "is missing")
        if "content" not in fields and not self._merged.is_given:
            raise InvalidRow(line, "text", "is missing: fill the cell, or give TEXT for all rows")
        values = {name: cells[place].strip() for name, place in self._values.items()}
        try:
            fields["content"] = self._merged.content(fields.get("content"), values)
            message = Message(**fields)
            if message.medium is Medium.EMAIL:
                return message, message.to.casefold()
            return message, normalize(message.to, self._region)
        except InvalidMessage as error:
            raise InvalidRow(line, error.field, error.reason) from None
        except ValueError as error:
            raise InvalidRow(line, "to", str(error)) from None

    def _fields(self) -> Mapping[str, str]:
        """The names of the fields, each with what has it first."""
        columns = self._table.columns
        found: dict[str, str] = {}
        for source, text in self._texts.items():
            try:
                for name in Fill.fields(text):
                    found.setdefault(name, source)
            except InvalidMessage as error:
                spelt = (name for name in columns if f"{{{name}}}" in text)
                meant = next((name for name in spelt if not _FIELD.fullmatch(name)), None)
                if meant is None:
                    raise InvalidMessage(source, error.reason) from None
                raise InvalidMessage(
                    source,
                    f"{{{meant}}} needs a Latin name: write {{name}}, and --column "
                    f"name={_quoted(meant)}",
                ) from None
        return found

    def _places(self, layout: Layout) -> dict[str, int]:
        table = self._table
        named = {name.casefold() for name in table.columns}
        places: dict[str, int] = {}
        for name in COLUMNS:
            if name in layout.columns or name in named:
                places[name] = table.place(layout.columns.get(name, name))
            elif name == "to" and not layout.header and table.columns:
                places[name] = 0
        return places

    def _place(self, layout: Layout, name: str, source: str) -> int:
        column = layout.columns.get(name, name)
        if name not in layout.columns and column.casefold() not in {
            one.casefold() for one in self._table.columns
        }:
            columns = [one for one in self._table.columns if one]
            near = did_you_mean(name, columns) or f"there are {', '.join(columns)}"
            raise InvalidRow(
                self._table.line,
                name,
                f"{source} has {{{name}}}, and no column has this name; {near}; --column "
                f"{name}=COLUMN names another, {{{{ is a brace",
            )
        return self._table.place(column)

    def _check_columns(self, layout: Layout) -> None:
        table = self._table
        for name in layout.columns:
            if name not in self._known and name not in self._values:
                near = did_you_mean(name, COLUMNS) or f"columns are {', '.join(COLUMNS)}"
                texts = " or ".join(self._texts) or "--template without --value"
                raise InvalidMessage("--column", f"{texts} has no field {{{name}}}; {near}")
        used = {*self._known.values(), *self._values.values()}
        extra = [name for place, name in enumerate(table.columns) if place not in used]
        likely = [name for name in extra if any(word in name.casefold() for word in _NUMBERS)]
        if "to" not in self._known and likely:
            raise InvalidRow(
                table.line,
                "to",
                "the first line must name this column, as in `to,text`, or --column to="
                f"{_quoted(likely[0])}",
            )
        if extra and not layout.ignore_extra:
            raise InvalidRow(table.line, extra[0] or "row", _advice(extra[0], layout))
        if "to" not in self._known:
            raise InvalidRow(
                table.line,
                "to",
                "the first line must name this column, as in `to,text`; --column to=COLUMN if it "
                "has another name",
            )


def _advice(name: str, layout: Layout) -> str:
    if not layout.header:
        return "nothing is made of this column: --ignore-extra leaves it out"
    first = "the first line names the columns, as in `to,text`"
    if re.fullmatch(r"[+\d][\d ()-]*", name):
        return f"{first}; --no-header if it does not"
    near = did_you_mean(name.lower(), COLUMNS) or f"known are {', '.join(COLUMNS)}"
    return f"{first}; {near}; TEXT may have it as a field, and --ignore-extra leaves it out"


def _quoted(name: str) -> str:
    return f"'{name}'" if re.search(r"\W", name) else name
