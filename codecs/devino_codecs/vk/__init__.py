"""Messages in VK and OK, with Viber, WhatsApp and SMS to go instead (chapter 15).

>>> from devino_codecs import vk
>>> from devino_codecs.http import HttpAnswer, Login
>>> message = vk.VkMessage(
...     subject="Shop",
...     priority=vk.Priority.HIGH,
...     routes=(vk.Route.VK,),
...     validity_period=3600,
...     phone="79031234567",
...     template_id="123456",
...     template_data={"name": "Anna"},
... )
>>> http = vk.API.encode_request(vk.Send(vk=message), Login("me", "secret"))
>>> http.method, http.path
('POST', '/send/vk')
>>> body = b'''{"code": "ok", "description": "", "result":
... {"code": "ok", "messageId": 3222269333010907137}}'''
>>> vk.API.decode_answer(vk.Send, HttpAnswer(200, body))
SendResult(code=<SendCode.OK: 'ok'>, message_id='3222269333010907137')
>>> body = b'{"code": "queue_full", "description": "login_send_queue_overflow"}'
>>> vk.API.decode_answer(vk.Send, HttpAnswer(200, body)).means
<Verdict.BUSY: 'busy'>

Fields that cannot be read are :class:`~devino_codecs.http.Unread`, as in
:mod:`devino_codecs.viber`, from which the values of the Viber leg and of the SMS come.
"""

from ._answers import MessageStatus, SendResult, ViberStatus
from ._callbacks import StatusCallback, decode_callback, encode_callback
from ._codes import (
    DeliveryPolicy,
    IdCode,
    Priority,
    RequestCode,
    RequestError,
    Route,
    SendCode,
    VkStatus,
)
from ._messages import GetStatus, MessengerLeg, Send, SmsLeg, VkMessage
from ._table import API, LIMITS, Limits
from ._times import MOSCOW

__all__ = [
    "API",
    "LIMITS",
    "MOSCOW",
    "DeliveryPolicy",
    "GetStatus",
    "IdCode",
    "Limits",
    "MessageStatus",
    "MessengerLeg",
    "Priority",
    "RequestCode",
    "RequestError",
    "Route",
    "Send",
    "SendCode",
    "SendResult",
    "SmsLeg",
    "StatusCallback",
    "ViberStatus",
    "VkMessage",
    "VkStatus",
    "decode_callback",
    "encode_callback",
]
