"""The channels: one protocol, two ways to say who asks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, ClassVar

from devino_codecs.rest import (
    V1,
    V2,
    ErrorCode,
    GetBalance,
    GetIncoming,
    GetSession,
    GetSmsState,
    GetStatistics,
    GetViberState,
    Refusal,
    Request,
    Statistics,
)
from devino_core import ConfigurationError, DevinoError, Incoming, Message, Status
from devino_plugins.kit import Wire
from devino_plugins.kit.batches import Batch, plan_batches
from devino_plugins.kit.inbox import incoming_events
from devino_plugins.kit.periods import check_statistics_period, inbox_period
from devino_plugins.kit.sms_and_viber import SmsAndViberChannel

from ._answers import received, sms_status, viber_status
from ._hlr import Hlr
from ._requests import request_of
from ._settings import RestSettings

__all__ = ["RestChannel", "RestV2Channel"]


class RestChannel(Hlr, SmsAndViberChannel[RestSettings]):
    """Version 1 (chapter 1): a session of 120 minutes, shared by all calls."""

    api: Wire = V1
    log_in: ClassVar[Request[Any] | None] = GetSession()

    async def inbox(self, since: datetime, until: datetime) -> list[Incoming]:
        """What subscribers wrote between two aware times, the first at most a year ago."""
        period = inbox_period(since, until, self.clock)
        messages = await self.ask(GetIncoming(*period))
        return incoming_events(
            map(received, messages),
            channel=self.name,
            since=since,
            until=until,
            now=self.clock.now(),
        )

    async def balance(self) -> Decimal:
        """The account's balance, in its currency, with exactly the digits that were sent."""
        return await self.ask(GetBalance())

    async def statistics(self, since: datetime, until: datetime) -> Statistics:
        """How many SMS of a period of at most 90 days came to what; aware times.

        The manual does not say whose clock the period is read by: it is sent in UTC.
        """
        check_statistics_period(since, until)
        return await self.ask(
            GetStatistics(
                since.astimezone(UTC).replace(tzinfo=None),
                until.astimezone(UTC).replace(tzinfo=None),
            )
        )

    def _plan(self, messages: Sequence[Message]) -> list[Batch]:
        self.check_takes(messages)
        size = self.settings.bulk_size
        return plan_batches(messages, self.sender_of, bulk_size=size, optional_each=True)

    _request = staticmethod(request_of)

    async def _sms_status(self, message_id: str) -> Status:
        return sms_status(await self.ask(GetSmsState(message_id)), message_id=message_id)

    async def _viber_status(self, message_id: str) -> Status:
        return viber_status(await self.ask(GetViberState(message_id)), message_id=message_id)


class RestV2Channel(RestChannel):
    """Version 2 (chapter 2): login and password in the body of every call."""

    api: Wire = V2
    log_in: ClassVar[Request[Any] | None] = None

    def error_of(self, refused: Refusal, *, changes: bool) -> DevinoError:
        if refused.code is ErrorCode.ARGUMENT_EMPTY and "sessionid" in refused.description.lower():
            return ConfigurationError(
                f"channel {self.name!r}: the platform wants a session, so `base_url` is that of "
                "version 1: that of version 2 ends in /rest/v2; for version 1 use the kind `rest`"
            )
        return super().error_of(refused, changes=changes)
