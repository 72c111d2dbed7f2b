"""The REST interface on a World."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, timedelta
from decimal import Decimal
from shlex import quote
from typing import Any, ClassVar, NamedTuple, TypeAlias

import msgspec

from devino_codecs import rest
from devino_codecs.rest import ErrorText, Refusal
from devino_core import Medium
from devino_sandbox._accounts import NOBODY, Account
from devino_sandbox._dotnet import length
from devino_sandbox._http import ASGIApp, HttpAnswer, HttpRequest, Outcome, answering, struck
from devino_sandbox._messages import Refused, StoredMessage, Submission
from devino_sandbox._service import Access, HttpService
from devino_sandbox._world import World
from devino_sandbox.services._limits import MEMORY, MOST_RECIPIENTS, STATISTICS

from . import _reports as reports
from ._errors import (
    INTERNAL_ERROR,
    REFUSALS,
    argument_error,
    error,
    invalid,
    ordered_error,
    unknown_resource,
)
from ._unread import unread

__all__ = ["RestLimits", "RestService"]

_log = logging.getLogger(__name__)

# What a call answers, its type says; the codec keeps that for the client.
Call: TypeAlias = rest.Request[Any]
_Send: TypeAlias = rest.SendToOne | rest.SendToMany

_HEADERS = (
    (b"cache-control", b"private"),
    (b"content-type", rest.ANSWER_TYPE.encode()),
)
_RESOURCES = {operation.request: operation.path for operation in rest.V1.operations}


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


class RestService(HttpService):
    """Both versions of the REST interface, on one World."""

    name = "rest"
    prefixes = ("/rest",)
    operations: ClassVar = {
        api.name: [operation.path for operation in api.operations] for api in (rest.V1, rest.V2)
    }

    def __init__(self, world: World, limits: RestLimits | None = None) -> None:
        self._world = world
        self._limits = limits or RestLimits()
        self._app = answering(self.handle)
        self._operations: Mapping[type[Call], Callable[[Any, Account, str], object]] = {
            rest.GetSession: self._session,
            rest.GetBalance: self._balance,
            rest.GetSmsState: self._sms_state,
            rest.GetViberState: self._viber_state,
            rest.GetIncoming: self._incoming,
            rest.GetStatistics: self._statistics,
            **dict.fromkeys(_SENDINGS, self._send),
        }

    @property
    def app(self) -> ASGIApp:
        return self._app

    def endpoints(self, base_url: str) -> Mapping[str, str]:
        return {"rest": f"{base_url}/rest", "rest_v2": f"{base_url}/rest/v2"}

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

    def demo_channels(self, access: Access) -> Mapping[str, Mapping[str, object]]:
        return {
            "rest": {**access.login, "base_url": access.endpoints["rest"]},
            "rest-v2": {**access.login, "base_url": access.endpoints["rest_v2"]},
        }

    def handle(self, request: HttpRequest) -> Outcome:
        """The outcome of one HTTP request."""
        try:
            read = rest.decode_request(_read(request))
        except rest.UnknownResourceError:
            return unknown_resource(request.path)
        except rest.ArgumentError as found:
            return _answer(found.request, self._refuse_unread(request, found))
        call, credentials = read.request, read.credentials
        if type(call) not in self._operations:
            return unknown_resource(request.path)
        via = _via(request)
        if self._world.faults:
            action = self._world.faults.strike(via, _RESOURCES[type(call)], _recipients(call))
            if action is not None:
                return struck(
                    action,
                    lambda: self._carry_out(call, credentials, via),
                    lambda ordered: _answer(type(call), ordered_error(ordered)),
                )
        return self._carry_out(call, credentials, via)

    def _carry_out(
        self, call: Call, credentials: rest.Session | rest.Login, via: str
    ) -> HttpAnswer:
        try:
            account = self._account(credentials)
            if isinstance(account, Refusal):
                if isinstance(call, _Send):
                    self._refuse(_submission(call, NOBODY, via), _recipients(call), account)
                return _answer(type(call), account)
            return _answer(type(call), self._operations[type(call)](call, account, via))
        except Exception:  # noqa: BLE001 - the platform has a word for its own failures
            _log.exception("the sandbox failed on %s", _RESOURCES[type(call)])
            return _answer(type(call), INTERNAL_ERROR)

    def _account(self, credentials: rest.Session | rest.Login) -> Account | Refusal:
        if isinstance(credentials, rest.Session):
            return self._world.session(credentials.id) or error(ErrorText.SESSION_EXPIRED)
        account = self._world.authenticate(credentials.login, credentials.password)
        return account or error(ErrorText.INVALID_LOGIN)

    def _session(self, call: rest.GetSession, account: Account, via: str) -> rest.Session:
        return rest.Session(self._world.open_session(account))

    def _balance(self, call: rest.GetBalance, account: Account, via: str) -> Decimal:
        return account.balance

    def _send(self, call: _Send, account: Account, via: str) -> rest.Ids | Refusal:
        to, submission = _recipients(call), _submission(call, account, via)
        beyond = self._beyond_limits(submission, to)
        if beyond is not None:
            return self._refuse(submission, to, beyond)
        try:
            messages = self._world.submit(submission, to)
        except Refused as refused:
            return REFUSALS[submission.medium][refused.refusal]
        return tuple([message_id for message in messages for message_id in message.ids])

    def _refuse(self, submission: Submission, to: Sequence[str], answer: Refusal) -> Refusal:
        reason = answer.description.partition("\r\n")[0]
        self._world.refuse(submission, to[:MOST_RECIPIENTS], reason)
        return answer

    def _refuse_unread(self, request: HttpRequest, found: rest.ArgumentError) -> Refusal:
        answer, sending = argument_error(found), _SENDINGS.get(found.request)
        if sending is not None:
            said = unread(request)
            submission = Submission(
                account=NOBODY,
                via=_via(request),
                medium=sending.medium,
                sender=said.sender,
                text=said.text,
            )
            self._refuse(submission, said.to, answer)
        return answer

    def _beyond_limits(self, submission: Submission, to: Sequence[str]) -> Refusal | None:
        limits = self._limits
        longest = limits.sms_text if submission.medium is Medium.SMS else limits.viber_text
        if length(submission.text) > longest:
            return invalid("data", f"Data can not be longer than {longest} characters")
        most = limits.v2_recipients
        if submission.via == "rest-v2" and len(to) > most:
            return invalid("destinationAddresses", f"No more than {most} destination addresses")
        if (
            self._world.strict
            and submission.medium is Medium.VIBER
            and submission.validity is not None
            and submission.validity > limits.viber_validity
        ):
            most = limits.viber_validity // timedelta(minutes=1)
            return invalid("validity", f"Validity can not be above {most} minutes")
        return None

    def _sms_state(self, call: rest.GetSmsState, account: Account, via: str) -> rest.SmsState:
        return reports.sms_state(self._find(account, call.message_id, Medium.SMS))

    def _viber_state(self, call: rest.GetViberState, account: Account, via: str) -> rest.ViberState:
        return reports.viber_state(self._find(account, call.message_id, Medium.VIBER))

    def _find(self, account: Account, message_id: str, medium: Medium) -> StoredMessage | None:
        message = self._world.find(account, message_id, memory=self._limits.memory)
        return message if message is not None and message.submission.medium is medium else None

    def _incoming(
        self, call: rest.GetIncoming, account: Account, via: str
    ) -> tuple[rest.IncomingSms, ...] | Refusal:
        if call.max_date <= call.min_date:
            return invalid("maxDateUtc", "maxDateUTC must be later than minDateUTC")
        if self._world.clock.now() - call.min_date > self._limits.incoming:
            return invalid("minDateUtc", "minDateUTC can not be more than a year ago")
        return reports.incoming(self._world.incoming(account, call.min_date, call.max_date))

    def _statistics(
        self, call: rest.GetStatistics, account: Account, via: str
    ) -> rest.Statistics | Refusal:
        since, until = call.start.replace(tzinfo=UTC), call.end.replace(tzinfo=UTC)
        if until < since:
            return invalid("endDateTime", "endDateTime must not be before startDateTime")
        if until - since > self._limits.statistics:
            return error(ErrorText.PERIOD_TOO_LONG)
        return reports.statistics(self._world.tally(account, Medium.SMS, since, until))


def _via(request: HttpRequest) -> str:
    return "rest-v2" if "/v2/" in request.path.lower() else "rest"


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
    )
    if not sending.resend:
        return submission
    by_sms = msgspec.structs.replace(submission, medium=Medium.SMS, validity=None)
    return msgspec.structs.replace(submission, fallback=by_sms)


def _recipients(call: Call) -> Sequence[str]:
    if isinstance(call, rest.SendToOne):
        return (call.destination_address,)
    return call.destination_addresses if isinstance(call, rest.SendToMany) else ()


def _read(request: HttpRequest) -> rest.HttpRequest:
    segments = tuple([part for part in request.path.split("/") if part])
    query = request.query.decode(errors="surrogateescape")
    return rest.HttpRequest(request.method, segments, query, body=request.body)


def _answer(request: type[Call], answer: object) -> HttpAnswer:
    # Both versions answer alike.
    written = rest.V1.encode_answer(request, answer)
    return HttpAnswer(written.status, written.body, _HEADERS)
