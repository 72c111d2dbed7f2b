"""Words that one table has and several places of a wire spell in ways of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum

from msgspec.structs import replace

from ._wire_forms import WireForm, form_of

__all__ = ["spelt"]


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


def _folded(word: str) -> str:
    return word.lower().replace("-", "_")
