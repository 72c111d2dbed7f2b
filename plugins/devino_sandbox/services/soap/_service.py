"""The four SOAP services on a World."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

import msgspec

from devino_codecs import CodecError, DecodeError, soap
from devino_codecs.http import Login, Session
from devino_codecs.masking import Kind, Kinds
from devino_codecs.rest import ErrorText
from devino_core import Medium
from devino_sandbox._accounts import NOBODY, Account
from devino_sandbox._dotnet import length
from devino_sandbox._faults import AnswerError
from devino_sandbox._http import RawAnswer, RawRequest, json_answer
from devino_sandbox._messages import Refused, StoredMessage, Submission
from devino_sandbox._service import Access
from devino_sandbox._world import World
from devino_sandbox.services._calls import Asked, CallService, answers
from devino_sandbox.services._limits import MEMORY, MOST_RECIPIENTS, STATISTICS, CallRate

from . import _reports as reports
from ._faults import (
    INTERNAL_ERROR,
    REFUSALS,
    Failed,
    argument,
    headers,
    ordered,
    unprocessed,
    unreadable,
)
from ._sendings import SENDINGS, Sending
from ._unread import unread

__all__ = ["SoapLimits", "SoapService"]

_ENDPOINTS: Mapping[str, soap.Service] = {
    "soap_sms": soap.SMS,
    "soap_viber": soap.VIBER,
    "soap_sms_v2": soap.SMS_V2,
    "soap_viber_v2": soap.VIBER_V2,
}


DEFAULT_VALIDITY = timedelta(minutes=2880)
"""Of an SMS that names none."""

_SESSION = {"getsessionidresult": Kind.SECRET}
_BY_TIME_ZONE = (soap.SendMessageByTimeZone, soap.SendMessageByTimeZoneToAddresses)


class SoapLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What the manual allows at most."""

    sms_text: int = 2000
    viber_text: int = 1000
    recipients: int = soap.MAX_ADDRESSES
    statistics: timedelta = STATISTICS
    """Length of the period."""
    memory: timedelta = MEMORY
    """How long after its sending time a message can be asked after."""
    viber_validity: timedelta = timedelta(minutes=1440)
    """In a strict World only, as in REST."""
    calls: int = 10
    """Of an account in a second, over all four services. In a strict World only."""


