"""What is wrong with a message, in the words of the wire. What is checked first counts."""

from __future__ import annotations

import re

from devino_codecs.http import Unread
from devino_codecs.viber import Content, ContentType, Limits, Message, MessageCode, Priority
from devino_sandbox._accounts import Account
from devino_sandbox.services._messengers import (
    fits_account,
    is_url,
    number_of,
    text_of,
    within,
)

__all__ = ["content_fits", "fault_of"]

_STRICT_CAPTION = 19
_STRICT_TEXT = 2


def fault_of(
    message: Message, account: Account, limits: Limits, *, resend: bool, strict: bool
) -> MessageCode | None:
    """The code of a message that is not taken; None: nothing is wrong with it."""
    return (
        _subject(message.subject, account, limits)
        or _ways(message, limits)
        or _content(message, limits, strict=strict)
        or _address(message.address)
        or _sms(message, account, limits, resend=resend)
    )


def content_fits(of: object, content: Content, limits: Limits, *, strict: bool = False) -> bool:
    """A content has what its type needs."""
    match of:
        case ContentType.TEXT:
            return within(content.text, limits.text)
        case ContentType.IMAGE:
            return is_url(content.image_url)
        case ContentType.BUTTON:
            return (
                within(content.text, limits.text, _STRICT_TEXT if strict else 1)
                and within(content.caption, _STRICT_CAPTION if strict else limits.caption)
                and is_url(content.action)
                and (content.image_url is None or is_url(content.image_url))
            )
        case ContentType.VIDEO:
            return is_url(content.video_url) and bool(content.video_name)
        case ContentType.DOCUMENT:
            return is_url(content.document_url) and bool(content.document_name)
    # The manual lists AUDIO and gives it no field.
    return of is ContentType.AUDIO


def _subject(subject: str | Unread | None, account: Account, limits: Limits) -> MessageCode | None:
    if subject in (None, ""):
        return MessageCode.SUBJECT_NOT_SPECIFIED
    if not within(text_of(subject), limits.subject):
        return MessageCode.SUBJECT_FORMAT
    return None if fits_account(account, text_of(subject)) else MessageCode.SUBJECT_UNKNOWN


def _ways(message: Message, limits: Limits) -> MessageCode | None:
    """What says how it is sent. Missing has no word of its own."""
    if not isinstance(message.priority, Priority):
        return MessageCode.PRIORITY_FORMAT
    if not _between(message.validity_period_sec, limits.validity):
        return MessageCode.VALIDITY_FORMAT
    if isinstance(message.comment, Unread):
        return MessageCode.COMMENT_FORMAT
    if message.type is None:
        return MessageCode.TYPE_NOT_SPECIFIED
    return None if message.type is limits.type else MessageCode.TYPE_FORMAT


def _content(message: Message, limits: Limits, *, strict: bool) -> MessageCode | None:
    of, content = message.content_type, message.content
    if of not in limits.contents:
        return MessageCode.CONTENT_FORMAT
    if content is None:
        return MessageCode.CONTENT_NOT_SPECIFIED
    if isinstance(content, Unread) or not content_fits(of, content, limits, strict=strict):
        return MessageCode.CONTENT_FORMAT
    return None


def _address(address: str | Unread | None) -> MessageCode | None:
    if address in (None, ""):
        return MessageCode.ADDRESS_NOT_SPECIFIED
    return MessageCode.ADDRESS_FORMAT if number_of(address) is None else None


def _sms(message: Message, account: Account, limits: Limits, *, resend: bool) -> MessageCode | None:
    text, sender, validity = (
        message.sms_text,
        message.sms_src_address,
        message.sms_validity_period_sec,
    )
    if not resend:
        given = (text, sender, validity) != (None, None, None)
        return MessageCode.RESEND if given else None
    if validity is not None and not _between(validity, limits.sms_validity):
        return MessageCode.RESEND_VALIDITY
    fits = (
        message.content_type in (ContentType.TEXT, ContentType.BUTTON)
        and within(text_of(text), limits.sms_text)
        and re.fullmatch(rf"[A-Za-z0-9]{{1,{limits.sms_sender}}}", text_of(sender)) is not None
        and fits_account(account, text_of(sender))
    )
    return None if fits else MessageCode.RESEND


def _between(seconds: int | Unread | None, bounds: tuple[int, int]) -> bool:
    return isinstance(seconds, int) and bounds[0] <= seconds <= bounds[1]
