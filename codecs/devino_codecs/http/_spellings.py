"""Words that one table has and several places of a wire spell in ways of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import cache

from msgspec.structs import replace

from devino_codecs._numbered import NumberedStr
from devino_codecs.errors import DecodeError

from ._json import json_type, quoted
from ._wire_forms import WireForm, form_of, unwritable

__all__ = ["name_of", "number_of", "spelt"]


def spelt(
    table: type[StrEnum],
    *,
    also: Mapping[str, StrEnum] | None = None,
    write: Callable[[str], str] = str,
) -> WireForm:
    """A mark: words of a table, read in any case and with ``_`` for ``-``, written by ``write``.

    ``also`` are other words that are read. A word that the table lacks stays as it came. So it is
    written, too.

    >>> class Priority(StrEnum):
    ...     NORMAL = "normal"
    >>> form = spelt(Priority, also={"medium": Priority.NORMAL}, write=str.upper)
    >>> form.read("Medium"), form.write(Priority.NORMAL), form.read("soon"), form.write("soon")
    (<Priority.NORMAL: 'normal'>, '"NORMAL"', 'soon', '"soon"')
    """
    others = also or {}
    words: dict[str, StrEnum] = {_folded(word): member for word, member in others.items()}
    words |= {_folded(member.value): member for member in table}
    spellings: dict[str, str] = {member: write(member.value) for member in words.values()}

    def read(text: str) -> str:
        return words.get(_folded(text), text)

    def spell(value: str) -> str:
        return spellings.get(value, value)

    return replace(form_of(table.__name__, read, spell, of=str), keeps_blanks=True)


@cache
def name_of(table: type[NumberedStr]) -> WireForm:
    """A mark: a code of a table of names with numbers, written as its name.

    Name, in any case, and number are read. What the table lacks stays the word or number that came,
    and is written so.
    """
    return _either(f"name_of({table.__name__})", table, lambda member: member.value)


@cache
def number_of(table: type[NumberedStr]) -> WireForm:
    """A mark: the same, written as its number."""
    return _either(f"number_of({table.__name__})", table, lambda member: member.number)


def _either(
    name: str, table: type[NumberedStr], said: Callable[[NumberedStr], str | int]
) -> WireForm:
    members: dict[str, NumberedStr] = {str(member.number): member for member in table}
    members |= {member.value.lower(): member for member in table}

    def read(value: object) -> str | int:
        if type(value) not in (str, int):
            raise DecodeError(f"expected a name or a number, got {json_type(value)}")
        text = str(value).strip()
        if not text:
            raise DecodeError("an empty name")
        return members.get(text.lower()) or (int(value) if isinstance(value, int) else text)

    def text_of(value: object) -> str:
        if isinstance(value, table):
            return str(said(value))
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise unwritable(table.__name__, value)
        return str(value)

    def write(value: object) -> str:
        is_number = isinstance(said(value) if isinstance(value, table) else value, int)
        return text_of(value) if is_number else quoted(text_of(value))

    return WireForm(name, text_of, read, write, read)


def _folded(word: str) -> str:
    return word.lower().replace("-", "_")
