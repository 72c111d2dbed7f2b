"""Messages for Viber (chapter 12) and WhatsApp: one wire with two tables.

>>> from devino_codecs import viber
>>> from devino_codecs.http import HttpAnswer, Login
>>> message = viber.Message(
...     subject="Shop",
...     priority=viber.Priority.HIGH,
...     validity_period_sec=3600,
...     type=viber.MessageType.VIBER,
...     content_type=viber.ContentType.TEXT,
...     content=viber.Content(text="Hello"),
...     address="79031234567",
... )
>>> send = viber.Send(messages=(message,))
>>> http = viber.API.encode_request(send, Login("me", "secret"))
>>> http.method, http.path
('POST', '/send')
>>> body = b'{"status": "ok", "messages": [{"providerId": 3158611117333282816, "code": "ok"}]}'
>>> viber.API.decode_answer(viber.Send, HttpAnswer(200, body)).messages[0].provider_id
'3158611117333282816'

:data:`API` is Viber's table and :data:`WHATSAPP_API` WhatsApp's; the values are the same. Ids are
whole numbers of 64 bits on the wire, and their digits here.

The platform posts what becomes of messages, and what recipients answer:

>>> body = b'[{"id": 17, "receivedAt": "1527861323068", "status": "READ"}, {"id": 1.8e1}]'
>>> for item in viber.decode_callback(body):
...     print(item)
StatusCallback(id='17', received_at=datetime.datetime(2018, 6, 1, 13, 55, 23, 68000, \
tzinfo=datetime.timezone.utc), status=<DeliveryStatus.READ: 'read'>, error_code=None)
id: expected a whole number, got a number

**What cannot be read costs nothing else its place.** Such a field of a message, element of an
answer or item of a callback is an :class:`~devino_codecs.http.Unread` that says why.
"""

from ._answers import MessageStatus, Sent, SmsPart, SpringError, Statuses, Taken
from ._callbacks import CallbackItem, Reply, StatusCallback, decode_callback, encode_callback
from ._codes import (
    ContentType,
    DeliveryStatus,
    MessageCode,
    MessageType,
    Priority,
    Reason,
    RequestStatus,
    SmsStatus,
)
from ._messages import Content, GetStatus, Message, Send
from ._table import API, LIMITS, SPRING, WHATSAPP_API, WHATSAPP_LIMITS, Limits

__all__ = [
    "API",
    "LIMITS",
    "SPRING",
    "WHATSAPP_API",
    "WHATSAPP_LIMITS",
    "CallbackItem",
    "Content",
    "ContentType",
    "DeliveryStatus",
    "GetStatus",
    "Limits",
    "Message",
    "MessageCode",
    "MessageStatus",
    "MessageType",
    "Priority",
    "Reason",
    "Reply",
    "RequestStatus",
    "Send",
    "Sent",
    "SmsPart",
    "SmsStatus",
    "SpringError",
    "StatusCallback",
    "Statuses",
    "Taken",
    "decode_callback",
    "encode_callback",
]
