"""Numbers with a name and a meaning."""

from __future__ import annotations

from enum import IntEnum
from typing import Self

__all__ = ["Explained"]


class Explained(IntEnum):
    """Inherit it, and give each member its number and one line for people."""

    meaning: str

    # The default is for type checkers: they take a lookup by number for this call.
    def __new__(cls, number: int, meaning: str = "") -> Self:
        member = int.__new__(cls, number)
        member._value_ = number
        member.meaning = meaning
        return member
