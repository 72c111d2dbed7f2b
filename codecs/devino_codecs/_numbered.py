"""Tables of words that have numbers."""

from __future__ import annotations

from typing import Any

from devino_codecs._coded import CodedStr

__all__ = ["NumberedStr"]


class NumberedStr(CodedStr):
    """A table of words that have numbers, as .NET's enumerations do: a wire may say either.

    >>> class TaskType(NumberedStr):
    ...     BIRTHDAY = "Birthday", 2, "each year"
    >>> TaskType("Birthday").number, TaskType.BIRTHDAY.meaning
    (2, 'each year')
    """

    number: int

    def __init__(
        self, value: Any, number: int = 0, meaning: str = "", means: str = "", text: str = ""
    ) -> None:
        super().__init__(value, meaning, means, text)
        self.number = number
