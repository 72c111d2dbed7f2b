"""From messages to as few requests as the wire allows, before any I/O."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

from devino_codecs.rest import (
    Ids,
    Request,
    SendSms,
    SendSmsBulk,
    SendSmsByTimeZone,
    SendSmsByTimeZoneToAddresses,
    SendViber,
    SendViberBulk,
    SendViberWithResend,
    SendViberWithResendBulk,
)
from devino_codecs.text import count_parts
from devino_core import InvalidMessage, Medium, Message, Unsupported
from devino_core.phone import normalize
from devino_core.suggest import did_you_mean

__all__ = ["Planned", "plan"]

MAX_TEXT = {Medium.SMS: 2000, Medium.VIBER: 1000}
"""Characters of a text as the platform counts them: .NET's, which are UTF-16 units."""
MAX_SENDER_LETTERS, MAX_SENDER_DIGITS = 11, 15
MAX_VIBER_VALIDITY = 1440
"""Minutes. For SMS the manual states none."""


class Planned(NamedTuple):
    """One request and the messages that it carries."""

    positions: Sequence[int]
    request: Request[Ids]
    parts: int
    """How many ids the platform gives for each recipient of a bulk request."""


class _Operation(NamedTuple):
    """How one thing is said to one recipient and to many."""

    single: Callable[..., Request[Ids]]
    bulk: Callable[..., Request[Ids]]


_SMS = _Operation(SendSms, SendSmsBulk)
_SMS_BY_RECIPIENT_CLOCK = _Operation(SendSmsByTimeZone, SendSmsByTimeZoneToAddresses)
_VIBER = _Operation(SendViber, SendViberBulk)
_VIBER_OR_SMS = _Operation(SendViberWithResend, SendViberWithResendBulk)


class _Content(NamedTuple):
    """All of a message but its recipient: messages that share it can share a request."""

    operation: _Operation
    sender: str
    text: str
    validity: int | None
    send_date: datetime | None
    has_optional: bool


_Group: TypeAlias = tuple[_Content, int]


def plan(
    messages: Sequence[Message], sender_of: Callable[[Message], str], *, bulk_size: int
) -> list[Planned]:
    """Check every message against the manual's limits and group them into requests.

    A number that occurs twice with the same content goes into different requests: the platform
    does not say whether it would answer such a bulk with one set of ids or two.

    Raises InvalidMessage or Unsupported for the first message that cannot be sent.
    """
    contents = [_content(message, sender_of(message)) for message in messages]
    recipients = [_number(message) for message in messages]
    if len(messages) == 1:
        return [_request(contents[0], (0,), messages, recipients)]
    groups: dict[_Group, list[int]] = {}
    seen: Counter[tuple[_Content, str]] = Counter()
    for position, (content, number) in enumerate(zip(contents, recipients, strict=True)):
        groups.setdefault((content, seen[content, number]), []).append(position)
        seen[content, number] += 1
    return [
        _request(content, positions[start : start + bulk_size], messages, recipients)
        for (content, _), positions in groups.items()
        for start in range(0, len(positions), bulk_size)
    ]


def _request(
    content: _Content,
    positions: Sequence[int],
    messages: Sequence[Message],
    recipients: Sequence[str],
) -> Planned:
    sms = content.operation in (_SMS, _SMS_BY_RECIPIENT_CLOCK)
    parts = count_parts(content.text) if sms else 1
    optionals = tuple(_optional(messages[p]) or "" for p in positions if content.has_optional)
    shared: dict[str, object] = {"validity": content.validity}
    if sms:
        shared["send_date"] = content.send_date
    if len(positions) == 1:
        if optionals:
            shared["optional"] = optionals[0]
        request = content.operation.single(
            content.sender, recipients[positions[0]], content.text, **shared
        )
    else:
        if optionals:
            shared["optionals"] = optionals
        numbers = tuple(recipients[position] for position in positions)
        request = content.operation.bulk(content.sender, numbers, content.text, **shared)
    return Planned(positions, request, parts)


