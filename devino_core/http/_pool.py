"""Connections that are kept between calls, and are given out again only if they are quiet."""

from __future__ import annotations

import asyncio
import os
import select
from collections.abc import Callable
from contextvars import ContextVar
from functools import partial
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler

from ._resolver import Resolver

__all__ = [
    "ONCE",
    "BrokenError",
    "InterimFloodError",
    "NotConnectedError",
    "Pool",
    "Request",
    "StrayError",
]

MOST_INTERIM = 100
"""How many answers of the statuses 100 to 199 may precede an answer."""
_LOOKS = 2
"""Data that waits in a socket has been read when the loop has turned twice."""


class NotConnectedError(aiohttp.ClientConnectionError):
    """There is no connection for a reason that aiohttp tells as one of a sent request."""


class BrokenError(aiohttp.ClientConnectionError):
    """The connection broke before an answer began. ``kept`` says that it had served a call."""

    def __init__(self, why: str, *, kept: bool) -> None:
        super().__init__(why)
        self.kept = kept


class InterimFloodError(aiohttp.ClientError):
    """A peer sends interim answers without end."""


class Request(aiohttp.ClientRequest):
    """A request that knows whether it went out on a kept connection."""

    kept = False


class StrayError(aiohttp.ClientError):
    """An answer came before its question had been sent."""


class _Conversation(ResponseHandler):
    """A connection. Each answer on it belongs to a question: between calls it has to be silent.

    aiohttp reads what comes between two calls, and gives it out as the answer to the next.
    """

    generation: int | None = None
    """When it had its first call; None: it has had none."""
    _resting = False
    _asked = False
    _interim = 0
    _look: Callable[[], object] | None = None

    def begin(self, generation: int) -> None:
        """A call begins."""
        if self.generation is None:
            self.generation = generation
        self._resting = self._asked = False
        self._interim = 0

    def rest(self) -> None:
        """A call has ended."""
        self._resting = True

    def start_timeout(self) -> None:
        # aiohttp says so when it has written the whole request.
        self._asked = True
        super().start_timeout()

    def data_received(self, data: bytes) -> None:
        # aiohttp calls it with nothing to go on with what it has.
        if data and self._resting:
            self.close()
        else:
            super().data_received(data)

    def feed_data(self, data: Any, size: int = 0) -> None:
        status = data[0].code
        if status < 200:
            self._interim += 1
            if self._interim > MOST_INTERIM:
                self._fail(InterimFloodError())
                return
        elif status < 300 and self.generation is not None and not self._asked:
            # No server carries out what it has not read.
            self._fail(StrayError())
            return
        super().feed_data(data, size)

    def _fail(self, error: aiohttp.ClientError) -> None:
        self.set_exception(error)
        if self.transport is not None:
            self.transport.abort()

    def close(self) -> None:
        # In good order TLS closes when the peer does the same, and nobody would wait for that: the
        # event loop may end first, and the socket stays open.
        self.abort()

    def is_quiet(self) -> bool:
        """Whether it is open, and nothing came on it since the last call."""
        # aiohttp's `should_close` adds nothing: what comes between calls closes the connection.
        if not self.is_connected():
            return False
        if self._look is None:
            number: int = self.transport.get_extra_info("socket").fileno() if self.transport else -1
            self._look = _looking_at(number)
        return not self._look()

    async def becomes_quiet(self) -> bool:
        """Let the loop read what the socket holds: an end of the connection, a stray byte, or a
        ticket of TLS, which means nothing.
        """
        for _ in range(_LOOKS):
            await asyncio.sleep(0)
            if self.is_quiet():
                return True
            if not self.is_connected():
                break
        return False


_MADE: ContextVar[list[_Conversation] | None] = ContextVar("made", default=None)
"""Takes the connections that are begun for a call, in the call's own task."""


def _conversation(loop: asyncio.AbstractEventLoop) -> ResponseHandler:
    conversation = _Conversation(loop)
    made = _MADE.get()
    if made is not None:
        made.append(conversation)
    return conversation


class Pool(aiohttp.TCPConnector):
    """aiohttp's pool, with such connections."""

    def __init__(self, *, keep_alive: float, resolver: Resolver, ssl: Any) -> None:
        # The session counts the turns itself: aiohttp would take a wait for a dead peer.
        if keep_alive:
            super().__init__(limit=0, ssl=ssl, resolver=resolver, keepalive_timeout=keep_alive)
        else:
            super().__init__(limit=0, ssl=ssl, resolver=resolver, force_close=True)
        self._factory = partial(_conversation, asyncio.get_running_loop())
        self._generation = 0
        self._pid = os.getpid()

    # At the end of a program the module's own names are gone.
    def __del__(self, *args: Any, _getpid: Callable[[], int] = os.getpid) -> None:
        # A forked child shares the parent's selector: closing would make the parent deaf.
        if self._pid == _getpid():
            super().__del__(*args)

    def distrust(self) -> None:
        """Give out none of the present connections again: one of them was dead."""
        self._generation += 1

    async def connect(
        self, req: aiohttp.ClientRequest, traces: Any, timeout: aiohttp.ClientTimeout
    ) -> Any:
        """A kept connection that is quiet, else a new one."""
        while True:
            try:
                connection = await super().connect(req, traces, timeout)
            except (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError, TimeoutError):
                raise
            except (aiohttp.ClientError, OSError) as error:
                raise NotConnectedError(type(error).__name__) from error
            conversation = connection.protocol
            if not isinstance(conversation, _Conversation):
                # Its silence between calls could not be watched.
                raise TypeError("aiohttp makes its connections in a way that is not known here")
            kept = conversation.generation is not None
            try:
                usable = not kept or (
                    conversation.generation == self._generation
                    and (conversation.is_quiet() or await conversation.becomes_quiet())
                )
            except BaseException:
                # Cancelled above all: nobody else knows the connection to close it.
                connection.close()
                raise
            if usable:
                if isinstance(req, Request):
                    req.kept = kept
                conversation.begin(self._generation)
                connection.add_callback(conversation.rest)
                return connection
            connection.close()

    async def _create_connection(
        self, req: aiohttp.ClientRequest, traces: Any, timeout: aiohttp.ClientTimeout
    ) -> ResponseHandler:
        made: list[_Conversation] = []
        given = _MADE.set(made)
        try:
            return await super()._create_connection(req, traces, timeout)
        except BaseException:
            # asyncio closes one that is cancelled as its TLS begins, and does not wait for its end.
            for conversation in made:
                conversation.abort()
            raise
        finally:
            _MADE.reset(given)


async def once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """A middleware that keeps aiohttp from sending again when a connection breaks."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        kept = isinstance(request, Request) and request.kept
        raise BrokenError(type(error).__name__, kept=kept) from None


ONCE = (once,)


def _looking_at(number: int) -> Callable[[], object]:
    """What is true if a socket has something to read, or has ended."""
    if number < 0:
        return lambda: True
    if not hasattr(select, "poll"):
        return lambda: select.select([number], (), (), 0)[0]
    waiting = select.poll()
    waiting.register(number, select.POLLIN)
    return partial(waiting.poll, 0)
