"""What is wrong with a message and what goes in its place, in VK's words (chapter 15).

For the legs over Viber and WhatsApp the manual gives no words: those of the VK message serve, and
whatever concerns their content is said of the text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from devino_codecs import viber
from devino_codecs.http import Unread
from devino_codecs.viber import Content, ContentType, MessageType
from devino_codecs.vk import (
    LIMITS,
    MessengerLeg,
    Priority,
    Route,
    Send,
    SendCode,
    SmsLeg,
    VkMessage,
)
from devino_core import Medium
from devino_sandbox._accounts import Account
from devino_sandbox._admission import SENDERS
from devino_sandbox.services._messengers import (
    MOST_SMS,
    fits_account,
    number_of,
    text_of,
    within,
)
from devino_sandbox.services.viber._checks import content_fits

__all__ = ["content_of", "fault_of"]

_ROUTES = frozenset(
    {(Route.VK,), (Route.OK,), (Route.OK, Route.VK), (Route.VK, Route.OK)},
)
_FIELD = re.compile(r"#([^#\s]+)#")

_Value = str | Unread | None


def fault_of(request: Send, account: Account) -> SendCode | None:
    """The code of a message that is not taken; None: nothing is wrong with it."""
    return (
        _vk(request.vk, account)
        or _leg(request.viber, account, viber.LIMITS, LIMITS.viber_validity)
        or _leg(request.whatsapp, account, viber.WHATSAPP_LIMITS, LIMITS.whatsapp_validity)
        or _sms(request.sms, account)
    )


def content_of(leg: MessengerLeg) -> Content:
    """What a leg shows. Its fields stand in the leg, or in ``content`` as in chapter 12."""
    inner = leg.content if isinstance(leg.content, Content) else Content()
    return Content(
        text=inner.text or text_of(leg.text) or None,
        caption=inner.caption or text_of(leg.caption) or None,
        action=inner.action or text_of(leg.action) or None,
        image_url=inner.image_url or text_of(leg.image_url) or None,
    )


def _vk(message: VkMessage, account: Account) -> SendCode | None:
    return (
        _subject(message.subject, account)
        or _priority(message.priority)
        or _routes(message.routes)
        or _validity(message.validity_period, LIMITS.validity)
        or _phone(message.phone)
        or _template(message, account.templates)
    )


def _subject(subject: _Value, account: Account) -> SendCode | None:
    if subject in (None, ""):
        return SendCode.SUBJECT_NOT_SPECIFIED
    fits = within(text_of(subject), LIMITS.subject) and fits_account(account, text_of(subject))
    return None if fits else SendCode.SUBJECT_INVALID


def _priority(priority: _Value) -> SendCode | None:
    if priority in (None, ""):
        return SendCode.PRIORITY_NOT_SPECIFIED
    return None if isinstance(priority, Priority) else SendCode.PRIORITY_INVALID


def _routes(routes: tuple[Route | str, ...] | Unread | None) -> SendCode | None:
    if routes in (None, ()):
        return SendCode.ROUTES_NOT_SPECIFIED
    return None if routes in _ROUTES else SendCode.ROUTES_INVALID


def _validity(seconds: int | Unread | None, bounds: tuple[int, int]) -> SendCode | None:
    return None if _between(seconds, bounds) else SendCode.VALIDITY_INVALID


def _phone(number: _Value) -> SendCode | None:
    if number in (None, ""):
        return SendCode.PHONE_NOT_SPECIFIED
    return SendCode.PHONE_INVALID if number_of(number) is None else None


def _template(message: VkMessage, templates: Mapping[str, str] | None) -> SendCode | None:
    template = message.template_id
    if template in (None, ""):
        return SendCode.TEXT_NOT_SPECIFIED
    is_number = isinstance(template, str) and template.isascii() and template.isdecimal()
    values = {} if message.template_data is None else message.template_data
    if not is_number or isinstance(values, Unread):
        return SendCode.TEXT_INVALID
    if templates is None:
        return None
    text = templates.get(text_of(template))
    fits = text is not None and values.keys() >= set(_FIELD.findall(text))
    return None if fits else SendCode.TEXT_INVALID


def _leg(
    leg: MessengerLeg | None, account: Account, limits: viber.Limits, validity: tuple[int, int]
) -> SendCode | None:
    if leg is None:
        return None
    return (
        _subject(leg.subject, account)
        or _priority(leg.priority)
        or _validity(leg.validity_period_sec, validity)
        or _leg_content(leg, limits)
        or _phone(leg.dst_address)
    )


def _leg_content(leg: MessengerLeg, limits: viber.Limits) -> SendCode | None:
    if leg.type is None or leg.content_type is None:
        return SendCode.TEXT_NOT_SPECIFIED
    is_whatsapp = limits.type is MessageType.WHATSAPP
    types = (ContentType.TEXT,) if is_whatsapp else limits.contents
    if leg.type is not limits.type or leg.content_type not in types:
        return SendCode.TEXT_INVALID
    fields = (leg.text, leg.caption, leg.action, leg.image_url, leg.content, leg.comment)
    if any(isinstance(field, Unread) for field in fields):
        return SendCode.TEXT_INVALID
    content = content_of(leg)
    if leg.content_type is not ContentType.IMAGE and not content.text:
        return SendCode.TEXT_NOT_SPECIFIED
    return None if content_fits(leg.content_type, content, limits) else SendCode.TEXT_INVALID


def _sms(leg: SmsLeg | None, account: Account) -> SendCode | None:
    if leg is None:
        return None
    sender, text = text_of(leg.src_address), leg.text
    if SENDERS[Medium.SMS].fullmatch(sender) is None or not fits_account(account, sender):
        return SendCode.SMS_SUBJECT_NOT_SPECIFIED
    if text in (None, ""):
        return SendCode.SMS_TEXT_NOT_SPECIFIED
    if not within(text_of(text), MOST_SMS):
        return SendCode.TEXT_INVALID
    if leg.validity_period is None:
        return SendCode.SMS_VALIDITY_NOT_SPECIFIED
    if not _between(leg.validity_period, LIMITS.sms_validity):
        return SendCode.SMS_VALIDITY_INVALID
    return _phone(leg.dst_address)


def _between(seconds: int | Unread | None, bounds: tuple[int, int]) -> bool:
    return isinstance(seconds, int) and bounds[0] <= seconds <= bounds[1]
