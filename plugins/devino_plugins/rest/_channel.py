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
    PREFIXES,
    REQUEST_TYPE,
    Credentials,
    GetBalance,
    GetIncoming,
    GetSession,
    GetSmsState,
    GetStatistics,
    GetViberState,
    Ids,
    Login,
    Request,
    RestError,
    Session,
    Statistics,
    decode_answer,
    encode_request,
)
from devino_core import DevinoError, Incoming, InvalidMessage, Message, Status
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

    # The setting base_url says where the API lives, so of the codec's path only the rest counts.
    _prefix: ClassVar[str]

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

    async def _call(self, request: Request[A], changes: bool, credentials: Credentials) -> A:
        """One POST, credentials in the body, and its answer. Raises what a refusal means."""
        try:
            wire = encode_request(request, credentials)
        except EncodeError as error:
            raise InvalidMessage(error.path, error.reason) from None
        answer = await self._http.request(
            "POST",
            wire.path.removeprefix(self._prefix).split("/"),
            body=Body(wire.body),
            content_type=REQUEST_TYPE,
            changes=changes,
        )
        outcome = _outcome(type(request), answer, credentials, changes)
        if isinstance(outcome, DevinoError):
            raise outcome
        return outcome

    def _plan(self, messages: Sequence[Message]) -> list[Planned[Request[Ids]]]:
        return plan(messages, self.sender_of, bulk_size=self.settings.bulk_size)

    def _submit(self, request: Request[Ids]) -> Awaitable[Ids]:
        return self._ask(request, changes=True)

    async def _sms_status(self, message_id: str) -> Status:
        return sms_status(await self._ask(GetSmsState(message_id)), message_id=message_id)

    async def _viber_status(self, message_id: str) -> Status:
        return viber_status(await self._ask(GetViberState(message_id)), message_id=message_id)


def _outcome(
    of: type[Request[A]], answer: HttpAnswer, credentials: Credentials, changes: bool
) -> A | DevinoError:
    """What was asked for, or the error to raise: not here, where a refusal may hold a secret that
    a crash reporter would show with this frame.
    """
    status = answer.status
    try:
        value = decode_answer(of, status, answer.body)
    except DecodeError as error:
        return unreadable(status, error.reason, changes=changes)
    if isinstance(value, RestError):
        description = masked(value.description, credentials.secret)
        return refusal(value.code, description, changes=changes, status=status)
    return value


class RestChannel(_RestChannel):
    """Version 1 (chapter 1): a session of 120 minutes, shared by all calls."""

    _prefix = PREFIXES[1]

    def __init__(self, settings: RestSettings, *, name: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings, name=name, clock=clock)
        self._session = LoginSession(self._log_in, clock=clock)

    def _ask(self, request: Request[A], *, changes: bool = False) -> Awaitable[A]:
        return self._session.run(partial(self._call, request, changes))

    async def _log_in(self) -> Session:
        return await self._call(GetSession(), False, self._login)


class RestV2Channel(_RestChannel):
    """Version 2 (chapter 2): login and password in the body of every call."""

    _prefix = PREFIXES[2]

    def _ask(self, request: Request[A], *, changes: bool = False) -> Awaitable[A]:
        return self._call(request, changes, self._login)
