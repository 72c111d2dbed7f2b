"""The interface of VK on a World."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

from msgspec.structs import replace

from devino_codecs import vk as codec
from devino_codecs.http import (
    Api,
    ArgumentError,
    CodedStr,
    MissingArgumentError,
    Refusal,
    Unread,
)
from devino_codecs.viber import ContentType, MessageCode
from devino_codecs.vk import (
    MOSCOW,
    GetStatus,
    IdCode,
    MessageStatus,
    MessengerLeg,
    Priority,
    RequestCode,
    RequestError,
    Route,
    Send,
    SendCode,
    SendResult,
    SmsLeg,
    StatusCallback,
    ViberStatus,
    VkMessage,
    VkStatus,
)
from devino_core import Medium, State, Template
from devino_sandbox._accounts import NOBODY, Account
from devino_sandbox._callbacks import CallbackKind
from devino_sandbox._fates import Fate, Step
from devino_sandbox._faults import AnswerError
from devino_sandbox._http import RawAnswer, RawRequest
from devino_sandbox._messages import RefusalReason, StoredMessage, Submission
from devino_sandbox._rates import Rates
from devino_sandbox._service import Access
from devino_sandbox._world import World
from devino_sandbox.services._api import Asked, answers
from devino_sandbox.services._messengers import (
    MEMORY,
    delivery_status,
    leg,
    number_of,
    polled_reason,
    shown,
    since,
    sms_parts,
    span,
    text_of,
)
from devino_sandbox.services._spring import SpringService

from ._checks import content_of, fault_of

__all__ = ["VkService"]

_REFUSALS: Mapping[RefusalReason, SendCode] = {
    RefusalReason.SENDER_MALFORMED: SendCode.SUBJECT_INVALID,
    RefusalReason.SENDER_UNKNOWN: SendCode.SUBJECT_INVALID,
    RefusalReason.DESTINATION: SendCode.PHONE_INVALID,
    RefusalReason.TEXT: SendCode.TEXT_INVALID,
    RefusalReason.SEND_AT: SendCode.VALIDITY_INVALID,
    RefusalReason.BALANCE: SendCode.NOT_ENOUGH_CREDITS,
}
# Words of Viber's that this wire lacks.
_STATUSES: Mapping[str, VkStatus] = {
    **{status.value: status for status in VkStatus},
    "visited": VkStatus.READ,
    "cancelled": VkStatus.FAILED,
}
_TEXTS: Mapping[VkStatus, str] = {
    VkStatus.ENQUEUED: "В очереди",
    VkStatus.SENT: "Отправлено",
    VkStatus.DELIVERED: "Доставлено",
    VkStatus.READ: "Прочитано",
    VkStatus.UNDELIVERED: "Не доставлено",
    VkStatus.FAILED: "Ошибка отправки",
    VkStatus.VP_EXPIRED: "Истек срок доставки",
}
_LIMIT = "LIMIT"
_A_DAY, _DAY = 5, timedelta(days=1)
"""What one person gets from one group in a day; in a strict World only."""
_BEYOND = Fate((Step(State.UNDELIVERABLE, _LIMIT),))
_BATCH = 100


class VkService(SpringService):
    """Messages in VK, with what goes in their place."""

    name = "vk"
    apis: ClassVar[Mapping[str, Api]] = {"": codec.API}

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.callback_kinds: Mapping[str, CallbackKind[Any]] = {
            self.name: CallbackKind(
                changed=self._changed, write=codec.encode_callback, batch=_BATCH
            )
        }

    @answers(Send)
    def send(self, account: Account, asked: Asked[Send]) -> SendResult:
        code = fault_of(asked.request, account)
        if code is not None:
            return self._refused(account, asked, code)
        submission = self._submission(account, asked.request)
        to = number_of(asked.request.vk.phone) or ""
        # Notices of one group to one person.
        most = {(account, submission.sender, to): _A_DAY}
        if self.world.strict and not self.world.of(Rates).admits(self.name, most, _DAY):
            submission = replace(submission, fate=_BEYOND)
        stored = self.take(submission, to, None, _REFUSALS)
        if isinstance(stored, SendCode):
            return SendResult(code=stored)
        return SendResult(code=SendCode.OK, message_id=stored.ids[0])

    @answers(GetStatus)
    def status(self, account: Account, asked: Asked[GetStatus]) -> MessageStatus:
        number = asked.request.id
        message = self.world.find(account, number, memory=MEMORY)
        if message is None or message.submission.medium is not Medium.VK:
            return MessageStatus(provider_id=number, code=IdCode.UNKNOWN)
        status = _status(message)
        return MessageStatus(
            provider_id=number,
            code=IdCode.OK,
            status=status,
            status_at=_in_moscow(message).replace(tzinfo=None),
            error=_text(message, status) if message.step.failed else None,
            viber_status=_viber_status(message, number),
            sms_states=sms_parts(message),
        )

    def unreadable(self, api: Api, error: ArgumentError, http: RawRequest) -> Refusal | RawAnswer:
        if not self.is_known(http):
            return self._nobody(http)
        if error.request is GetStatus:
            return _refusal(RequestError.MESSAGE_NOT_SPECIFIED)
        is_missing = isinstance(error, MissingArgumentError)
        return _refusal(
            RequestError.MESSAGES_NOT_SPECIFIED if is_missing else RequestError.INVALID_JSON
        )

    def stranger(self, asked: Asked[Any]) -> Refusal | RawAnswer:
        if isinstance(asked.request, Send):
            self._record(NOBODY, asked.request, "Unauthorized")
        return self._nobody(asked.http)

    def failed(self, asked: Asked[Any]) -> Refusal:
        return Refusal(RequestCode.SYSTEM_ERROR, "internal error")

    def ordered(self, asked: Asked[Any], action: AnswerError) -> object:
        """By the code of a request, by its description, or by the code of a message."""
        said = next((one for one in RequestError if action.code in (one, one.name)), None)
        if said is not None:
            return _refusal(said)
        request, word = asked.request, action.code
        if word in {*RequestCode}:
            return super().ordered(asked, action)
        # Viber's words are among those of this wire.
        if isinstance(request, Send) and (code := _member(word, *SendCode, *MessageCode)):
            return SendResult(code=code)
        if isinstance(request, GetStatus) and (told := _member(word, *IdCode, *MessageCode)):
            return MessageStatus(provider_id=request.id, code=told)
        return super().ordered(asked, action)

    def example(self, access: Access) -> Send:
        message = VkMessage(
            subject=access.sender,
            priority=Priority.HIGH,
            routes=(Route.VK,),
            validity_period=3600,
            phone="79031234567",
            template_id="123456",
            template_data={},
        )
        return Send(vk=message)

    def _nobody(self, http: RawRequest) -> Refusal | RawAnswer:
        if any(name == b"authorization" for name, _ in http.headers):
            return self.unauthorized(http)
        return _refusal(RequestError.LOGIN_NOT_SPECIFIED)

    def _refused(self, account: Account, asked: Asked[Send], code: SendCode) -> SendResult:
        self._record(account, asked.request, code)
        return SendResult(code=code)

    def _record(self, account: Account, request: Send, reason: str) -> None:
        submission = replace(self._submission(account, request), fallback=None)
        self.world.refuse(submission, [text_of(request.vk.phone)], reason)

    def _submission(self, account: Account, request: Send) -> Submission:
        """The message, with each leg as the fallback of the one before it."""
        below = None if request.sms is None else _sms(account, request.sms)
        messengers = ((Medium.WHATSAPP, request.whatsapp), (Medium.VIBER, request.viber))
        for medium, messenger in messengers:
            if messenger is not None:
                below = _messenger(account, medium, messenger, below)
        message = request.vk
        return Submission(
            account=account,
            via=codec.API.name,
            medium=Medium.VK,
            sender=text_of(message.subject),
            text=_filled(message, account.templates),
            content=_template(message),
            priority=_priority(message.priority),
            validity=span(message.validity_period),
            fallback=below,
        )

    def _changed(self, message: StoredMessage) -> StatusCallback | None:
        order, state = message.submission, message.state
        is_own = order.via == self.name and order.medium is Medium.VK and message.found
        if not is_own or state in (State.UNKNOWN, State.ACCEPTED, State.SCHEDULED):
            return None
        status = _status(message)
        return StatusCallback(
            message_id=message.ids[0],
            status=status,
            received_at=_in_moscow(message),
            error=_text(message, status),
        )


def _member(word: int | str, *members: CodedStr) -> Any:
    """The one of this value or name."""
    return next((one for one in members if word in (one, one.name)), None)


def _refusal(said: RequestError) -> Refusal:
    queue_is_full = said is RequestError.QUEUE_OVERFLOW
    code = RequestCode.QUEUE_FULL if queue_is_full else RequestCode.VALIDATION_ERROR
    return Refusal(code, said.value)


def _status(message: StoredMessage) -> VkStatus:
    return _STATUSES[delivery_status(message.step)]


def _text(message: StoredMessage, status: VkStatus) -> str:
    return "limit" if message.step.reason == _LIMIT else _TEXTS[status]


def _in_moscow(message: StoredMessage) -> datetime:
    return since(message).astimezone(MOSCOW)


def _viber_status(message: StoredMessage, number: str) -> ViberStatus | None:
    sent = leg(message, Medium.VIBER)
    if sent is None:
        return None
    return ViberStatus(
        # The manual's example has the VK message's id in both places.
        id=number,
        status=delivery_status(sent.step),
        status_at=_in_moscow(sent).replace(tzinfo=None),
        code=polled_reason(sent.step),
    )


def _sms(account: Account, sms: SmsLeg) -> Submission:
    return Submission(
        account=account,
        via=codec.API.name,
        sender=text_of(sms.src_address),
        text=text_of(sms.text),
        validity=span(sms.validity_period),
        to=number_of(sms.dst_address),
    )


def _messenger(
    account: Account, medium: Medium, messenger: MessengerLeg, below: Submission | None
) -> Submission:
    content, of = content_of(messenger), messenger.content_type
    return Submission(
        account=account,
        via=codec.API.name,
        medium=medium,
        sender=text_of(messenger.subject),
        text=content.text or "",
        content=shown(of, content) if isinstance(of, ContentType) else None,
        priority=_priority(messenger.priority),
        validity=span(messenger.validity_period_sec),
        to=number_of(messenger.dst_address),
        fallback=below,
        # Names in messengers may be in any script.
        sender_checked=True,
    )


def _priority(priority: object) -> str | None:
    if not isinstance(priority, codec.Priority):
        return None
    return "NORMAL" if priority is codec.Priority.MEDIUM else priority.name


def _template(message: VkMessage) -> Template | None:
    template, values = text_of(message.template_id), message.template_data
    if not template.strip():
        return None
    return Template(template, {} if isinstance(values, Unread) or values is None else values)


def _filled(message: VkMessage, templates: Mapping[str, str] | None) -> str:
    """The text of a template that the account has, with its values."""
    text = (templates or {}).get(text_of(message.template_id), "")
    values = message.template_data
    if isinstance(values, Unread) or values is None:
        return text
    for name, value in values.items():
        text = text.replace(f"#{name}#", value)
    return text
