"""A wire's code table as an enum: one row for each code, with its columns."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Any, Self

__all__ = ["Coded", "CodedInt", "CodedStr", "Verdict"]


class Verdict(StrEnum):
    """What a refusal means for the caller: the ``means`` of a code that refuses."""

    DONE = "done"
    """It was carried out, or answered: no refusal."""
    REFUSED = "refused"
    """No, and the same call will be refused again."""
    NOT_FOUND = "not found"
    LOGIN = "login"
    """The platform does not know the caller, or does not let the caller in."""
    FUNDS = "funds"
    BUSY = "busy"
    """Not now: the same call may be taken later."""
    FAILED = "failed"
    """The platform failed. It does not say whether it carried the call out before that."""


class Coded:
    """The columns that every table has. Inherit :class:`CodedInt` or :class:`CodedStr`.

    A table with further columns adds them in an ``__init__`` of its own.
    """

    meaning: str
    """What it says, in English."""
    means: str
    """The same for programs: the name of one of the kernel's states, or a :class:`Verdict`;
    ``""`` if neither fits."""
    text: str
    """The text that the wire puts beside the code; ``""`` if there is none."""

    # The defaults are for type checkers: they take a lookup by value for this call.
    def __init__(self, value: Any, meaning: str = "", means: str = "", text: str = "") -> None:
        self.meaning = meaning
        self.means = means
        self.text = text


class CodedInt(Coded, IntEnum):
    """A table of numbers.

    >>> class Answer(CodedInt):
    ...     DELIVERED = 0, "delivered to the phone", "DELIVERED", "Доставлено"
    >>> Answer(0) is Answer.DELIVERED, Answer.DELIVERED == 0, Answer.DELIVERED.means
    (True, True, 'DELIVERED')
    """

    def __new__(cls, value: int, *columns: object) -> Self:
        member = int.__new__(cls, value)
        member._value_ = value
        return member


class CodedStr(Coded, StrEnum):
    """A table of words.

    >>> class Word(CodedStr):
    ...     RED = "red", "stop"
    >>> Word.of_word("Red"), Word.of_word("green")
    (<Word.RED: 'red'>, 'green')
    """

    def __new__(cls, value: str, *columns: object) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        return member

    @classmethod
    def of_word(cls, word: str) -> Self | str:
        """The code of a word in any case. A word that the table lacks stays as it is."""
        return next((code for code in cls if code.lower() == word.lower()), word)
