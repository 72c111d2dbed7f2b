"""The REST interface on a World."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta
from decimal import Decimal
from shlex import quote
from typing import Any, ClassVar, NamedTuple, TypeAlias

import msgspec

from devino_codecs import rest
from devino_codecs.rest import Api, ErrorCode, ErrorText, Refusal
from devino_core import Medium
from devino_sandbox._accounts import NOBODY, Account
from devino_sandbox._dotnet import length
from devino_sandbox._faults import AnswerError
from devino_sandbox._http import RawAnswer, RawRequest
from devino_sandbox._messages import Refused, StoredMessage, Submission
from devino_sandbox._questions import Question
from devino_sandbox._service import Access
from devino_sandbox._world import World
from devino_sandbox.services._api import Asked, InDemo, answers
from devino_sandbox.services._asked_in_demo import lookups
from devino_sandbox.services._limits import MEMORY, MOST_RECIPIENTS, STATISTICS

from . import _reports as reports
from ._errors import (
    INTERNAL_ERROR,
    REFUSALS,
    argument_error,
    error,
    invalid,
    missing,
)
from ._hlr import HlrRows
from ._unread import unread

__all__ = ["RestLimits", "RestReading", "RestService"]

# What a call answers, its type says; the codec keeps that for the client.
Call: TypeAlias = rest.Request[Any]
_Send: TypeAlias = rest.SendToOne | rest.SendToMany


class RestLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What the manual allows at most; what is beyond is refused with code 2."""

    sms_text: int = 2000
    viber_text: int = 1000
    v2_recipients: int = MOST_RECIPIENTS
    """Numbers of a bulk send; version 1 has no limit."""
    statistics: timedelta = STATISTICS
    """Length of the period."""
    memory: timedelta = MEMORY
    """How long after its sending time a message can be asked after."""
    incoming: timedelta = timedelta(days=366)
    """Age of ``minDateUTC``: a year, which may be a leap year."""
    viber_validity: timedelta = timedelta(minutes=1440)
    """In a strict World only, for every example of the manual goes beyond it."""


class RestReading(msgspec.Struct, frozen=True, kw_only=True):
    """How it reads what the manual leaves open; by default as the register of decisions says.

    A program that works with either is safe from the platform's own choice.
    """

    split_lists: bool = False
    """R3: one value may hold several numbers, between commas or semicolons."""
    last_counts: bool = False
    """R7: of the values of one argument the last that is not empty counts, not the first."""
    bulk_by_recipients_clock: bool = False
    """R8: ``SendDate`` of ``Sms/SendBulk`` is what each recipient's clock shows, not UTC."""


class _Sending(NamedTuple):
    medium: Medium
    resend: bool = False


_SENDINGS: Mapping[type[Call], _Sending] = {
    rest.SendSms: _Sending(Medium.SMS),
    rest.SendSmsByTimeZone: _Sending(Medium.SMS),
    rest.SendSmsBulk: _Sending(Medium.SMS),
    rest.SendSmsByTimeZoneToAddresses: _Sending(Medium.SMS),
    rest.SendViber: _Sending(Medium.VIBER),
    rest.SendViberBulk: _Sending(Medium.VIBER),
    rest.SendViberWithResend: _Sending(Medium.VIBER, resend=True),
    rest.SendViberWithResendBulk: _Sending(Medium.VIBER, resend=True),
}
_BY_TIME_ZONE = (rest.SendSmsByTimeZone, rest.SendSmsByTimeZoneToAddresses)


