"""The channel: one request a message, with what goes instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext, suppress
from datetime import timedelta, timezone
from functools import partial

from devino_codecs import vk
from devino_codecs.http import HttpRequest, Refusal
from devino_core import (
    Channel,
    DevinoError,
    Expressible,
    Medium,
    Message,
    NotFound,
    Receipt,
    Status,
    Takes,
    Template,
)
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.dispatch import dispatch, statuses_of
from devino_core.http import FetchedAnswer
from devino_core.observe import Running
from devino_plugins.kit import ApiClient, Wire
from devino_plugins.kit.chains import Chains
from devino_plugins.kit.ids import MOST_PARTS, GivenIds, most_answered
from devino_plugins.kit.messengers import statuses_of_each
from devino_plugins.kit.rate import rate_limit
from devino_plugins.kit.states import accepted

from ._answers import error_of, id_of, status_of
from ._plan import Planned, plan
from ._settings import VkOptions, VkSettings

__all__ = ["VkChannel"]


class VkChannel(ApiClient[VkSettings], Channel[VkSettings]):
    """VK and OK (chapter 15), with Viber and an SMS to go instead."""

    api: Wire = vk.API
    takes: Mapping[Medium, Takes] = {
        Medium.VK: Takes(
            contents=frozenset({Template}),
            expresses=frozenset({Expressible.VALIDITY, Expressible.PRIORITY, Expressible.FALLBACK}),
            options=VkOptions,
        )
    }
    remembers: timedelta = timedelta(days=5)
    shortest_validity: Mapping[Medium, timedelta] = {
        Medium.VK: timedelta(seconds=vk.LIMITS.validity[0])
    }

    def __init__(self, settings: VkSettings, *, name: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings, name=name, clock=clock)
        validity = timedelta(seconds=settings.validity)
        self.default_validity = dict.fromkeys((Medium.VK, Medium.VIBER, Medium.SMS), validity)
        self._chains = Chains(grace=settings.resend_grace, clock=clock)
        self._given = GivenIds()
        self._zone = timezone(timedelta(hours=settings.utc_offset))
        self._turn: AbstractAsyncContextManager[None] = nullcontext()

    async def open(self) -> None:
        self._turn = rate_limit(self.settings.requests_per_second)
        # Last: what fails after it would leave the session open.
        await super().open()

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """Send templates that VK has approved, one call a message.

        Sender 11 characters; ``validity`` 15 to 86,400 seconds, rounded up. ``options``:
        :class:`~devino_plugins.vk.VkOptions`. VK takes at most 5 messages a day for one person.

        ``fallback`` is a Viber message (text or card, as channel ``viber`` takes it, with
        ``options`` :class:`~devino_plugins.vk.VkLegOptions`), an SMS, or a Viber message that has
        an SMS as its own fallback. Each has a number, a sender and a validity of its own: Viber 15
        and an SMS 60 to 86,400 seconds. What it does not say is the first message's sender and the
        channel's validity and priority.
        """
        return await dispatch(
            messages,
            [
                ((position,), partial(self._send_planned, planned, messages[position]))
                for position, planned in enumerate(self._plan(messages))
            ],
            channel=self.name,
            concurrency=self.settings.concurrency,
        )

    def check(self, messages: Sequence[Message]) -> None:
        """Raise what keeps one of these from being sent."""
        self._plan(messages)

    async def status(self, ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        """The state of each id, one call an id. How long the platform knows it, is not said: 5 days
        are assumed.

        ``medium`` of a status says which message it is about: a success of any decides. A failure
        of one that another may follow is ENROUTE for a while (setting ``resend_grace``): the
        platform needs it to tell what it sent instead.

        An id that could not be read is UNKNOWN, with its ``error``. Raises if none could be read.
        """
        self.require_medium(medium)
        ask = partial(
            statuses_of, ask=self._told, concurrency=self.settings.concurrency, medium=medium
        )
        return await statuses_of_each(ids, ask, medium)

    async def exchange(
        self, http: HttpRequest, *, call: Running, changes: bool, max_answer: int | None = None
    ) -> FetchedAnswer:
        if not changes:
            return await super().exchange(http, call=call, changes=changes, max_answer=max_answer)
        async with self._turn:
            return await super().exchange(http, call=call, changes=changes, max_answer=max_answer)

    async def try_login(self) -> None:
        """Ask after a message that is nobody's: only who is let in is told so."""
        with suppress(NotFound):
            await self.ask(vk.GetStatus("1"))

    def error_of(self, refused: Refusal, *, changes: bool) -> DevinoError:
        return error_of(refused, changes=changes)

    def _plan(self, messages: Sequence[Message]) -> list[Planned]:
        self.check_takes(messages)
        return [plan(message, self.sender_of, self.settings) for message in messages]

    def id_in(self, answer: vk.SendResult) -> str | None:
        return answer.message_id

    async def _send_planned(self, planned: Planned, message: Message) -> list[Receipt]:
        result = await self.ask(planned.request, messages=1, max_answer=most_answered(1))
        message_id = id_of(result, self.hide)
        self._given.remember((message_id,))
        if planned.last is not Medium.VK:
            self._chains.sent((message_id,), last=planned.last)
        taken = accepted(message, self.clock)
        return [Receipt.of(message, taken, channel=self.name, ids=(message_id,))]

    async def _told(self, message_id: str) -> Status:
        told = await self.ask(vk.GetStatus(message_id), max_answer=most_answered(MOST_PARTS))
        return self._chains.told(status_of(told, message_id, self._zone, self.hide))
