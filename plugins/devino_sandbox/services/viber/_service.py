"""The interfaces of two messengers, of one form, on a World."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from msgspec.structs import replace

from devino_codecs import viber as codec
from devino_codecs.http import Api, ArgumentError, Refusal, Unread
from devino_codecs.viber import (
    Content,
    ContentType,
    DeliveryStatus,
    GetStatus,
    Limits,
    Message,
    MessageCode,
    MessageStatus,
    MessageType,
    Priority,
    RequestStatus,
    Send,
    Sent,
    StatusCallback,
    Statuses,
    Taken,
)
from devino_core import Medium
from devino_sandbox._accounts import NOBODY, Account
from devino_sandbox._callbacks import CallbackKind
from devino_sandbox._faults import AnswerError
from devino_sandbox._http import RawAnswer, RawRequest
from devino_sandbox._messages import (
    IncomingMessage,
    RefusalReason,
    StoredMessage,
    Submission,
)
from devino_sandbox._service import Access
from devino_sandbox._world import World
from devino_sandbox.services._api import Asked, answers
from devino_sandbox.services._messengers import (
    MEMORY,
    delivery_status,
    polled_reason,
    posted_reason,
    shown,
    since,
    sms_parts,
    span,
    text_of,
)
from devino_sandbox.services._spring import SpringService

from ._checks import fault_of

__all__ = ["MessengerService", "ViberService", "WhatsAppService"]

_MEDIA: Mapping[MessageType, Medium] = {
    MessageType.VIBER: Medium.VIBER,
    MessageType.WHATSAPP: Medium.WHATSAPP,
}
_REFUSALS: Mapping[RefusalReason, MessageCode] = {
    RefusalReason.SENDER_MALFORMED: MessageCode.SUBJECT_FORMAT,
    RefusalReason.SENDER_UNKNOWN: MessageCode.SUBJECT_UNKNOWN,
    RefusalReason.DESTINATION: MessageCode.ADDRESS_FORMAT,
    RefusalReason.TEXT: MessageCode.CONTENT_FORMAT,
    RefusalReason.SEND_AT: MessageCode.VALIDITY_FORMAT,
    RefusalReason.BALANCE: MessageCode.NOT_PERMITTED,
}
_POSTED = frozenset(
    {
        DeliveryStatus.DELIVERED,
        DeliveryStatus.READ,
        DeliveryStatus.VISITED,
        DeliveryStatus.UNDELIVERED,
        DeliveryStatus.FAILED,
        DeliveryStatus.VP_EXPIRED,
    }
)
_BATCH = 100
_REPLIES_FOR = 3600.0
"""How long a reply is sent again, in seconds."""


class MessengerService(SpringService):
    """One messenger. A subclass names its table and its limits."""

    limits: ClassVar[Limits]

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._medium = _MEDIA[self.limits.type]
        self.callback_kinds: Mapping[str, CallbackKind[Any]] = {
            self.name: CallbackKind(
                changed=self._changed,
                write=codec.encode_callback,
                batch=_BATCH,
                empty_answer=True,
            ),
            f"{self.name}-reply": CallbackKind(
                arrived=self._arrived,
                write=codec.encode_callback,
                batch=_BATCH,
                give_up_after=_REPLIES_FOR,
                empty_answer=True,
                instead=self.name,
            ),
        }

    @answers(Send)
    def send(self, account: Account, asked: Asked[Send]) -> Sent | Refusal:
        request, messages = asked.request, asked.request.complete()
        if not 1 <= len(messages) <= self.limits.calls or isinstance(request.resend_sms, Unread):
            return Refusal(RequestStatus.SYNTAX)
        return Sent(messages=tuple([self._take(account, asked, one) for one in messages]))

    @answers(GetStatus)
    def status(self, account: Account, asked: Asked[GetStatus]) -> Statuses | Refusal:
        ids = asked.request.messages
        if not 1 <= len(ids) <= self.limits.calls:
            return Refusal(RequestStatus.SYNTAX)
        seen: set[str] = set()
        found = []
        for message_id in ids:
            if isinstance(message_id, Unread):
                found.append(MessageStatus(code=MessageCode.ID_FORMAT))
            elif message_id in seen:
                found.append(MessageStatus(provider_id=message_id, code=MessageCode.ID_DUPLICATE))
            else:
                found.append(self._status(account, message_id))
                seen.add(message_id)
        return Statuses(messages=tuple(found))

    def unreadable(self, api: Api, error: ArgumentError, http: RawRequest) -> Refusal | RawAnswer:
        return Refusal(RequestStatus.SYNTAX) if self.is_known(http) else self.unauthorized(http)

    def stranger(self, asked: Asked[Any]) -> object:
        answer = super().stranger(asked)
        if isinstance(asked.request, Send):
            for message in asked.request.complete()[: self.limits.calls]:
                self._refuse(NOBODY, message, "Unauthorized")
        return answer

    def failed(self, asked: Asked[Any]) -> Refusal:
        return Refusal(RequestStatus.SYSTEM)

    def is_of_messages(self, asked: Asked[Any], action: AnswerError) -> bool:
        return isinstance(asked.request, Send) and _code_of_message(action.code) is not None

    def ordered(self, asked: Asked[Any], action: AnswerError) -> object:
        """By the word of a request, or by that of a message: all ids that are asked about get
        it."""
        request, code = asked.request, _code_of_message(action.code)
        if code is None or not isinstance(request, GetStatus):
            return super().ordered(asked, action)
        if self.account(asked.credentials) is None:
            return self.stranger(asked)
        ids = [None if isinstance(one, Unread) else one for one in request.messages]
        return Statuses(messages=tuple([MessageStatus(provider_id=one, code=code) for one in ids]))

    def example(self, access: Access) -> Send:
        message = Message(
            subject=access.sender,
            priority=Priority.HIGH,
            validity_period_sec=3600,
            type=self.limits.type,
            content_type=ContentType.TEXT,
            content=Content(text="Hello"),
            address="79031234567",
        )
        return Send(messages=(message,))

    def _take(self, account: Account, asked: Asked[Send], message: Message) -> Taken:
        resend, to = asked.request.resend_sms is True, text_of(message.address)
        no = _code_of_message(asked.ordered(to)) or fault_of(
            message, account, self.limits, resend=resend, strict=self.world.strict
        )
        order = self._submission(account, message, resend=resend and no is None)
        taken = self.take(order, to, no, _REFUSALS)
        if isinstance(taken, MessageCode):
            return Taken(code=taken)
        return Taken(provider_id=taken.ids[0], code=MessageCode.OK)

    def _submission(
        self, account: Account, message: Message, *, resend: bool = False
    ) -> Submission:
        of, content = message.content_type, message.content
        if not isinstance(content, Content):
            content = Content()
        priority = message.priority
        return Submission(
            account=account,
            via=self.name,
            medium=self._medium,
            sender=text_of(message.subject),
            text=content.text or "",
            content=shown(of, content) if isinstance(of, ContentType) else None,
            priority=priority.name if isinstance(priority, Priority) else None,
            validity=span(message.validity_period_sec),
            fallback=self._sms(account, message) if resend else None,
            # Names in messengers may be in any script.
            sender_checked=True,
        )

    def _sms(self, account: Account, message: Message) -> Submission:
        return Submission(
            account=account,
            via=self.name,
            sender=text_of(message.sms_src_address),
            text=text_of(message.sms_text),
            validity=span(message.sms_validity_period_sec),
        )

    def _refuse(self, account: Account, message: Message, reason: str) -> None:
        self.world.refuse(self._submission(account, message), [text_of(message.address)], reason)

    def _status(self, account: Account, message_id: str) -> MessageStatus:
        message = self.world.find(account, message_id, memory=MEMORY)
        if message is None or message.submission.medium is not self._medium:
            return MessageStatus(provider_id=message_id, code=MessageCode.ID_UNKNOWN)
        resent = sms_parts(message)
        known = MessageStatus(provider_id=message_id, code=MessageCode.OK, sms_states=resent)
        # Of what was resent the SMS alone is told, unless the message has come all the same.
        if resent is not None and not message.state.is_success:
            return known
        return replace(
            known,
            status=delivery_status(message.step),
            status_at=since(message),
            error_code=polled_reason(message.step),
        )

    def _changed(self, message: StoredMessage) -> StatusCallback | None:
        order, status = message.submission, delivery_status(message.step)
        is_own = order.via == self.name and order.medium is self._medium and message.found
        if not is_own or status not in _POSTED:
            return None
        return StatusCallback(
            id=message.ids[0],
            received_at=since(message),
            status=status,
            error_code=posted_reason(message.step),
        )

    def _arrived(self, message: IncomingMessage) -> codec.Reply | None:
        if message.medium is not self._medium:
            return None
        return codec.Reply(
            id=str(message.id),
            parent_id=message.in_reply_to,
            received_at=message.at,
            subject=message.to,
            address=message.sender,
            content=message.text,
        )


def _code_of_message(word: object) -> MessageCode | None:
    """The code of this value or name, unless a request has it, too."""
    if word is None or word in {*RequestStatus}:
        return None
    return next((one for one in MessageCode if word in (one, one.name)), None)


class ViberService(MessengerService):
    """Chapter 12."""

    name = "viber"
    apis: ClassVar[Mapping[str, Api]] = {"": codec.API}
    limits: ClassVar[Limits] = codec.LIMITS


class WhatsAppService(MessengerService):
    """The same for WhatsApp."""

    name = "whatsapp"
    apis: ClassVar[Mapping[str, Api]] = {"": codec.WHATSAPP_API}
    limits: ClassVar[Limits] = codec.WHATSAPP_LIMITS
