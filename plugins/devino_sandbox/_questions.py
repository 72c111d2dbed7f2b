"""What ``devino demo`` asks besides sending messages."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from devino_core import DevinoError

__all__ = ["Answered", "Question"]


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A call beyond sending, such as a lookup, and the answer that must come."""

    of: str
    """The channel or the service that is asked: a name of :meth:`Service.demo_channels` or
    :meth:`Service.demo_services`."""
    to: str
    """The number that it is about."""
    about: str
    expected: str
    ask: Callable[[Any], Awaitable[object]]
    """Gets the channel or the service."""

    async def answered(self, by: object) -> Answered:
        """Ask. An error of the library is an answer, too."""
        try:
            said = str(await self.ask(by))
        except DevinoError as error:
            said = f"{type(error).__name__}: {error}"
        return Answered(question=self, said=said)


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """A question with its answer."""

    question: Question
    said: str

    @property
    def as_expected(self) -> bool:
        """It is the answer that had to come."""
        return self.said == self.question.expected

    def as_json(self) -> dict[str, object]:
        """What ``devino demo --json`` prints of it."""
        asked = self.question
        return {
            "of": asked.of,
            "to": asked.to,
            "about": asked.about,
            "expected": asked.expected,
            "answer": self.said,
        }