def _content(message: Message, sender: str) -> _Content:
    _check_options(message)
    _check_text(message)
    _check_sender(sender, message)
    return _Content(
        _operation(message, sender),
        sender,
        message.text,
        _minutes(message),
        message.send_at,
        _optional(message) is not None,
    )


def _operation(message: Message, sender: str) -> _Operation:
    match message.medium:
        case Medium.SMS:
            if message.fallback is not None:
                raise Unsupported("this protocol has no fallback for an SMS: remove `fallback`")
            by_recipient_clock = message.send_at is not None and message.send_at.tzinfo is None
            return _SMS_BY_RECIPIENT_CLOCK if by_recipient_clock else _SMS
        case Medium.VIBER:
            if message.send_at is not None:
                raise Unsupported("this protocol sends Viber messages at once: remove `send_at`")
            if message.fallback is None:
                return _VIBER
            _check_fallback(message, message.fallback, sender)
            return _VIBER_OR_SMS
        case medium:
            raise Unsupported(f"this protocol carries SMS and VIBER, not {medium}")


def _check_fallback(message: Message, fallback: Message, sender: str) -> None:
    """SendWithResend sends the same text from the same sender to the same number, and no other."""
    same = (
        fallback.medium is Medium.SMS
        and fallback.text == message.text
        and (fallback.sender or sender) == sender
        and _number(fallback) == _number(message)
        and fallback.send_at is None
        and fallback.validity is None
        and fallback.fallback is None
        and not fallback.options
    )
    if not same:
        raise Unsupported(
            "the only fallback of this protocol is the same text from the same sender to the same "
            "number by SMS, without `send_at`, `validity` or `options`"
        )


def _check_options(message: Message) -> None:
    known = ("optional",) if message.medium is Medium.VIBER else ()
    for name in message.options:
        if name not in known:
            hint = did_you_mean(name, known) or (
                f"known are {', '.join(known)}" if known else "an SMS has none here"
            )
            raise InvalidMessage("options", f"no option is named {name!r}: {hint}", ref=message.ref)
    optional = message.options.get("optional", "")
    if not isinstance(optional, str):
        raise InvalidMessage("options", "`optional` must be a string", ref=message.ref)


def _optional(message: Message) -> str | None:
    value = message.options.get("optional")
    return str(value) if value else None


def _check_text(message: Message) -> None:
    text = message.text
    if not text:
        raise InvalidMessage("text", "is empty", ref=message.ref)
    limit = MAX_TEXT.get(message.medium)
    try:
        # Only a text near the limit needs its surrogate pairs counted.
        units = len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
    except UnicodeEncodeError as error:
        raise InvalidMessage(
            "text", f"has half a surrogate pair at position {error.start}", ref=message.ref
        ) from None
    if limit is not None and units > limit:
        raise InvalidMessage(
            "text", f"has {units} characters, {message.medium} takes {limit}", ref=message.ref
        )


def _check_sender(sender: str, message: Message) -> None:
    digits = sender.isascii() and sender.removeprefix("+").isdigit()
    limit = MAX_SENDER_DIGITS if digits and message.medium is Medium.SMS else MAX_SENDER_LETTERS
    if digits and len(sender.removeprefix("+")) <= limit:
        return
    if digits or len(sender) > limit:
        raise InvalidMessage(
            "sender",
            f"{sender!r} is too long: at most {MAX_SENDER_LETTERS} letters"
            + (f" or {MAX_SENDER_DIGITS} digits" if message.medium is Medium.SMS else ""),
            ref=message.ref,
        )
    if not sender.isascii():
        raise InvalidMessage(
            "sender", f"{sender!r} must be Latin letters, digits and punctuation", ref=message.ref
        )


def _minutes(message: Message) -> int | None:
    if message.validity is None:
        return None
    minutes = -(-message.validity // timedelta(minutes=1))
    if message.medium is Medium.VIBER and minutes > MAX_VIBER_VALIDITY:
        raise InvalidMessage(
            "validity", f"Viber takes 1 to {MAX_VIBER_VALIDITY} minutes", ref=message.ref
        )
    return minutes


def _number(message: Message) -> str:
    try:
        return normalize(message.to)
    except ValueError as error:
        raise InvalidMessage("to", str(error), ref=message.ref) from None
