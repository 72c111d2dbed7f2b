"""The values of requests and answers: credentials, messages, states, statistics."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated

import msgspec

from devino_codecs._masked import RECIPIENT, SECRET, SHOWN, WORDS, Masked
from devino_codecs._xsd import codes

from ._codes import SmsStateCode, ViberStateCode
from ._schema import (
    BOOLEAN,
    DECIMAL,
    ID,
    INT,
    LONG,
    MINUTES,
    STRING,
    UTC_TIME,
    UTC_TIME_Z,
    Array,
    Complex,
    Element,
    Simple,
    names,
)

__all__ = [
    "IDS",
    "INCOMING_MESSAGES",
    "SMS_MESSAGE",
    "SMS_STATE",
    "STATISTICS",
    "STRINGS",
    "VIBER_MESSAGE",
    "VIBER_STATE",
    "DeliveryStatistics",
    "IncomingMessage",
    "Login",
    "Session",
    "SmsMessage",
    "SmsMessageState",
    "ViberMessage",
    "ViberMessageState",
    "ViberResentSms",
]

STRINGS = Array("string", STRING, "ArrayOfString")
IDS = Array("string", STRING, "ArrayOfString", nillable=True)


class Session(Masked, frozen=True, kw_only=True):
    """A session that GetSessionID gave: 36 characters, valid for 120 minutes."""

    session_id: Annotated[str, Element("sessionID", STRING), SECRET]

    @property
    def secret(self) -> str:
        """The part that must stay secret."""
        return self.session_id


class Login(Masked, frozen=True, kw_only=True):
    """The login and the password, which go with every request to the V2 services."""

    login: Annotated[str, Element("login", STRING), SECRET]
    password: Annotated[str, Element("password", STRING), SECRET]

    @property
    def secret(self) -> str:
        """The part that must stay secret."""
        return self.password


class SmsMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One text for up to 1000 numbers (SendMessage of the SMS services).

    ``delay_until_utc`` is aware; ``None`` is now. ``validity`` is in minutes; ``None`` is the
    platform's 2880. ``optionals`` is in the service's description, but not in the manual.
    """

    data: Annotated[str, Element("Data", STRING)]
    delay_until_utc: Annotated[
        datetime | None, Element("DelayUntilUtc", UTC_TIME, nillable=True)
    ] = None
    destination_addresses: Annotated[
        tuple[str, ...], Element("DestinationAddresses", STRINGS), RECIPIENT
    ]
    source_address: Annotated[str, Element("SourceAddress", STRING), SHOWN]
    receipt_requested: Annotated[bool, Element("ReceiptRequested", BOOLEAN)] = False
    validity: Annotated[int | None, Element("Validity", MINUTES, nillable=True)] = None
    optionals: Annotated[tuple[str, ...], Element("Optionals", STRINGS, optional=True)] = ()


class ViberMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One text for up to 1000 numbers (SendMessage and SendMessageWithResend of the Viber
    services). ``validity`` is in minutes, 1 to 1440, and is required."""

    data: Annotated[str, Element("Data", STRING)]
    destination_addresses: Annotated[
        tuple[str, ...], Element("DestinationAddresses", STRINGS), RECIPIENT
    ]
    source_address: Annotated[str, Element("SourceAddress", STRING), SHOWN]
    validity: Annotated[int | None, Element("Validity", MINUTES)] = None
    optional: Annotated[str, Element("Optional", STRING, optional=True)] = ""


class SmsMessageState(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one part of an SMS. Times are aware; ``None`` if they are not set."""

    creation_date_utc: Annotated[
        datetime | None, Element("CreationDateUtc", UTC_TIME, nillable=True)
    ] = None
    submitted_date_utc: Annotated[
        datetime | None, Element("SubmittedDateUtc", UTC_TIME, nillable=True)
    ] = None
    reported_date_utc: Annotated[
        datetime | None, Element("ReportedDateUtc", UTC_TIME, nillable=True)
    ] = None
    # The description lets the three above be nil, and not this one.
    timestamp_utc: Annotated[datetime | None, Element("TimeStampUtc", UTC_TIME, unset=True)] = None
    state: Annotated[SmsStateCode | int, Element("State", Simple(codes(SmsStateCode)))]
    state_description: Annotated[str, Element("StateDescription", STRING), WORDS] = ""
    price: Annotated[Decimal | None, Element("Price", DECIMAL, nillable=True)] = None


