r"""REST of the platform, versions 1 (session) and 2 (login): chapters 1, 2, 11.2.2 and 16.

Two tables, :data:`V1` and :data:`V2`, work in both directions. A client encodes requests and
decodes answers; a server does the reverse (:class:`devino_codecs.http.Api` says how).

To read an answer, name the type of its request::

    >>> from devino_codecs import rest
    >>> body = rb'''{"State":0,"CreationDateUtc":"\/Date(1294045911213)\/","SubmittedDateUtc":null,
    ... "ReportedDateUtc":null,"TimeStampUtc":"\/Date(-62135596800000)\/",
    ... "StateDescription":"","Price":1.10}'''
    >>> state = rest.V2.decode_answer(rest.GetSmsState, rest.HttpAnswer(200, body))
    >>> state.state, state.state.meaning
    (<SmsStateCode.DELIVERED: 0>, 'Delivered to the subscriber')
    >>> state.creation.isoformat(), state.timestamp, state.price
    ('2011-01-03T09:11:51.213000+00:00', None, Decimal('1.10'))

A refusal is a value, not an exception::

    >>> body = b'{"Code":4,"Desc":"SessionID expired"}'
    >>> rest.V1.decode_answer(rest.GetBalance, rest.HttpAnswer(401, body))
    Refusal(code=<ErrorCode.UNAUTHORIZED: 4>, description='SessionID expired', http_status=401)

To ask, encode a request with credentials: a :class:`Session` for version 1, a :class:`Login` for
version 2. Everything goes into the body of a POST, which the platform takes for every operation.
``in_url=True`` gives the manual's form::

    >>> request = rest.SendSms("DEVINO", "79161002030", "test")
    >>> http = rest.V1.encode_request(request, rest.Session("C619DF83829F4C3094CB54F4D62878786B5B"))
    >>> http.method, http.path, http.body[-61:]
    ('POST', '/Sms/Send', b'SourceAddress=DEVINO&DestinationAddress=79161002030&Data=test')
    >>> rest.V1.decode_request(http).request == request
    True

:func:`decode_request` finds the version in the path. Whatever the input, the only errors are
:exc:`EncodeError` and :exc:`DecodeError`.
"""

from typing import TYPE_CHECKING

from devino_codecs._lazy import lazy

if TYPE_CHECKING:
    from devino_codecs.errors import DecodeError, EncodeError
    from devino_codecs.http import (
        ANSWER_TYPE,
        Api,
        ArgumentError,
        Call,
        HttpAnswer,
        HttpRequest,
        InvalidArgumentError,
        Login,
        MissingArgumentError,
        Operation,
        Refusal,
        Request,
        Session,
        UnknownResourceError,
    )

    from ._answers import (
        HlrState,
        Ids,
        IncomingSms,
        ResentSms,
        SmsState,
        Statistics,
        ViberState,
    )
    from ._codes import ErrorCode, HlrStateCode, SmsStateCode, ViberStateCode
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
        SendToMany,
        SendToOne,
        SendViber,
        SendViberBulk,
        SendViberWithResend,
        SendViberWithResendBulk,
    )
    from ._table import OPERATIONS, V1, V2, decode_request
    from ._words import ErrorText, ViberResultCode
else:
    # Other interfaces share its codes, and need no more of it.
    __getattr__ = lazy(
        __name__,
        {
            ".errors": ("DecodeError", "EncodeError"),
            ".http": (
                "ANSWER_TYPE",
                "Api",
                "ArgumentError",
                "Call",
                "HttpAnswer",
                "HttpRequest",
                "InvalidArgumentError",
                "Login",
                "MissingArgumentError",
                "Operation",
                "Refusal",
                "Request",
                "Session",
                "UnknownResourceError",
            ),
            "_answers": (
                "HlrState",
                "Ids",
                "IncomingSms",
                "ResentSms",
                "SmsState",
                "Statistics",
                "ViberState",
            ),
            "_codes": ("ErrorCode", "HlrStateCode", "SmsStateCode", "ViberStateCode"),
            "_requests": (
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
            ),
            "_table": ("OPERATIONS", "V1", "V2", "decode_request"),
            "_words": ("ErrorText", "ViberResultCode"),
        },
    )

__all__ = [
    "ANSWER_TYPE",
    "OPERATIONS",
    "V1",
    "V2",
    "Api",
    "ArgumentError",
    "Call",
    "DecodeError",
    "EncodeError",
    "ErrorCode",
    "ErrorText",
    "GetBalance",
    "GetIncoming",
    "GetSession",
    "GetSmsState",
    "GetStatistics",
    "GetViberState",
    "HlrGetState",
    "HlrSend",
    "HlrState",
    "HlrStateCode",
    "HttpAnswer",
    "HttpRequest",
    "Ids",
    "IncomingSms",
    "InvalidArgumentError",
    "Login",
    "MissingArgumentError",
    "Operation",
    "Refusal",
    "Request",
    "ResentSms",
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
    "Session",
    "SmsState",
    "SmsStateCode",
    "Statistics",
    "UnknownResourceError",
    "ViberResultCode",
    "ViberState",
    "ViberStateCode",
    "decode_request",
]


def __dir__() -> list[str]:
    # What is not loaded yet is shown, too.
    return sorted({*globals(), *__all__})
