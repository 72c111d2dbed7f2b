"""What channels over HTTP do alike: hold a session, plan, send, ask."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Generic, TypeVar

from devino_core import (
    Channel,
    InvalidMessage,
    Medium,
    Message,
    ProtocolViolation,
    Receipt,
    State,
    Status,
    Unsupported,
)
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.dispatch import dispatch, gather
from devino_core.http import HttpSession

from .planning import TAKES, Planned
from .settings import HttpSettings

__all__ = [
    "HttpChannel",
    "SmsAndViberChannel",
    "accepted",
    "check_statistics_period",
    "inbox_period",
]

SettingsT_co = TypeVar("SettingsT_co", bound=HttpSettings, covariant=True)
R = TypeVar("R")

MAX_STATISTICS = timedelta(days=90)
MAX_INBOX_AGE = timedelta(days=366)
"""A year, as the manual says; which one, it does not."""


class HttpChannel(Channel[SettingsT_co]):
    """A channel with one HTTP session, made by its settings."""

    def __init__(self, settings: SettingsT_co, *, name: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings, name=name, clock=clock)
        self._http = HttpSession(
            settings.base_url,
            connect_timeout=settings.connect_timeout,
            timeout=settings.timeout,
            connections=settings.connections,
            proxy=settings.proxy.reveal() if settings.proxy else None,
            plain_http=settings.plain_http,
        )

    async def open(self) -> None:
        await self._http.open()

    async def aclose(self) -> None:
        await self._http.aclose()


class SmsAndViberChannel(HttpChannel[SettingsT_co], Generic[SettingsT_co, R]):
    """What REST and SOAP share: everything but the wire. ``R`` is a request that sends."""

    takes = TAKES

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """Send SMS and Viber messages, those that differ only in the number in one bulk call.

        Limits: text 2000 characters (Viber 1000), sender 11 letters or 15 digits (Viber 11),
        validity 1 to 1440 minutes of Viber, rounded up. ``options`` of a Viber message:
        :class:`~devino_plugins.kit.planning.ViberOptions`. ``send_at`` of an SMS in whole seconds.
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
        """The state of each id, one call an id. After 48 hours the platform answers UNKNOWN."""
        ask = {Medium.SMS: self._sms_status, Medium.VIBER: self._viber_status}.get(medium)
        if ask is None:
            raise Unsupported(f"channel {self.name!r} carries SMS and VIBER, not {medium}")
        return await gather(
            [partial(ask, message_id) for message_id in ids],
            concurrency=self.settings.concurrency,
        )

    @abstractmethod
    def _plan(self, messages: Sequence[Message]) -> list[Planned[R]]:
        """The requests to make; raises what keeps one from being written, before any I/O."""

    @abstractmethod
    def _submit(self, request: R) -> Awaitable[tuple[str, ...]]:
        """Make it, and give the ids that the platform gave."""

    @abstractmethod
    async def _sms_status(self, message_id: str) -> Status: ...

    @abstractmethod
    async def _viber_status(self, message_id: str) -> Status: ...

    async def _send_planned(
        self, planned: Planned[R], messages: Sequence[Message]
    ) -> list[Receipt]:
        ids = await self._submit(planned.request)
        if not ids:
            raise ProtocolViolation("the platform took a message and gave no id for it")
        count = len(planned.positions)
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


def accepted(message: Message, clock: Clock) -> Status:
    """What a message is that the platform took: to be sent now, or later."""
    at = message.send_at
    waits = at is not None and (at.tzinfo is None or at > clock.now())
    return (_SCHEDULED if waits else _ACCEPTED)[message.medium]


_SCHEDULED = {medium: Status(state=State.SCHEDULED, medium=medium) for medium in Medium}
_ACCEPTED = {medium: Status(state=State.ACCEPTED, medium=medium) for medium in Medium}


def inbox_period(since: datetime, until: datetime, clock: Clock) -> tuple[datetime, datetime]:
    """The whole seconds around a period of two aware times, the first at most a year ago.

    The wire has no fractions: cut off, they would leave out what came in the last second.
    Raises InvalidMessage.
    """
    _check_period(since, until)
    if clock.now() - since > MAX_INBOX_AGE:
        raise InvalidMessage("since", "lies more than a year back")
    begins = since.replace(microsecond=0)
    ends = until.replace(microsecond=0)
    try:
        return begins, ends if ends == until else ends + timedelta(seconds=1)
    except OverflowError:
        raise InvalidMessage("until", "is out of range") from None


def check_statistics_period(since: datetime, until: datetime) -> None:
    """Two aware times in order, at most 90 days apart. Raises InvalidMessage."""
    _check_period(since, until)
    if until - since > MAX_STATISTICS:
        raise InvalidMessage("until", "lies more than 90 days after `since`")


def _check_period(since: datetime, until: datetime) -> None:
    for name, moment in (("since", since), ("until", until)):
        if moment.tzinfo is None:
            raise InvalidMessage(name, "must be an aware datetime, such as datetime.now(UTC)")
    if until <= since:
        raise InvalidMessage("until", "must be later than `since`")
