"""Values that hide their content in logs, tracebacks and terminals."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

__all__ = ["Discreet", "Hidden", "masked_recipient"]

_WHOLE = frozenset({"id", "ref", "sender"})
"""Fields that are shown in full, because they tell nothing about a person."""
_SHORTEST_NUMBER = 7


class Discreet(msgspec.Struct, frozen=True):
    """Base of structs whose repr holds no text and no whole recipient.

    It leaves out fields with their default value. rich shows the same.
    """

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return list(self._said())

    def _said(self) -> Iterator[tuple[str, object]]:
        for field in msgspec.structs.fields(self):
            value = getattr(self, field.name)
            default = field.default
            if field.default_factory is not msgspec.NODEFAULT:
                default = field.default_factory()
            if value != default:
                yield field.name, self._masked(field.name, value)

    def _masked(self, name: str, value: object) -> object:
        """What the repr has in the place of a field's value."""
        return _shown(name, value)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self._said())
        return f"{type(self).__name__}({shown})"


class Hidden:
    """What stands in a value's place. Of a text the repr shows only the length, of anything else
    the type."""

    def __init__(self, value: object) -> None:
        self._said = f"{len(value)} chars" if isinstance(value, str) else type(value).__name__

    def __repr__(self) -> str:
        return f"<{self._said}>"


def masked_recipient(to: str) -> str:
    """A number without its middle, an address without its name.

    >>> masked_recipient("+7 903 123-45-67"), masked_recipient("ivan@example.com")
    ('7903***4567', 'i***@example.com')
    """
    name, at, domain = to.rpartition("@")
    if at:
        return f"{name[:1]}***@{domain}"
    digits = re.sub("[^0-9]", "", to)
    plain = digits if len(digits) >= _SHORTEST_NUMBER else to
    # At least three characters are hidden, even in the shortest number.
    kept = max(min(4, (len(plain) - 3) // 2), 0)
    return f"{plain[:kept]}***{plain[len(plain) - kept :]}"


def _shown(name: str, value: object) -> object:
    if isinstance(value, str) and not isinstance(value, enum.Enum):
        if name == "to":
            return masked_recipient(value)
        return value if name in _WHOLE else Hidden(value)
    if isinstance(value, Mapping):
        return {key: _shown("", one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_shown("", one) for one in value]
    return value
