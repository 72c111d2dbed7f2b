"""From messages to as few mails as the format allows, before any I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from devino_codecs.text import count_parts
from devino_core import Body, Message
from devino_plugins.kit.checks import MessageLimits, check_sender, check_text, number_of

from ._mails import MailWriter

__all__ = ["PlannedMail", "plan"]

LIMITS = MessageLimits(sender_digits=15)
"""Chapter 4 sets no limit to the length of a text."""


class PlannedMail(NamedTuple):
    """One mail and the messages that it carries."""

    positions: Sequence[int]
    mail: Body
    parts: int
    """Segments of each message."""


class _Shared(NamedTuple):
    """What the messages of one mail have in common."""

    sender: str
    text: str


def plan(
    messages: Sequence[Message], sender_of: Callable[[Message], str], writer: MailWriter
) -> list[PlannedMail]:
    """Check every message, and write the mails.

    A number that occurs twice with the same text goes into different mails. The manual does not
    say whether one mail would reach it twice.

    Raises InvalidMessage for the first message that cannot be sent.
    """
    contents = [_content(message, sender_of(message), writer) for message in messages]
    numbers = [number_of(message) for message in messages]
    groups: dict[tuple[_Shared, int], list[int]] = {}
    seen: Counter[tuple[_Shared, str]] = Counter()
    for position, (content, number) in enumerate(zip(contents, numbers, strict=True)):
        groups.setdefault((content, seen[content, number]), []).append(position)
        seen[content, number] += 1
    most = writer.max_numbers
    planned: list[PlannedMail] = []
    for (content, _), positions in groups.items():
        parts = count_parts(content.text)
        for start in range(0, len(positions), most):
            some = positions[start : start + most]
            mail = writer.mail(
                content.sender,
                [numbers[position] for position in some],
                content.text,
                ref=messages[some[0]].ref,
            )
            planned.append(PlannedMail(some, mail, parts))
    return planned


def _content(message: Message, sender: str, writer: MailWriter) -> _Shared:
    text = message.text
    check_text(text, message, LIMITS)
    check_sender(sender, message, LIMITS)
    return _Shared(sender, writer.wire_text(text))