class RestService(HlrRows):
    """Both versions of the REST interface, on one World."""

    name = "rest"
    apis: ClassVar[Mapping[str, Api]] = {"/rest": rest.V1, "/rest/v2": rest.V2}
    in_demo: ClassVar[InDemo | None] = "channel"
    headers: ClassVar[tuple[tuple[bytes, bytes], ...]] = ((b"cache-control", b"private"),)

    limits: RestLimits = RestLimits()
    reading: RestReading = RestReading()

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.split_lists: bool = self.reading.split_lists

    def read(self, http: RawRequest) -> Asked[Any] | RawAnswer:
        if self.reading.last_counts:
            http = msgspec.structs.replace(http, query=_last(http.query), body=_last(http.body))
        return super().read(http)

    def usage(self, access: Access) -> Sequence[str]:
        settings = {
            "BASE_URL": access.endpoints["rest"],
            "LOGIN": access.account.login,
            "PASSWORD": access.account.password.reveal(),
        }
        return [
            *[f"export DEVINO__REST__{key}={quote(value)}" for key, value in settings.items()],
            f'devino send 79031234567 "Hello" --sender {quote(access.sender)}',
        ]

    def demo_questions(self) -> Sequence[Question]:
        return lookups("rest")

    @answers(rest.GetSession)
    def session(self, account: Account, asked: Asked[rest.GetSession]) -> rest.Session:
        return rest.Session(self.world.open_session(account))

    @answers(rest.GetBalance)
    def balance(self, account: Account, asked: Asked[rest.GetBalance]) -> Decimal:
        return account.balance

    @answers(*_SENDINGS)
    def send(self, account: Account, asked: Asked[_Send]) -> rest.Ids | Refusal:
        to = self.recipients(asked.request)
        submission = self._as_read(_submission(asked.request, account, asked.via), asked.request)
        beyond = self._beyond_limits(submission, to)
        if beyond is None and self.world.strict:
            beyond = self._unlike_the_manual(asked.request, submission)
        if beyond is not None:
            return self._refuse(submission, to, beyond)
        messages = self.world.submit(submission, to)
        return tuple([message_id for message in messages for message_id in message.ids])

    def unreadable(self, api: Api, error: rest.ArgumentError, http: RawRequest) -> Refusal:
        answer, sending = argument_error(error), _SENDINGS.get(error.request)
        if sending is not None:
            said = unread(http)
            submission = Submission(
                account=NOBODY,
                via=api.name,
                medium=sending.medium,
                sender=said.sender,
                text=said.text,
            )
            self._refuse(submission, said.to, answer)
        return answer

    def stranger(self, asked: Asked[Any]) -> Refusal:
        in_session = isinstance(asked.credentials, rest.Session)
        answer = error(ErrorText.SESSION_EXPIRED if in_session else ErrorText.INVALID_LOGIN)
        if isinstance(asked.request, _Send):
            submission = _submission(asked.request, NOBODY, asked.via)
            self._refuse(submission, self.recipients(asked.request), answer)
        return answer

    def refused(self, asked: Asked[Any], why: Refused) -> Refusal:
        sending = _SENDINGS.get(type(asked.request))
        return REFUSALS[Medium.SMS if sending is None else sending.medium][why.refusal]

    def failed(self, asked: Asked[Any]) -> Refusal:
        return INTERNAL_ERROR

    def ordered(self, asked: Asked[Any], action: AnswerError) -> object:
        # A word instead of a number is one of Viber's.
        if isinstance(action.code, str):
            return Refusal(ErrorCode.ARGUMENT_EMPTY, action.code)
        return super().ordered(asked, action)

    def recipients(self, request: Call) -> Sequence[str]:
        if isinstance(request, rest.SendToOne):
            return (request.destination_address,)
        if isinstance(request, rest.SendToMany):
            return request.destination_addresses
        return super().recipients(request)

    def _as_read(self, submission: Submission, call: _Send) -> Submission:
        if not (self.reading.bulk_by_recipients_clock and isinstance(call, rest.SendSmsBulk)):
            return submission
        at = submission.send_at
        return msgspec.structs.replace(submission, send_at=at and at.replace(tzinfo=None))

    def _refuse(self, submission: Submission, to: Sequence[str], answer: Refusal) -> Refusal:
        reason = answer.description.partition("\r\n")[0]
        self.world.refuse(submission, to[:MOST_RECIPIENTS], reason)
        return answer

    def _beyond_limits(self, submission: Submission, to: Sequence[str]) -> Refusal | None:
        limits = self.limits
        longest = limits.sms_text if submission.medium is Medium.SMS else limits.viber_text
        if length(submission.text) > longest:
            return invalid("data", f"Data can not be longer than {longest} characters")
        most = limits.v2_recipients
        if submission.via == "rest-v2" and len(to) > most:
            return invalid("destinationAddresses", f"No more than {most} destination addresses")
        return None

    def _unlike_the_manual(self, call: _Send, submission: Submission) -> Refusal | None:
        """What only a strict World refuses."""
        if isinstance(call, _BY_TIME_ZONE) and call.send_date is None:
            return missing("SendDate")
        longest = self.limits.viber_validity
        validity = submission.validity
        if submission.medium is Medium.VIBER and validity is not None and validity > longest:
            most = longest // timedelta(minutes=1)
            return invalid("validity", f"Validity can not be above {most} minutes")
        return None

    @answers(rest.GetSmsState)
    def sms_state(self, account: Account, asked: Asked[rest.GetSmsState]) -> rest.SmsState:
        return reports.sms_state(self._find(account, asked.request.message_id, Medium.SMS))

    @answers(rest.GetViberState)
    def viber_state(self, account: Account, asked: Asked[rest.GetViberState]) -> rest.ViberState:
        return reports.viber_state(self._find(account, asked.request.message_id, Medium.VIBER))

    def _find(self, account: Account, message_id: str, medium: Medium) -> StoredMessage | None:
        message = self.world.find(account, message_id, memory=self.limits.memory)
        return message if message is not None and message.submission.medium is medium else None

    @answers(rest.GetIncoming)
    def incoming(
        self, account: Account, asked: Asked[rest.GetIncoming]
    ) -> tuple[rest.IncomingSms, ...] | Refusal:
        call = asked.request
        if call.max_date <= call.min_date:
            return invalid("maxDateUtc", "maxDateUTC must be later than minDateUTC")
        if self.world.clock.now() - call.min_date > self.limits.incoming:
            return invalid("minDateUtc", "minDateUTC can not be more than a year ago")
        return reports.incoming(self.world.incoming(account, call.min_date, call.max_date))

    @answers(rest.GetStatistics)
    def statistics(
        self, account: Account, asked: Asked[rest.GetStatistics]
    ) -> rest.Statistics | Refusal:
        call = asked.request
        since, until = call.start.replace(tzinfo=UTC), call.end.replace(tzinfo=UTC)
        if until < since:
            return invalid("endDateTime", "endDateTime must not be before startDateTime")
        if until - since > self.limits.statistics:
            return error(ErrorText.PERIOD_TOO_LONG)
        return reports.statistics(self.world.tally(account, Medium.SMS, since, until))


