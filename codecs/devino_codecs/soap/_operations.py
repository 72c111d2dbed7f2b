"""The operations of the four services: a struct each, and all that its wire is beside it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, ClassVar, Final, Generic, TypeAlias, TypeVar

import msgspec

from devino_codecs._request import Request as _Request
from devino_codecs._request import answer_of

from ._schema import DECIMAL, ID, MINUTES, STRING, UTC_TIME, WALL_CLOCK, Element
from ._values import (
    INCOMING_MESSAGES,
    SMS_MESSAGE,
    SMS_STATE,
    STATISTICS,
    STRINGS,
    VIBER_MESSAGE,
    VIBER_STATE,
    DeliveryStatistics,
    IncomingMessage,
    Login,
    Session,
    SmsMessage,
    SmsMessageState,
    ViberMessage,
    ViberMessageState,
)

__all__ = [
    "SERVICES",
    "SMS",
    "SMS_V2",
    "VIBER",
    "VIBER_V2",
    "AnyRequest",
    "Credentials",
    "GetBalance",
    "GetIncomingMessages",
    "GetMessageState",
    "GetSessionID",
    "GetStatistics",
    "GetViberMessageState",
    "Operation",
    "Request",
    "SendMessage",
    "SendMessageByTimeZone",
    "SendMessageByTimeZoneToAddresses",
    "SendViberMessage",
    "SendViberMessageWithResend",
    "Service",
    "result_of",
]

R = TypeVar("R")
Credentials: TypeAlias = Session | Login


class Operation(msgspec.Struct, frozen=True):
    """What stands on the wire around a request and its result."""

    name: str
    credentials: type[Session] | type[Login] | None = None
    """Whose they are, if not the service's."""
    result: str | None = None
    """The name of the result, if it is not the operation's and ``Result``."""
    changes: bool = True
    """It has an effect: without an answer nobody knows whether it was carried out."""


class Request(_Request[R], Generic[R], frozen=True, kw_only=True):
    """The arguments of an operation, without credentials.

    ``R`` is what it answers; the mark on it is its form on the wire.
    """

    operation: ClassVar[Operation]


AnyRequest: TypeAlias = Request[Any]


@cache
def result_of(request: type[AnyRequest]) -> Element:
    """The element that the answer to a request stands in."""
    operation = request.operation
    (form,) = answer_of(request).__metadata__
    return Element(operation.result or f"{operation.name}Result", form)


_Ids: TypeAlias = Annotated[tuple[str, ...], STRINGS]


class GetSessionID(Request[Annotated[str, STRING]], frozen=True, kw_only=True):
    """Login and password, given as :class:`Login`, for a session."""

    operation = Operation("GetSessionID", credentials=Login, changes=False)


class GetBalance(Request[Annotated[Decimal, DECIMAL]], frozen=True, kw_only=True):
    """What is left on the account, overdraft included."""

    operation = Operation("GetBalance", changes=False)


class SendMessage(Request[_Ids], frozen=True, kw_only=True):
    """An SMS to many; answers an id for each part of each message."""

    message: Annotated[SmsMessage, Element("message", SMS_MESSAGE)]

    operation = Operation("SendMessage")


class SendMessageByTimeZone(Request[_Ids], frozen=True, kw_only=True):
    """An SMS by the recipient's clock: ``send_date`` is naive, ``None`` is now; ``validity`` in
    minutes, ``None`` the platform's 2880. Answers an id for each part."""

    source_address: Annotated[str, Element("sourceAddress", STRING)]
    destination_address: Annotated[str, Element("destinationAddress", STRING)]
    data: Annotated[str, Element("data", STRING)]
    send_date: Annotated[datetime | None, Element("sendDate", WALL_CLOCK, optional=True)] = None
    validity: Annotated[int | None, Element("validity", MINUTES, optional=True)] = None

    operation = Operation("SendMessageByTimeZone")