class SoapService(CallService):
    """All four services on one World."""

    name = "soap"
    prefixes: tuple[str, ...] = tuple([service.path for service in soap.SERVICES])
    operations: ClassVar[Mapping[str, Collection[str]] | None] = {
        "soap": [one.operation.name for one in (*soap.SMS.requests, *soap.VIBER.requests)],
        "soap-v2": [one.operation.name for one in (*soap.SMS_V2.requests, *soap.VIBER_V2.requests)],
    }

    limits: SoapLimits = SoapLimits()

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._services = {service.path.lower(): service for service in soap.SERVICES}

    def endpoints(self, base_url: str) -> Mapping[str, str]:
        return {key: f"{base_url}{service.path}" for key, service in _ENDPOINTS.items()}

    def demo_channels(self, access: Access) -> Mapping[str, Mapping[str, object]]:
        settings = {
            **access.login,
            "base_url": access.endpoints["soap_sms"].rpartition("/")[0],
            # Unless it is strict, the sandbox may be asked more than ten times a second.
            "requests_per_second": 0,
        }
        return {"soap": settings, "soap-v2": settings}

    def read(self, http: RawRequest) -> Asked[Any] | RawAnswer:
        service = self._services["/" + http.path.lower().strip("/").split("/")[0]]
        if http.method != "POST":
            return _describe(service, http)
        via = "soap" if service.credentials is soap.Session else "soap-v2"
        try:
            call = soap.decode_request(service, http.body)
        except DecodeError as error:
            self._refuse(unread(service, http.body), NOBODY, via, f"{error}")
            return unreadable(error, soap.guess_version(http.body))
        operation, who = call.request.operation.name, _credentials(call.credentials)
        return Asked(via, operation, call.request, who, http, call.version)

    def kinds(self, request: type) -> tuple[Kinds, Kinds]:
        asked, told = super().kinds(request)
        return (asked, {**told, **_SESSION}) if request is soap.GetSessionID else (asked, told)

    def code(self, answer: object) -> object:
        # It has no codes, and its sentences are as long as they like.
        return None

    def write(self, asked: Asked[Any], answer: object) -> RawAnswer:
        if isinstance(answer, RawAnswer):
            return answer
        if isinstance(answer, Failed):
            return unprocessed(f"{answer}", asked.wire)
        try:
            body = soap.encode_answer(type(asked.request), answer, version=asked.wire)
        except CodecError as error:
            # REST can take a text that no XML can give back.
            return unprocessed(f"{error}", asked.wire)
        return RawAnswer(200, body, headers(asked.wire))

    def stranger(self, asked: Asked[Any]) -> Failed:
        in_session = isinstance(asked.credentials, Session)
        said = ErrorText.SESSION_EXPIRED if in_session else ErrorText.INVALID_LOGIN
        read = SENDINGS.get(type(asked.request))
        self._refuse(read and read(asked.request), NOBODY, asked.via, said)
        return Failed(said)

    def refused(self, asked: Asked[Any], why: Refused) -> Failed:
        return Failed(REFUSALS[why.refusal])

    def failed(self, asked: Asked[Any]) -> Failed:
        return Failed(INTERNAL_ERROR)

    def ordered(self, asked: Asked[Any], action: AnswerError) -> Failed:
        return Failed(ordered(action))

    def perform(self, account: Account, asked: Asked[Any]) -> object:
        rate = self.limits.calls
        if self.world.strict and not self.world.of(CallRate).take(account, rate):
            too_many = json_answer(429, {"error": f"more than {rate} calls in a second"})
            return msgspec.structs.replace(
                too_many, headers=(*too_many.headers, (b"retry-after", b"1"))
            )
        return super().perform(account, asked)

    def raised(self, asked: Asked[Any], error: Exception) -> object:
        return error if isinstance(error, Failed) else super().raised(asked, error)

    def recipients(self, request: soap.AnyRequest) -> Sequence[str]:
        read = SENDINGS.get(type(request))
        return () if read is None else read(request).to

    def _refuse(self, sending: Sending | None, account: Account, via: str, reason: str) -> None:
        """Put on record that this is refused, if it sends anything."""
        if sending is not None:
            submission = _submission(sending, account, via)
            to = sending.to[:MOST_RECIPIENTS]
            self.world.refuse(submission, to, reason.partition("\r\n")[0])

    @answers(soap.GetSessionID)
    def session(self, account: Account, asked: Asked[soap.GetSessionID]) -> str:
        return self.world.open_session(account)

    @answers(soap.GetBalance)
    def balance(self, account: Account, asked: Asked[soap.GetBalance]) -> Decimal:
        return account.balance

    @answers(*SENDINGS)
    def send(self, account: Account, asked: Asked[soap.AnyRequest]) -> tuple[str, ...]:
        sending = SENDINGS[type(asked.request)](asked.request)
        submission = _submission(sending, account, asked.via)
        beyond = self._beyond_limits(sending, submission)
        if beyond is None and self.world.strict:
            beyond = self._unlike_the_manual(asked.request, submission)
        if beyond is not None:
            self._refuse(sending, account, asked.via, beyond)
            raise Failed(beyond)
        messages = self.world.submit(submission, sending.to)
        return tuple([message_id for message in messages for message_id in message.ids])

    def _beyond_limits(self, sending: Sending, submission: Submission) -> str | None:
        limits = self.limits
        given = {
            "SourceAddress": sending.sender,
            "DestinationAddresses": sending.to and all(sending.to),
            "Data": sending.text,
        }
        for name, value in given.items():
            if not value:
                return argument(name, f"{name} can not be null or empty")
        longest = limits.sms_text if sending.medium is Medium.SMS else limits.viber_text
        if length(sending.text) > longest:
            return argument("data", f"Invalid argument: Data is longer than {longest} characters")
        if len(sending.to) > limits.recipients:
            most = f"more than {limits.recipients} addresses"
            return argument("destinationAddresses", f"Invalid argument: {most}")
        return None

    def _unlike_the_manual(self, call: soap.AnyRequest, submission: Submission) -> str | None:
        """What only a strict World refuses."""
        if isinstance(call, _BY_TIME_ZONE) and call.send_date is None:
            return argument("sendDate", "sendDate can not be null or empty")
        if submission.medium is Medium.VIBER:
            validity = submission.validity
            if validity is None or not timedelta(0) < validity <= self.limits.viber_validity:
                return argument("validity", "Invalid argument: 1 to 1440 minutes")
        return None

    @answers(soap.GetMessageState)
    def sms_state(
        self, account: Account, asked: Asked[soap.GetMessageState]
    ) -> soap.SmsMessageState:
        return reports.sms_state(self._find(account, asked.request.message_id, Medium.SMS))

    @answers(soap.GetViberMessageState)
    def viber_state(
        self, account: Account, asked: Asked[soap.GetViberMessageState]
    ) -> soap.ViberMessageState:
        return reports.viber_state(self._find(account, asked.request.message_id, Medium.VIBER))

    def _find(self, account: Account, message_id: str, medium: Medium) -> StoredMessage | None:
        if not message_id:
            raise Failed(ErrorText.MESSAGE_ID_EMPTY)
        message = self.world.find(account, message_id, memory=self.limits.memory)
        return message if message is not None and message.submission.medium is medium else None

    @answers(soap.GetStatistics)
    def statistics(
        self, account: Account, asked: Asked[soap.GetStatistics]
    ) -> soap.DeliveryStatistics:
        since, until = asked.request.start_date_time, asked.request.end_date_time
        if until < since:
            raise Failed(argument("endDateTime", "Invalid argument: before startDateTime"))
        if until - since > self.limits.statistics:
            raise Failed(ErrorText.PERIOD_TOO_LONG)
        return reports.statistics(self.world.tally(account, Medium.SMS, since, until))

    @answers(soap.GetIncomingMessages)
    def incoming(
        self, account: Account, asked: Asked[soap.GetIncomingMessages]
    ) -> tuple[soap.IncomingMessage, ...]:
        call = asked.request
        if self.world.strict and call.max_date_utc < call.min_date_utc:
            raise Failed(argument("maxDateUTC", "Invalid argument: before minDateUTC"))
        return reports.incoming(self.world.incoming(account, *call.period))


