"""The way in: a client opens channels and services, and finds the channel for each message."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import AsyncExitStack
from datetime import datetime
from decimal import Decimal
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, TypeVar, overload

from ._channel import Capability, Channel, ChannelSettings
from ._configured import Configured, Given, config_of
from ._delivering import Delivering
from ._events import Event, Incoming
from ._message import Medium, Message
from ._opened import Opened
from ._secret import Secret
from ._sending import Sending, one_each
from ._service import Service, ServiceSettings
from ._status import Receipt, Status
from .clock import SYSTEM_CLOCK, Clock
from .errors import DevinoError, InvalidArgument, InvalidMessage, Unsupported
from .plugins import Plugins
from .settings import ClientSettings, Config

if TYPE_CHECKING:
    from .callbacks import CallbackAnswer, CallbackRequest, Callbacks, CallbackSpec, Take
    from .observe import Observer, Observers
    from .outbox._cascade import Cascades
    from .remembered import Remembered

__all__ = ["AsyncClient"]

BATCH = 10_000
"""How many messages :meth:`AsyncClient.send_stream` takes up at a time."""

ChannelT = TypeVar("ChannelT", bound=Channel[ChannelSettings])
ServiceT = TypeVar("ServiceT", bound=Service[ServiceSettings])


class AsyncClient(Delivering, Opened):
    """Channels and services by name, opened together.

    ``channels`` maps a name to that channel's settings. The setting ``kind`` says which plugin; the
    default is the channel's name. ``services`` does the same for services. ``channels`` may also be
    the path of a TOML file, or a :class:`~devino_core.settings.Config` that was read before;
    ``services`` then adds to it. Without both arguments the client reads the file that
    ``DEVINO_CONFIG`` names, and the environment (:mod:`devino_core.settings`)::

        async with AsyncClient({"rest": {"login": "me", "password": "..."}}) as client:
            receipt = await client.send(Message("79031234567", "Hello", sender="DEVINO"))

    ``observers`` are told of every request, message and event (:mod:`devino_core.observe`), beside
    those that plugins bring. ``only_to``, ``retries`` and ``default_region`` are the client's own
    settings (:class:`~devino_core.settings.ClientSettings`); None: as the file and the environment
    say.

    Raises ConfigurationError at once for settings that a channel or service does not accept.
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
        from .observe import Observers

        config = config_of(channels, services)
        self.settings: ClientSettings = config.client(
            only_to=only_to, retries=retries, default_region=default_region
        )
        """The client's own settings."""
        self._sending = Sending(self.settings, clock)
        self.plugins: Plugins = plugins if plugins is not None else Plugins()
        self._observers = Observers([*observers, *self.plugins.observers()])
        self._clock = clock
        self._configured = Configured(
            config, default=default, plugins=self.plugins, observers=self._observers, clock=clock
        )
        self._opened: AsyncExitStack | None = None
        self._callbacks: Callbacks | None = None

    @property
    def rules(self) -> Sending:
        """What its own settings do with every message: for whoever sends by the channels."""
        return self._sending

    @property
    def observers(self) -> Observers:
        """Who is told what this client does."""
        return self._observers

    @property
    def channels(self) -> Mapping[str, Channel[ChannelSettings]]:
        """The channels by name, in the order of the configuration.

        Channels that only the environment names come last, sorted by name.
        """
        return dict(self._configured.channels)

    @property
    def services(self) -> Mapping[str, Service[ServiceSettings]]:
        """The services by name, in the same order."""
        return dict(self._configured.services)

    @overload
    def channel(self, name: str) -> Channel[ChannelSettings]: ...
    @overload
    def channel(self, name: str, kind: type[ChannelT]) -> ChannelT: ...
    def channel(
        self, name: str, kind: type[Channel[ChannelSettings]] = Channel
    ) -> Channel[ChannelSettings]:
        """One channel, for the operations that only its protocol has.

        ``kind`` is the class that you expect, such as ``devino_plugins.rest.RestChannel``. Type
        checkers then know its operations. Raises ConfigurationError for an unknown name and for
        a channel of another class.
        """
        return self._configured.channel(name, kind)

    @overload
    def service(self, name: str) -> Service[ServiceSettings]: ...
    @overload
    def service(self, name: str, kind: type[ServiceT]) -> ServiceT: ...
    def service(
        self, name: str, kind: type[Service[ServiceSettings]] = Service
    ) -> Service[ServiceSettings]:
        """One service. ``kind`` is its class, as for :meth:`channel`."""
        return self._configured.service(name, kind)

    def service_for(self, kind: type[ServiceT], *, service: str | None = None) -> ServiceT:
        """Choose ``service`` if it is given; else the first of this class.

        Raises ConfigurationError that lists the kinds of that class, and for an unknown name or a
        service of another class.
        """
        return self._configured.service_for(kind, service)

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

        The channel must have ``capability`` (None: it must send) for messages of ``medium`` (None:
        of any medium), and be a ``kind``, as for :meth:`channel`. All methods of the client choose
        by this rule. Raises Unsupported with a list of the kinds that could, and ConfigurationError
        for an unknown name or a named channel of another class.
        """
        return self._configured.channel_for(capability, medium, channel, kind)

    async def send(self, message: Message, *, channel: str | None = None) -> Receipt:
        """Send one message through ``channel``, else the default, else the first that can.

        A message that the platform refuses gives a receipt with State.REJECTED. Raises the
        errors of :mod:`devino_core.errors`; OutcomeUnknown when it may have been sent.
        """
        self._require_open()
        messages = [message]
        try:
            if type(message) is not Message:
                _check_message(type(message))
            chosen = self._configured.channel_for(None, message.medium, channel)
            receipts = await self._sending.send(chosen, messages)
            (receipt,) = one_each(receipts, messages, chosen.name)
        except DevinoError as error:
            error.refs = (message.ref,)
            raise
        if self._observers.all:
            self._observers.message_done(message, receipt)
        return receipt

    async def send_many(
        self, messages: Iterable[Message], *, channel: str | None = None
    ) -> list[Receipt]:
        """Send many messages and give one receipt for each, in order.

        Raises InvalidMessage or Unsupported before anything is sent. Raises another error only if
        all messages failed with it; its ``refs`` name all of them.
        """
        self._require_open()
        batch = list(messages)
        receipts = await self._send_batch(batch, channel)
        if self._observers.all:
            for message, receipt in zip(batch, receipts, strict=True):
                self._observers.message_done(message, receipt)
        return receipts

    async def _send_batch(self, batch: list[Message], channel: str | None) -> list[Receipt]:
        try:
            groups = self._groups(batch, channel)
            if len(groups) == 1:
                # One channel does it all, so its own outcome is the outcome.
                (name,) = groups
                return one_each(await self._sending.send(self.channel(name), batch), batch, name)
            self._check(groups, batch)
            from .dispatch import dispatch

            return await dispatch(
                batch,
                [
                    (positions, partial(self._send_some, name, some))
                    for name, positions in groups.items()
                    for some in [[batch[p] for p in positions]]
                ],
                channel=channel or "",
                concurrency=len(groups) or 1,
            )
        except DevinoError as error:
            error.refs = tuple(message.ref for message in batch)
            raise

    async def _send_some(self, channel: str, some: Sequence[Message]) -> list[Receipt]:
        return one_each(await self._sending.send(self.channel(channel), some), some, channel)

    async def send_stream(
        self,
        messages: Iterable[Message] | AsyncIterable[Message],
        *,
        channel: str | None = None,
        batch: int = BATCH,
    ) -> AsyncIterator[Receipt]:
        """Send any number of messages in flat memory: ``batch`` at a time, receipts in order.

        An error ends the stream. Its ``refs`` name the messages of the batch that failed; no
        message after that batch was sent.
        """
        from ._batches import batches

        async for part in batches(messages, batch):
            for receipt in await self.send_many(part, channel=channel):
                yield receipt

    def check(self, messages: Iterable[Message], *, channel: str | None = None) -> None:
        """Raise the InvalidMessage or Unsupported that sending these would raise; send nothing."""
        batch = list(messages)
        self._check(self._groups(batch, channel), batch)

    async def status(self, receipt: Receipt) -> Status:
        """What became of a sent message: one status for all its parts.

        Raises Unsupported if the channel cannot be asked or gave no id.
        """
        from ._following import advanced

        self._require_open()
        _check_receipts(receipt)
        if not receipt.ids:
            if receipt.status.state.is_final:
                return receipt.status
            raise Unsupported(
                "the platform gave one list of ids for a bulk call and they cannot be assigned"
                if receipt.unassigned_ids
                else "this message has no id of the platform that could be asked for"
            )
        knower = self._knower(receipt)
        ask = partial(knower.status, receipt.ids, medium=receipt.medium)
        parts = await self._sending.ask(ask)
        return advanced(receipt, Status.combined(parts), self._clock.now())

    async def follow(
        self,
        receipts: Receipt | Iterable[Receipt],
        *,
        interval: float = 5.0,
        timeout: float | None = None,
    ) -> AsyncIterator[Receipt]:
        """Ask every ``interval`` seconds, and give a receipt again whenever its state changed.

        It ends when all states are final, and without an error after ``timeout`` seconds. With
        None it asks about each message for as long as the platform knows it
        (:attr:`Channel.remembers`). That time counts from now, or from the scheduled time.

        An answer about one message that cannot be read, or refuses it, is given once as the
        ``status.error`` of its receipt, and a refused message is not asked about again. An error
        that may pass is given only if it is still there at the end; the pause then heeds its
        ``retry_after``. An error of all messages that will not pass is raised, after what the
        others told. Receipts without ids are skipped. Raises Unsupported if no receipt has an id.
        """
        from ._following import follow

        given = [receipts] if isinstance(receipts, Receipt | str) else list(receipts)
        _check_receipts(*given)
        open_ends = {n: r for n, r in enumerate(given) if not r.status.state.is_final}
        pending = {n: r for n, r in open_ends.items() if r.ids}
        if open_ends and not pending:
            await self.status(given[min(open_ends)])
        async for changed in follow(
            pending, knower=self._knower, clock=self._clock, interval=interval, timeout=timeout
        ):
            yield changed

    async def inbox(
        self, since: datetime, until: datetime, *, channel: str | None = None
    ) -> list[Incoming]:
        """What subscribers wrote between two aware times."""
        self._require_open()
        for name, moment in (("since", since), ("until", until)):
            if not isinstance(moment, datetime) or moment.tzinfo is None:
                raise InvalidArgument(name, "must be an aware datetime, such as datetime.now(UTC)")
        chosen = self.channel_for(Capability.INBOX, channel=channel)
        return await self._sending.ask(partial(chosen.inbox, since, until))

    async def balance(self, *, channel: str | None = None) -> Decimal:
        """The account's balance, in its currency."""
        self._require_open()
        chosen = self.channel_for(Capability.BALANCE, channel=channel)
        return await self._sending.ask(chosen.balance)

    async def events(self, *, channel: str | None = None) -> AsyncIterator[Event]:
        """The events that the platform pushes, for as long as the iterator is kept."""
        self._require_open()
        events = self.channel_for(Capability.EVENTS, channel=channel).events()
        try:
            async for event in events:
                if self._observers.all:
                    self._observers.event(event)
                await self.feed(event)
                yield event
        finally:
            # Close it now, not when it is collected: the last event is then given again.
            if isinstance(events, AsyncGenerator):
                await events.aclose()

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

        ``sources`` are names of sources that plugins bring, or sources of your own; None: all that
        plugins bring. The client closes the receiver before the channels. Raises
        ConfigurationError, and RuntimeError if this client has a receiver already.
        """
        from .callbacks import Callbacks

        if self._callbacks is not None:
            raise RuntimeError("this client receives already: make another one from Callbacks()")
        named = self.plugins.callbacks() if sources is None else sources
        self._callbacks = Callbacks(
            take,
            [self.plugins.callback_spec(one) if isinstance(one, str) else one for one in named],
            secrets=secrets,
            networks=networks,
            max_body=max_body,
            deadline=deadline,
            seen=seen,
            observers=self._observers,
            clock=self._clock,
        )
        return self._callbacks

    async def handle_callback(self, request: CallbackRequest) -> CallbackAnswer:
        """Answer a request by the receiver of :meth:`callbacks`, for frameworks without ASGI."""
        self._require_open()
        if self._callbacks is None:
            raise RuntimeError("no receiver yet: call client.callbacks(take, secrets=[...]) first")
        return await self._callbacks.handle(request)

    async def open(self) -> None:
        """Open all channels and services; ``async with`` does. Connects to nothing.

        If one cannot be opened, those before it are closed again.
        """
        if self._opened is not None:
            raise RuntimeError("this client is open already")
        async with AsyncExitStack() as stack:
            for one in (*self.channels.values(), *self.services.values()):
                await stack.enter_async_context(one)
            from asyncio import get_running_loop

            # Not above: importing asyncio takes 40 ms.
            self._running_loop = get_running_loop
            self._opened_in = get_running_loop()
            self._opened = stack.pop_all()

    async def aclose(self) -> None:
        """Close the receiver of callbacks, what delivers, then all channels and services. Safe to
        call twice."""
        callbacks, self._callbacks = self._callbacks, None
        async with AsyncExitStack() as stack:
            if self._opened is not None:
                opened, self._opened = self._opened, None
                stack.push_async_callback(opened.aclose)
            if self._cascades is not None:
                cascades, self._cascades = self._cascades, None
                stack.push_async_callback(cascades.aclose)
            if callbacks is not None:
                # Code that is taking an event may still send.
                stack.push_async_callback(callbacks.aclose)

    def _require_cascades(self) -> Cascades:
        self._require_open()
        if self._cascades is None:
            from .outbox._cascade import Cascades

            self._cascades = Cascades(self, self.plugins, self._clock)
        return self._cascades

    def _knower(self, receipt: Receipt) -> Channel[ChannelSettings]:
        """The channel that can be asked what became of the message."""
        return self.channel_for(Capability.STATUS, medium=receipt.medium, channel=receipt.channel)

    def _groups(self, batch: Sequence[Message], channel: str | None) -> Mapping[str, Sequence[int]]:
        """The positions of the messages that each channel is to send."""
        media = _media_of(batch)
        names = {
            medium: self.channel_for(medium=medium, channel=channel).name
            # Mostly all have one, and the hash of an enumeration is slow.
            for medium in dict.fromkeys([medium for medium, _ in groupby(media)])
        }
        if len(names) == 1:
            groups: dict[str, Sequence[int]] = {names[media[0]]: range(len(batch))}
        else:
            positions: dict[str, list[int]] = {name: [] for name in names.values()}
            for position, medium in enumerate(media):
                positions[names[medium]].append(position)
            groups = dict(positions)
        if len({message.ref for message in batch}) < len(batch):
            [(twice, _)] = Counter([message.ref for message in batch]).most_common(1)
            raise InvalidMessage("ref", "occurs twice in one call", ref=twice)
        return groups

    def _check(self, groups: Mapping[str, Sequence[int]], batch: Sequence[Message]) -> None:
        for name, positions in groups.items():
            self._sending.check(self.channel(name), [batch[p] for p in positions])

    def _require_open(self) -> None:
        if self._opened is None:
            raise RuntimeError("open the client first: `async with AsyncClient(...) as client:`")
        if self._opened_in is not self._running_loop():
            raise RuntimeError(
                "this client was opened in another event loop: open one in each loop, or use the "
                "blocking Client"
            )


def _check_receipts(*given: object) -> None:
    for kind in {type(each) for each in given if not isinstance(each, Receipt)}:
        instead = "client.channel(name).status(ids) takes bare ids"
        raise TypeError(f"expected a Receipt, not {kind.__name__}: {instead}")


def _media_of(messages: Sequence[Message]) -> list[Medium]:
    # Each type is looked at once: a bulk of messages has one.
    for kind in dict.fromkeys(map(type, messages)):
        _check_message(kind)
    return [message.medium for message in messages]


def _check_message(kind: type) -> None:
    if not issubclass(kind, Message):
        raise TypeError(f"expected a Message, not {kind.__name__}")
