"""The XML package API: Send.ashx and Statistics.ashx, requests and answers (chapter 6).

>>> from devino_codecs import xmlpackage as xml
>>> message = xml.Message(id=1234, recipient="+79021234567", sender="SMSINFO", text="text")
>>> package = xml.Package(login="login", password="123456", messages=(message,))
>>> xml.decode_request(xml.encode_request(package)) == package
True

A package holds messages to send, messages to ask about, or both. :func:`decode_request`,
:func:`encode_request` and their twins for answers read or write a package as a whole.
:func:`iter_request` and :class:`AnswerReader` take any length in flat memory, and so do
:func:`iter_answer` and :class:`RequestReader` on the platform's side. :func:`match` and
:func:`pair` tell which result belongs to which message.
"""

from ._codes import MessageCode, MessageError, MessageStatus, MessageType, PackageErrorCode
from ._pair import match, pair
from ._read import decode_answer, decode_request
from ._reader import AnswerItem, AnswerReader, RequestItem, RequestReader
from ._showing import kinds
from ._values import (
    Answer,
    Credentials,
    Default,
    Message,
    MessageResult,
    Package,
    PackageError,
    StatusRequest,
    StatusResult,
)
from ._write import encode_answer, encode_request, iter_answer, iter_request

__all__ = [
    "MAX_STATUS_IDS",
    "Answer",
    "AnswerItem",
    "AnswerReader",
    "Credentials",
    "Default",
    "Message",
    "MessageCode",
    "MessageError",
    "MessageResult",
    "MessageStatus",
    "MessageType",
    "Package",
    "PackageError",
    "PackageErrorCode",
    "RequestItem",
    "RequestReader",
    "StatusRequest",
    "StatusResult",
    "decode_answer",
    "decode_request",
    "encode_answer",
    "encode_request",
    "iter_answer",
    "iter_request",
    "kinds",
    "match",
    "pair",
]

MAX_STATUS_IDS = 1000
"""How many messages one package may ask about. The platform remembers them for three days."""
