"""From a message to its request, before any I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from devino_codecs import viber, vk
from devino_core import Channel, InvalidMessage, Medium, Message, Priority, Template
from devino_plugins.kit.checks import MessageLimits, check_sender, number_of
from devino_plugins.kit.messengers import (
    check_subject,
    check_whole,
    fallback_of,
    plain_sms,
    seconds_of,
    shown,
    unsupported,
)

from ._settings import VkLegOptions, VkOptions, VkSettings

__all__ = ["Planned", "plan"]

SenderOf = Callable[[Message], str]

_PRIORITIES: Final[Mapping[Priority, vk.Priority]] = {
    Priority.LOW: vk.Priority.LOW,
    Priority.NORMAL: vk.Priority.MEDIUM,
    Priority.HIGH: vk.Priority.HIGH,
    Priority.REALTIME: vk.Priority.REALTIME,
}
_SMS: Final = MessageLimits(text=viber.LIMITS.sms_text, sender_digits=15)


class Planned(NamedTuple):
    """A request, and the medium that the platform tries in the end."""

    request: vk.Send
    last: Medium


def plan(message: Message, sender_of: SenderOf, settings: VkSettings) -> Planned:
    """The request that sends a message and, if that fails, its fallbacks.

    Raises InvalidMessage or Unsupported.
    """
    own = _own(message, sender_of(message), settings)
    fallback, last = message.fallback, Medium.VK
    if fallback is None:
        return Planned(vk.Send(vk=own), last)
    leg: vk.MessengerLeg | None = None
    sms: vk.SmsLeg | None = None
    with fallback_of(message):
        if fallback.medium is Medium.VIBER:
            leg, last = _viber(fallback, _sender(fallback, own), settings), Medium.VIBER
            after = fallback.fallback
            if after is not None:
                with fallback_of(fallback):
                    sms, last = _sms(after, _sender(after, own), settings), Medium.SMS
        else:
            sms, last = _sms(fallback, _sender(fallback, own), settings), Medium.SMS
    return Planned(vk.Send(vk=own, viber=leg, sms=sms), last)


def _own(message: Message, sender: str, settings: VkSettings) -> vk.VkMessage:
    template = message.content
    if not isinstance(template, Template):
        raise unsupported(message, "VK carries a Template alone")
    if not (template.id.isascii() and template.id.isdecimal()):
        raise InvalidMessage("content", "the id of a template is a number", ref=message.ref)
    check_whole("content", (*template.values, *template.values.values()), message)
    check_subject(sender, message, vk.LIMITS.subject)
    options = Channel.options_of(message, VkOptions)
    routes = options.routes or settings.routes
    if len(set(routes)) != len(routes):
        raise InvalidMessage("options", "`routes` names one twice", ref=message.ref)
    validity = seconds_of(message.validity, vk.LIMITS.validity, message)
    policy = options.delivery_policy
    return vk.VkMessage(
        subject=sender,
        priority=_PRIORITIES[message.priority or settings.priority],
        routes=tuple([vk.Route(route) for route in routes]),
        validity_period=settings.validity if validity is None else validity,
        delivery_policy=None if policy is None else vk.DeliveryPolicy(policy),
        phone=number_of(message),
        template_id=template.id,
        template_data=dict(template.values),
    )


def _sender(message: Message, own: vk.VkMessage) -> str:
    return message.sender or str(own.subject)


def _viber(message: Message, sender: str, settings: VkSettings) -> vk.MessengerLeg:
    if message.send_at is not None:
        raise unsupported(message, "what goes instead has no `send_at`: remove it")
    check_subject(sender, message, viber.LIMITS.subject)
    kind, content = shown(message, viber.LIMITS)
    validity = seconds_of(message.validity, vk.LIMITS.viber_validity, message)
    comment = Channel.options_of(message, VkLegOptions).comment
    check_whole("options", (comment,), message)
    return vk.MessengerLeg(
        subject=sender,
        priority=_PRIORITIES[message.priority or settings.priority],
        validity_period_sec=settings.validity if validity is None else validity,
        type=viber.MessageType.VIBER,
        comment=comment,
        content_type=kind,
        text=content.text,
        caption=content.caption,
        action=content.action,
        image_url=content.image_url,
        dst_address=number_of(message),
    )


def _sms(message: Message, sender: str, settings: VkSettings) -> vk.SmsLeg:
    if message.medium is not Medium.SMS:
        raise unsupported(
            message,
            "the platform tries Viber after VK and an SMS in the end: "
            f"{message.medium} has no place there",
        )
    text = plain_sms(message, _SMS)
    check_sender(sender, message, _SMS)
    validity = seconds_of(message.validity, vk.LIMITS.sms_validity, message)
    return vk.SmsLeg(
        src_address=sender,
        text=text,
        validity_period=settings.validity if validity is None else validity,
        dst_address=number_of(message),
    )
