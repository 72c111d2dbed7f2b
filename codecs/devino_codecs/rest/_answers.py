"""The answers of chapters 1 and 2 as values. A type's fields, in order, are the wire's keys."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Generic, TypeAlias, TypeVar

from msgspec import Meta, Struct

from ._codes import ErrorCode, SmsStateCode, ViberStateCode
from ._credentials import Session

__all__ = [
    "Answer",
    "Ids",
    "IncomingSms",
    "MinValueDate",
    "NetDate",
    "ResentSms",
    "RestError",
    "SmsState",
    "Statistics",
    "TextOrNumber",
    "ViberState",
]

C = TypeVar("C")

NetDate: TypeAlias = Annotated[datetime, Meta(tz=True)]
r"""An instant as ``\/Date(ms)\/``; unset is null."""
MinValueDate: TypeAlias = Annotated[datetime | None, Meta(tz=True)]
r"""An instant as ``\/Date(ms)\/``; unset is .NET's MinValue, for this key cannot be null."""
TextOrNumber: TypeAlias = Annotated[str, Meta(title="id")]
"""A string; a number is read too."""
Ids: TypeAlias = tuple[str, ...]
"""What a send answers: an id for each segment, grouped by number in the order of the request."""


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
    creation: NetDate | None = None
    submitted: NetDate | None = None
    reported: NetDate | None = None
    timestamp: MinValueDate = None
    description: str = ""
    price: Decimal | None = None


class SmsState(_State[SmsStateCode], frozen=True):
    """What became of one segment of an SMS (chapter 1 table 8, chapter 2 table 7).

    ``state``: a code, or the number if the manual does not know it. ``creation``, ``submitted``
    (to the SMS centre), ``reported`` (delivered) and ``timestamp`` (of the report): aware, in UTC,
    to the millisecond; None if not (yet) so. ``price``: None if unknown.
    """


class ResentSms(_State[SmsStateCode], frozen=True, kw_only=True):
    """An SMS that replaced a Viber message: as :class:`SmsState`, with its ``id``."""

    id: TextOrNumber


class ViberState(_State[ViberStateCode], frozen=True):
    """What became of a Viber message (chapter 1 table 16, chapter 2 table 15).

    Fields as in :class:`SmsState`, and ``resent_sms``: what was sent instead.
    """

    resent_sms: tuple[ResentSms, ...] = ()


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
    ``created``: aware, in UTC, to the millisecond.
    """

    data: str
    source_address: str
    destination_address: str
    id: int
    created: NetDate


class Statistics(Struct, frozen=True, rename="pascal"):
    """How many SMS of a period came to what (``Sms/Statistics``).

    ``delivery_ratio``: exactly as sent; the manual does not say of what it is the ratio.
    """

    sent: int
    delivered: int
    errors: int
    in_process: int
    expired: int
    rejected: int
    total: int
    total_with_errors: int
    delivery_ratio: Decimal


class RestError(Struct, frozen=True, rename={"code": "Code", "description": "Desc"}):
    """The platform's refusal: a value, not an exception.

    ``code``: an :class:`ErrorCode`, or the number if the manual does not know it. ``description``:
    an :class:`ErrorText`, a :class:`ViberResultCode` or any other text.
    """

    code: ErrorCode | int
    description: str

    @property
    def http_status(self) -> int:
        """The HTTP status that the code travels under; 500 for one that the manual lacks."""
        return self.code.http_status if isinstance(self.code, ErrorCode) else 500


Answer: TypeAlias = (
    Session
    | Decimal
    | Ids
    | SmsState
    | ViberState
    | tuple[IncomingSms, ...]
    | Statistics
    | RestError
)
