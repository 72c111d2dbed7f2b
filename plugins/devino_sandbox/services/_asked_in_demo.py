"""What ``devino demo`` asks the platform's own services."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Protocol

from devino_sandbox._questions import Question

__all__ = ["codes", "lookups"]

_WRONG, _RIGHT = "79160000001", "79160000002"


# The transports are siblings of the sandbox, which it does not import.


class _Lookup(Protocol):
    @property
    def reachability(self) -> object: ...


class _Looks(Protocol):
    def lookup(self, numbers: Sequence[str], *, interval: float) -> AsyncIterator[_Lookup]: ...


class _Verifies(Protocol):
    async def generate(self, number: str) -> object: ...
    async def check(self, number: str, code: str) -> object: ...


def lookups(channel: str) -> Sequence[Question]:
    """HLR over this channel: of a subscriber who is there, and of nobody."""

    def question(number: str, about: str, expected: str) -> Question:
        async def look(by: _Looks) -> object:
            [found] = [each async for each in by.lookup([number], interval=0.2)]
            return found.reachability

        return Question(of=channel, to=number, about=about, expected=expected, ask=look)

    return (
        question("79990004001", "a lookup, switched on", "REACHABLE"),
        question("79990004003", "a lookup, no such number", "NONEXISTENT"),
    )


def codes(service: str, code_of: Callable[[str], str]) -> Sequence[Question]:
    """Two-factor codes: a wrong one, and the one that ``code_of`` says was sent to a number."""

    async def wrong(by: _Verifies) -> object:
        await by.generate(_WRONG)
        return await by.check(_WRONG, f"{code_of(_WRONG)}0")

    async def right(by: _Verifies) -> object:
        await by.generate(_RIGHT)
        return await by.check(_RIGHT, code_of(_RIGHT))

    return (
        Question(of=service, to=_WRONG, about="a wrong code", expected="WRONG", ask=wrong),
        Question(of=service, to=_RIGHT, about="the right code", expected="VALID", ask=right),
    )
