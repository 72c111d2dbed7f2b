"""Makes sessions when they are needed, but not sooner than the rules allow."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from math import inf

from devino_core import AuthenticationFailed, ConnectFailed
from devino_core.clock import Clock, done_within

from ._hosts import Host, Hosts
from ._session import SmppSession

__all__ = ["Pool"]

_LONG = 3600.0

Open = Callable[[Host, Callable[[SmppSession], None]], Awaitable[SmppSession]]


class _Place:
    """Room for one session."""

    def __init__(self) -> None:
        self.session: SmppSession | None = None
        self.connecting: asyncio.Task[None] | None = None


class Pool:
    """Up to ``size`` sessions of one kind. ``open_`` makes them."""

    def __init__(self, size: int, open_: Open, hosts: Hosts, clock: Clock) -> None:
        self._open = open_
        self._hosts = hosts
        self._clock = clock
        self._places = [_Place() for _ in range(size)]
        self._closed = False

    def ready(self) -> SmppSession | None:
        """The bound session with the least to do; None if :meth:`session` has to wait for one."""
        if self._closed:
            return None
        if len(self._places) == 1:
            session = self._places[0].session
            return session if session is not None and session.is_bound else None
        return self._least_busy()

    async def session(self, wait: float = 0.0) -> SmppSession:
        """The bound session with the least to do.

        While no new session may be made, it waits up to ``wait`` seconds, unless the next one will
        fail, too. Raises ConnectFailed, or AuthenticationFailed once the login was refused.
        """
        end = self._clock.monotonic() + wait
        while True:
            if self._closed:
                raise ConnectFailed("the channel is closed, this was not sent")
            session = self._least_busy()
            if session is not None:
                return session
            connecting = [place.connecting for place in self._places if place.connecting]
            if connecting:
                done, _ = await asyncio.wait(connecting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    # release() cancels the task, and not those who wait for a session.
                    if not task.cancelled():
                        task.result()
                continue
            await self._wait(end)

    async def keep(self) -> None:
        """Keep a session bound all the time. Raises AuthenticationFailed, or ConnectFailed where
        somebody has to mend TLS."""
        while True:
            session = await self.session(inf)
            await session.wait_ended()

    async def aclose(self) -> None:
        """Unbind all sessions, and make no new ones."""
        self._closed = True
        await self.release()

    async def release(self) -> None:
        """Unbind all sessions."""
        connecting = [place.connecting for place in self._places if place.connecting]
        for task in connecting:
            task.cancel()
        sessions = [place.session for place in self._places if place.session]
        try:
            await asyncio.gather(
                *connecting, *(session.aclose() for session in sessions), return_exceptions=True
            )
        finally:
            # Cancelled: some may not even have begun.
            for session in sessions:
                session.abort()

    def abort(self) -> None:
        """End all sessions at once, and make no new ones."""
        self._closed = True
        for place in self._places:
            if place.connecting is not None:
                place.connecting.cancel()
            if place.session is not None:
                place.session.abort()

    async def _wait(self, end: float) -> None:
        """Wait until a session may be made. Raises if that is later than ``end``."""
        now = self._clock.monotonic()
        ending = [place.session for place in self._places if place.session]
        if ending:
            if now >= end:
                raise ConnectFailed("the session is being unbound, this was not sent")
            ended = [asyncio.ensure_future(session.wait_ended()) for session in ending]
            try:
                await done_within(self._clock, min(end - now, _LONG), *ended)
            finally:
                for future in ended:
                    future.cancel()
            return
        left = self._hosts.seconds_left()
        if self._hosts.is_hopeless() or now + left > end:
            raise self._hosts.refusal()
        await self._clock.sleep(left)

    def _least_busy(self) -> SmppSession | None:
        bound = []
        for place in self._places:
            if place.session is None:
                if place.connecting is None and self._hosts.allowed():
                    place.connecting = asyncio.create_task(self._connect(place))
            elif place.session.is_bound:
                bound.append(place.session)
        if len(bound) > 1:
            return min(bound, key=lambda session: (session.is_resting, session.load))
        return bound[0] if bound else None

    async def _connect(self, place: _Place) -> None:
        try:
            while host := self._hosts.allowed():
                try:
                    session = await self._connect_to(host, place)
                except AuthenticationFailed as error:
                    self._hosts.refused_login(error)
                except ConnectFailed as error:
                    self._hosts.failed(host, error)
                else:
                    self._hosts.connected(host)
                    place.session = session
                    return
        finally:
            place.connecting = None

    async def _connect_to(self, host: Host, place: _Place) -> SmppSession:
        def ended(session: SmppSession) -> None:
            if place.session is session:
                place.session = None
                # For the manual it makes no difference who ended the session.
                self._hosts.broke(host, session.ended.value if session.ended else "")

        session = await self._open(host, ended)
        if session.ended:
            # The centre answered the bind and ended the session at once.
            raise ConnectFailed(f"{host.name} ended the session: {session.ended.value}")
        return session
