"""What the platform answers."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Struct

from devino_codecs.http import IF_READABLE, NUMBER_ID, ONE_OR_LIST, Also, Unread, spelt
from devino_codecs.viber import DeliveryStatus, MessageCode, Reason, SmsPart

from ._codes import IdCode, SendCode, VkStatus
from ._times import WALL_TIME

__all__ = ["MessageStatus", "SendResult", "ViberStatus"]

# The manual lists chapter 12's codes among this chapter's. An example has a reason where the codes
# are said to be.
_OF_VIBER = {code.value: code for code in MessageCode}
SEND_CODE = spelt(SendCode, also=_OF_VIBER)
STATUS = spelt(VkStatus)
VIBER_STATUS = spelt(DeliveryStatus)
REASON = spelt(Reason, also=_OF_VIBER)


class SendResult(Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer to :class:`Send`; only a message that was taken has an id."""

    code: Annotated[SendCode | MessageCode | str, SEND_CODE]
    message_id: Annotated[str | None, NUMBER_ID, Also("providerId")] = None


class ViberStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of the Viber message that was sent instead."""

    id: Annotated[str | None, NUMBER_ID, IF_READABLE] = None
    status: Annotated[DeliveryStatus | str | None, VIBER_STATUS] = None
    status_at: Annotated[datetime | None, WALL_TIME, IF_READABLE] = None
    """Naive, as in :class:`MessageStatus`."""
    code: Annotated[Reason | MessageCode | str | None, REASON, IF_READABLE] = None
    """Why it was not delivered."""


class MessageStatus(Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer to :class:`GetStatus`: what became of the message, and of what went instead."""

    provider_id: Annotated[str | None, NUMBER_ID, Also("messageId"), Also("id")] = None
    code: IdCode | str
    status: Annotated[VkStatus | str | Unread | None, STATUS] = None
    status_at: Annotated[datetime | None, WALL_TIME, IF_READABLE] = None
    """What the platform's clock showed, naive. The manual gives no zone here; it names UTC+3 for
    callbacks."""
    error: Annotated[str | None, IF_READABLE] = None
    viber_status: ViberStatus | Unread | None = None
    sms_states: Annotated[tuple[SmsPart | Unread, ...] | Unread | None, ONE_OR_LIST] = None
