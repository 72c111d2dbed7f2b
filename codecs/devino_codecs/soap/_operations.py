"""The operations of the four services: a struct for each, and its description of the wire."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, ClassVar, Final, Generic, TypeAlias, TypeVar

import msgspec

from devino_codecs._masked import RECIPIENT, SECRET, SHOWN
from devino_codecs._request import Request as _Request
from devino_codecs._request import answer_of

from ._schema import DECIMAL, ID, MINUTES, STRING, UTC_TIME, WALL_CLOCK, Element
from ._values import (
    IDS,
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
    """The wire's elements around a request and its result."""

    name: str
    credentials: type[Session] | type[Login] | None = None
    """The type of the credentials, if the service's own does not apply."""
    result: str | None = None
    """The name of the result, if it is not the operation's name and ``Result``."""
    changes: bool = True
    """It has an effect: without an answer nobody knows whether it was carried out."""


class Request(_Request[R], Generic[R], frozen=True, kw_only=True):
    """The arguments of an operation, without credentials.

    ``R`` is the type of the answer; its mark gives the form on the wire.
    """

    operation: ClassVar[Operation]


AnyRequest: TypeAlias = Request[Any]


@cache
def result_of(request: type[AnyRequest]) -> Element:
    """The element that holds the answer to a request."""
    operation = request.operation
    form, *_ = answer_of(request).__metadata__
    return Element(operation.result or f"{operation.name}Result", form)


_Ids: TypeAlias = Annotated[tuple[str | None, ...], IDS, SHOWN]
# None: an id that the platform left empty. Its place says whose it would have been.


class GetSessionID(Request[Annotated[str, STRING, SECRET]], frozen=True, kw_only=True):
    """Get a session for a login and a password, which are given as :class:`Login`."""

    operation: ClassVar[Operation] = Operation("GetSessionID", credentials=Login, changes=False)


class GetBalance(Request[Annotated[Decimal, DECIMAL]], frozen=True, kw_only=True):
    """The account's balance, overdraft included."""

    operation: ClassVar[Operation] = Operation("GetBalance", changes=False)


class SendMessage(Request[_Ids], frozen=True, kw_only=True):
    """Send an SMS to many numbers. The answer has an id for each part of each message."""

    message: Annotated[SmsMessage, Element("message", SMS_MESSAGE)]

    operation: ClassVar[Operation] = Operation("SendMessage")


class SendMessageByTimeZone(Request[_Ids], frozen=True, kw_only=True):
    """Send an SMS at a time by the recipient's clock. The answer has an id for each part.

    ``send_date`` is naive; ``None`` is now. ``validity`` is in minutes; ``None`` is the platform's
    2880.
    """

    source_address: Annotated[str, Element("sourceAddress", STRING), SHOWN]
    destination_address: Annotated[str, Element("destinationAddress", STRING), RECIPIENT]
    data: Annotated[str, Element("data", STRING)]
    send_date: Annotated[datetime | None, Element("sendDate", WALL_CLOCK, unset=True)] = None
    validity: Annotated[int | None, Element("validity", MINUTES, nillable=True)] = None

    operation: ClassVar[Operation] = Operation("SendMessageByTimeZone")


class SendMessageByTimeZoneToAddresses(Request[_Ids], frozen=True, kw_only=True):
    """Like :class:`SendMessageByTimeZone`, to up to 1000 numbers."""

    source_address: Annotated[str, Element("sourceAddress", STRING), SHOWN]
    destination_addresses: Annotated[
        tuple[str, ...], Element("destinationAddresses", STRINGS), RECIPIENT
    ]
    data: Annotated[str, Element("data", STRING)]
    send_date: Annotated[datetime | None, Element("sendDate", WALL_CLOCK, unset=True)] = None
    validity: Annotated[int | None, Element("validity", MINUTES, nillable=True)] = None

    operation: ClassVar[Operation] = Operation("SendMessageByTimeZoneToAddresses")


class GetMessageState(Request[Annotated[SmsMessageState, SMS_STATE]], frozen=True, kw_only=True):
    """Ask what became of one part of an SMS."""

    message_id: Annotated[str, Element("messageID", ID), SHOWN]

    operation: ClassVar[Operation] = Operation("GetMessageState", changes=False)


class GetStatistics(Request[Annotated[DeliveryStatistics, STATISTICS]], frozen=True, kw_only=True):
    """Ask how many messages of a period ended in which state. Aware times, at most three months."""

    start_date_time: Annotated[datetime, Element("startDateTime", UTC_TIME)]
    end_date_time: Annotated[datetime, Element("endDateTime", UTC_TIME)]

    operation: ClassVar[Operation] = Operation("GetStatistics", changes=False)


class GetIncomingMessages(
    Request[Annotated[tuple[IncomingMessage, ...], INCOMING_MESSAGES]], frozen=True, kw_only=True
):
    """Ask what came in between two aware times. Clients mix the two up: see :attr:`period`."""

    min_date_utc: Annotated[datetime, Element("minDateUTC", UTC_TIME)]
    max_date_utc: Annotated[datetime, Element("maxDateUTC", UTC_TIME)]

    operation: ClassVar[Operation] = Operation("GetIncomingMessages", changes=False)

    @property
    def period(self) -> tuple[datetime, datetime]:
        """The earlier and the later of the two times."""
        earlier, later = sorted((self.min_date_utc, self.max_date_utc))
        return earlier, later


class SendViberMessage(Request[_Ids], frozen=True, kw_only=True):
    """Send a Viber message to many numbers. The answer has an id for each."""

    message: Annotated[ViberMessage, Element("message", VIBER_MESSAGE)]

    operation: ClassVar[Operation] = Operation("SendMessage")


class SendViberMessageWithResend(Request[_Ids], frozen=True, kw_only=True):
    """Send a Viber message to many numbers, and an SMS to those that it does not reach.

    The answer has an id for each.
    """

    message: Annotated[ViberMessage, Element("message", VIBER_MESSAGE)]

    # In both chapters the manual gives the result the other operation's name.
    operation: ClassVar[Operation] = Operation("SendMessageWithResend", result="SendMessageResult")


class GetViberMessageState(
    Request[Annotated[ViberMessageState, VIBER_STATE]], frozen=True, kw_only=True
):
    """Ask what became of a Viber message."""

    message_id: Annotated[str, Element("messageID", ID), SHOWN]

    operation: ClassVar[Operation] = Operation("GetMessageState", changes=False)


class Service(msgspec.Struct, frozen=True):
    """One ``.asmx``: its name, its path, its operations and their credentials."""

    name: str
    path: str
    credentials: type[Session] | type[Login]
    requests: tuple[type[AnyRequest], ...]

    def credentials_of(self, request: type[AnyRequest]) -> type[Session] | type[Login]:
        """The type of credentials that an operation of this service takes."""
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
