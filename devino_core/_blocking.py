"""The same client for code that does not await: one thread runs the asynchronous one."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from decimal import Decimal
from types import TracebackType
from typing import TYPE_CHECKING, ParamSpec, Self, TypeVar

from ._channel import Channel, ChannelSettings
from ._client import BATCH, AsyncClient
from ._events import Event, Incoming
from ._message import Message
from ._status import Receipt, Status
from .clock import SYSTEM_CLOCK, Clock
from .plugins import Plugins

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal

__all__ = ["Client"]

P = ParamSpec("P")
T = TypeVar("T")


class Client:
    """:class:`~devino_core.AsyncClient` with the same names and arguments, blocking.

    Thread-safe. A process that forks opens a client of its own in each child::

        with Client({"rest": {"login": "me", "password": "..."}}) as client:
            receipt = client.send(Message("79031234567", "Hello", sender="DEVINO"))
    """

    def __init__(
        self,
        channels: Mapping[str, Mapping[str, object]] | str | os.PathLike[str] | None = None,
        *,
        default: str | None = None,
        plugins: Plugins | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._client = AsyncClient(channels, default=default, plugins=plugins, clock=clock)
        self._running: AbstractContextManager[BlockingPortal] | None = None
        self._portal: BlockingPortal | None = None
        self._pid = 0

    @property
    def plugins(self) -> Plugins:
        """The plugins that this client found."""
        return self._client.plugins

    @property
    def channels(self) -> Mapping[str, Channel[ChannelSettings]]:
        """The channels by name, in the order of the configuration."""
        return self._client.channels

    def channel(self, name: str) -> Channel[ChannelSettings]:
        """One channel; its methods are asynchronous, :meth:`call` runs them."""
        return self._client.channel(name)

    def call(self, method: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a channel's own operation: ``client.call(channel.statistics, since, until)``."""

        async def run() -> T:
            return await method(*args, **kwargs)

        return self._require_open().call(run)

    def send(self, message: Message, *, channel: str | None = None) -> Receipt:
        """See :meth:`AsyncClient.send`."""
        return self.call(self._client.send, message, channel=channel)

    def send_many(
        self, messages: Iterable[Message], *, channel: str | None = None
    ) -> list[Receipt]:
        """See :meth:`AsyncClient.send_many`."""
        return self.call(self._client.send_many, messages, channel=channel)

    def send_stream(
        self, messages: Iterable[Message], *, channel: str | None = None, batch: int = BATCH
    ) -> Iterator[Receipt]:
        """See :meth:`AsyncClient.send_stream`."""
        return self._iterate(self._client.send_stream(messages, channel=channel, batch=batch))

    def status(self, receipt: Receipt) -> Status:
        """See :meth:`AsyncClient.status`."""
        return self.call(self._client.status, receipt)

    def follow(
        self,
        receipts: Receipt | Iterable[Receipt],
        *,
        interval: float = 5.0,
        timeout: float | None = None,
    ) -> Iterator[Receipt]:
        """See :meth:`AsyncClient.follow`."""
        return self._iterate(self._client.follow(receipts, interval=interval, timeout=timeout))

    def inbox(
        self, since: datetime, until: datetime, *, channel: str | None = None
    ) -> list[Incoming]:
        """See :meth:`AsyncClient.inbox`."""
        return self.call(self._client.inbox, since, until, channel=channel)

    def balance(self, *, channel: str | None = None) -> Decimal:
        """See :meth:`AsyncClient.balance`."""
        return self.call(self._client.balance, channel=channel)

    def events(self, *, channel: str | None = None) -> Iterator[Event]:
        """See :meth:`AsyncClient.events`."""
        return self._iterate(self._client.events(channel=channel))

    def open(self) -> None:
        """Start the thread and open all channels; ``with`` does."""
        if self._portal is not None:
            raise RuntimeError("this client is open already")
        from anyio.from_thread import start_blocking_portal

        self._running = start_blocking_portal("asyncio")
        self._portal = self._running.__enter__()
        self._pid = os.getpid()
        try:
            self._portal.call(self._client.open)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close all channels and end the thread. Safe to call twice."""
        portal, self._portal = self._portal, None
        running, self._running = self._running, None
        # A forked child has the objects but not the thread: there is nothing to stop in it.
        if portal is None or running is None or self._pid != os.getpid():
            return
        try:
            portal.call(self._client.aclose)
        finally:
            running.__exit__(None, None, None)

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _iterate(self, source: AsyncIterator[T]) -> Iterator[T]:
        portal = self._require_open()
        try:
            while True:
                try:
                    yield portal.call(anext, source)
                except StopAsyncIteration:
                    return
        finally:
            close = getattr(source, "aclose", None)
            if close is not None and self._portal is portal:
                portal.call(close)

    def _require_open(self) -> BlockingPortal:
        if self._portal is None:
            raise RuntimeError("open the client first: `with Client(...) as client:`")
        if self._pid != os.getpid():
            raise RuntimeError(
                "this client was opened before a fork, and its thread stayed in the parent: "
                "open a Client in each process"
            )
        return self._portal
