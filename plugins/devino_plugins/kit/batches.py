"""From SMS and Viber messages to as few calls as a wire with bulk operations allows.

What REST and SOAP share: both send an SMS, an SMS by the recipient's clock, a Viber message, and
a Viber message that is resent by SMS, to one recipient or to many.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import msgspec

from devino_codecs.text import count_parts
from devino_core import (
    Channel,
    Expressible,
    InvalidMessage,
    Medium,
    Message,
    Takes,
    Unsupported,
)

from .checks import (
    MessageLimits,
    check_send_at,
    check_sender,
    check_text,
    number_of,
    whole_minutes,
)

__all__ = [
    "TAKES",
    "Batch",
    "SendKind",
    "SharedContent",
    "ViberOptions",
    "plan_batches",
]

LIMITS = {
    Medium.SMS: MessageLimits(text=2000, sender_digits=15),
    Medium.VIBER: MessageLimits(text=1000, validity=1440),
}
"""Of a validity of SMS the manual says none."""


class ViberOptions(msgspec.Struct, frozen=True, kw_only=True):
    """``Message.options`` of a Viber message."""

    optional: str | None = None
    """What Viber hands through: printable text."""


TAKES: Mapping[Medium, Takes] = {
    Medium.SMS: Takes(
        expresses=frozenset({Expressible.SEND_AT, Expressible.WALL_CLOCK, Expressible.VALIDITY})
    ),
    Medium.VIBER: Takes(
        expresses=frozenset({Expressible.VALIDITY, Expressible.FALLBACK}), options=ViberOptions
    ),
}
"""What these wires have words for."""


class SendKind(enum.StrEnum):
    """What is asked of the platform."""

    SMS = enum.auto()
    SMS_BY_RECIPIENT_CLOCK = enum.auto()
    VIBER = enum.auto()
    VIBER_OR_SMS = enum.auto()

    @property
    def is_sms(self) -> bool:
        return self in (SendKind.SMS, SendKind.SMS_BY_RECIPIENT_CLOCK)


class SharedContent(msgspec.Struct, frozen=True, gc=False):
    """All of a message but its recipient: messages that share it can share a call."""

    kind: SendKind
    sender: str
    text: str
    validity: int | None
    """Minutes."""
    send_at: datetime | None
    """In UTC, or by the recipient's clock."""
    optional: str | None
    """What Viber hands through; where each recipient has its own, the first one's."""


class Batch(msgspec.Struct, frozen=True, gc=False):
    """One call to be made."""

    positions: Sequence[int]
    """Where its messages stand in the list."""
    content: SharedContent
    recipients: tuple[str, ...]
    optionals: tuple[str, ...]
    """One a recipient, or none at all."""
    parts: int
    """How many ids the platform gives for each recipient. 0: one recipient, whose are all ids."""

    def halves(self) -> tuple[Batch, Batch]:
        """The same messages in two batches. There must be more than one."""
        middle = len(self.positions) // 2
        return self._part(slice(middle)), self._part(slice(middle, None))

    def _part(self, some: slice) -> Batch:
        positions = self.positions[some]
        return msgspec.structs.replace(
            self,
            positions=positions,
            recipients=self.recipients[some],
            optionals=self.optionals[some],
            parts=self.parts if len(positions) > 1 else 0,
        )


def plan_batches(
    messages: Sequence[Message],
    sender_of: Callable[[Message], str],
    *,
    bulk_size: int,
    optional_each: bool,
) -> list[Batch]:
    """Check every message, which is one that :data:`TAKES` has, against the manual's limits, and
    group them.

    ``optional_each`` says that a bulk call holds an ``optional`` for each recipient; otherwise
    one holds for all of a call. A number that occurs twice with the same content goes into
    different calls: the platform does not say whether it would answer such a bulk with one set
    of ids or two.

    Raises InvalidMessage or Unsupported for the first message that cannot be sent.
    """
    if len(messages) == 1:
        (message,) = messages
        content = _content(message, sender_of(message))
        return [_single(_FIRST, content, number_of(message))]
    contents = [_content(message, sender_of(message)) for message in messages]
    recipients = [number_of(message) for message in messages]
    groups: dict[tuple[SharedContent, int], list[int]] = {}
    seen: Counter[tuple[SharedContent, str]] = Counter()
    for position, (content, number) in enumerate(zip(contents, recipients, strict=True)):
        if optional_each and content.optional is not None:
            content = msgspec.structs.replace(content, optional="")
        groups.setdefault((content, seen[content, number]), []).append(position)
        seen[content, number] += 1
    return [
        _batch(positions[start : start + bulk_size], contents, recipients)
        for positions in groups.values()
        for start in range(0, len(positions), bulk_size)
    ]


_FIRST = (0,)


def _single(positions: Sequence[int], content: SharedContent, recipient: str) -> Batch:
    optionals = () if content.optional is None else (content.optional,)
    return Batch(positions, content, (recipient,), optionals, 0)


def _batch(
    positions: Sequence[int], contents: Sequence[SharedContent], recipients: Sequence[str]
) -> Batch:
    first = positions[0]
    content = contents[first]
    if len(positions) == 1:
        return _single(positions, content, recipients[first])
    return Batch(
        positions,
        content,
        tuple([recipients[position] for position in positions]),
        ()
        if content.optional is None
        else tuple([contents[position].optional or "" for position in positions]),
        count_parts(content.text) if content.kind.is_sms else 1,
    )


def _content(message: Message, sender: str) -> SharedContent:
    limits = LIMITS[message.medium]
    text = message.text
    optional = _optional(message) if message.options else None
    check_text(text, message, limits)
    check_sender(sender, message, limits)
    at = message.send_at
    if at is not None:
        check_send_at(at, message)
        # Where the clocks go back, two times of one zone are equal and an hour apart.
        at = at if at.tzinfo is None else at.astimezone(UTC)
    validity = message.validity
    return SharedContent(
        _kind(message, sender),
        sender,
        text,
        None if validity is None else whole_minutes(validity, message, limits),
        at,
        optional,
    )


def _kind(message: Message, sender: str) -> SendKind:
    if message.medium is Medium.SMS:
        by_recipient_clock = message.send_at is not None and message.send_at.tzinfo is None
        return SendKind.SMS_BY_RECIPIENT_CLOCK if by_recipient_clock else SendKind.SMS
    if message.fallback is None:
        return SendKind.VIBER
    _check_fallback(message, message.fallback, sender)
    return SendKind.VIBER_OR_SMS


def _check_fallback(message: Message, fallback: Message, sender: str) -> None:
    """The platform sends the same text from the same sender to the same number, and no other."""
    same = (
        fallback.medium is Medium.SMS
        and fallback.text == message.text
        and (fallback.sender or sender) == sender
        and number_of(fallback) == number_of(message)
        and fallback.send_at is None
        and fallback.validity is None
        and fallback.priority is None
        and fallback.fallback is None
        and not fallback.options
    )
    if not same:
        raise Unsupported(
            "the only fallback of this protocol is the same text from the same sender to the same "
            "number by SMS, without `send_at`, `validity`, `priority` or `options`"
        )


def _optional(message: Message) -> str | None:
    value = Channel.options_of(message, ViberOptions).optional or None
    if value is not None and not value.isprintable():
        raise InvalidMessage("options", "`optional` must be printable text", ref=message.ref)
    return value
