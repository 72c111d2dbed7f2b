"""The table: the path and the verb of each request, and the form of its credentials.

The request types themselves define the arguments and the answers.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from devino_codecs._sizes import MAX_REQUEST
from devino_codecs.http import (
    Api,
    Call,
    Envelope,
    HttpRequest,
    Login,
    Operation,
    Session,
    arguments,
    choose,
)

from ._codes import ErrorCode
from ._requests import (
    GetBalance,
    GetIncoming,
    GetSession,
    GetSmsState,
    GetStatistics,
    GetViberState,
    HlrGetState,
    HlrSend,
    SendSms,
    SendSmsBulk,
    SendSmsByTimeZone,
    SendSmsByTimeZoneToAddresses,
    SendViber,
    SendViberBulk,
    SendViberWithResend,
    SendViberWithResendBulk,
)

__all__ = ["OPERATIONS", "V1", "V2", "decode_request"]

# Some of version 1's URLs in the manual spell it so.
_SESSION = arguments(Session, "sessionId")

OPERATIONS: Final = (
    Operation(GetBalance, "GET", "User/Balance", changes=False),
    Operation(SendSms, "POST", "Sms/Send"),
    Operation(
        SendSmsByTimeZone,
        "POST",
        "Sms/SendByTimeZone",
        # The platform's own module for 1C sends to many so.
        several=SendSmsByTimeZoneToAddresses,
    ),
    Operation(SendSmsBulk, "POST", "Sms/SendBulk"),
    Operation(SendSmsByTimeZoneToAddresses, "POST", "Sms/SendByTimeZoneToAddresses"),
    Operation(GetSmsState, "GET", "Sms/State", changes=False, auth=_SESSION),
    Operation(GetIncoming, "GET", "Sms/In", changes=False, auth=_SESSION),
    Operation(GetStatistics, "GET", "Sms/Statistics", changes=False, auth=_SESSION),
    Operation(SendViber, "POST", "Viber/Send"),
    Operation(SendViberBulk, "POST", "Viber/SendBulk"),
    Operation(SendViberWithResend, "POST", "Viber/SendWithResend"),
    Operation(SendViberWithResendBulk, "POST", "Viber/SendWithResendBulk"),
    Operation(GetViberState, "GET", "Viber/State", changes=False, auth=_SESSION),
    Operation(HlrSend, "POST", "Hlr/SendBulk"),
    Operation(HlrGetState, "GET", "Hlr/State", changes=False),
)
"""The operations of both versions, in the spelling of version 1."""

V1: Final = Api(
    name="rest",
    auth=arguments(Session, "SessionID"),
    operations=(
        Operation(
            GetSession,
            "GET",
            "user/sessionid",
            changes=False,
            auth=arguments(Login, "login", "password"),
        ),
        *OPERATIONS,
    ),
    form=True,
    any_method=True,
    prefixes=("rest",),
    envelope=Envelope("Code", "Desc"),
    codes=ErrorCode,
    refused=500,
)
"""Version 1 (chapter 1): a :class:`Session` with every request, a :class:`Login` to get one."""
V2: Final = Api(
    name="rest-v2",
    auth=arguments(Login, "Login", "Password"),
    operations=tuple(replace(operation, auth=None) for operation in OPERATIONS),
    form=True,
    any_method=True,
    prefixes=("rest/v2", "v2"),
    absent={
        "user/sessionid": "version 2 has no sessions: it takes Login with every request",
    },
    envelope=Envelope("Code", "Desc"),
    codes=ErrorCode,
    refused=500,
)
"""Version 2 (chapter 2): a :class:`Login` with every request."""


def decode_request(
    http: HttpRequest, *, split_lists: bool = False, max_size: int = MAX_REQUEST
) -> Call:
    """Read a request of either version, as :meth:`Api.decode_request` does. The path tells the
    version; the type of the credentials shows it."""
    return choose((V1, V2), http).decode_request(http, split_lists=split_lists, max_size=max_size)
