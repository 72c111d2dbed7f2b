"""From messages to as few mails as the format allows, before any I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

from devino_codecs.text import count_parts
from devino_core import Body, Message
from devino_plugins.kit.checks import Limits, check_sender, check_text, number_of

from ._mails import MailWriter

__all__ = ["Planned", "plan"]

LIMITS = Limits(sender_digits=15)
"""Of the text's length chapter 4 says nothing."""


class Planned(NamedTuple):
    """One mail and the messages that it carries."""

    positions: Sequence[int]
    mail: Body
    parts: int
    """Segments of each message."""


class _Content(NamedTuple):
    sender: str
    text: str


def plan(
    messages: Sequence[Message], sender_of: Callable[[Message], str], writer: MailWriter
) -> list[Planned]:
    """Check every message, and write the mails.

    A number that occurs twice with the same content goes into different mails: the manual does not
    say whether one mail would reach it twice.

    Raises InvalidMessage for the first message that cannot be sent.
    """
    contents = [_content(message, sender_of(message), writer) for message in messages]
    numbers = [number_of(message) for message in messages]
    groups: dict[tuple[_Content, int], list[int]] = {}
    seen: Counter[tuple[_Content, str]] = Counter()
    for position, (content, number) in enumerate(zip(contents, numbers, strict=True)):
        groups.setdefault((content, seen[content, number]), []).append(position)
        seen[content, number] += 1
    most = writer.max_numbers
    planned: list[Planned] = []
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
            planned.append(Planned(some, mail, parts))
    return planned


def _content(message: Message, sender: str, writer: MailWriter) -> _Content:
    text = message.text
    check_text(text, message, LIMITS)
    check_sender(sender, message, LIMITS)
    return _Content(sender, writer.wire_text(text))
