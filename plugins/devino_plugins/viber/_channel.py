"""The channels: one protocol for two messengers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import ClassVar

from devino_codecs import viber
from devino_codecs.http import Refusal, Unread
from devino_core import (
    Card,
    Channel,
    DevinoError,
    Expressible,
    Medium,
    Message,
    NotFound,
    Receipt,
    Rejected,
    Status,
    Takes,
)
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.dispatch import dispatch, statuses_in_batches
from devino_plugins.kit import ApiClient, Wire
from devino_plugins.kit.chains import Chains
from devino_plugins.kit.halves import send_in_halves
from devino_plugins.kit.ids import MOST_PARTS, GivenIds, most_answered
from devino_plugins.kit.items import at
from devino_plugins.kit.messengers import spring_error, statuses_of_each
from devino_plugins.kit.receipts import receipts_of_each

from ._answers import TAKEN, outcome, status_of
from ._plan import Planned, plan
from ._settings import CommentOptions, ViberSettings

__all__ = ["ViberChannel", "WhatsAppChannel"]

_TAKES = Takes(
    contents=frozenset({str, Card}),
    expresses=frozenset({Expressible.VALIDITY, Expressible.PRIORITY, Expressible.FALLBACK}),
    options=CommentOptions,
)


class ViberChannel(ApiClient[ViberSettings], Channel[ViberSettings]):
    """Viber (chapter 12), with an SMS of its own text to go instead."""

    api: Wire = viber.API
    limits: ClassVar[viber.Limits] = viber.LIMITS
    takes: Mapping[Medium, Takes] = {Medium.VIBER: _TAKES}
    remembers: timedelta = timedelta(days=5)

    def __init__(self, settings: ViberSettings, *, name: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings, name=name, clock=clock)
        (self._medium,) = self.takes
        shortest, _ = self.limits.validity
        self.shortest_validity = {self._medium: timedelta(seconds=shortest)}
        self.default_validity = {self._medium: timedelta(seconds=settings.validity)}
        self._chains = Chains(grace=settings.resend_grace, clock=clock)
        self._given = GivenIds()

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """Send up to 100 messages in one call, those with a fallback in calls of their own.

        A text, or a :class:`~devino_core.Card`: an image, or with Viber a text with a button and
        perhaps an image. Text 1000 characters, a button's caption 30, sender 11; ``validity`` 30 to
        86,400 seconds, rounded up. ``options``: :class:`~devino_plugins.viber.CommentOptions`.

        ``fallback`` is an SMS to the same number, with a text (2000 characters), a sender (11 Latin
        letters and digits) and a validity (Viber 60, WhatsApp 30 to 86,400 seconds) of its own.
        Without a validity the operator's holds. Nothing goes instead of an image.

        The platform answers for each message. Where it refuses a whole call for what one of its
        messages shows, the call is made again in halves, until that message is alone.
        """
        return await dispatch(
            messages,
            [
                (planned.positions, partial(self._send_planned, planned, messages))
                for planned in self._plan(messages)
            ],
            channel=self.name,
            concurrency=self.settings.concurrency,
        )

    def check(self, messages: Sequence[Message]) -> None:
        """Raise what keeps one of these from being sent."""
        self._plan(messages)

    async def status(self, ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        """The state of each id, up to 100 a call, each asked once. After 5 days it is UNKNOWN.

        ``medium`` of a status says whether it is about the message or about the SMS that went
        instead; a success of either decides. A failure of a message with a fallback is ENROUTE for
        a while (setting ``resend_grace``): the platform needs it to tell what it sent instead.

        An id that could not be read is UNKNOWN, with its ``error``. Raises if none could be read.
        """
        self.require_medium(medium)
        return await statuses_of_each(
            ids,
            partial(
                statuses_in_batches,
                ask=self._told,
                size=self.limits.calls,
                concurrency=self.settings.concurrency,
                medium=medium,
            ),
            medium,
        )

    async def try_login(self) -> None:
        """Ask after a message that is nobody's: only who is let in is told so."""
        with suppress(NotFound):
            await self.ask(viber.GetStatus(("1",)))

    def error_of(self, refused: Refusal, *, changes: bool) -> DevinoError:
        return spring_error(refused, changes=changes)

    def _plan(self, messages: Sequence[Message]) -> list[Planned]:
        self.check_takes(messages)
        return plan(messages, self.sender_of, limits=self.limits, settings=self.settings)

    def id_in(self, answer: viber.Sent) -> str | None:
        (first, *_) = (*answer.messages, None)
        return None if first is None or isinstance(first, Unread) else first.provider_id

    async def _send_planned(
        self, planned: Planned, messages: Sequence[Message]
    ) -> Sequence[Receipt]:
        return await send_in_halves(
            planned,
            messages,
            partial(self._send_call, messages=messages),
            blames_one=_blames_a_message,
            channel=self.name,
        )

    async def _send_call(self, planned: Planned, messages: Sequence[Message]) -> list[Receipt]:
        count = len(planned.positions)
        answer = await self.ask(
            planned.request, messages=count, max_answer=most_answered(2 * count)
        )
        found = receipts_of_each(
            at(planned.positions, messages),
            answer.messages,
            outcome,
            taken=TAKEN,
            given=self._given,
            channel=self.name,
            clock=self.clock,
            hide=self.hide,
        )
        if planned.request.resend_sms:
            for receipt in found:
                self._chains.sent(receipt.ids or receipt.unassigned_ids, last=Medium.SMS)
        return found

    async def _told(self, ids: Sequence[str]) -> list[Status]:
        most = most_answered(MOST_PARTS * len(ids))
        answer = await self.ask(viber.GetStatus(tuple(ids)), max_answer=most)
        # What names its id is about that one, wherever it stands.
        told: dict[str, viber.MessageStatus | Unread] = {
            each.provider_id: each
            for each in answer.messages
            if isinstance(each, viber.MessageStatus) and each.provider_id is not None
        }
        if len(answer.messages) == len(ids):
            for message_id, each in zip(ids, answer.messages, strict=True):
                told.setdefault(message_id, each)
        return [
            self._chains.told(status_of(told.get(message_id), message_id, self._medium, self.hide))
            for message_id in ids
        ]


def _blames_a_message(error: Rejected) -> bool:
    return error.code in _OF_ONE


_OF_ONE = frozenset({viber.RequestStatus.CONTENT_TYPE_FORMAT, viber.RequestStatus.IMAGE_ID_FORMAT})
"""Refusals of a whole request that speak of what one of its messages shows."""


class WhatsAppChannel(ViberChannel):
    """WhatsApp: the wire of Viber at another address, without buttons."""

    api: Wire = viber.WHATSAPP_API
    limits: ClassVar[viber.Limits] = viber.WHATSAPP_LIMITS
    takes: Mapping[Medium, Takes] = {Medium.WHATSAPP: _TAKES}
