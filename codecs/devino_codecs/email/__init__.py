r"""E-mail (chapters 13 and 14): the HTTP API with its campaigns, what it posts, and mails for SMTP.

>>> from devino_codecs import email
>>> from devino_codecs.http import HttpAnswer, Login
>>> send = email.Send(
...     sender=email.EmailAddress(address="shop@example.com", name="Shop"),
...     recipients=(email.Recipient(address="ivan@example.com", merge_fields={"Name": "Ivan"}),),
...     subject="Dear [Name]",
...     body=email.Body(plain_text="Hello [Name]! [Unsubscribe]"),
... )
>>> http = email.API.encode_request(send, Login("me", "secret"))
>>> http.method, http.target
('POST', '/messages?format=json')
>>> body = b'{"Result":[{"Index":0,"Address":"ivan@example.com","MessageId":"Mdz0","Code":"ok"}],'
>>> answer = HttpAnswer(201, body + b'"Code":"ok","Description":"ok"}')
>>> email.API.decode_answer(email.Send, answer)[0].message_id
'Mdz0'

:data:`API` is version 2, :data:`devino_codecs.email.v1.API` version 1. A refused recipient is an
element of the answer, also where all were refused.

The platform posts what becomes of messages:

>>> body = b'{"messageEventDtos":[{"messageId":"Ms","email":"i@example.com","event":"OPENED",'
>>> for event in email.decode_callback(body + b'"dateTime":"2020-01-14T08:27:57.7377849"}]}'):
...     print(event.event, event.date_time)
OPENED 2020-01-14 08:27:57.737785

A mailbox is read from whatever spelling, and a mail is written strictly:

>>> ivan = email.decode_mailbox('"Ivan I." <ivan@example.com>')
>>> ivan
Mailbox(address='ivan@example.com', name='Ivan I.')
>>> mail = email.Mail(sender=email.Mailbox("shop@example.com"), to=(ivan,), subject="Hi", text="Hi")
>>> email.encode_mail(mail).splitlines()[:3]
[b'From: shop@example.com', b'To: "Ivan I." <ivan@example.com>', b'Subject: Hi']
"""

from devino_codecs._response_code import ResponseCode

from ._callbacks import (
    ClientInfo,
    Geolocation,
    MessageEvent,
    decode_callback,
    encode_callback,
)
from ._codes import (
    BounceReason,
    CallbackEvent,
    MessageState,
    SenderState,
    SmtpError,
    TaskState,
    TaskType,
)
from ._mail import MAX_SIZE, Mail, decode_mail, encode_mail
from ._mailbox import Mailbox, are_addresses, decode_mailbox, encode_mailbox
from ._requests import (
    API,
    MOST_IDS,
    AddSender,
    CreateTask,
    CreateTemplate,
    DeleteSender,
    DeleteTemplate,
    GetStatistics,
    GetStatus,
    GetTask,
    GetTemplate,
    ListDetails,
    ListSenders,
    ListTasks,
    ListTemplates,
    ReplaceTask,
    ReplaceTemplate,
    Send,
    SetTaskState,
)
from ._values import (
    Body,
    ContactRef,
    Counters,
    EmailAddress,
    GlobalStateInfo,
    MessageDetail,
    MessageStatus,
    Recipient,
    SenderAddress,
    SmsResendTask,
    Statistics,
    Taken,
    Task,
    TaskCounters,
    TaskDraft,
    TaskSummary,
    Template,
    TemplateDraft,
)

__all__ = [
    "API",
    "MAX_SIZE",
    "MOST_IDS",
    "AddSender",
    "Body",
    "BounceReason",
    "CallbackEvent",
    "ClientInfo",
    "ContactRef",
    "Counters",
    "CreateTask",
    "CreateTemplate",
    "DeleteSender",
    "DeleteTemplate",
    "EmailAddress",
    "Geolocation",
    "GetStatistics",
    "GetStatus",
    "GetTask",
    "GetTemplate",
    "GlobalStateInfo",
    "ListDetails",
    "ListSenders",
    "ListTasks",
    "ListTemplates",
    "Mail",
    "Mailbox",
    "MessageDetail",
    "MessageEvent",
    "MessageState",
    "MessageStatus",
    "Recipient",
    "ReplaceTask",
    "ReplaceTemplate",
    "ResponseCode",
    "Send",
    "SenderAddress",
    "SenderState",
    "SetTaskState",
    "SmsResendTask",
    "SmtpError",
    "Statistics",
    "Taken",
    "Task",
    "TaskCounters",
    "TaskDraft",
    "TaskState",
    "TaskSummary",
    "TaskType",
    "Template",
    "TemplateDraft",
    "are_addresses",
    "decode_callback",
    "decode_mail",
    "decode_mailbox",
    "encode_callback",
    "encode_mail",
    "encode_mailbox",
]
