"""XML packages: ``Send.ashx`` and ``Statistics.ashx`` (chapter 6 of the manual).

All reading and writing is the codec's; here is what the platform does. Where the manual does not
say, it is decided thus:

- Either address takes messages, status requests, or both in one package.
- Dates without a zone are UTC.
- What is taken is answered with 106, also if it is to be sent later; ``Statistics.ashx`` tells
  the rest.
- A message that is not known, or was sent more than three calendar days ago (today is the first),
  is 201 with ``sms_id`` 0; so is a refused one. It may have been sent over another protocol.
- An ``id`` may occur again, and then means the later message; a strict World refuses it (201).
- An ``id`` that cannot be read refuses its message (201), another attribute does, too (200).
- A message to ``79990005NNN`` is refused with the error NNN, 200 to 207.
- What the platform rejects (state 48 of REST) is 109, what others reject 108.
- A package that asks after more than 1000 messages is refused as a whole (201).
- The messages of a package that is refused as a whole are on record as far as they can be read.
- A WAP push is an SMS whose text is followed by its URL.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final
from weakref import WeakValueDictionary

import msgspec

from devino_codecs import DecodeError, EncodeError
from devino_codecs.http import Login
from devino_codecs.text import count_parts
from devino_codecs.xmlpackage import (
    MAX_STATUS_IDS,
    Answer,
    Default,
    Message,
    MessageError,
    MessageResult,
    MessageStatus,
    MessageType,
    Package,
    PackageError,
    PackageErrorCode,
    RequestReader,
    StatusRequest,
    StatusResult,
    decode_request,
    encode_answer,
)
from devino_core import Medium
from devino_sandbox._accounts import NOBODY, Account
from devino_sandbox._admission import readable
from devino_sandbox._brought import services_at
from devino_sandbox._dotnet import length
from devino_sandbox._faults import AnswerError
from devino_sandbox._http import RawAnswer, RawRequest
from devino_sandbox._messages import RefusalReason, Refused, StoredMessage, Submission
from devino_sandbox._service import Access
from devino_sandbox._world import World
from devino_sandbox.services._calls import Asked, CallService
from devino_sandbox.services._codes import by_state

__all__ = ["XmlLimits", "XmlService"]

_HEADERS = ((b"content-type", b"text/xml; charset=utf-8"),)
_OPERATIONS = ("Send.ashx", "Statistics.ashx")

_STATUSES = by_state(MessageStatus)
_BY_REASON: Mapping[str, MessageStatus] = {"REJECTED_BY_PLATFORM": MessageStatus.DISCARDED}
"""What tells these from the usual status of their state."""
_CHOOSES_ERROR = "79990005"
_REFUSALS: Mapping[RefusalReason, MessageError] = {
    RefusalReason.SENDER_MALFORMED: MessageError.ERR_SENDER,
    RefusalReason.SENDER_UNKNOWN: MessageError.ERR_SENDER,
    RefusalReason.DESTINATION: MessageError.ERR_RECIPIENT,
    RefusalReason.TEXT: MessageError.ERR_LENGTH,
    RefusalReason.SEND_AT: MessageError.ERR_UNKNOWN,
    RefusalReason.BALANCE: MessageError.ERR_BILLING,
}


class XmlLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What is taken at most."""

    text: int = 2000
    """Characters; the manual has a code for too long a text and no number. As REST has it."""
    url: int = 100
    sender: int = 11
    """Characters. In a strict World only: the platform takes numbers of 15 digits, too."""
    package: int = 4 * 2**20
    """Bytes."""
    memory: int = 3
    """Calendar days, today included, in which a sent message can be asked after."""


