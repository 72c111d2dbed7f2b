"""The four SOAP services on a World."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar, TypeAlias, cast

import msgspec

from devino_codecs import CodecError, DecodeError, soap
from devino_codecs.rest import ErrorText
from devino_core import Medium
from devino_sandbox._accounts import NOBODY, Account
from devino_sandbox._dotnet import length
from devino_sandbox._http import ASGIApp, HttpAnswer, HttpRequest, Outcome, answering, struck
from devino_sandbox._messages import Refused, StoredMessage, Submission
from devino_sandbox._service import Access, HttpService
from devino_sandbox._world import World
from devino_sandbox.services._limits import MEMORY, MOST_RECIPIENTS, STATISTICS

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
from ._sendings import SENDINGS, Sending, recipients
from ._unread import unread

__all__ = ["SoapLimits", "SoapService"]

_log = logging.getLogger(__name__)

_ENDPOINTS: Mapping[str, soap.Service] = {
    "soap_sms": soap.SMS,
    "soap_viber": soap.VIBER,
    "soap_sms_v2": soap.SMS_V2,
    "soap_viber_v2": soap.VIBER_V2,
}

_Operation: TypeAlias = Callable[[Any, Account, str], object]


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


class SoapService(HttpService):
    """All four services on one World."""

    name = "soap"
    prefixes = tuple([service.path for service in soap.SERVICES])
    operations: ClassVar = {
        "soap": [one.operation.name for one in (*soap.SMS.requests, *soap.VIBER.requests)],
        "soap-v2": [one.operation.name for one in (*soap.SMS_V2.requests, *soap.VIBER_V2.requests)],
    }

    def __init__(self, world: World, limits: SoapLimits | None = None) -> None:
        self._world = world
        self._limits = limits or SoapLimits()
        self._app = answering(self.handle)
        self._services = {service.path.lower(): service for service in soap.SERVICES}
        self._operations: Mapping[type[soap.AnyRequest], _Operation] = {
            soap.GetSessionID: lambda _, account, __: world.open_session(account),
            soap.GetBalance: lambda _, account, __: account.balance,
            soap.GetMessageState: self._sms_state,
            soap.GetViberMessageState: self._viber_state,
            soap.GetStatistics: self._statistics,
            soap.GetIncomingMessages: self._incoming,
            **{request: partial(self._send, read) for request, read in SENDINGS.items()},
        }

    @property
    def app(self) -> ASGIApp:
        return self._app

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

    def handle(self, request: HttpRequest) -> Outcome:
        """The outcome of one HTTP request."""
        service = self._services["/" + request.path.lower().strip("/").split("/")[0]]
        if request.method != "POST":
            return _describe(service, request)
        via = "soap" if service.credentials is soap.Session else "soap-v2"
        try:
            call = soap.decode_request(service, request.body)
        except DecodeError as error:
            self._refuse(unread(service, request.body), NOBODY, via, f"{error}")
            return unreadable(error, soap.guess_version(request.body))
        if self._world.faults:
            operation = call.request.operation.name
            action = self._world.faults.strike(via, operation, recipients(call.request))
            if action is not None:
                return struck(
                    action,
                    lambda: self._carry_out(call, via),
                    lambda fault: unprocessed(ordered(fault), call.version),
                )
        return self._carry_out(call, via)

    def _carry_out(self, call: soap.Call, via: str) -> HttpAnswer:
        request = call.request
        try:
            account = self._account(call.credentials)
            if isinstance(account, ErrorText):
                read = SENDINGS.get(type(request))
                self._refuse(read and read(request), NOBODY, via, account)
                raise Failed(account)  # noqa: TRY301 - as every refusal does
            result = self._operations[type(request)](request, account, via)
            body = soap.encode_answer(_kind(request), result, version=call.version)
        except Failed as failed:
            return unprocessed(str(failed), call.version)
        except CodecError as error:
            # REST can take a text that no XML can give back.
            return unprocessed(f"{error}", call.version)
        except Exception:  # noqa: BLE001 - the platform has a word for its own failures
            _log.exception("the sandbox failed on %s", request.operation.name)
            return unprocessed(INTERNAL_ERROR, call.version)
        return HttpAnswer(200, body, headers(call.version))

    def _account(self, credentials: soap.Credentials) -> Account | ErrorText:
        if isinstance(credentials, soap.Session):
            return self._world.session(credentials.session_id) or ErrorText.SESSION_EXPIRED
        account = self._world.authenticate(credentials.login, credentials.password)
        return account or ErrorText.INVALID_LOGIN

    def _refuse(self, sending: Sending | None, account: Account, via: str, reason: str) -> None:
        """Put on record that this is refused, if it sends anything."""
        if sending is not None:
            submission = _submission(sending, account, via)
            to = sending.to[:MOST_RECIPIENTS]
            self._world.refuse(submission, to, reason.partition("\r\n")[0])

    def _send(
        self, read: Callable[[Any], Sending], call: soap.AnyRequest, account: Account, via: str
    ) -> tuple[str, ...]:
        sending = read(call)
        submission = _submission(sending, account, via)
        beyond = self._beyond_limits(sending, submission)
        if beyond is not None:
            self._refuse(sending, account, via, beyond)
            raise Failed(beyond)
        try:
            messages = self._world.submit(submission, sending.to)
        except Refused as refused:
            raise Failed(REFUSALS[refused.refusal]) from None
        return tuple([message_id for message in messages for message_id in message.ids])

    def _beyond_limits(self, sending: Sending, submission: Submission) -> str | None:
        limits = self._limits
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
        if sending.medium is Medium.VIBER and self._world.strict:
            validity = submission.validity
            if validity is None or not timedelta(0) < validity <= limits.viber_validity:
                return argument("validity", "Invalid argument: 1 to 1440 minutes")
        return None

    def _sms_state(
        self, call: soap.GetMessageState, account: Account, via: str
    ) -> soap.SmsMessageState:
        return reports.sms_state(self._find(account, call.message_id, Medium.SMS))

    def _viber_state(
        self, call: soap.GetViberMessageState, account: Account, via: str
    ) -> soap.ViberMessageState:
        return reports.viber_state(self._find(account, call.message_id, Medium.VIBER))

    def _find(self, account: Account, message_id: str, medium: Medium) -> StoredMessage | None:
        if not message_id:
            raise Failed(ErrorText.MESSAGE_ID_EMPTY)
        message = self._world.find(account, message_id, memory=self._limits.memory)
        return message if message is not None and message.submission.medium is medium else None

    def _statistics(
        self, call: soap.GetStatistics, account: Account, via: str
    ) -> soap.DeliveryStatistics:
        since, until = call.start_date_time, call.end_date_time
        if until < since:
            raise Failed(argument("endDateTime", "Invalid argument: before startDateTime"))
        if until - since > self._limits.statistics:
            raise Failed(ErrorText.PERIOD_TOO_LONG)
        return reports.statistics(self._world.tally(account, Medium.SMS, since, until))

    def _incoming(
        self, call: soap.GetIncomingMessages, account: Account, via: str
    ) -> tuple[soap.IncomingMessage, ...]:
        if self._world.strict and call.max_date_utc < call.min_date_utc:
            raise Failed(argument("maxDateUTC", "Invalid argument: before minDateUTC"))
        return reports.incoming(self._world.incoming(account, *call.period))


def _submission(sending: Sending, account: Account, via: str) -> Submission:
    submission = Submission(
        account=account,
        via=via,
        medium=sending.medium,
        sender=sending.sender,
        text=sending.text,
        send_at=sending.send_at,
        validity=None if sending.validity is None else timedelta(minutes=sending.validity),
    )
    if not sending.resend:
        return submission
    by_sms = msgspec.structs.replace(submission, medium=Medium.SMS, validity=None)
    return msgspec.structs.replace(submission, fallback=by_sms)


def _describe(service: soap.Service, request: HttpRequest) -> HttpAnswer:
    """``?WSDL``, at the address that the client came by; anything else is told what there is."""
    named = dict(request.headers)
    address = (
        f"{request.scheme}://{named.get(b'host', b'127.0.0.1').decode('latin-1')}{service.path}"
    )
    if request.query.lower().startswith(b"wsdl"):
        try:
            body = soap.wsdl(service, address)
        except CodecError as error:
            return HttpAnswer(400, str(error).encode(), ((b"content-type", b"text/plain"),))
        return HttpAnswer(200, body, ((b"content-type", b"text/xml; charset=utf-8"),))
    operations = "\n".join(one.operation.name for one in service.requests)
    text = (
        f"{service.name}: POST SOAP 1.1 or 1.2 here, or see {service.path}?WSDL\n\n{operations}\n"
    )
    return HttpAnswer(200, text.encode(), ((b"content-type", b"text/plain; charset=utf-8"),))


def _kind(request: soap.AnyRequest) -> type[soap.Request[object]]:
    # Which result goes with which request the table of operations here says, out of mypy's sight.
    return cast("type[soap.Request[object]]", type(request))
