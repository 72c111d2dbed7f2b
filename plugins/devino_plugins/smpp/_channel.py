"""The channel: messages to sessions, and what they deliver to events."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import NamedTuple
from zoneinfo import ZoneInfo

from devino_codecs import EncodeError
from devino_codecs.smpp import DateForm, IdForm, Pdu, QuerySm, ReceiptStyle, encode
from devino_core import (
    Capability,
    Channel,
    ConfigurationError,
    Event,
    Expressible,
    Medium,
    Message,
    OutcomeUnknown,
    Receipt,
    State,
    Status,
    Takes,
    Unavailable,
    Unsupported,
)
from devino_core._correlator import Correlator
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.dispatch import dispatch, gather

from ._answers import query_status
from ._connect import Bind, bind_request, open_session
from ._hosts import Host, Hosts, parse_hosts
from ._inbox import Inbox
from ._outbox import Job, Outbox
from ._plan import Planner
from ._pool import Pool
from ._receiving import Receiving
from ._rules import PLATFORM
from ._session import SmppSession
from ._settings import SmppSettings

__all__ = ["SmppChannel"]

_log = logging.getLogger(__name__)


class _Modes(NamedTuple):
    """How the sessions of one setting bind; None where it does not do that."""

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
    correlator: Correlator
    outbox: Outbox | None
    inbox: Inbox
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
            self._hosts = Hosts(parse_hosts(settings.hosts, settings.port), PLATFORM, clock)
            self._binds = {
                mode: bind_request(mode, settings.login, settings.password, settings.system_type)
                for mode in self._modes
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

    async def open(self) -> None:
        # Made once: it reads every certificate of the system.
        tls = ssl.create_default_context() if self.settings.tls else None
        settings, clock = self.settings, self.clock
        correlator = Correlator(settings.remembered)
        inbox = Inbox(
            channel=self.name,
            clock=clock,
            style=self._style,
            correlator=correlator,
            limit=settings.incoming,
        )
        pools = {mode: self._pool(mode, inbox, tls) for mode in self._binds}
        outbox = receiving = None
        if self._modes.sends is not None:
            outbox = Outbox(
                pools[self._modes.sends],
                correlator,
                PLATFORM,
                clock,
                concurrency=self._concurrency,
                wait_for_session=settings.wait_for_session,
                throttle_timeout=settings.throttle_timeout,
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
        self._parts = _Parts(tuple(pools.values()), correlator, outbox, inbox, receiving)

    async def aclose(self) -> None:
        parts, self._parts = self._parts, None
        if parts is not None:
            if parts.receiving is not None:
                parts.receiving.close()
            parts.inbox.close()
            await asyncio.gather(*(pool.aclose() for pool in parts.pools))

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """Send SMS, a long text in as many parts as it takes, all over the same account.

        Limits: sender 11 letters or 15 digits, 255 parts, validity 60 seconds or more, rounded up
        to whole ones. ``send_at`` must be aware, for the wire has no recipient's clock. No
        ``fallback``, no ``options``.

        A message that is throttled goes back, and its connection rests for a second; one that meets
        a full queue goes behind the others, with a pause of 5, 15, 45 and 135 seconds, and is
        QueueFull after the fifth try. What the centre refuses otherwise is Rejected, or Unavailable
        where the centre or the session is at fault. ConnectFailed: there is no session, and nothing
        was sent. OutcomeUnknown: it was sent and not answered. A message of which only some parts
        were taken has a receipt with their ids, and with the error.
        """
        jobs = self._plan(messages)
        _, outbox = self._sending()
        await outbox.send(jobs)
        return await dispatch(
            messages,
            [((position,), job.outcome) for position, job in enumerate(jobs)],
            channel=self.name,
            concurrency=1,
        )

    def check(self, messages: Sequence[Message]) -> None:
        """Raise what keeps one of these from being sent."""
        self._plan(messages)

    async def status(self, ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        """The state of each id, one ``query_sm`` an id.

        It must name the sender: the one that the message was sent with here, for other ids the
        channel's. An id that the centre does not know for it has the state UNKNOWN.
        """
        if medium is not Medium.SMS:
            raise Unsupported(f"channel {self.name!r} carries SMS, not {medium}")
        correlator, outbox = self._sending()
        return await gather(
            [partial(self._query, correlator, outbox, message_id) for message_id in ids],
            concurrency=self._concurrency,
        )

    def events(self) -> AsyncIterator[Event]:
        """Delivery receipts (StatusChanged) and messages of subscribers (Incoming).

        An event is acknowledged when the next one is asked for; one that the iterator was closed
        on is given again, by this channel or by the centre. Of several iterators each gets events
        that the others do not.

        Raises ConnectFailed or AuthenticationFailed if there is no session to begin with. One that
        breaks later is made anew for as long as the iterator is kept, and a minute longer.
        """
        self._require_mode(self._modes.receives, "receives")
        parts = self._opened()
        assert parts.receiving is not None  # noqa: S101 - the mode has it
        return _iterate(parts.receiving, parts.inbox)

    async def _query(self, correlator: Correlator, outbox: Outbox, message_id: str) -> Status:
        origin = correlator.origin(message_id)
        sender = origin.sender if origin else self.settings.sender or ""
        source_addr, (ton, npi) = self._planner.source(sender)
        pdu = QuerySm(
            message_id=message_id,
            source_addr_ton=ton,
            source_addr_npi=npi,
            source_addr=source_addr,
        )
        try:
            encode(pdu)
        except EncodeError as error:
            return Status(
                state=State.UNKNOWN,
                id=message_id,
                description=error.reason,
                medium=Medium.SMS,
            )
        try:
            answer = await outbox.ask(lambda session: session.request(pdu))
        except OutcomeUnknown as error:
            raise Unavailable(str(error)) from None
        return query_status(answer, message_id)

    @property
    def _concurrency(self) -> int:
        return self.settings.window * self.settings.sessions

    def _plan(self, messages: Sequence[Message]) -> list[Job]:
        self._require_mode(self._modes.sends, "sends")
        self.check_takes(messages)
        return [
            Job(message, self._planner.plan(message, self.sender_of(message)), channel=self.name)
            for message in messages
        ]

    def _sending(self) -> tuple[Correlator, Outbox]:
        self._require_mode(self._modes.sends, "sends")
        parts = self._opened()
        assert parts.outbox is not None  # noqa: S101 - the mode has one
        return parts.correlator, parts.outbox

    def _opened(self) -> _Parts:
        if self._parts is None:
            raise RuntimeError("open the channel first")
        return self._parts

    def _require_mode(self, mode: Bind | None, what: str) -> None:
        if mode is None:
            raise Unsupported(
                f"no session of channel {self.name!r} {what}: it has "
                f"`bind = {self.settings.bind!r}`"
            )

    def _leave(self, session: SmppSession, pdu: Pdu) -> None:
        """Nobody can be given it, so it is not acknowledged."""
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
                on_request=inbox.take if self._modes.receives else self._leave,
                on_end=ended,
            )

        only_receives = mode == "receiver" and self._modes.sends is not None
        size = 1 if only_receives else self.settings.sessions
        return Pool(size, open_, self._hosts, self.clock)


async def _iterate(receiving: Receiving, inbox: Inbox) -> AsyncIterator[Event]:
    with receiving.listening():
        await receiving.start()
        async with aclosing(inbox.events()) as events:
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
