"""The channels: one protocol, two ways to say who asks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import ClassVar, TypeVar

from devino_codecs import DecodeError, EncodeError
from devino_codecs.rest import (
    V1,
    V2,
    Api,
    GetBalance,
    GetIncoming,
    GetSession,
    GetSmsState,
    GetStatistics,
    GetViberState,
    Ids,
    Login,
    Refusal,
    Request,
    Session,
    Statistics,
)
from devino_core import DevinoError, Incoming, InvalidMessage, Medium, Message, Status
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.http import Body, HttpAnswer
from devino_core.login import LoginSession
from devino_plugins.kit.channels import (
    SmsAndViberChannel,
    check_statistics_period,
    inbox_period,
)
from devino_plugins.kit.masking import masked
from devino_plugins.kit.planning import Planned
from devino_plugins.kit.refusals import refusal, unreadable

from ._answers import sms_status, viber_status
from ._plan import plan
from ._settings import RestSettings

__all__ = ["RestChannel", "RestV2Channel"]

A = TypeVar("A")


class _RestChannel(SmsAndViberChannel[RestSettings, Request[Ids]]):
    """What both versions share: everything but the credentials."""

    _api: ClassVar[Api]

    def __init__(self, settings: RestSettings, *, name: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings, name=name, clock=clock)
        self._login = Login(settings.login, settings.password.reveal())

    async def inbox(self, since: datetime, until: datetime) -> list[Incoming]:
        """What subscribers wrote between two aware times, the first at most a year ago."""
        period = inbox_period(since, until, self.clock)
        return [
            Incoming(
                id=str(sms.id),
                at=sms.created,
                channel=self.name,
                raw=sms,
                sender=sms.source_address,
                to=sms.destination_address,
                text=sms.data,
                medium=Medium.SMS,
            )
            for sms in await self._ask(GetIncoming(*period))
            if since <= sms.created <= until
        ]

    async def balance(self) -> Decimal:
        """The account's balance, in its currency, with exactly the digits that were sent."""
        return await self._ask(GetBalance())

    async def statistics(self, since: datetime, until: datetime) -> Statistics:
        """How many SMS of a period of at most 90 days came to what; aware times.

        The manual does not say whose clock the period is read by: it is sent in UTC.
        """
        check_statistics_period(since, until)
        return await self._ask(
            GetStatistics(
                since.astimezone(UTC).replace(tzinfo=None),
                until.astimezone(UTC).replace(tzinfo=None),
            )
        )

    @abstractmethod
    def _ask(self, request: Request[A], *, changes: bool = False) -> Awaitable[A]:
        """Make a call with credentials; ``changes`` says that it has an effect."""

    async def _call(self, request: Request[A], changes: bool, credentials: Session | Login) -> A:
        """One POST, credentials in the body, and its answer. Raises what a refusal means."""
        try:
            wire = self._api.encode_request(request, credentials)
        except EncodeError as error:
            raise InvalidMessage(error.path, error.reason) from None
        answer = await self._http.request(
            wire.method,
            wire.segments,
            query=wire.query,
            body=Body(wire.body),
            content_type=wire.content_type,
            changes=changes,
        )
        outcome = self._outcome(type(request), answer, credentials, changes)
        if isinstance(outcome, DevinoError):
            raise outcome
        return outcome

    def _outcome(
        self, of: type[Request[A]], answer: HttpAnswer, credentials: Session | Login, changes: bool
    ) -> A | DevinoError:
        """What was asked for, or the error to raise: not here, where a refusal may hold a secret
        that a crash reporter would show with this frame.
        """
        status = answer.status
        try:
            value = self._api.decode_answer(of, answer)
        except DecodeError as error:
            return unreadable(status, error.reason, changes=changes)
        if isinstance(value, Refusal):
            description = masked(value.description, credentials.secret)
            return refusal(value.code, description, changes=changes, status=status)
        return value

    def _plan(self, messages: Sequence[Message]) -> list[Planned[Request[Ids]]]:
        self.check_takes(messages)
        return plan(messages, self.sender_of, bulk_size=self.settings.bulk_size)

    def _submit(self, request: Request[Ids]) -> Awaitable[Ids]:
        return self._ask(request, changes=True)

    async def _sms_status(self, message_id: str) -> Status:
        return sms_status(await self._ask(GetSmsState(message_id)), message_id=message_id)

    async def _viber_status(self, message_id: str) -> Status:
        return viber_status(await self._ask(GetViberState(message_id)), message_id=message_id)


class RestChannel(_RestChannel):
    """Version 1 (chapter 1): a session of 120 minutes, shared by all calls."""

    _api = V1

    def __init__(self, settings: RestSettings, *, name: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings, name=name, clock=clock)
        self._session = LoginSession(self._log_in, clock=clock)

    def _ask(self, request: Request[A], *, changes: bool = False) -> Awaitable[A]:
        return self._session.run(partial(self._call, request, changes))

    async def _log_in(self) -> Session:
        return await self._call(GetSession(), False, self._login)


class RestV2Channel(_RestChannel):
    """Version 2 (chapter 2): login and password in the body of every call."""

    _api = V2

    def _ask(self, request: Request[A], *, changes: bool = False) -> Awaitable[A]:
        return self._call(request, changes, self._login)
