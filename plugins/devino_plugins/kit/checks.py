"""What the manual allows of a message, checked before any I/O.

Each check of a message raises :exc:`~devino_core.errors.InvalidMessage` with the field and the
message's ref.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeGuard

from devino_core import InvalidArgument, InvalidMessage, Message
from devino_core.phone import are_normal, normalize

__all__ = [
    "MessageLimits",
    "check_send_at",
    "check_sender",
    "check_text",
    "digits_of",
    "is_line",
    "number_of",
    "numbers_of",
    "whole_minutes",
]

_MINUTE = timedelta(minutes=1)


class MessageLimits(NamedTuple):
    """What one medium of a protocol takes at most; None is what the manual does not limit."""

    text: int | None = None
    """Characters as the platform counts them: .NET's, which are UTF-16 units."""
    sender_letters: int = 11
    sender_digits: int = 11
    validity: int = 2**31 - 1
    """Minutes; where the manual does not limit them, what the platform's integer holds."""


def check_text(text: str, message: Message, limits: MessageLimits) -> None:
    """The message's text is there, has no NUL or half of a character, and is not too long."""
    if not text or text.isspace():
        raise InvalidMessage("text", "is empty" if not text else "is blank", ref=message.ref)
    # Half a pair is never printable, and only a text near the limit needs its pairs counted.
    if text.isprintable() and (limits.text is None or 2 * len(text) <= limits.text):
        return
    try:
        units = len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
    except UnicodeEncodeError as error:
        raise InvalidMessage(
            "text", f"has half a surrogate pair at position {error.start}", ref=message.ref
        ) from None
    if "\0" in text:
        at = text.index("\0")
        raise InvalidMessage("text", f"has a NUL at position {at}", ref=message.ref)
    if limits.text is not None and units > limits.text:
        raise InvalidMessage(
            "text", f"has {units} characters, {message.medium} takes {limits.text}", ref=message.ref
        )


def check_sender(sender: str, message: Message, limits: MessageLimits) -> None:
    """The sender is a short Latin name or a number."""
    # What is short enough for a name is so for a number too.
    if len(sender) <= limits.sender_letters and sender.isascii():
        return
    plain = sender.removeprefix("+")
    digits = sender.isascii() and plain.isdigit()
    if digits and len(plain) <= limits.sender_digits:
        return
    if digits or len(sender) > limits.sender_letters:
        longer = limits.sender_digits > limits.sender_letters
        raise InvalidMessage(
            "sender",
            f"{sender!r} is too long: at most {limits.sender_letters} letters"
            + (f" or {limits.sender_digits} digits" if longer else ""),
            ref=message.ref,
        )
    if not sender.isascii():
        raise InvalidMessage(
            "sender", f"{sender!r} must be Latin letters, digits and punctuation", ref=message.ref
        )


def whole_minutes(validity: timedelta, message: Message, limits: MessageLimits) -> int:
    """The message's validity, rounded up."""
    minutes, rest = divmod(validity, _MINUTE)
    minutes += bool(rest)
    if minutes > limits.validity:
        raise InvalidMessage(
            "validity", f"{message.medium} takes 1 to {limits.validity} minutes", ref=message.ref
        )
    return minutes


def check_send_at(at: datetime, message: Message) -> None:
    """The time of sending has a form in UTC, which the years at the ends of time lack."""
    try:
        if at.tzinfo is not None:
            at.astimezone(UTC)
    except OverflowError:
        raise InvalidMessage("send_at", "is out of range", ref=message.ref) from None


def is_line(text: object, most: int) -> TypeGuard[str]:
    """It is a text of 1 to so many characters, each of them printable."""
    return isinstance(text, str) and 1 <= len(text) <= most and text.isprintable()


def number_of(message: Message) -> str:
    """The recipient's number in international format, digits only."""
    try:
        return normalize(message.to)
    except ValueError as error:
        raise InvalidMessage("to", str(error), ref=message.ref) from None


def numbers_of(messages: Sequence[Message]) -> Iterable[str]:
    """The number of each. The iteration raises InvalidMessage where one is none."""
    numbers = [message.to for message in messages]
    return numbers if are_normal(numbers) else map(number_of, messages)


def digits_of(number: str, argument: str) -> str:
    """A number in international format, digits only. Raises InvalidArgument with this name."""
    try:
        return normalize(number)
    except ValueError as error:
        raise InvalidArgument(argument, str(error)) from None
