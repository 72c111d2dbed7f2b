"""From messages to requests of up to 100, before any I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Final, NamedTuple

import msgspec

from devino_codecs import viber
from devino_core import Channel, InvalidMessage, Medium, Message, Priority
from devino_plugins.kit.checks import MessageLimits, number_of, numbers_of
from devino_plugins.kit.items import at, looked_at, with_numbers
from devino_plugins.kit.messengers import (
    check_subject,
    check_whole,
    fallback_of,
    plain_sms,
    seconds_of,
    shown,
    unsupported,
)

from ._settings import CommentOptions, ViberSettings

__all__ = ["Planned", "plan"]

PRIORITIES: Final[Mapping[Priority, viber.Priority]] = {
    priority: viber.Priority[priority.name] for priority in Priority
}


class Planned(NamedTuple):
    """One request, and where its messages stand in the list."""

    positions: Sequence[int]
    request: viber.Send

    def halves(self) -> tuple[Planned, Planned]:
        """Two requests that send the same. There must be more than one message."""
        middle = len(self.positions) // 2
        return self._part(slice(middle)), self._part(slice(middle, None))

    def _part(self, some: slice) -> Planned:
        request, positions = self.request, self.positions[some]
        return Planned(positions, msgspec.structs.replace(request, messages=request.messages[some]))


def plan(
    messages: Sequence[Message],
    sender_of: Callable[[Message], str],
    *,
    limits: viber.Limits,
    settings: ViberSettings,
) -> list[Planned]:
    """The requests that send these messages. Whether something goes instead holds for a whole
    request, so those with a fallback have requests of their own.

    Raises InvalidMessage or Unsupported for the first message that cannot be sent.
    """
    said = _said(messages, sender_of, limits, settings)
    size = settings.batch_size
    return [
        Planned(chunk, viber.Send(resend_sms=resend, messages=tuple(at(chunk, said))))
        for resend, positions in _by_fallback(messages).items()
        for start in range(0, len(positions), size)
        for chunk in (positions[start : start + size],)
    ]


def _by_fallback(messages: Sequence[Message]) -> Mapping[bool, Sequence[int]]:
    """The positions of the messages without a fallback, and of those with one."""
    resent = [position for position, each in enumerate(messages) if each.fallback is not None]
    if not resent:
        return {False: range(len(messages))}
    others = [position for position, each in enumerate(messages) if each.fallback is None]
    return {False: others, True: resent}


def _said(
    messages: Sequence[Message],
    sender_of: Callable[[Message], str],
    limits: viber.Limits,
    settings: ViberSettings,
) -> tuple[viber.Message, ...]:
    """The messages as the wire has them."""
    said: list[viber.Message] = []
    numbers: list[str] = []
    given = iter(numbers_of(messages))
    look = partial(_message, sender_of=sender_of, limits=limits, settings=settings)
    for item, count in looked_at(messages, look):
        said += [item] * count
        numbers += islice(given, count)
    return with_numbers(said, "address", numbers)


def _message(
    message: Message,
    *,
    sender_of: Callable[[Message], str],
    limits: viber.Limits,
    settings: ViberSettings,
) -> viber.Message:
    sender = message.sender or settings.sender or sender_of(message)
    check_subject(sender, message, limits.subject)
    kind, content = shown(message, limits)
    number = number_of(message)
    fallback = message.fallback
    sms = _NONE if fallback is None else _sms(message, fallback, sender, number, kind, limits)
    validity = seconds_of(message.validity, limits.validity, message)
    comment = Channel.options_of(message, CommentOptions).comment if message.options else None
    check_whole("options", (comment,), message)
    return viber.Message(
        subject=sender,
        priority=PRIORITIES[message.priority or settings.priority],
        validity_period_sec=settings.validity if validity is None else validity,
        comment=comment,
        type=limits.type,
        content_type=kind,
        content=content,
        address=number,
        sms_text=sms.text,
        sms_src_address=sms.sender,
        sms_validity_period_sec=sms.validity,
    )


class _Sms(NamedTuple):
    text: str | None = None
    sender: str | None = None
    validity: int | None = None


_NONE = _Sms()


def _sms(
    message: Message,
    fallback: Message,
    sender: str,
    number: str,
    kind: viber.ContentType,
    limits: viber.Limits,
) -> _Sms:
    if kind is viber.ContentType.IMAGE:
        raise unsupported(message, "the platform sends no SMS instead of an image: remove it")
    if fallback.medium is not Medium.SMS:
        raise unsupported(message, f"only an SMS can go instead, not {fallback.medium}")
    with fallback_of(message):
        if number_of(fallback) != number:
            raise unsupported(message, "it goes to the same number, and to no other")
        sender = fallback.sender or sender
        text = plain_sms(fallback, MessageLimits(text=limits.sms_text))
        if not (sender.isascii() and sender.isalnum() and len(sender) <= limits.sms_sender):
            most = limits.sms_sender
            reason = f"{sender!r} must be at most {most} Latin letters and digits in an SMS"
            raise InvalidMessage("sender", reason, ref=fallback.ref)
        return _Sms(text, sender, seconds_of(fallback.validity, limits.sms_validity, fallback))
