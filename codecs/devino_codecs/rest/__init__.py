r"""REST of the platform, versions 1 (session) and 2 (login): chapters 1, 2 and 11.2.2.

Both directions: a client encodes requests and decodes answers, a server the other way round.

To read what the platform answered, say which request it answers::

    >>> from devino_codecs import rest
    >>> body = rb'''{"State":0,"CreationDateUtc":"\/Date(1294045911213)\/","SubmittedDateUtc":null,
    ... "ReportedDateUtc":null,"TimeStampUtc":"\/Date(-62135596800000)\/",
    ... "StateDescription":"","Price":1.10}'''
    >>> state = rest.decode_answer(rest.GetSmsState, 200, body)
    >>> state.state, state.state.meaning
    (<SmsStateCode.DELIVERED: 0>, 'Delivered to the subscriber')
    >>> state.creation.isoformat(), state.timestamp, state.price
    ('2011-01-03T09:11:51.213000+00:00', None, Decimal('1.10'))

A refusal is a value, not an exception::

    >>> rest.decode_answer(rest.GetBalance, 401, b'{"Code":4,"Desc":"SessionID expired"}')
    RestError(code=<ErrorCode.UNAUTHORIZED: 4>, description='SessionID expired')

To ask, encode a request with credentials; a :class:`Session` makes it version 1, a :class:`Login`
version 2::

    >>> request = rest.SendSms("DEVINO", "79161002030", "test")
    >>> http = rest.encode_request(request, rest.Session("C619DF83829F4C3094CB54F4D62878786B5B"))
    >>> http.method, http.path, http.body[-61:]
    ('POST', '/rest/Sms/Send', b'SourceAddress=DEVINO&DestinationAddress=79161002030&Data=test')
    >>> rest.decode_request(http.path, http.query, http.body)[0] == request
    True

Whatever the input, only :exc:`EncodeError` and :exc:`DecodeError` come out of the four functions;
``decode_request`` has three kinds of the latter, which tell a wrong path, a missing argument and a
malformed one apart.
"""

from devino_codecs.errors import DecodeError, EncodeError

from ._answer_codec import ANSWER_TYPE, decode_answer, encode_answer
from ._answers import (
    Answer,
    Ids,
    IncomingSms,
    ResentSms,
    RestError,
    SmsState,
    Statistics,
    ViberState,
)
from ._codes import ErrorCode, ErrorText, SmsStateCode, ViberResultCode, ViberStateCode
from ._credentials import Credentials, Login, Session
from ._errors import (
    ArgumentError,
    InvalidArgumentError,
    MissingArgumentError,
    UnknownResourceError,
)
from ._operations import OPERATIONS, PREFIXES, Operation
from ._request_codec import REQUEST_TYPE, HttpRequest, decode_request, encode_request
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
    SendToMany,
    SendToOne,
    SendViber,
    SendViberBulk,
    SendViberWithResend,
    SendViberWithResendBulk,
)

__all__ = [
    "ANSWER_TYPE",
    "OPERATIONS",
    "PREFIXES",
    "REQUEST_TYPE",
    "Answer",
    "ArgumentError",
    "Credentials",
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
    "HttpRequest",
    "Ids",
    "IncomingSms",
    "InvalidArgumentError",
    "Login",
    "MissingArgumentError",
    "Operation",
    "Request",
    "ResentSms",
    "RestError",
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
    "decode_answer",
    "decode_request",
    "encode_answer",
    "encode_request",
]
