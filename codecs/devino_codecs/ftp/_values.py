"""The two kinds of archive: what stands in them once, and what a row says."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import TypeAlias

from msgspec import Struct

from devino_codecs.errors import DecodeError

__all__ = [
    "ATTRIBUTE",
    "CONTROL",
    "NUMBER",
    "Archive",
    "PlainArchive",
    "Quoting",
    "Row",
    "Sms",
    "TemplateArchive",
    "date_of",
]

# No cell may hold these. Some reader takes each of them for the end of a row or of the file.
CONTROL = r"\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
NUMBER = r"\+?[0-9]{1,15}"
ATTRIBUTE = r"attr[1-9][0-9]{0,3}"
_IN_CELL = re.compile(f"[{CONTROL}]")
_NUMBER = re.compile(NUMBER)
_FIELD = re.compile(r"#([A-Za-z_]\w*)#")
_DATE_FORMS = ("%Y-%m-%dT%H:%M:%S", "%Y%m%dT%H:%M:%S")

Row: TypeAlias = Sequence[str]
"""The cells of a row, in the order of the archive's ``columns``."""


class Quoting(StrEnum):
    """What to do with ``;`` and ``"`` in a cell. The manual says nothing of quotes."""

    REFUSE = "refuse"
    """Refuse both: no reader can misunderstand the row."""
    NEVER = "never"
    """Write ``"`` as it is, and refuse ``;``."""
    STANDARD = "standard"
    """Quote the cell as RFC 4180 says."""


class Sms(Struct, frozen=True):
    """What a row asks for. ``send_at`` is naive; None means now."""

    number: str
    text: str
    send_at: datetime | None = None


class TemplateArchive(Struct, frozen=True, kw_only=True):
    """One text with fields such as ``#attr1#``, and a table of recipients with their values.

    A row's own ``senddate`` wins over ``send_at``. With neither, the message goes when the platform
    reads the file. Both are naive: the clock of the client, or the clock of each recipient with
    ``local_time``.
    """

    text: str
    sender: str
    """Up to 11 Latin characters or 15 digits. Case matters."""
    validity: int | None = None
    """In minutes. The platform takes 1440 for None."""
    send_at: datetime | None = None
    local_time: bool = False
    """Whether dates are by the wall clock of each recipient. It says nothing without a date."""
    columns: tuple[str, ...] = ("phone",)
    """``phone``, and any of ``senddate``, ``attr1``, ``attr2``..."""

    def sms(self, row: Row) -> Sms:
        """What a row asks for. Raises DecodeError, with the column as ``path``, for a bad row."""
        return _template_reader(self.text, self.send_at, self.columns)(row)


class PlainArchive(Struct, frozen=True, kw_only=True):
    """A table of numbers and texts. Support has entered the sender and the validity (24 hours)."""

    columns: tuple[str, ...] = ("TELNR_LONG", "TEXT")

    def sms(self, row: Row) -> Sms:
        """What a row asks for. Raises DecodeError, with the column as ``path``, for a bad row."""
        return _plain_reader(self.columns)(row)


Archive: TypeAlias = TemplateArchive | PlainArchive


# Each row of an archive comes here, and only one archive is read at a time.
@lru_cache(8)
def _template_reader(
    text: str, send_at: datetime | None, columns: tuple[str, ...]
) -> Callable[[Row], Sms]:
    places = {name.lower(): place for place, name in enumerate(columns)}
    number_at, date_at = places["phone"], places.get("senddate")
    # Literal, name, literal, name, ..., literal.
    pieces = _FIELD.split(text)
    values_at = [places.get(name.lower()) for name in pieces[1::2]]
    literals = pieces[::2]

    def read(row: Row) -> Sms:
        _check(row, columns)
        said = [literals[0]]
        for place, literal in zip(values_at, literals[1:], strict=True):
            if place is not None and place < len(row):
                said.append(row[place])
            said.append(literal)
        when = send_at
        if date_at is not None and date_at < len(row) and row[date_at]:
            when = date_of(row[date_at], columns[date_at])
        return _sms(row[number_at], columns[number_at], "".join(said), "text", when)

    return read


@lru_cache(8)
def _plain_reader(columns: tuple[str, ...]) -> Callable[[Row], Sms]:
    places = {name.upper(): place for place, name in enumerate(columns)}
    number_at, text_at = places["TELNR_LONG"], places["TEXT"]

    def read(row: Row) -> Sms:
        _check(row, columns)
        text = row[text_at] if text_at < len(row) else ""
        return _sms(row[number_at], columns[number_at], text, columns[text_at], None)

    return read


def _check(row: Row, columns: tuple[str, ...]) -> None:
    if len(row) > len(columns):
        # Which cells are too many cannot be known: a text may hold an unquoted semicolon.
        raise DecodeError(f"{len(row)} cells, and the first line names {len(columns)} columns")
    for cell, column in zip(row, columns, strict=False):
        if found := _IN_CELL.search(cell):
            code = ord(found[0])
            # The reader keeps a byte that does not fit the encoding as a surrogate.
            what = "a byte of another encoding" if code >= 0xD800 else f"U+{code:04X}"
            raise DecodeError(f"holds {what}", path=column)


def _sms(
    number: str, number_column: str, text: str, text_column: str, when: datetime | None
) -> Sms:
    number = number.strip()
    if not _NUMBER.fullmatch(number):
        raise DecodeError("expected 1 to 15 digits, with or without '+'", path=number_column)
    if not text:
        raise DecodeError("is empty", path=text_column)
    return Sms(number.removeprefix("+"), text, when)


def date_of(cell: str, path: str) -> datetime:
    """A date of either form of the manual. Raises DecodeError."""
    for form in _DATE_FORMS:
        try:
            return datetime.strptime(cell, form)  # noqa: DTZ007 (the wire has no zones)
        except ValueError:
            continue
    raise DecodeError("expected a date such as 2010-06-01T19:14:00", path=path)