def _submission(call: _Send, account: Account, via: str) -> Submission:
    sending = _SENDINGS[type(call)]
    submission = Submission(
        account=account,
        via=via,
        medium=sending.medium,
        sender=call.source_address,
        text=call.data,
        send_at=getattr(call, "send_date", None),
        validity=None if call.validity is None else timedelta(minutes=call.validity),
        content=_content(call),
    )
    if not sending.resend:
        return submission
    by_sms = msgspec.structs.replace(submission, medium=Medium.SMS, validity=None, content=None)
    return msgspec.structs.replace(submission, fallback=by_sms)


def _content(call: _Send) -> Mapping[str, object] | None:
    """What Viber hands through: one for a message, or one for each recipient of a bulk."""
    said = {name: getattr(call, name, None) for name in ("optional", "optionals")}
    return {name: value for name, value in said.items() if value} or None


def _last(pairs: bytes) -> bytes:
    """Of arguments with one name only the last that is not empty; lists stay whole."""
    kept: dict[bytes, bytes] = {}
    for number, pair in enumerate(pairs.split(b"&")):
        name, _, value = pair.partition(b"=")
        name = name.strip().lower()
        if name.startswith((b"destinationaddress", b"optionals")):
            kept[b"%d" % number] = pair
        elif value or name not in kept:
            kept[name] = pair
    return b"&".join(kept.values())
