"""A channel for SMS and Viber, as REST and SOAP have it: plan, send, ask."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Coroutine, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias, TypeVar

import msgspec

from devino_codecs.http import Request
from devino_core import Channel, Medium, Message, Receipt, Rejected, Status
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.dispatch import dispatch, in_lots, statuses_of

from .api import ApiClient
from .batches import TAKES, Batch, SendKind
from .chains import Chains
from .halves import send_in_halves
from .ids import MOST_PARTS, GivenIds, most_answered, there
from .settings import ResendSettings
from .states import accepted

__all__ = ["Send", "SmsAndViberChannel"]

SettingsT_co = TypeVar("SettingsT_co", bound=ResendSettings, covariant=True)
Send: TypeAlias = Request[tuple[str | None, ...]]
"""A request that sends: answered with ids."""

_ABOUT_A_NUMBER = re.compile(r"destination ?address|error-address", re.IGNORECASE)
"""The platform's words for a recipient that it does not take."""


class SmsAndViberChannel(ApiClient[SettingsT_co], Channel[SettingsT_co]):
    """Everything but the wire."""

    takes = TAKES

    def __init__(self, settings: SettingsT_co, *, name: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings, name=name, clock=clock)
        self._chains = Chains(grace=settings.resend_grace, clock=clock)
        self._given = GivenIds()

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """Send SMS and Viber messages, those that differ only in the number in one bulk call.

        Limits: text 2000 characters (Viber 1000), sender 11 letters or 15 digits (Viber 11),
        validity 1 to 1440 minutes of Viber, rounded up. ``options`` of a Viber message:
        :class:`~devino_plugins.kit.batches.ViberOptions`. ``send_at`` of an SMS in whole seconds.
        A Viber message's ``fallback`` is the same text from the same sender by SMS (chapters 1, 2,
        7 and 8).

        The platform refuses a bulk call as a whole for one number that it does not take, and does
        not say which. Such a call is made again in two halves, and so on, until those numbers are
        alone: the others are sent.
        """
        return await dispatch(
            messages,
            [
                (batch.positions, partial(self._send_batch, batch, messages))
                for batch in self._plan(messages)
            ],
            channel=self.name,
            concurrency=self.settings.concurrency,
        )

    def check(self, messages: Sequence[Message]) -> None:
        """Raise what keeps one of these from being sent."""
        self._plan(messages)

    async def status(self, ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        """The state of each id, one call an id. After 48 hours the platform answers UNKNOWN.

        A Viber message that failed, and that this channel sent with a fallback, is ENROUTE until
        the platform names the SMS, or the setting ``resend_grace`` is over.

        An id that could not be read is UNKNOWN, with its ``error``. Raises if none could be read.
        """
        self.require_medium(medium)
        ask = self._sms_status if medium is Medium.SMS else self._status_of_viber
        return await statuses_of(
            ids,
            ask,
            concurrency=self.settings.concurrency,
            medium=medium,
        )

    @abstractmethod
    async def statistics(self, since: datetime, until: datetime) -> msgspec.Struct:
        """How many SMS of a period of at most 90 days came to what; aware times."""

    @abstractmethod
    def _plan(self, messages: Sequence[Message]) -> Sequence[Batch]:
        """The calls to make; raises what keeps one from being written, before any I/O."""

    @staticmethod
    @abstractmethod
    def _request(batch: Batch) -> Send:
        """The request that sends a batch."""

    @abstractmethod
    async def _sms_status(self, message_id: str) -> Status: ...

    @abstractmethod
    async def _viber_status(self, message_id: str) -> Status: ...

    async def _status_of_viber(self, message_id: str) -> Status:
        return self._chains.told(await self._viber_status(message_id))

    def id_in(self, answer: Sequence[str | None]) -> str | None:
        return next(filter(None, answer), None)

    def _send_batch(
        self, batch: Batch, messages: Sequence[Message]
    ) -> Coroutine[Any, Any, Sequence[Receipt]]:
        # An `async def` would cost each call one coroutine more. So would halves of one message.
        if len(batch.positions) == 1:
            return self._send_call(batch, messages)
        return send_in_halves(
            batch,
            messages,
            partial(self._send_call, messages=messages),
            blames_one=_blames_a_number,
            channel=self.name,
        )

    async def _send_call(self, batch: Batch, messages: Sequence[Message]) -> list[Receipt]:
        positions = batch.positions
        count = len(positions)
        most = count * (batch.parts or MOST_PARTS)
        request = self._request(batch)
        answered = await self.ask(request, messages=count, max_answer=most_answered(most))
        given = self._given.take(answered, most=count * MOST_PARTS)
        ids = there(given)
        if batch.content.kind is SendKind.VIBER_OR_SMS:
            self._chains.sent(ids, last=Medium.SMS)
        if count == 1:
            return [self._receipt(messages[positions[0]], parts=len(given), ids=ids)]
        parts = batch.parts
        if len(given) != count * parts or len(set(ids)) != len(ids):
            receipt = partial(self._receipt, parts=parts, unassigned_ids=ids)
            return [receipt(messages[position]) for position in positions]
        each = in_lots(given, parts)
        return [
            self._receipt(messages[position], parts=parts, ids=there(own))
            for position, own in zip(positions, each, strict=True)
        ]

    def _receipt(
        self,
        message: Message,
        *,
        parts: int,
        ids: tuple[str, ...] = (),
        unassigned_ids: tuple[str, ...] = (),
    ) -> Receipt:
        return Receipt.of(
            message,
            accepted(message, self.clock),
            channel=self.name,
            ids=ids,
            unassigned_ids=unassigned_ids,
            parts=parts,
        )


def _blames_a_number(error: Rejected) -> bool:
    return _ABOUT_A_NUMBER.search(error.description) is not None
