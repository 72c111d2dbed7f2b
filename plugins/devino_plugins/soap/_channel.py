"""The channels: one protocol, two ways to say who asks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import ClassVar, TypeVar

import msgspec
from aiolimiter import AsyncLimiter

from devino_codecs import DecodeError, EncodeError, soap
from devino_core import ConfigurationError, DevinoError, Incoming, InvalidMessage, Message, Status
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.dispatch import gather
from devino_core.http import Body, HttpAnswer
from devino_core.login import LoginSession
from devino_plugins.kit.channels import (
    SmsAndViberChannel,
    check_statistics_period,
    inbox_period,
)
from devino_plugins.kit.masking import masked
from devino_plugins.kit.planning import Planned
from devino_plugins.kit.refusals import unreadable
from devino_plugins.kit.states import resent

from ._answers import error_of, incoming, sms_status, viber_status
from ._plan import Ids, Send, plan
from ._settings import SoapSettings

__all__ = ["SoapChannel", "SoapV2Channel"]

A = TypeVar("A")


class _SoapChannel(SmsAndViberChannel[SoapSettings, Send]):
    """What both versions share: everything but the credentials."""

    _sms: ClassVar[soap.Service]
    _viber: ClassVar[soap.Service]

    def __init__(self, settings: SoapSettings, *, name: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings, name=name, clock=clock)
        self._login = soap.Login(login=settings.login, password=settings.password.reveal())
        self._version = soap.Version(settings.soap_version)
        self._limit: AbstractAsyncContextManager[None] = nullcontext()
        try:
            soap.encode_request(soap.SMS, self._login, soap.GetSessionID())
        except EncodeError as error:
            raise ConfigurationError(
                f"channel {name!r}: {error.path} cannot be written: {error.reason}"
            ) from None

    async def open(self) -> None:
        rate = self.settings.requests_per_second
        if rate:
            # A bucket of ten would let twenty go within the first second.
            self._limit = AsyncLimiter(1, 1 / rate)
        # Last: what fails after it would leave the session open.
        await super().open()

    async def inbox(self, since: datetime, until: datetime) -> list[Incoming]:
        """What subscribers wrote between two aware times, the first at most a year ago.

        The wire gives no ids: that of an event is made of all that the message says.
        """
        begins, ends = inbox_period(since, until, self.clock)
        request = soap.GetIncomingMessages(min_date_utc=begins, max_date_utc=ends)
        messages = await self._ask(self._sms, request)
        # Times come in whole seconds: what came in the first second may have been in time.
        return incoming(
            [sms for sms in messages if begins <= sms.created_date_utc <= until],
            channel=self.name,
        )

    async def balance(self) -> Decimal:
        """The account's balance, in its currency, with exactly the digits that were sent."""
        return await self._ask(self._sms, soap.GetBalance())

    async def statistics(self, since: datetime, until: datetime) -> soap.DeliveryStatistics:
        """How many SMS of a period of at most 90 days came to what; aware times."""
        check_statistics_period(since, until)
        request = soap.GetStatistics(start_date_time=since, end_date_time=until)
        return await self._ask(self._sms, request)

    @abstractmethod
    def _ask(
        self, service: soap.Service, request: soap.Request[A], *, changes: bool = False
    ) -> Awaitable[A]:
        """Make a call with credentials; ``changes`` says that it has an effect."""

    async def _call(
        self,
        service: soap.Service,
        request: soap.Request[A],
        changes: bool,
        credentials: soap.Credentials,
    ) -> A:
        """One POST, when its turn has come, and its answer. Raises what a fault means."""
        try:
            body = Body(soap.encode_request(service, credentials, request, version=self._version))
        except EncodeError as error:
            raise InvalidMessage(error.path, error.reason) from None
        headers = soap.headers(type(request), self._version)
        content_type = headers.pop("Content-Type")
        async with self._limit:
            answer = await self._http.request(
                "POST",
                service.path.removeprefix("/").split("/"),
                body=body,
                content_type=content_type,
                headers=headers,
                changes=changes,
            )
        outcome = _outcome(type(request), answer, credentials, changes)
        if isinstance(outcome, DevinoError):
            raise outcome
        return outcome

    def _plan(self, messages: Sequence[Message]) -> list[Planned[Send]]:
        self.check_takes(messages)
        return plan(messages, self.sender_of, bulk_size=self.settings.bulk_size)

    def _submit(self, request: Send) -> Awaitable[Ids]:
        service = self._sms if type(request) in self._sms.requests else self._viber
        return self._ask(service, request, changes=True)

    async def _sms_status(self, message_id: str) -> Status:
        state = await self._ask(self._sms, soap.GetMessageState(message_id=message_id))
        return sms_status(state, message_id=message_id)

    async def _viber_status(self, message_id: str) -> Status:
        request = soap.GetViberMessageState(message_id=message_id)
        state = await self._ask(self._viber, request)
        # The wire names the SMS that were sent in its place.
        calls = [partial(self._sms_status, sms.id) for sms in state.resent_sms]
        return resent(
            viber_status(state, message_id=message_id),
            await gather(calls, concurrency=self.settings.concurrency),
        )


def _outcome(
    of: type[soap.Request[A]], answer: HttpAnswer, credentials: soap.Credentials, changes: bool
) -> A | DevinoError:
    """What was asked for, or the error to raise: not here, where a fault may hold a secret that a
    crash reporter would show with this frame.
    """
    try:
        result = soap.decode_answer(of, answer.body)
    except DecodeError as error:
        return unreadable(answer.status, error.reason, changes=changes)
    if isinstance(result, soap.Fault):
        told = msgspec.structs.replace(result, reason=masked(result.reason, credentials.secret))
        return error_of(told, changes=changes)
    return result


class SoapChannel(_SoapChannel):
    """SmsService and ViberService (chapter 7): a session of 120 minutes, shared by all calls."""

    _sms = soap.SMS
    _viber = soap.VIBER

    def __init__(self, settings: SoapSettings, *, name: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings, name=name, clock=clock)
        self._session = LoginSession(self._log_in, clock=clock)

    def _ask(
        self, service: soap.Service, request: soap.Request[A], *, changes: bool = False
    ) -> Awaitable[A]:
        return self._session.run(partial(self._call, service, request, changes))

    async def _log_in(self) -> soap.Session:
        session_id = await self._call(soap.SMS, soap.GetSessionID(), False, self._login)
        return soap.Session(session_id=session_id)


class SoapV2Channel(_SoapChannel):
    """SmsServiceV2 and ViberServiceV2 (chapter 8): login and password in every call."""

    _sms = soap.SMS_V2
    _viber = soap.VIBER_V2

    def _ask(
        self, service: soap.Service, request: soap.Request[A], *, changes: bool = False
    ) -> Awaitable[A]:
        return self._call(service, request, changes, self._login)
