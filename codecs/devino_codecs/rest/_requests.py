"""The requests of chapters 1, 2 and 16 as values, one type for each operation.

A type's fields are the arguments of the manual's URL template, in order. Its ``rename`` gives their
spelling, and the annotations give their form. The manual's spelling stands only here.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypeAlias

from devino_codecs.http import (
    MINUTES,
    PHONE,
    SHOWN,
    UTC_SECONDS,
    WALL_SECONDS,
    Also,
    Request,
    Session,
    Unread,
    form_of,
)

from ._answers import HlrState, Ids, IncomingSms, SmsState, Statistics, ViberState

__all__ = [
    "GetBalance",
    "GetIncoming",
    "GetSession",
    "GetSmsState",
    "GetStatistics",
    "GetViberState",
    "HlrGetState",
    "HlrSend",
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
]

PhoneNumber: TypeAlias = Annotated[str, PHONE]
Instant: TypeAlias = Annotated[datetime, UTC_SECONDS]
WallClock: TypeAlias = Annotated[datetime, WALL_SECONDS]
Minutes: TypeAlias = Annotated[int, MINUTES]


def _message_id(text: str) -> str:
    if text.split() != [text]:
        raise ValueError("an id with a blank in it" if text else "an empty id")
    return text


MESSAGE_ID = form_of(
    "MESSAGE_ID",
    # An id holds no blank. One like SAR-GW01+79160000000-... may come with an unescaped plus.
    lambda text: _message_id(text.replace(" ", "+")),
    _message_id,
    of=str,
)
"""An id that a send gave for a segment: 579700854169272358, SAR-GW01+79160000000-5f3b1972-2-1."""
MessageId: TypeAlias = Annotated[str, MESSAGE_ID]


def _session(text: str) -> Session:
    if not text:
        raise ValueError("expected a session id")
    return Session(text)


def _session_id(session: Session) -> str:
    if not session.id:
        raise ValueError("an empty id")
    return session.id


_SESSION = form_of("SESSION", _session, _session_id, of=Session, noun="a session id")


class GetSession(Request[Annotated[Session, _SESSION]], frozen=True):
    """Log in: ``user/sessionid``, version 1 only; the credentials are a :class:`Login`.

    The id of a session is 36 of ``[A-Za-z0-9_]`` on the platform, and lives 120 minutes.
    """


class GetBalance(Request[Decimal], frozen=True):
    """The account's balance: ``User/Balance``."""


class SendToOne(Request[Ids], frozen=True, rename="pascal"):
    """What the sends to one number share. The answer has one id for each segment.

    ``source_address``: up to 11 Latin letters or 15 digits. ``data``: up to 2000 characters of
    SMS, 1000 of Viber. ``validity``: in minutes.
    """

    source_address: Annotated[str, SHOWN]
    destination_address: Annotated[PhoneNumber, Also("DestinationAddresses")]
    data: str
    validity: Minutes | None = None


class SendToMany(Request[Ids], frozen=True, rename="pascal"):
    """What the sends to several numbers share: one text, one sender.

    The answer is one flat list of ids: one for each segment, grouped by number in the order of
    ``destination_addresses`` (up to 2999 in version 2). The rest is as in :class:`SendToOne`.
    """

    source_address: Annotated[str, SHOWN]
    destination_addresses: Annotated[tuple[PhoneNumber, ...], Also("DestinationAddress")]
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

    The manual names no zone for this date; it is taken as UTC, as in ``Sms/Send``.
    """

    send_date: Instant | None = None


class SendSmsByTimeZoneToAddresses(SendToMany, frozen=True):
    """``Sms/SendByTimeZoneToAddresses``: to several numbers, each by its owner's clock.

    The manual wants ``send_date``; absent means now.
    """

    send_date: WallClock | None = None


class SendViber(SendToOne, frozen=True):
    """``Viber/Send``: a Viber message to one number. ``optional`` goes to the platform as it is."""

    optional: Annotated[str | None, Also("Optionals")] = None


class SendViberBulk(SendToMany, frozen=True):
    """``Viber/SendBulk``: to several numbers. ``optionals`` goes to the platform as it is."""

    optionals: Annotated[tuple[str, ...], Also("Optional")] = ()


class SendViberWithResend(SendToOne, frozen=True):
    """``Viber/SendWithResend``: if Viber does not deliver, the same text and sender go by SMS."""

    optional: Annotated[str | None, Also("Optionals")] = None


class SendViberWithResendBulk(SendToMany, frozen=True):
    """``Viber/SendWithResendBulk``: as :class:`SendViberWithResend`, to several numbers."""

    optionals: Annotated[tuple[str, ...], Also("Optional")] = ()


class GetSmsState(Request[SmsState], frozen=True, rename={"message_id": "messageId"}):
    """``Sms/State`` of one segment. The platform forgets it after 48 hours (state 255)."""

    message_id: MessageId


class GetViberState(Request[ViberState], frozen=True, rename={"message_id": "messageId"}):
    """``Viber/State`` of one message, with the SMS that replaced it, if any."""

    message_id: MessageId


class GetIncoming(
    Request[tuple[IncomingSms | Unread | None, ...]],
    frozen=True,
    rename={"min_date": "minDateUTC", "max_date": "maxDateUTC"},
):
    """``Sms/In``: the SMS received in a period (chapter 11.2.2 too). It starts within a year.

    In an answer, None is an entry that the platform left empty, and Unread one that is no SMS.
    """

    min_date: Instant
    max_date: Instant


class GetStatistics(
    Request[Statistics],
    frozen=True,
    rename={"start": "startDateTime", "end": "endDateTime"},
):
    """``Sms/Statistics`` of a period of up to 90 days. The manual does not name the time zone."""

    start: WallClock
    end: WallClock


class HlrSend(Request[Ids], frozen=True, rename="pascal"):
    """``Hlr/SendBulk``: ask the network about up to 200 numbers.

    The answer has one id for each number, in their order. ``validity``: how long the network is
    asked, in minutes.
    """

    destination_addresses: Annotated[tuple[PhoneNumber, ...], Also("DestinationAddress")]
    validity: Minutes


class HlrGetState(Request[tuple[HlrState, ...]], frozen=True, rename={"message_ids": "messageIds"}):
    """``Hlr/State``: what the network said, by the ids that :class:`HlrSend` gave.

    The manual gives no limit; as many ids as one :class:`HlrSend` gives are safe.
    """

    message_ids: Annotated[tuple[MessageId, ...], Also("messageId")]