class ViberResentSms(msgspec.Struct, frozen=True, kw_only=True):
    """An SMS that was sent in place of a Viber message.

    The manual's example has only the id, and its table calls the whole "states". So the fields of a
    state are read, and written only if they are set.
    """

    id: Annotated[str, Element("Id", ID), SHOWN]
    state: Annotated[
        SmsStateCode | int | None, Element("State", Simple(codes(SmsStateCode)), optional=True)
    ] = None
    creation_date_utc: Annotated[
        datetime | None, Element("CreationDateUtc", UTC_TIME, optional=True)
    ] = None
    submitted_date_utc: Annotated[
        datetime | None, Element("SubmittedDateUtc", UTC_TIME, optional=True)
    ] = None
    reported_date_utc: Annotated[
        datetime | None, Element("ReportedDateUtc", UTC_TIME, optional=True)
    ] = None
    state_description: Annotated[str, Element("StateDescription", STRING, optional=True), WORDS] = (
        ""
    )
    price: Annotated[Decimal | None, Element("Price", DECIMAL, optional=True)] = None


class ViberMessageState(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a Viber message, and the SMS sent in its place.

    The manual's example has only these two. Its table adds the other fields, which are written only
    if they are set. Times are aware.
    """

    state: Annotated[
        ViberStateCode | str, Element("State", names(ViberStateCode, "ViberMessageState"))
    ]
    resent_sms: Annotated[
        tuple[ViberResentSms, ...],
        Element(
            "ResentSms",
            Array(
                "ViberSmsMessageStateInfo",
                Complex(ViberResentSms, "ViberSmsMessageStateInfo", lenient=True),
                "ArrayOfViberSmsMessageStateInfo",
            ),
        ),
    ] = ()
    creation_date_utc: Annotated[
        datetime | None, Element("CreationDateUtc", UTC_TIME, optional=True)
    ] = None
    submitted_date_utc: Annotated[
        datetime | None, Element("SubmittedDateUtc", UTC_TIME, optional=True)
    ] = None
    reported_date_utc: Annotated[
        datetime | None, Element("ReportedDateUtc", UTC_TIME, optional=True)
    ] = None
    state_description: Annotated[str, Element("StateDescription", STRING, optional=True), WORDS] = (
        ""
    )
    price: Annotated[Decimal | None, Element("Price", DECIMAL, optional=True)] = None


class DeliveryStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages of a period ended in which state.

    The last five fields are in the service's description, but not in the manual: ``None`` if the
    answer lacks them. They cannot be left out of an answer that is written.
    """

    sent: Annotated[int, Element("Sent", INT)]
    delivered: Annotated[int, Element("Delivered", INT)]
    errors: Annotated[int, Element("Errors", INT)]
    in_process: Annotated[int, Element("InProcess", INT)]
    expired: Annotated[int, Element("Expired", INT)]
    rejected: Annotated[int, Element("Rejected", INT)]
    optimized: Annotated[int | None, Element("Optimized", INT)] = None
    tarificated: Annotated[int | None, Element("Tarificated", INT)] = None
    total: Annotated[int | None, Element("Total", INT)] = None
    total_with_errors: Annotated[int | None, Element("TotalWithErrors", INT)] = None
    delivery_ratio: Annotated[Decimal | None, Element("DeliveryRatio", DECIMAL)] = None


class IncomingMessage(msgspec.Struct, frozen=True, kw_only=True):
    """An SMS that a subscriber sent to an incoming number. The time is aware.

    ``id`` is in the service's description, but not in the manual, and is the number that REST gives
    for the same SMS. It and the time are ``None`` if the answer lacks them or they cannot be read.
    They cannot be left out of an answer that is written.
    """

    id: Annotated[int | None, Element("ID", LONG)] = None
    data: Annotated[str, Element("Data", STRING)]
    source_address: Annotated[str, Element("SourceAddress", STRING), RECIPIENT]
    destination_address: Annotated[str, Element("DestinationAddress", STRING), SHOWN]
    # Some generated clients take it for local time unless it ends in Z.
    created_date_utc: Annotated[datetime | None, Element("CreatedDateUtc", UTC_TIME_Z)] = None


SMS_MESSAGE = Complex(SmsMessage, "Message")
SMS_STATE = Complex(SmsMessageState, "SmsMessageStateInfo", lenient=True)
VIBER_MESSAGE = Complex(ViberMessage, "ViberMessage")
VIBER_STATE = Complex(ViberMessageState, "ViberMessageStateInfo", lenient=True)
STATISTICS = Complex(DeliveryStatistics, "DeliveryStatistics", lenient=True)
INCOMING_MESSAGES = Array(
    "IncomingMessage",
    Complex(IncomingMessage, "IncomingMessage", lenient=True),
    "ArrayOfIncomingMessage",
)