class XmlService(CallService):
    """The XML package interface on one World."""

    name = "xml"
    prefixes: tuple[str, ...] = tuple([f"/{operation}" for operation in _OPERATIONS])
    operations: ClassVar[Mapping[str, Collection[str]] | None] = {"xml": _OPERATIONS}

    limits: XmlLimits = XmlLimits()

    def __init__(self, world: World) -> None:
        super().__init__(world)
        # The World knows the platform's ids; the client's own are this protocol's alone. What the
        # World forgets is forgotten here.
        self._by_id: WeakValueDictionary[tuple[str, int], StoredMessage] = WeakValueDictionary()

    def endpoints(self, base_url: str) -> Mapping[str, str]:
        return {"xml": base_url}

    def demo_channels(self, access: Access) -> Mapping[str, Mapping[str, object]]:
        return {"xml": {**access.login, "base_url": access.endpoints["xml"]}}

    def read(self, http: RawRequest) -> Asked[Package] | RawAnswer:
        try:
            package = decode_request(http.body, max_size=self.limits.package)
        except DecodeError as error:
            return self._refuse_unread(http, error)
        who = Login(package.login, package.password)
        return Asked(self.name, _operation(http.path), package, who, http)

    def code(self, answer: object) -> object:
        if not isinstance(answer, Answer):
            return None
        if answer.error is not None:
            return int(answer.error.code)
        # The first message that is refused.
        refused = [one.code for one in answer.messages if isinstance(one.code, MessageError)]
        return int(refused[0]) if refused else None

    def write(self, asked: Asked[Package], answer: Answer) -> RawAnswer:
        return _answer(answer)

    def perform(self, account: Account, asked: Asked[Package]) -> Answer:
        package = asked.request
        if len(package.statuses) > MAX_STATUS_IDS:
            code = PackageErrorCode.ERR_FORMAT
            reason = f"{code.name}: it asks after more than {MAX_STATUS_IDS} messages"
            return self._refuse(account, _messages(package), code, reason)
        return Answer(
            messages=tuple([self._send(account, message) for message in _messages(package)]),
            statuses=tuple([self._status(account, one) for one in package.statuses]),
        )

    def stranger(self, asked: Asked[Package]) -> Answer:
        code = PackageErrorCode.ERR_AUTHORIZATION
        reason = f"{code.name}: {code.meaning}"
        return self._refuse(NOBODY, _messages(asked.request), code, reason)

    def refused(self, asked: Asked[Package], why: Refused) -> Answer:
        # Each message of a package is refused for itself, before.
        return self.failed(asked)

    def failed(self, asked: Asked[Package]) -> Answer:
        return _refused(PackageErrorCode.ERR_UNKNOWN)

    def ordered(self, asked: Asked[Package], action: AnswerError) -> Answer:
        """By number or by name."""
        if isinstance(action.code, int):
            return _refused(action.code)
        known = PackageErrorCode.__members__
        return _refused(known.get(action.code.upper(), PackageErrorCode.ERR_UNKNOWN))

    def recipients(self, request: Package) -> Sequence[str]:
        return [message.recipient for message in request.messages]

    def _refuse_unread(self, request: RawRequest, error: DecodeError) -> RawAnswer:
        found = list(_readable(request.body[: self.limits.package]))
        messages = [row for row in found if isinstance(row, Message)]
        if not found and _operation(request.path) == "Send.ashx":
            messages = [Message(recipient="", text="")]
        code = PackageErrorCode.ERR_FORMAT
        return _answer(self._refuse(NOBODY, messages, code, f"{code.name}: {error}"))

    def _refuse(
        self, account: Account, messages: Iterable[Message], code: PackageErrorCode, reason: str
    ) -> Answer:
        """Refuse a package as a whole, with its messages on record."""
        for message in messages:
            self.world.refuse(_said(account, message), [message.recipient], reason)
        return _refused(code)

    def _send(self, account: Account, message: Message) -> MessageResult:
        error = self._error(account, message)
        if error is not None:
            reason = f"{error.name}: {error.meaning}"
            self.world.refuse(_said(account, message), [message.recipient], reason)
            return _not_taken(message, error)
        try:
            submission = self._submission(account, message)
            [stored] = self.world.submit(submission, [message.recipient])
        except Refused as refused:
            return _not_taken(message, _REFUSALS[refused.refusal])
        if message.id is not None:
            self._by_id[account.login, message.id] = stored
        return MessageResult(
            id=message.id,
            sms_id=stored.first_id,
            sms_count=stored.parts,
            code=MessageStatus.ACCEPTED,
        )

    def _submission(self, account: Account, message: Message) -> Submission:
        begins, ends = _utc(message.date_beg), _utc(message.date_end)
        now = self.world.clock.now()
        starts = max(begins, now) if begins is not None else now
        return msgspec.structs.replace(
            _said(account, message),
            send_at=begins,
            validity=None if ends is None else max(ends - starts, timedelta(0)),
        )

    def _error(self, account: Account, message: Message) -> MessageError | None:
        """What keeps a message from being handed to the World."""
        limits = self.limits
        push = message.type == MessageType.WAP_PUSH
        if message.unread:
            return MessageError.ERR_ID if "id" in message.unread else MessageError.ERR_UNKNOWN
        chosen = _chosen_error(message.recipient)
        if chosen is not None:
            return chosen
        if self.world.strict:
            if message.id is not None and self._known(account, message.id):
                return MessageError.ERR_ID
            if len(message.sender or "") > limits.sender:
                return MessageError.ERR_SENDER
        try:
            for date in (message.date_beg, message.date_end):
                _utc(date)
        except OverflowError:
            return MessageError.ERR_UNKNOWN
        if message.type not in tuple(MessageType) or (push and not message.url):
            return MessageError.ERR_UNKNOWN
        if length(message.text) > limits.text or len(message.url or "") > limits.url:
            return MessageError.ERR_LENGTH
        return MessageError.ERR_LENGTH if not (message.text or push) else None

    def _known(self, account: Account, own_id: int) -> bool:
        return self._remembered(self._by_id.get((account.login, own_id)))

    def _status(self, account: Account, asked: StatusRequest) -> StatusResult:
        message = self._find(account, asked)
        if message is None:
            return StatusResult(id=asked.id, code=MessageError.ERR_ID)
        return StatusResult(
            id=asked.id,
            sms_id=message.first_id,
            sms_count=message.parts,
            date_completed=_completed(message),
            code=_BY_REASON.get(message.step.reason, _STATUSES[message.state]),
        )

    def _find(self, account: Account, asked: StatusRequest) -> StoredMessage | None:
        self.world.advance()
        if asked.id is not None:
            message = self._by_id.get((account.login, asked.id))
        elif asked.sms_id is not None:
            message = self.world.find(account, str(asked.sms_id))
        else:
            return None
        if (
            message is None
            or message.submission.account is not account
            or message.submission.medium is not Medium.SMS
        ):
            return None
        return message if self._remembered(message) else None

    def _remembered(self, message: StoredMessage | None) -> bool:
        if message is None or not message.found:
            return False
        age = self.world.clock.now().date() - message.sending_at.date()
        return age.days < self.limits.memory


