"""The channel ``console``: a stream."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from devino_core import (
    Card,
    Channel,
    Expressible,
    Fill,
    Mail,
    Medium,
    Message,
    Receipt,
    State,
    Status,
    Takes,
    Template,
    Unavailable,
    Unsupported,
)

from ._settings import ConsoleSettings

__all__ = ["ConsoleChannel"]

_EVERYTHING = Takes(
    contents=frozenset({str, Card, Template, Mail}), expresses=frozenset(Expressible)
)


class ConsoleChannel(Channel[ConsoleSettings]):
    """Takes every message and prints it. Its receipts say DELIVERED: there is nothing to follow."""

    takes: Mapping[Medium, Takes] = dict.fromkeys(Medium, _EVERYTHING)

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """Print them. Raises Unavailable if the stream takes nothing any more."""
        self.check(messages)
        # Looked up now: tests and servers put other streams there.
        stream = sys.stdout if self.settings.stream == "stdout" else sys.stderr
        lines = [line for message in messages for line in (*self._lines(message), "---")]
        printed = "".join(f"{line}\n" for line in lines)
        try:
            stream.write(printed)
            stream.flush()
        except (OSError, ValueError) as error:
            raise Unavailable(f"cannot print to {self.settings.stream}: {error}") from error
        now = self.clock.now()
        return [
            Receipt.of(message, Status(state=State.DELIVERED, reported_at=now), channel=self.name)
            for message in messages
        ]

    async def try_login(self) -> None:
        """Raise Unsupported: there is nobody to log in to."""
        raise Unsupported(f"{self.name!r} sends nothing, so it has no login")

    def _lines(self, message: Message, what: str = "") -> Iterator[str]:
        sender = message.sender or self.settings.sender
        route = f"{sender} > {message.to}" if sender else message.to
        yield f"--- {self.name}: {what}{message.medium} {route}  (ref {message.ref})"
        for name in ("send_at", "validity", "priority"):
            value = getattr(message, name)
            if value is not None:
                yield f"{name}: {value}"
        for line in _said(message):
            # A text is a stranger's, and terminals obey control characters.
            yield "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in line)
        if message.fallback is not None:
            yield from self._lines(message.fallback, "instead, ")


def _said(message: Message) -> Iterator[str]:
    content = message.content
    if isinstance(content, str | Fill):
        yield from message.text.splitlines()
    else:
        yield from _fields(msgspec.to_builtins(content))


def _fields(told: Mapping[str, object], prefix: str = "") -> Iterator[str]:
    for name, value in told.items():
        if isinstance(value, Mapping):
            yield from _fields(value, f"{prefix}{name}.")
        elif value and name != "type":
            yield from f"{prefix}{name}: {value}".splitlines()
