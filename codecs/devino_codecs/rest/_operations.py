"""The operation table: where each request goes, under what verb, how it is paid, what it answers.

What the arguments are is said by the request types themselves.
"""

from decimal import Decimal
from typing import Generic, TypeVar

from msgspec import Struct

from ._answers import Ids, IncomingSms, SmsState, Statistics, ViberState
from ._credentials import Session
from ._requests import (
    GetBalance,
    GetIncoming,
    GetSession,
    GetSmsState,
    GetStatistics,
    GetViberState,
    Request,
    SendSms,
    SendSmsBulk,
    SendSmsByTimeZone,
    SendSmsByTimeZoneToAddresses,
    SendViber,
    SendViberBulk,
    SendViberWithResend,
    SendViberWithResendBulk,
)

__all__ = ["OPERATIONS", "PREFIXES", "Operation"]

A_co = TypeVar("A_co", covariant=True)

PREFIXES = {1: "/rest/", 2: "/rest/v2/"}
"""Version -> what stands before the resource."""

_LOGIN = ("Login", "Password")


class Operation(Struct, Generic[A_co], frozen=True):
    """One row: a request, its answer, and the manual's spelling of its URL.

    ``v1`` and ``v2`` spell the credentials of each version: one name is a :class:`Session`, two
    are a :class:`Login`, none means that the version lacks the operation.
    """

    request: type[Request[A_co]]
    answer: type[A_co]
    method: str
    resource: str
    v1: tuple[str, ...]
    v2: tuple[str, ...] = _LOGIN


_SESSION = ("SessionID",)
_SESSION_OF_GET = ("sessionId",)

OPERATIONS: tuple[Operation[object], ...] = (
    Operation(GetSession, Session, "GET", "user/sessionid", ("login", "password"), ()),
    Operation(GetBalance, Decimal, "GET", "User/Balance", _SESSION),
    Operation(SendSms, Ids, "POST", "Sms/Send", _SESSION),
    Operation(SendSmsByTimeZone, Ids, "POST", "Sms/SendByTimeZone", _SESSION),
    Operation(SendSmsBulk, Ids, "POST", "Sms/SendBulk", _SESSION),
    Operation(SendSmsByTimeZoneToAddresses, Ids, "POST", "Sms/SendByTimeZoneToAddresses", _SESSION),
    Operation(GetSmsState, SmsState, "GET", "Sms/State", _SESSION_OF_GET),
    Operation(GetIncoming, tuple[IncomingSms, ...], "GET", "Sms/In", _SESSION_OF_GET),
    Operation(GetStatistics, Statistics, "GET", "Sms/Statistics", _SESSION_OF_GET),
    Operation(SendViber, Ids, "POST", "Viber/Send", _SESSION),
    Operation(SendViberBulk, Ids, "POST", "Viber/SendBulk", _SESSION),
    Operation(SendViberWithResend, Ids, "POST", "Viber/SendWithResend", _SESSION),
    Operation(SendViberWithResendBulk, Ids, "POST", "Viber/SendWithResendBulk", _SESSION),
    Operation(GetViberState, ViberState, "GET", "Viber/State", _SESSION_OF_GET),
)