def _readable(body: bytes) -> Iterator[Message | StatusRequest]:
    """What stands before the place where a package cannot be read."""
    default = None
    with suppress(DecodeError):
        for row in RequestReader().feed(body):
            if isinstance(row, Default):
                default = row
            elif isinstance(row, Message):
                yield row.with_default(default)
            elif isinstance(row, StatusRequest):
                yield row


def _messages(package: Package) -> Sequence[Message]:
    return [message.with_default(package.default) for message in package.messages]


def _operation(path: str) -> str:
    return next(name for name in _OPERATIONS if name.lower() in path.lower())


def _said(account: Account, message: Message) -> Submission:
    """What a message says, its times aside, which may be out of all range."""
    return Submission(
        account=account,
        via=XmlService.name,
        sender=message.sender or "",
        text=f"{message.text} {message.url}".strip() if message.url else message.text,
        content=_content(message),
    )


def _content(message: Message) -> Mapping[str, object] | None:
    """What kind of SMS it is, if no plain text."""
    if message.type is None or message.type == MessageType.TEXT:
        return None
    kind = message.type
    said: dict[str, object] = {"type": kind.name if isinstance(kind, MessageType) else kind}
    return said if message.url is None else {**said, "url": message.url}


def _chosen_error(recipient: str) -> MessageError | None:
    """The error that a number asks for."""
    number = readable(recipient)
    if not number.startswith(_CHOOSES_ERROR):
        return None
    digits = number.removeprefix(_CHOOSES_ERROR)
    return next((error for error in MessageError if str(error.value) == digits), None)


def _utc(moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _completed(message: StoredMessage) -> datetime | None:
    if not message.state.is_final or message.reported_at is None:
        return None
    return message.reported_at.replace(tzinfo=None)


def _not_taken(message: Message, error: MessageError) -> MessageResult:
    try:
        count = count_parts(message.text)
    except EncodeError:
        count = 1
    return MessageResult(id=message.id, sms_count=count, code=error)


def _refused(code: int) -> Answer:
    return Answer(error=PackageError(code))


def _answer(answer: Answer) -> RawAnswer:
    return RawAnswer(200, encode_answer(answer), _HEADERS)


devino_sandbox_services: Final = services_at(XmlService)
