"""The SOAP services: SmsService, SmsServiceV2, ViberService, ViberServiceV2 (chapters 7 and 8).

>>> from decimal import Decimal
>>> from devino_codecs import soap
>>> login = soap.Login(login="login", password="123456")
>>> body = soap.encode_request(soap.SMS_V2, login, soap.GetBalance())
>>> soap.decode_request(soap.SMS_V2, body).request
GetBalance()
>>> answer = soap.encode_answer(soap.GetBalance, Decimal("20015.3"))
>>> soap.decode_answer(soap.GetBalance, answer)
Decimal('20015.3')

An operation is a struct of its arguments. The credentials are a separate argument: a
:class:`Session` for the services of chapter 7, a :class:`Login` for those of chapter 8. The codec
writes SOAP 1.2, or SOAP 1.1 with :attr:`Version.SOAP_11`, and reads both. A refusal is a
:class:`Fault`. :func:`wsdl` describes a service for generators of clients.
"""

from ._calls import (
    Call,
    decode_answer,
    decode_request,
    encode_answer,
    encode_request,
    headers,
    soap_action,
)
from ._codes import SmsStateCode, ViberStateCode
from ._envelope import NAMESPACE, Version, guess_version
from ._fault import Fault, FaultCode, encode_fault
from ._operations import (
    SERVICES,
    SMS,
    SMS_V2,
    VIBER,
    VIBER_V2,
    AnyRequest,
    Credentials,
    GetBalance,
    GetIncomingMessages,
    GetMessageState,
    GetSessionID,
    GetStatistics,
    GetViberMessageState,
    Operation,
    Request,
    SendMessage,
    SendMessageByTimeZone,
    SendMessageByTimeZoneToAddresses,
    SendViberMessage,
    SendViberMessageWithResend,
    Service,
)
from ._showing import kinds
from ._values import (
    DeliveryStatistics,
    IncomingMessage,
    Login,
    Session,
    SmsMessage,
    SmsMessageState,
    ViberMessage,
    ViberMessageState,
    ViberResentSms,
)
from ._wsdl import wsdl

__all__ = [
    "MAX_ADDRESSES",
    "NAMESPACE",
    "SERVICES",
    "SMS",
    "SMS_V2",
    "VIBER",
    "VIBER_V2",
    "AnyRequest",
    "Call",
    "Credentials",
    "DeliveryStatistics",
    "Fault",
    "FaultCode",
    "GetBalance",
    "GetIncomingMessages",
    "GetMessageState",
    "GetSessionID",
    "GetStatistics",
    "GetViberMessageState",
    "IncomingMessage",
    "Login",
    "Operation",
    "Request",
    "SendMessage",
    "SendMessageByTimeZone",
    "SendMessageByTimeZoneToAddresses",
    "SendViberMessage",
    "SendViberMessageWithResend",
    "Service",
    "Session",
    "SmsMessage",
    "SmsMessageState",
    "SmsStateCode",
    "Version",
    "ViberMessage",
    "ViberMessageState",
    "ViberResentSms",
    "ViberStateCode",
    "decode_answer",
    "decode_request",
    "encode_answer",
    "encode_fault",
    "encode_request",
    "guess_version",
    "headers",
    "kinds",
    "soap_action",
    "wsdl",
]

MAX_ADDRESSES = 1000
"""The most recipients of one SendMessage, SendMessageByTimeZoneToAddresses or
SendMessageWithResend."""
