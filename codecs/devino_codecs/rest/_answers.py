"""The answers of chapters 1, 2 and 16 as values. A type's fields are the wire's keys, in order."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Generic, TypeAlias, TypeVar

from msgspec import Struct, field

from devino_codecs.http import (
    ID,
    IF_READABLE,
    NET_DATE,
    NET_DATE_OR_MIN,
    NULL,
    RECIPIENT,
    SHOWN,
    TEXT_OR_NUMBER,
    WORDS,
    Unread,
)

from ._codes import HlrStateCode, SmsStateCode, ViberStateCode

__all__ = [
    "HlrState",
    "Ids",
    "IncomingSms",
    "ResentSms",
    "SmsState",
    "Statistics",
    "ViberState",
]

C = TypeVar("C")

Ids: TypeAlias = tuple[Annotated[str | None, ID], ...]
"""The answer to a send: an id for each segment, grouped by number in the order of the request.

None is an id that the platform left empty. Its place says whose it would have been.
"""


_STATE_KEYS = {
    "state": "State",
    "creation": "CreationDateUtc",
    "submitted": "SubmittedDateUtc",
    "reported": "ReportedDateUtc",
    "timestamp": "TimeStampUtc",
    "description": "StateDescription",
    "price": "Price",
    "id": "Id",
    "resent_sms": "ResentSms",
}


class _State(Struct, Generic[C], frozen=True, rename=_STATE_KEYS):
    state: C | int
    creation: Annotated[datetime | None, NET_DATE, NULL, IF_READABLE] = None
    submitted: Annotated[datetime | None, NET_DATE, NULL, IF_READABLE] = None
    reported: Annotated[datetime | None, NET_DATE, NULL, IF_READABLE] = None
    timestamp: Annotated[datetime | None, NET_DATE_OR_MIN, IF_READABLE] = None
    description: Annotated[str, WORDS, IF_READABLE] = ""
    price: Annotated[Decimal | None, NULL, IF_READABLE] = None


class SmsState(_State[SmsStateCode], frozen=True):
    """What became of one segment of an SMS (chapter 1 table 8, chapter 2 table 7).

    ``state``: a code, or the number if the manual does not know it. ``creation``, ``submitted``
    (to the SMS centre), ``reported`` (delivered) and ``timestamp`` (of the report): aware, in UTC,
    to the millisecond; None if it has not happened. ``price``: None if unknown.
    """


class ResentSms(_State[SmsStateCode], frozen=True, kw_only=True):
    """An SMS that replaced a Viber message: like :class:`SmsState`, with its ``id``."""

    id: Annotated[str, ID]


class ViberState(_State[ViberStateCode], frozen=True):
    """What became of a Viber message (chapter 1 table 16, chapter 2 table 15).

    It has the fields of :class:`SmsState`, and ``resent_sms``: the SMS that were sent instead.
    """

    resent_sms: tuple[ResentSms | Unread, ...] | Unread = ()


class IncomingSms(
    Struct,
    frozen=True,
    rename={
        "data": "Data",
        "source_address": "SourceAddress",
        "destination_address": "DestinationAddress",
        "id": "ID",
        "created": "CreatedDateUtc",
    },
):
    """An SMS that a subscriber sent in (chapters 1 and 2, and 11.2.2).

    ``source_address``: the subscriber; ``destination_address``: the number of the account;
    ``created``: aware, in UTC, to the millisecond. ``id`` and ``created`` are None if the platform
    left them out or they cannot be read.
    """

    data: Annotated[str, TEXT_OR_NUMBER]
    source_address: Annotated[str, TEXT_OR_NUMBER, RECIPIENT]
    destination_address: Annotated[str, TEXT_OR_NUMBER, SHOWN]
    id: Annotated[int | None, IF_READABLE] = None
    created: Annotated[datetime | None, NET_DATE, IF_READABLE] = None


class Statistics(Struct, frozen=True, rename="pascal"):
    """How many SMS of a period ended in which state (``Sms/Statistics``).

    ``delivery_ratio``: exactly as sent; the manual does not define the ratio. None if it cannot be
    read: .NET writes a ratio of nothing as ``NaN``.
    """

    sent: int
    delivered: int
    errors: int
    in_process: int
    expired: int
    rejected: int
    total: int
    total_with_errors: int
    delivery_ratio: Annotated[Decimal | None, NULL, IF_READABLE] = None


class HlrState(Struct, frozen=True, kw_only=True, rename="pascal"):
    """What the network says about a subscriber (chapter 16).

    ``message_id``: None if the platform left it out; then the order of the request says which.
    ``state``: a code, or the number if the manual does not know it; None if it cannot be read.
    ``operator``: ``""`` if unknown.
    """

    message_id: Annotated[str | None, ID, IF_READABLE] = field(default=None, name="messageId")
    destination_address: Annotated[str, TEXT_OR_NUMBER, RECIPIENT, IF_READABLE] = ""
    state: Annotated[HlrStateCode | int | None, IF_READABLE] = field(default=None, name="StateCode")
    description: Annotated[str, WORDS, IF_READABLE] = field(default="", name="StateDesc")
    country: Annotated[str, SHOWN, IF_READABLE] = ""
    operator: Annotated[str, SHOWN, IF_READABLE] = field(default="", name="MobileOperator")
