"""The channel: messages go to sessions, and what those deliver becomes events."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Literal, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from devino_codecs.smpp import DateForm, IdForm, Pdu, ReceiptStyle, canonical_id
from devino_core import (
    Capability,
    Channel,
    ConfigurationError,
    Event,
    Expressible,
    Machine,
    Medium,
    Message,
    Receipt,
    Status,
    Takes,
    Unsupported,
)
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.dispatch import settle, statuses_of
from devino_core.push import Correlator
from devino_plugins.kit.checks import numbers_of

from ._connect import Bind, BindPdu, bind_request, open_session
from ._hosts import Host, Hosts, parse_hosts
from ._inbox import Inbox
from ._plan import Outgoing, Planner
from ._pool import Pool
from ._receiving import Receiving
from ._rules import PLATFORM
from ._sending import Sending
from ._session import SmppSession
from ._settings import SmppSettings

__all__ = ["SmppChannel"]

_log = logging.getLogger("devino.smpp")

T = TypeVar("T")


class _Modes(NamedTuple):
    """How the sessions of a channel bind. None: no session does that."""

    sends: Bind | None
    receives: Bind | None


_MODES: Mapping[str, _Modes] = {
    "separate": _Modes("transmitter", "receiver"),
    "transceiver": _Modes("transceiver", "transceiver"),
    "transmitter": _Modes("transmitter", None),
    "receiver": _Modes(None, "receiver"),
}


class _Parts(NamedTuple):
    """What an open channel is made of."""

    pools: Sequence[Pool]
    inbox: Inbox
    sending: Sending | None
    receiving: Receiving | None


class SmppChannel(Channel[SmppSettings]):
    """SMS over SMPP 3.4 (chapter 3)."""

    takes: Mapping[Medium, Takes] = {
        Medium.SMS: Takes(expresses=frozenset({Expressible.SEND_AT, Expressible.VALIDITY}))
    }

    def __init__(self, settings: SmppSettings, *, name: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings, name=name, clock=clock)
        self._planner = Planner(settings, PLATFORM, clock)
        self._session_settings = PLATFORM.session(
            window=settings.window, response_timeout=settings.response_timeout
        )
        self._modes = _MODES[settings.bind]
        if self._modes.sends is None:
            self.takes = {}
        try:
            _check_sessions(settings)
            self._addresses = parse_hosts(settings.hosts, settings.port)
            self._hosts = Hosts(self._addresses, PLATFORM, clock, rests=settings.pauses)
            self._binds: dict[Bind, BindPdu] = {
                mode: bind_request(mode, settings.login, settings.password, settings.system_type)
                for mode in (self._modes.sends, self._modes.receives)
                if mode is not None
            }
            self._style = _receipt_style(settings)
        except ConfigurationError as error:
            raise ConfigurationError(f"channel {name!r}: {error}") from None
        self._parts: _Parts | None = None
        self._has_left = False

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the setting ``bind`` allows: a transmitter asks, a receiver is told."""
        modes = {Capability.STATUS: self._modes.sends, Capability.EVENTS: self._modes.receives}
        return frozenset(can for can, mode in modes.items() if mode is not None)

    @property
    def left(self) -> int:
        """How many deliveries were left to the centre, because ``incoming`` events waited."""
        return self._opened().inbox.left

    async def open(self) -> None:
        # Made once, because it reads every certificate of the system.
        tls = ssl.create_default_context() if self.settings.tls else None
        settings, clock = self.settings, self.clock
        correlator = Correlator(settings.remembered, canonical=canonical_id)
        inbox = Inbox(
            channel=self.name,
            clock=clock,
            style=self._style,
            correlator=correlator,
            limit=settings.incoming,
            alphabet=settings.alphabet,
            parts_timeout=settings.parts_timeout,
        )
        pools = {mode: self._pool(mode, inbox, tls) for mode in self._binds}
        sending = receiving = None
        if self._modes.sends is not None:
            sending = Sending(
                pools[self._modes.sends],
                correlator,
                self._planner,
                settings,
                PLATFORM,
                clock,
                channel=self.name,
            )
        if self._modes.receives is not None:
            receiving = Receiving(
                pools[self._modes.receives],
                inbox,
                clock,
                linger=None
                if self._modes.sends == self._modes.receives
                else PLATFORM.pause_after_break,
                wait_for_session=settings.wait_for_session,
            )
        self._parts = _Parts(tuple(pools.values()), inbox, sending, receiving)

    async def aclose(self) -> None:
        parts, self._parts = self._parts, None
        if parts is not None:
            if parts.receiving is not None:
                parts.receiving.close()
            parts.inbox.close()
            try:
                await asyncio.gather(*(pool.aclose() for pool in parts.pools))
            finally:
                # Cancelled: some may not even have begun.
                for pool in parts.pools:
                    pool.abort()

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """Send SMS. A long text goes in as many parts as it takes, all over the same account.

        Limits: the sender has 11 letters or 15 digits, the text 255 parts, the validity 60 seconds
        or more, rounded up to whole seconds. ``send_at`` must be aware, because the wire has no
        recipient's clock. There is no ``fallback`` and there are no ``options``.

        When a message is throttled, its connection rests for a second, and the message is sent
        again. When a message meets a full queue, it goes behind the others, with a pause of 5, 15,
        45 and 135 seconds; after the fifth try it is QueueFull. Any other refusal is Rejected, or
        Unavailable if the centre or the session is at fault. ConnectFailed: there is no session,
        and nothing was sent. OutcomeUnknown: it was sent and not answered. If only some parts of a
        message were taken, its receipt has their ids and the error.
        """
        outgoing = self._plan(messages)
        outcomes = await self._sending().send(outgoing)
        return settle(messages, outcomes, channel=self.name)

    def check(self, messages: Sequence[Message]) -> None:
        """Raise what keeps one of these from being sent."""
        self._plan(messages)

    def machines(self) -> Sequence[Machine]:
        tls: Literal["at once", "never"] = "at once" if self.settings.tls else "never"
        return [Machine(host.name, host.port, tls) for host in self._addresses]

    async def try_login(self) -> None:
        """Bind. The session stays, as after a message that was sent."""
        await self._opened().pools[0].session()

    async def status(self, ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        """The state of each id, with one ``query_sm`` for each.

        A query must name the sender. It names the sender that the message was sent with, if this
        channel sent it, else the channel's own. An id that the centre does not know for that sender
        has the state UNKNOWN.
        """
        sending = self._sending()
        self.require_medium(medium)
        return await statuses_of(ids, sending.query, concurrency=sending.concurrency, medium=medium)

    def events(self) -> AsyncIterator[Event]:
        """Delivery receipts (StatusChanged) and messages of subscribers (Incoming).

        An event is acknowledged when the next one is asked for. If the iterator is closed on an
        event, this channel or the centre gives it again. If there are several iterators, each event
        goes to one of them.

        Raises ConnectFailed or AuthenticationFailed if there is no session to begin with. A session
        that breaks later is made anew, while the iterator is kept and for a minute after.

        A delivery that is broken is an event with what can be read of it. ``raw`` then is, or
        contains, a PDU with a ``defect``, which has the octets.
        """
        receiving, inbox = self._receiving()
        return _iterate(receiving, inbox.events)

    def event_batches(self) -> AsyncIterator[list[Event]]:
        """The same events, as many at a time as have come."""
        receiving, inbox = self._receiving()
        return _iterate(receiving, inbox.batches)

    def _receiving(self) -> tuple[Receiving, Inbox]:
        parts = self._opened()
        if parts.receiving is None:
            raise self._unbound("receives")
        return parts.receiving, parts.inbox

    def _plan(self, messages: Sequence[Message]) -> list[Outgoing]:
        if self._modes.sends is None:
            raise self._unbound("sends")
        self.check_takes(messages)
        plan, sender_of = self._planner.plan, self.sender_of
        return [
            plan(message, sender_of(message), number)
            for message, number in zip(messages, numbers_of(messages), strict=True)
        ]

    def _sending(self) -> Sending:
        sending = self._opened().sending
        if sending is None:
            raise self._unbound("sends")
        return sending

    def _opened(self) -> _Parts:
        if self._parts is None:
            raise RuntimeError("open the channel first")
        return self._parts

    def _unbound(self, what: str) -> Unsupported:
        return Unsupported(
            f"no session of channel {self.name!r} {what}: it has `bind = {self.settings.bind!r}`"
        )

    def _leave(self, session: SmppSession, pdu: Pdu) -> None:
        """Nobody can take this, so it is not acknowledged."""
        session.leave(pdu)
        _log.log(
            logging.DEBUG if self._has_left else logging.WARNING,
            "a %s is left to the centre: `bind = %r` gives no events",
            type(pdu).__name__,
            self.settings.bind,
        )
        self._has_left = True

    def _pool(self, mode: Bind, inbox: Inbox, tls: ssl.SSLContext | None) -> Pool:
        async def open_(host: Host, on_end: Callable[[SmppSession], None]) -> SmppSession:
            def ended(session: SmppSession) -> None:
                on_end(session)
                inbox.session_ended(session)

            return await open_session(
                host.name,
                host.port,
                self._binds[mode],
                tls=tls,
                settings=self._session_settings,
                connect_timeout=self.settings.connect_timeout,
                incoming=self.settings.incoming,
                clock=self.clock,
                calls=self.observed,
                on_request=inbox.take if self._modes.receives else self._leave,
                on_end=ended,
            )

        only_receives = mode == "receiver" and self._modes.sends is not None
        size = 1 if only_receives else self.settings.sessions
        return Pool(size, open_, self._hosts, self.clock)


async def _iterate(
    receiving: Receiving, given: Callable[[], AsyncGenerator[T, None]]
) -> AsyncIterator[T]:
    with receiving.listening():
        await receiving.start()
        async with aclosing(given()) as events:
            async for event in events:
                yield event


def _check_sessions(settings: SmppSettings) -> None:
    most = PLATFORM.max_sessions - (settings.bind == "separate")
    if settings.sessions > most:
        beside = " beside the one that receives" if settings.bind == "separate" else ""
        raise ConfigurationError(
            f"`sessions = {settings.sessions}`: the platform allows an account {most}{beside}"
        )


def _receipt_style(settings: SmppSettings) -> ReceiptStyle:
    zone = None
    if settings.receipt_zone is not None:
        try:
            zone = ZoneInfo(settings.receipt_zone)
        except (ValueError, OSError, KeyError):
            raise ConfigurationError(
                f"receipt_zone: {settings.receipt_zone!r} is no time zone such as 'Europe/Moscow'"
            ) from None
    return ReceiptStyle(
        ids=IdForm(settings.receipt_ids),
        dates=DateForm[settings.receipt_dates.upper()],
        zone=zone,
    )
