"""The requests of chapters 1 and 2 as values, one type an operation.

A type's fields, in order, are the arguments in the manual's URL template; its ``rename`` spells
them; the annotation says how each is written. Names in the manual's spelling are kept here and
nowhere else.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Generic, TypeAlias, TypeVar

from msgspec import Meta, Struct

from ._answers import Ids, IncomingSms, SmsState, Statistics, ViberState
from ._credentials import Session

__all__ = [
    "GetBalance",
    "GetIncoming",
    "GetSession",
    "GetSmsState",
    "GetStatistics",
    "GetViberState",
    "Instant",
    "MessageId",
    "Minutes",
    "PhoneNumber",
    "Request",
    "SendSms",
    "SendSmsBulk",
    "SendSmsByTimeZone",
    "SendSmsByTimeZoneToAddresses",
    "SendToMany",
    "SendToOne",
    "SendViber",
    "SendViberBulk",
    "SendViberWithResend",
    "SendViberWithResendBulk",
    "WallClock",
]

A_co = TypeVar("A_co", covariant=True)

Instant: TypeAlias = Annotated[datetime, Meta(tz=True)]
"""An aware datetime; on the wire in UTC, in whole seconds."""
WallClock: TypeAlias = Annotated[datetime, Meta(tz=False)]
"""A naive datetime: what a clock shows there, in whole seconds."""
Minutes: TypeAlias = Annotated[int, Meta(ge=1)]
"""A positive number of minutes. The manual allows 1 to 1440 for Viber and says nothing for SMS."""
PhoneNumber: TypeAlias = Annotated[str, Meta(title="phone number")]
"""79031234567, +79031234567 or 89031234567; blanks around it are lost on the wire."""
MessageId: TypeAlias = Annotated[str, Meta(title="message id")]
"""What a send answered, one id a segment: 579700854169272358, SAR-GW01+79160000000-5f3b1972-2-1."""


class Request(Struct, Generic[A_co], frozen=True):
    """A request that the platform answers with ``A``, or with a :class:`RestError`."""


class GetSession(Request[Session], frozen=True):
    """Log in: ``user/sessionid``, version 1 only; the credentials are a :class:`Login`."""


class GetBalance(Request[Decimal], frozen=True):
    """The account's balance: ``User/Balance``."""


class SendToOne(Request[Ids], frozen=True, rename="pascal"):
    """What the sends to one number share. Answered with one id for each segment.

    ``source_address``: up to 11 Latin letters or 15 digits. ``data``: up to 2000 characters of
    SMS, 1000 of Viber. ``validity``: in minutes.
    """

    source_address: str
    destination_address: PhoneNumber
    data: str
    validity: Minutes | None = None


class SendToMany(Request[Ids], frozen=True, rename="pascal"):
    """What the sends to several numbers share: one text, one sender.

    Answered with one flat list of ids, one for each segment, grouped by number in the order of
    ``destination_addresses`` (up to 2999 in version 2). Otherwise as :class:`SendToOne`.
    """

    source_address: str
    destination_addresses: tuple[PhoneNumber, ...]
    data: str
    validity: Minutes | None = None


class SendSms(SendToOne, frozen=True):
    """``Sms/Send``: an SMS to one number, now or at an instant."""

    send_date: Instant | None = None


class SendSmsByTimeZone(SendToOne, frozen=True):
    """``Sms/SendByTimeZone``: an SMS to one number, when its owner's clock shows ``send_date``.

    The manual wants ``send_date``; absent means now.
    """

    send_date: WallClock | None = None


class SendSmsBulk(SendToMany, frozen=True):
    """``Sms/SendBulk``: an SMS to several numbers, now or at an instant.

    The manual names no zone for this one's date; UTC is taken over from ``Sms/Send``.
    """

    send_date: Instant | None = None


class SendSmsByTimeZoneToAddresses(SendToMany, frozen=True):
    """``Sms/SendByTimeZoneToAddresses``: to several numbers, each by its owner's clock.

    The manual wants ``send_date``; absent means now.
    """

    send_date: WallClock | None = None


class SendViber(SendToOne, frozen=True):
    """``Viber/Send``: a Viber message to one number. ``optional`` is handed through."""

    optional: str | None = None


class SendViberBulk(SendToMany, frozen=True):
    """``Viber/SendBulk``: to several numbers, with ``optionals`` handed through."""

    optionals: tuple[str, ...] = ()


class SendViberWithResend(SendToOne, frozen=True):
    """``Viber/SendWithResend``: if Viber does not deliver, the same text and sender go by SMS."""

    optional: str | None = None


class SendViberWithResendBulk(SendToMany, frozen=True):
    """``Viber/SendWithResendBulk``: as :class:`SendViberWithResend`, to several numbers."""

    optionals: tuple[str, ...] = ()


class GetSmsState(Request[SmsState], frozen=True, rename={"message_id": "messageId"}):
    """``Sms/State`` of one segment. After 48 hours the platform knows it no more (state 255)."""

    message_id: MessageId


class GetViberState(Request[ViberState], frozen=True, rename={"message_id": "messageId"}):
    """``Viber/State`` of one message, with the SMS that replaced it, if any."""

    message_id: MessageId


class GetIncoming(
    Request[tuple[IncomingSms, ...]],
    frozen=True,
    rename={"min_date": "minDateUTC", "max_date": "maxDateUTC"},
):
    """``Sms/In``: the SMS received in a period (chapter 11.2.2 too); it starts within a year."""

    min_date: Instant
    max_date: Instant


class GetStatistics(
    Request[Statistics],
    frozen=True,
    rename={"start": "startDateTime", "end": "endDateTime"},
):
    """``Sms/Statistics`` of a period of up to 90 days. The manual does not say whose clock."""

    start: WallClock
    end: WallClock