class SendMessageByTimeZoneToAddresses(Request[_Ids], frozen=True, kw_only=True):
    """As :class:`SendMessageByTimeZone`, to up to 1000 numbers."""

    source_address: Annotated[str, Element("sourceAddress", STRING)]
    destination_addresses: Annotated[tuple[str, ...], Element("destinationAddresses", STRINGS)]
    data: Annotated[str, Element("data", STRING)]
    send_date: Annotated[datetime | None, Element("sendDate", WALL_CLOCK, optional=True)] = None
    validity: Annotated[int | None, Element("validity", MINUTES, optional=True)] = None

    operation = Operation("SendMessageByTimeZoneToAddresses")


class GetMessageState(Request[Annotated[SmsMessageState, SMS_STATE]], frozen=True, kw_only=True):
    """What became of one part of an SMS."""

    message_id: Annotated[str, Element("messageID", ID)]

    operation = Operation("GetMessageState", changes=False)


class GetStatistics(Request[Annotated[DeliveryStatistics, STATISTICS]], frozen=True, kw_only=True):
    """How many messages of a period, aware, of at most three months, came to what."""

    start_date_time: Annotated[datetime, Element("startDateTime", UTC_TIME)]
    end_date_time: Annotated[datetime, Element("endDateTime", UTC_TIME)]

    operation = Operation("GetStatistics", changes=False)


class GetIncomingMessages(
    Request[Annotated[tuple[IncomingMessage, ...], INCOMING_MESSAGES]], frozen=True, kw_only=True
):
    """What came in between two instants, aware. Clients mix the two up: see :attr:`period`."""

    min_date_utc: Annotated[datetime, Element("minDateUTC", UTC_TIME)]
    max_date_utc: Annotated[datetime, Element("maxDateUTC", UTC_TIME)]

    operation = Operation("GetIncomingMessages", changes=False)

    @property
    def period(self) -> tuple[datetime, datetime]:
        """The earlier and the later of the two."""
        earlier, later = sorted((self.min_date_utc, self.max_date_utc))
        return earlier, later


class SendViberMessage(Request[_Ids], frozen=True, kw_only=True):
    """A Viber message to many; answers an id for each."""

    message: Annotated[ViberMessage, Element("message", VIBER_MESSAGE)]

    operation = Operation("SendMessage")


class SendViberMessageWithResend(Request[_Ids], frozen=True, kw_only=True):
    """A Viber message to many, sent as SMS to whom it does not reach; answers an id for each."""

    message: Annotated[ViberMessage, Element("message", VIBER_MESSAGE)]

    # The manual prints the result under the other operation's name, in both chapters.
    operation = Operation("SendMessageWithResend", result="SendMessageResult")


class GetViberMessageState(
    Request[Annotated[ViberMessageState, VIBER_STATE]], frozen=True, kw_only=True
):
    """What became of a Viber message."""

    message_id: Annotated[str, Element("messageID", ID)]

    operation = Operation("GetMessageState", changes=False)


class Service(msgspec.Struct, frozen=True):
    """One ``.asmx``: its name, where it stands, and what it takes from whom."""

    name: str
    path: str
    credentials: type[Session] | type[Login]
    requests: tuple[type[AnyRequest], ...]

    def credentials_of(self, request: type[AnyRequest]) -> type[Session] | type[Login]:
        """What credentials an operation takes here."""
        return request.operation.credentials or self.credentials


_SMS: Final[tuple[type[AnyRequest], ...]] = (
    GetBalance,
    SendMessage,
    SendMessageByTimeZone,
    SendMessageByTimeZoneToAddresses,
    GetMessageState,
    GetStatistics,
    GetIncomingMessages,
)
_VIBER: Final[tuple[type[AnyRequest], ...]] = (
    SendViberMessage,
    SendViberMessageWithResend,
    GetViberMessageState,
)

SMS: Final = Service("SmsService", "/SmsService.asmx", Session, (GetSessionID, *_SMS))
SMS_V2: Final = Service("SmsServiceV2", "/SmsServicev2.asmx", Login, _SMS)
VIBER: Final = Service("ViberService", "/ViberService.asmx", Session, _VIBER)
VIBER_V2: Final = Service("ViberServiceV2", "/ViberServiceV2.asmx", Login, _VIBER)

SERVICES: Final[tuple[Service, ...]] = (SMS, SMS_V2, VIBER, VIBER_V2)
