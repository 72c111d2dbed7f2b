"""What channels for messengers share: what a message shows, the SMS that goes instead, refusals."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypeAlias

from devino_codecs.http import Coded, Refusal, Unread
from devino_codecs.viber import Content, ContentType, Limits, SmsPart
from devino_core import (
    Card,
    DevinoError,
    InvalidMessage,
    Medium,
    Message,
    State,
    Status,
    Unsupported,
)
from devino_core.dispatch import check_ids

from .checks import MessageLimits, check_text
from .refusals import WRONG_ADDRESS, refusal, unreadable
from .states import state_of, unread

__all__ = [
    "MAX_ID",
    "Hide",
    "Shown",
    "check_subject",
    "check_whole",
    "fallback_of",
    "is_id",
    "leg_status",
    "not_told",
    "plain_sms",
    "seconds_of",
    "shown",
    "sms_status",
    "spring_error",
    "statuses_of_each",
    "unknown",
    "unsupported",
]

MAX_ID: Final = 2**63 - 1
Hide: TypeAlias = Callable[[str], str]
"""Takes the secrets out of a text."""


class Shown(NamedTuple):
    """What a messenger shows of a message."""

    type: ContentType
    content: Content


def shown(message: Message, limits: Limits) -> Shown:
    """A text or a card as the wire has it, within its limits.

    Raises InvalidMessage, and Unsupported for a card that the wire has no type for.
    """
    card = message.content
    if not isinstance(card, Card):
        text = message.text
        _check_text(text, message, limits.text)
        return Shown(ContentType.TEXT, Content(text=text))
    button = card.button
    check_whole("content", (card.image,), message)
    if button is not None:
        check_whole("content", (button.caption, button.url), message)
        _require(ContentType.BUTTON, limits, message)
        _check_text(card.text, message, limits.text)
        if _units(button.caption) > limits.caption:
            reason = f"the button's caption has more than {limits.caption} characters"
            raise InvalidMessage("content", reason, ref=message.ref)
        return Shown(
            ContentType.BUTTON,
            Content(
                text=card.text,
                caption=button.caption,
                action=button.url,
                image_url=card.image,
            ),
        )
    if card.image is not None:
        if card.text:
            mend = " or give it a button" if ContentType.BUTTON in limits.contents else ""
            raise unsupported(
                message, f"{message.medium} shows no text with an image: send one of them{mend}"
            )
        return Shown(ContentType.IMAGE, Content(image_url=card.image))
    _check_text(card.text, message, limits.text)
    return Shown(ContentType.TEXT, Content(text=card.text))


def check_whole(field: str, texts: Iterable[str | None], message: Message) -> None:
    """No text holds half a surrogate pair, which no JSON can. Raises InvalidMessage."""
    for text in texts:
        if text is None or text.isascii():
            continue
        try:
            text.encode()
        except UnicodeEncodeError:
            raise InvalidMessage(field, "has half a surrogate pair", ref=message.ref) from None


def check_subject(sender: str, message: Message, most: int) -> None:
    """The sender is short enough."""
    if len(sender) > most and _units(sender) > most:
        raise InvalidMessage(
            "sender", f"{sender!r} is too long: at most {most} characters", ref=message.ref
        )


def seconds_of(validity: timedelta | None, bounds: tuple[int, int], message: Message) -> int | None:
    """The validity in whole seconds, rounded up. Raises InvalidMessage beyond the bounds."""
    if validity is None:
        return None
    seconds, rest = divmod(validity, timedelta(seconds=1))
    seconds += bool(rest)
    least, most = bounds
    if not least <= seconds <= most:
        raise InvalidMessage(
            "validity", f"{message.medium} takes {least} to {most} seconds", ref=message.ref
        )
    return seconds


@contextmanager
def fallback_of(message: Message) -> Iterator[None]:
    """Within it, what is wrong with the message's fallback is told as the message's own fault."""
    try:
        yield
    except InvalidMessage as error:
        reason, field = error.reason, f"fallback.{error.field}"
    except Unsupported as error:
        raise unsupported(message, f"fallback: {error}") from None
    else:
        return
    raise InvalidMessage(field, reason, ref=message.ref)


def plain_sms(sms: Message, limits: MessageLimits) -> str:
    """The text of an SMS that goes instead of another message.

    Raises InvalidMessage, and Unsupported for what no wire can say of such an SMS.
    """
    for name in ("send_at", "priority", "fallback"):
        if getattr(sms, name) is not None:
            raise unsupported(sms, f"an SMS that goes instead has no `{name}`: remove it")
    if sms.options:
        raise unsupported(sms, "an SMS that goes instead has no `options`: remove them")
    text = sms.text
    check_text(text, sms, limits)
    return text


def unsupported(message: Message, reason: str) -> Unsupported:
    """The error for a message that the wire cannot carry."""
    error = Unsupported(reason)
    error.refs = (message.ref,)
    return error


# Answers


def is_id(text: str) -> bool:
    """Whether it is the digits of an id that this platform gives."""
    return (text.isascii() and text.isdecimal() and text[0] != "0" and len(text) < 20) and int(
        text
    ) <= MAX_ID


def unknown(message_id: str, medium: Medium, *, code: str | None = None, why: str = "") -> Status:
    """The status of a message about which nothing was told."""
    return Status(state=State.UNKNOWN, id=message_id, code=code, description=why, medium=medium)


async def statuses_of_each(
    ids: Sequence[str],
    ask: Callable[[Sequence[str]], Awaitable[Sequence[Status]]],
    medium: Medium,
) -> list[Status]:
    """The status of each id, in order: each is asked once, and what is no id of the platform's
    not at all."""
    check_ids(ids)
    asked = list(dict.fromkeys(filter(is_id, ids)))
    told = dict(zip(asked, await ask(asked), strict=True))
    return [
        told.get(message_id) or unknown(message_id, medium, why="no id of this protocol")
        for message_id in ids
    ]


def leg_status(
    word: str | Unread | None,
    reason: str | None,
    at: datetime | None,
    *,
    message_id: str | None,
    medium: Medium,
    hide: Hide,
) -> Status:
    """The status that the platform tells of one medium: its word, why, and when."""
    if isinstance(word, Unread):
        return unread(message_id, medium, f"cannot be read: {word}")
    return Status(
        state=state_of(word),
        id=message_id,
        code=None if word is None else plain(word, hide),
        description="" if reason is None else plain(reason, hide),
        reported_at=at,
        medium=medium,
    )


def sms_status(parts: Sequence[SmsPart | Unread] | Unread, hide: Hide) -> Status:
    """The status of an SMS that went instead."""

    def part_status(part: SmsPart | Unread) -> Status:
        told, known = (part, None) if isinstance(part, Unread) else (part.status, part.id)
        return leg_status(told, None, None, message_id=known, medium=Medium.SMS, hide=hide)

    return Status.combined(map(part_status, [parts] if isinstance(parts, Unread) else parts))


def plain(word: str, hide: Hide) -> str:
    """A word of the platform's: one that is in no table may repeat what the platform was sent."""
    return str(word) if isinstance(word, Coded) else hide(word)


def not_told(code: str, message_id: str, medium: Medium, hide: Hide) -> Status:
    """The status of a message about which the platform tells nothing but a code."""
    meaning = code.meaning if isinstance(code, Coded) else ""
    return unknown(message_id, medium, code=plain(code, hide), why=meaning)


def spring_error(refused: Refusal, *, changes: bool) -> DevinoError:
    """The error to raise for a refusal of an interface whose table of codes is complete, and whose
    web server answers for itself."""
    status = refused.http_status
    if status in WRONG_ADDRESS:
        return unreadable(status, "", changes=changes)
    return refusal(
        refused.code, refused.description, changes=changes, status=status, knows_all=True
    )


def _require(kind: ContentType, limits: Limits, message: Message) -> None:
    if kind not in limits.contents:
        raise unsupported(message, f"{message.medium} has no {kind}: send the text alone")


def _check_text(text: str, message: Message, most: int) -> None:
    check_text(text, message, MessageLimits(text=most))


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2
