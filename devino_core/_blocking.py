"""The same client for code that does not await: one thread runs the asynchronous one."""

from __future__ import annotations

import os
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
)
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Generic, ParamSpec, Self, TypeVar, overload

from ._channel import Capability, Channel, ChannelSettings
from ._client import BATCH, AsyncClient, ChannelT, ServiceT
from ._configured import Given
from ._delivering import GRACE
from ._events import Event, Incoming
from ._message import Medium, Message
from ._secret import Secret
from ._service import Service, ServiceSettings
from ._status import Receipt, State, Status
from .clock import SYSTEM_CLOCK, Clock
from .errors import OutcomeUnknown
from .plugins import Plugins
from .portal import LoopThread
from .settings import ClientSettings, Config

if TYPE_CHECKING:
    from .callbacks import CallbackAnswer, CallbackRequest, Callbacks, CallbackSpec, Take
    from .observe import Observer
    from .outbox import Delivery, InDoubt, Journal
    from .remembered import Remembered

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
        channels: Given | Config | str | os.PathLike[str] | None = None,
        *,
        services: Given | None = None,
        default: str | None = None,
        plugins: Plugins | None = None,
        observers: Iterable[Observer] = (),
        clock: Clock = SYSTEM_CLOCK,
        only_to: Iterable[str] | None = None,
        retries: int | None = None,
        default_region: str | None = None,
    ) -> None:
        self._client = AsyncClient(
            channels,
            services=services,
            default=default,
            plugins=plugins,
            observers=observers,
            clock=clock,
            only_to=only_to,
            retries=retries,
            default_region=default_region,
        )
        self._thread: _ClientThread | None = None

    @property
    def plugins(self) -> Plugins:
        """The plugins that this client found."""
        return self._client.plugins

    @property
    def settings(self) -> ClientSettings:
        """The client's own settings."""
        return self._client.settings

    @property
    def channels(self) -> Mapping[str, Channel[ChannelSettings]]:
        """The channels by name, in the order of the configuration."""
        return self._client.channels

    @property
    def services(self) -> Mapping[str, Service[ServiceSettings]]:
        """The services by name, in the same order."""
        return self._client.services

    @overload
    def channel(self, name: str) -> Channel[ChannelSettings]: ...
    @overload
    def channel(self, name: str, kind: type[ChannelT]) -> ChannelT: ...
    def channel(
        self, name: str, kind: type[Channel[ChannelSettings]] = Channel
    ) -> Channel[ChannelSettings]:
        """One channel, for the operations that only its protocol has.

        See :meth:`AsyncClient.channel`; its methods are asynchronous, :meth:`call` runs them.
        """
        return self._client.channel(name, kind)

    @overload
    def service(self, name: str) -> Service[ServiceSettings]: ...
    @overload
    def service(self, name: str, kind: type[ServiceT]) -> ServiceT: ...
    def service(
        self, name: str, kind: type[Service[ServiceSettings]] = Service
    ) -> Service[ServiceSettings]:
        """One service. ``kind`` is its class, as for :meth:`channel`.

        See :meth:`AsyncClient.service`; :meth:`call` runs its methods, too.
        """
        return self._client.service(name, kind)

    def service_for(self, kind: type[ServiceT], *, service: str | None = None) -> ServiceT:
        """Choose ``service`` if it is given; else the first of this class.

        See :meth:`AsyncClient.service_for`.
        """
        return self._client.service_for(kind, service=service)

    @overload
    def channel_for(
        self,
        capability: Capability | None = None,
        *,
        medium: Medium | None = None,
        channel: str | None = None,
    ) -> Channel[ChannelSettings]: ...
    @overload
    def channel_for(
        self,
        capability: Capability | None = None,
        *,
        kind: type[ChannelT],
        medium: Medium | None = None,
        channel: str | None = None,
    ) -> ChannelT: ...
    def channel_for(
        self,
        capability: Capability | None = None,
        *,
        kind: type[Channel[ChannelSettings]] = Channel,
        medium: Medium | None = None,
        channel: str | None = None,
    ) -> Channel[ChannelSettings]:
        """Choose ``channel`` if it is given; else the default if it can; else the first that can.

        See :meth:`AsyncClient.channel_for`.
        """
        return self._client.channel_for(capability, kind=kind, medium=medium, channel=channel)

    def call(self, method: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run an operation of a channel or a service, and wait for what it gives.

        ``client.call(channel.statistics, since, until)``
        """

        call = _Call(partial(method, *args, **kwargs))
        # Crash reporters show the variables of each frame, and an argument may be a secret.
        del args, kwargs
        return self._require_open().run(call)

    def iterate(
        self, method: Callable[P, AsyncIterator[T]], *args: P.args, **kwargs: P.kwargs
    ) -> Iterator[T]:
        """Go through what an operation of a channel or a service gives, one by one.

        ``for contact in client.iterate(book.contacts.find, "ivan@example.com"): ...``
        """
        return self._iterate(method(*args, **kwargs))

    def send(self, message: Message, *, channel: str | None = None) -> Receipt:
        """Send one message through ``channel``, else the default, else the first that can.

        See :meth:`AsyncClient.send`.
        """
        return self.call(self._client.send, message, channel=channel)

    def send_many(
        self, messages: Iterable[Message], *, channel: str | None = None
    ) -> list[Receipt]:
        """Send many messages and give one receipt for each, in order.

        See :meth:`AsyncClient.send_many`.
        """
        # The caller's iterable may be a database cursor, which belongs to the caller's thread.
        return self.call(self._client.send_many, list(messages), channel=channel)

    def send_stream(
        self, messages: Iterable[Message], *, channel: str | None = None, batch: int = BATCH
    ) -> Iterator[Receipt]:
        """Send any number of messages in flat memory: ``batch`` at a time, receipts in order.

        See :meth:`AsyncClient.send_stream`.
        """
        source = iter(messages)
        while part := list(islice(source, batch)):
            yield from self.send_many(part, channel=channel)

    def check(self, messages: Iterable[Message], *, channel: str | None = None) -> None:
        """Raise the InvalidMessage or Unsupported that sending these would raise; send nothing.

        See :meth:`AsyncClient.check`.
        """
        self._client.check(messages, channel=channel)

    def status(self, receipt: Receipt) -> Status:
        """What became of a sent message: one status for all its parts.

        See :meth:`AsyncClient.status`.
        """
        return self.call(self._client.status, receipt)

    def follow(
        self,
        receipts: Receipt | Iterable[Receipt],
        *,
        interval: float = 5.0,
        timeout: float | None = None,
    ) -> Iterator[Receipt]:
        """Ask every ``interval`` seconds, and give a receipt again whenever its state changed.

        See :meth:`AsyncClient.follow`.
        """
        given = [receipts] if isinstance(receipts, Receipt) else list(receipts)
        return self._iterate(self._client.follow(given, interval=interval, timeout=timeout))

    def inbox(
        self, since: datetime, until: datetime, *, channel: str | None = None
    ) -> list[Incoming]:
        """What subscribers wrote between two aware times.

        See :meth:`AsyncClient.inbox`.
        """
        return self.call(self._client.inbox, since, until, channel=channel)

    def balance(self, *, channel: str | None = None) -> Decimal:
        """The account's balance, in its currency.

        See :meth:`AsyncClient.balance`.
        """
        return self.call(self._client.balance, channel=channel)

    def events(self, *, channel: str | None = None) -> Iterator[Event]:
        """The events that the platform pushes, for as long as the iterator is kept.

        See :meth:`AsyncClient.events`.
        """
        return self._iterate(self._client.events(channel=channel))

    def callbacks(
        self,
        take: Take,
        *,
        secrets: Iterable[Secret],
        sources: Iterable[str | CallbackSpec] | None = None,
        networks: Iterable[str] = (),
        max_body: int = 8 * 1024 * 1024,
        deadline: float = 25.0,
        seen: Remembered | None = None,
    ) -> Callbacks:
        """Receive what the platform posts, as :class:`~devino_core.callbacks.Callbacks` says.

        See :meth:`AsyncClient.callbacks`; a plain ``take`` may block, and use this client.
        """
        return self._client.callbacks(
            take,
            secrets=secrets,
            sources=sources,
            networks=networks,
            max_body=max_body,
            deadline=deadline,
            seen=seen,
        )

    def handle_callback(self, request: CallbackRequest) -> CallbackAnswer:
        """Answer a request by the receiver of :meth:`callbacks`, for frameworks without ASGI.

        See :meth:`AsyncClient.handle_callback`.
        """
        return self.call(self._client.handle_callback, request)

    def deliver(
        self,
        message: Message,
        *,
        wanted: State = State.DELIVERED,
        grace: timedelta = GRACE,
        in_doubt: InDoubt | str = "end",
        native: bool = True,
        store: Journal | None = None,
    ) -> Iterator[Delivery]:
        """Send a message, then its fallback if it does not arrive, and so on; tell how far it is.

        See :meth:`AsyncClient.deliver`. Without a ``store`` a crash ends it.
        """
        return self._iterate(
            self._client.deliver(
                message, wanted=wanted, grace=grace, in_doubt=in_doubt, native=native, store=store
            )
        )

    def resume(self, store: Journal) -> Iterator[Delivery]:
        """Go on with what :meth:`deliver` began in this store before a restart.

        See :meth:`AsyncClient.resume`.
        """
        return self._iterate(self._client.resume(store))

    def feed(self, event: Event) -> None:
        """Take up an event for the messages of :meth:`deliver`, such as one of a callback.

        See :meth:`AsyncClient.feed`.
        """
        self.call(self._client.feed, event)

    def stop(self, ref: str) -> bool:
        """Start no further leg of a message of :meth:`deliver`: its aim was reached otherwise.

        See :meth:`AsyncClient.stop`.
        """
        return self.call(self._client.stop, ref)

    def open(self) -> None:
        """Start the thread and open all channels and services; ``with`` does."""
        if self._thread is not None:
            raise RuntimeError("this client is open already")
        self._thread = _ClientThread(self._client)

    def close(self) -> None:
        """Close all channels and services and end the thread. Calls of other threads end now.

        Such a call raises OutcomeUnknown if it was under way. Safe to call twice.
        """
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.stop()

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
        thread = self._require_open()
        from asyncio import Lock

        turn = Lock()

        async def step() -> T:
            async with turn:
                return await anext(source)

        async def close() -> None:
            # It waits for an interrupted step: a generator cannot be closed while it runs.
            async with turn:
                if isinstance(source, AsyncGenerator):
                    await source.aclose()

        try:
            while True:
                try:
                    yield thread.run(step)
                except StopAsyncIteration:
                    return
        finally:
            if thread.is_usable:
                thread.run(close)

    def _require_open(self) -> _ClientThread:
        if self._thread is None:
            raise RuntimeError("open the client first: `with Client(...) as client:`")
        if not self._thread.is_usable:
            raise RuntimeError(
                "this client was opened before a fork, and its thread stayed in the parent: "
                "open a Client in each process"
            )
        return self._thread


class _Call(Generic[T]):
    """A call with its arguments, which its repr does not show."""

    def __init__(self, run: Callable[[], Awaitable[T]]) -> None:
        self._run = run

    async def __call__(self) -> T:
        return await self._run()


class _ClientThread(LoopThread):
    """The thread in which a client is open."""

    def run(self, method: Callable[[], Awaitable[T]]) -> T:
        from concurrent.futures import CancelledError

        try:
            return super().run(method)
        except CancelledError:
            raise OutcomeUnknown("the client was closed while this call was under way") from None
