"""A channel for SMS and Viber, as REST and SOAP have it: plan, send, ask."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from functools import partial
from typing import TypeAlias, TypeVar

from devino_codecs.http import Request
from devino_core import (
    Channel,
    Medium,
    Message,
    Receipt,
    Status,
)
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.dispatch import dispatch, statuses_of

from .api import ApiClient
from .batches import TAKES, PlannedCall
from .ids import MOST_PARTS, GivenIds, most_answered
from .settings import ChannelLoginSettings
from .states import accepted

__all__ = ["Send", "SmsAndViberChannel"]

SettingsT_co = TypeVar("SettingsT_co", bound=ChannelLoginSettings, covariant=True)
Send: TypeAlias = Request[tuple[str, ...]]
"""A request that sends: answered with ids."""


class SmsAndViberChannel(ApiClient[SettingsT_co], Channel[SettingsT_co]):
    """Everything but the wire."""

    takes = TAKES

    def __init__(self, settings: SettingsT_co, *, name: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings, name=name, clock=clock)
        self._given = GivenIds()

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """Send SMS and Viber messages, those that differ only in the number in one bulk call.

        Limits: text 2000 characters (Viber 1000), sender 11 letters or 15 digits (Viber 11),
        validity 1 to 1440 minutes of Viber, rounded up. ``options`` of a Viber message:
        :class:`~devino_plugins.kit.batches.ViberOptions`. ``send_at`` of an SMS in whole seconds.
        A Viber message's ``fallback`` is the same text from the same sender by SMS (chapters 1, 2,
        7 and 8).
        """
        return await dispatch(
            messages,
            [
                (one.positions, partial(self._send_planned, one, messages))
                for one in self._plan(messages)
            ],
            channel=self.name,
            concurrency=self.settings.concurrency,
        )

    def check(self, messages: Sequence[Message]) -> None:
        """Raise what keeps one of these from being sent."""
        self._plan(messages)

    async def status(self, ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        """The state of each id, one call an id. After 48 hours the platform answers UNKNOWN.

        An id that could not be read is UNKNOWN, with its ``error``. Raises if none could be read.
        """
        self.require_medium(medium)
        ask = self._sms_status if medium is Medium.SMS else self._viber_status
        return await statuses_of(
            ids,
            ask,
            concurrency=self.settings.concurrency,
            medium=medium,
        )

    @abstractmethod
    def _plan(self, messages: Sequence[Message]) -> Sequence[PlannedCall[Send]]:
        """The requests to make; raises what keeps one from being written, before any I/O."""

    @abstractmethod
    async def _sms_status(self, message_id: str) -> Status: ...

    @abstractmethod
    async def _viber_status(self, message_id: str) -> Status: ...

    async def _send_planned(
        self, planned: PlannedCall[Send], messages: Sequence[Message]
    ) -> list[Receipt]:
        count = len(planned.positions)
        most = count * (planned.parts or MOST_PARTS)
        answered = await self.ask(planned.request, max_answer=most_answered(most))
        ids = self._given.take(answered, most=count * MOST_PARTS)
        assigned = count == 1 or (len(ids) == count * planned.parts and len(set(ids)) == len(ids))
        parts = len(ids) // count if assigned else planned.parts
        return [
            Receipt.of(
                messages[position],
                accepted(messages[position], self.clock),
                channel=self.name,
                ids=ids[nth * parts : (nth + 1) * parts] if assigned else (),
                unassigned_ids=() if assigned else ids,
                parts=parts,
            )
            for nth, position in enumerate(planned.positions)
        ]
