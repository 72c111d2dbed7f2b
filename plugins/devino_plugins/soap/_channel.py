"""The channels: one protocol, two ways to say who asks."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar

from devino_codecs import EncodeError, soap
from devino_codecs.http import HttpRequest, Refusal, Request
from devino_core import ConfigurationError, DevinoError, Incoming, Medium, Message, Status
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.dispatch import failed_status, gather_outcomes
from devino_core.http import FetchedAnswer
from devino_core.observe import Running
from devino_plugins.kit import Wire
from devino_plugins.kit.batches import Batch
from devino_plugins.kit.inbox import incoming_events
from devino_plugins.kit.periods import check_statistics_period, inbox_period
from devino_plugins.kit.rate import rate_limit
from devino_plugins.kit.sms_and_viber import SmsAndViberChannel
from devino_plugins.kit.states import resent

from ._answers import error_of, received, resent_status, sms_status, viber_status
from ._plan import plan, request_of
from ._settings import SoapSettings
from ._wire import SoapWire

__all__ = ["SoapChannel", "SoapV2Channel"]


class SoapChannel(SmsAndViberChannel[SoapSettings]):
    """SmsService and ViberService (chapter 7): a session of 120 minutes, shared by all calls."""

    services: ClassVar[Sequence[soap.Service]] = (soap.SMS, soap.VIBER)
    log_in: ClassVar[Request[Any] | None] = soap.GetSessionID()

    def __init__(self, settings: SoapSettings, *, name: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings, name=name, clock=clock)
        self.api: Wire = SoapWire(self.services, soap.Version(settings.soap_version))
        self._turn: AbstractAsyncContextManager[None] = nullcontext()
        try:
            SoapWire([soap.SMS]).encode_request(soap.GetSessionID(), settings.credentials)
        except EncodeError as error:
            raise ConfigurationError(
                f"channel {name!r}: {error.path} cannot be written: {error.reason}"
            ) from None

    async def open(self) -> None:
        self._turn = rate_limit(self.settings.requests_per_second)
        # Last: what fails after it would leave the session open.
        await super().open()

    async def inbox(self, since: datetime, until: datetime) -> list[Incoming]:
        """What subscribers wrote between two aware times, the first at most a year ago.

        The id of an event is the platform's number of the SMS, the same as over REST.
        """
        begins, ends = inbox_period(since, until, self.clock)
        request = soap.GetIncomingMessages(min_date_utc=begins, max_date_utc=ends)
        # Times come in whole seconds: what came in the first second may have been in time.
        return incoming_events(
            map(received, await self.ask(request)),
            channel=self.name,
            since=begins,
            until=until,
            now=self.clock.now(),
        )

    async def balance(self) -> Decimal:
        """The account's balance, in its currency, with exactly the digits that were sent."""
        return await self.ask(soap.GetBalance())

    async def statistics(self, since: datetime, until: datetime) -> soap.DeliveryStatistics:
        """How many SMS of a period of at most 90 days came to what; aware times."""
        check_statistics_period(since, until)
        request = soap.GetStatistics(start_date_time=since, end_date_time=until)
        return await self.ask(request)

    async def exchange(
        self, http: HttpRequest, *, call: Running, changes: bool, max_answer: int | None = None
    ) -> FetchedAnswer:
        async with self._turn:
            return await super().exchange(http, call=call, changes=changes, max_answer=max_answer)

    def error_of(self, refused: Refusal, *, changes: bool) -> DevinoError:
        fault = soap.Fault(reason=refused.description, code=str(refused.code))
        return error_of(fault, changes=changes)

    def _plan(self, messages: Sequence[Message]) -> list[Batch]:
        self.check_takes(messages)
        return plan(messages, self.sender_of, bulk_size=self.settings.bulk_size)

    _request = staticmethod(request_of)

    async def _sms_status(self, message_id: str) -> Status:
        state = await self.ask(soap.GetMessageState(message_id=message_id))
        return sms_status(state, message_id=message_id)

    async def _viber_status(self, message_id: str) -> Status:
        request = soap.GetViberMessageState(message_id=message_id)
        state = await self.ask(request)
        # The wire names the SMS that were sent in its place.
        calls = [partial(self._resent_status, sms) for sms in state.resent_sms]
        outcomes = await gather_outcomes(calls, concurrency=self.settings.concurrency)
        # What cannot be told of an SMS hides nothing of what is told of the others.
        told = [
            failed_status(sms.id, outcome, medium=Medium.SMS)
            if isinstance(outcome, DevinoError)
            else outcome
            for sms, outcome in zip(state.resent_sms, outcomes, strict=True)
        ]
        return resent(viber_status(state, message_id=message_id), told)

    async def _resent_status(self, sms: soap.ViberResentSms) -> Status:
        return resent_status(sms) or await self._sms_status(sms.id)


class SoapV2Channel(SoapChannel):
    """SmsServiceV2 and ViberServiceV2 (chapter 8): login and password in every call."""

    services: ClassVar[Sequence[soap.Service]] = (soap.SMS_V2, soap.VIBER_V2)
    log_in: ClassVar[Request[Any] | None] = None