def _submission(sending: Sending, account: Account, via: str) -> Submission:
    submission = Submission(
        account=account,
        via=via,
        medium=sending.medium,
        sender=sending.sender,
        text=sending.text,
        send_at=sending.send_at,
        validity=_validity(sending),
        content=sending.content,
    )
    if not sending.resend:
        return submission
    by_sms = msgspec.structs.replace(
        submission, medium=Medium.SMS, validity=DEFAULT_VALIDITY, content=None
    )
    return msgspec.structs.replace(submission, fallback=by_sms)


def _validity(sending: Sending) -> timedelta | None:
    if sending.validity is not None:
        return timedelta(minutes=sending.validity)
    return DEFAULT_VALIDITY if sending.medium is Medium.SMS else None


def _describe(service: soap.Service, request: RawRequest) -> RawAnswer:
    """``?WSDL``, at the address that the client came by; anything else is told what there is."""
    named = dict(request.headers)
    address = (
        f"{request.scheme}://{named.get(b'host', b'127.0.0.1').decode('latin-1')}{service.path}"
    )
    if request.query.lower().startswith(b"wsdl"):
        try:
            body = soap.wsdl(service, address)
        except CodecError as error:
            return RawAnswer(400, str(error).encode(), ((b"content-type", b"text/plain"),))
        return RawAnswer(200, body, ((b"content-type", b"text/xml; charset=utf-8"),))
    operations = "\n".join(one.operation.name for one in service.requests)
    text = (
        f"{service.name}: POST SOAP 1.1 or 1.2 here, or see {service.path}?WSDL\n\n{operations}\n"
    )
    return RawAnswer(200, text.encode(), ((b"content-type", b"text/plain; charset=utf-8"),))


def _credentials(given: soap.Credentials) -> Login | Session:
    if isinstance(given, soap.Session):
        return Session(given.session_id)
    return Login(given.login, given.password)
