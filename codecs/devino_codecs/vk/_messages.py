"""What a client sends: a message with its fallbacks, and questions about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeAlias

from msgspec import Struct

from devino_codecs.http import (
    NUMBER_ID,
    ONE_OR_LIST,
    PHONE,
    SHOWN,
    TEXT_OR_NUMBER,
    Also,
    Request,
    Unread,
    spelt,
)
from devino_codecs.viber import Content, ContentType, MessageType

from ._answers import MessageStatus, SendResult
from ._codes import DeliveryPolicy, Priority, Route

__all__ = ["GetStatus", "MessengerLeg", "Send", "SmsLeg", "VkMessage"]

Text: TypeAlias = str | Unread | None
Sender: TypeAlias = Annotated[str | Unread | None, SHOWN]
Seconds: TypeAlias = int | Unread | None
Phone: TypeAlias = Annotated[str | Unread | None, PHONE]

# Chapter 12's word for MEDIUM.
PRIORITY = spelt(Priority, also={"normal": Priority.MEDIUM})


class VkMessage(Struct, frozen=True, kw_only=True, rename="camel"):
    """The message itself: a template that VK has approved, and its values."""

    subject: Sender = None
    """The sender."""
    priority: Annotated[Priority | str | Unread | None, PRIORITY] = None
    routes: tuple[Route | str, ...] | Unread | None = None
    """In the order in which they are tried."""
    validity_period: Seconds = None
    """Seconds."""
    delivery_policy: DeliveryPolicy | str | Unread | None = None
    phone: Phone = None
    """The recipient's number in international format; a leading ``+`` is kept."""
    template_id: Annotated[str | Unread | None, TEXT_OR_NUMBER, SHOWN] = None
    template_data: Mapping[str, Annotated[str, TEXT_OR_NUMBER]] | Unread | None = None
    """A value for each ``#name#`` of the template."""


class MessengerLeg(Struct, frozen=True, kw_only=True, rename="camel"):
    """What goes over Viber or WhatsApp if the leg before it fails."""

    subject: Sender = None
    priority: Annotated[Priority | str | Unread | None, PRIORITY] = None
    validity_period_sec: Annotated[Seconds, Also("validityPeriod")] = None
    """Seconds."""
    type: MessageType | str | Unread | None = None
    comment: Text = None
    content_type: ContentType | str | Unread | None = None
    text: Text = None
    caption: Text = None
    action: Text = None
    image_url: Annotated[Text, Also("image")] = None
    content: Content | Unread | None = None
    """Chapter 12 has the four fields before in here; where both are, those count."""
    dst_address: Phone = None


class SmsLeg(Struct, frozen=True, kw_only=True, rename="camel"):
    """The SMS that goes if all before it fail."""

    src_address: Sender = None
    text: Text = None
    validity_period: Annotated[Seconds, Also("validityPeriodSec")] = None
    """Seconds."""
    dst_address: Phone = None


class Send(Request[Annotated[SendResult, ONE_OR_LIST]], frozen=True, kw_only=True):
    """``send/vk``: one message, and what goes instead, in the order of the fields."""

    vk: VkMessage
    viber: MessengerLeg | None = None
    whatsapp: MessengerLeg | None = None
    sms: SmsLeg | None = None


class GetStatus(
    Request[Annotated[MessageStatus, ONE_OR_LIST]], frozen=True, rename={"id": "message"}
):
    """``status/vk``: what became of a message."""

    id: Annotated[str, NUMBER_ID, Also("messageId")]
