"""Channels, which send messages: the kind of service that most plugins implement."""

from __future__ import annotations

import enum
from abc import abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Annotated, TypeVar

import msgspec

from ._events import Event, Incoming
from ._message import Medium, Message
from ._service import Service, ServiceSettings, ServiceSpec
from ._status import Receipt, Status
from ._takes import Takes, check_takes, options_of
from .errors import InvalidMessage, Unsupported

__all__ = ["Capability", "Channel", "ChannelSettings", "ChannelSpec"]


class ChannelSettings(ServiceSettings, kw_only=True, frozen=True):
    """Base of a channel's settings: those of a service, and a sender."""

    sender: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    """The sender of messages that name none."""


SettingsT_co = TypeVar("SettingsT_co", bound=ChannelSettings, covariant=True)
OptionsT = TypeVar("OptionsT", bound=msgspec.Struct)


class Capability(enum.StrEnum):
    """What a channel can do besides sending: the methods of :class:`Channel` it may override."""

    STATUS = "status"
    INBOX = "inbox"
    BALANCE = "balance"
    EVENTS = "events"
    RECALL = "recall"


class Channel(Service[SettingsT_co]):
    """One way to send. Override :meth:`send` and whatever else the wire can do.

    A method that is not overridden raises :exc:`~devino_core.errors.Unsupported`.
    :attr:`capabilities` follows from which methods are overridden.
    """

    takes: Mapping[Medium, Takes] = {}
    """What :meth:`send` takes, by medium. The class sets it, or ``__init__`` if it depends on the
    settings."""

    remembers: timedelta = timedelta(hours=48)
    """How long the platform can tell a message's status after it was sent (chapters 1 and 2)."""

    shortest_validity: Mapping[Medium, timedelta] = {}
    """The shortest ``validity`` that the wire can say, of each medium that has such a limit."""

    default_validity: Mapping[Medium, timedelta] = {}
    """How long the wire tries to deliver a message that says no ``validity``, of each medium where
    this channel knows it."""

    @abstractmethod
    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """Send, and give one receipt for each message, in order.

        A message that the platform refused is data: its receipt has State.REJECTED and an
        ``error``. An exception means that the call as a whole failed. Its ``retry`` says whether
        anything may have been sent.

        Raises InvalidMessage or Unsupported before any I/O for the first message that cannot be
        sent as it is. Nothing was sent then. If the call is cancelled, nothing tells what was sent.
        """

    def meet(self, siblings: Mapping[str, Channel[ChannelSettings]]) -> None:
        """Get to know the other channels of the client, by name, before any is opened.

        Called for a kind whose manifest says :attr:`ChannelSpec.needs_siblings`. May set
        :attr:`takes`. Raises ConfigurationError.
        """

    @cached_property
    def media(self) -> frozenset[Medium]:
        """What :meth:`send` carries."""
        return frozenset(self.takes)

    def check(self, messages: Sequence[Message]) -> None:
        """Raise what :meth:`send` would raise before any I/O, and do nothing else.

        Override it if there is more to check than :attr:`takes` says.
        """
        self.check_takes(messages)

    def check_takes(self, messages: Sequence[Message]) -> None:
        """Raise Unsupported or InvalidMessage for anything that :attr:`takes` does not list.

        :meth:`send` calls it first, directly or through :meth:`check`.
        """
        check_takes(messages, self.takes, self.name)

    def require_medium(self, medium: Medium) -> None:
        """Raise Unsupported for a medium that this channel does not carry."""
        if medium not in self.media:
            carried = " and ".join(sorted(self.media)) or "nothing"
            raise Unsupported(
                f"channel {self.name!r} carries {carried}, not {medium}: give another `medium` or "
                "name another channel"
            )

    @staticmethod
    def options_of(message: Message, kind: type[OptionsT]) -> OptionsT:
        """A message's options as the struct that :attr:`takes` declares for its medium.

        Raises InvalidMessage.
        """
        return options_of(message, kind)

    async def status(self, ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        """The present status of each id that the platform gave, in order."""
        raise self._unsupported("report a status on request")

    async def inbox(self, since: datetime, until: datetime) -> list[Incoming]:
        """What subscribers wrote between two aware times."""
        raise self._unsupported("list incoming messages")

    async def balance(self) -> Decimal:
        """The account's balance, in its currency."""
        raise self._unsupported("tell the balance")

    def events(self) -> AsyncIterator[Event]:
        """The events that the platform pushes, for as long as the iterator is kept."""
        raise self._unsupported("push events")

    async def try_login(self) -> None:
        """See :meth:`Service.try_login`. Whoever can tell the balance is let in."""
        if Capability.BALANCE in self.capabilities:
            await self.balance()
        else:
            await super().try_login()

    def event_batches(self) -> AsyncIterator[list[Event]]:
        """The events of :meth:`events`, as many at a time as have come.

        A list is acknowledged as a whole when the next one is asked for, so one commit of whoever
        takes them serves all.
        """
        return _one_by_one(self.events())

    async def recall(self, messages: Sequence[Message]) -> list[Receipt | None]:
        """What became of messages that were perhaps sent, asked by their ``ref``.

        One for each, in order. None: the platform does not have it, as far as it knows by now. A
        receipt whose ``error`` is Retry.SAFE says that it did not tell.
        """
        raise self._unsupported("ask by a message's ref")

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What this channel can do with its settings: everything that its class offers, or less."""
        return self.offers()

    @classmethod
    def offers(cls) -> frozenset[Capability]:
        """What the class overrides: a channel with the right settings can do all of it."""
        return frozenset(
            capability
            for capability in Capability
            if getattr(cls, capability.value) is not getattr(Channel, capability.value)
        )

    def sender_of(self, message: Message) -> str:
        """The message's sender, else the channel's. Raises InvalidMessage if there is neither."""
        sender = message.sender or self.settings.sender
        if sender is None:
            raise InvalidMessage(
                "sender",
                f"is missing: give the message one, or channel {self.name!r} the setting `sender`",
                ref=message.ref,
            )
        return sender

    def _unsupported(self, what: str) -> Unsupported:
        return Unsupported(f"channel {self.name!r} cannot {what}: its protocol has no such call")


async def _one_by_one(events: AsyncIterator[Event]) -> AsyncIterator[list[Event]]:
    try:
        async for event in events:
            yield [event]
    finally:
        # Close it now, not when it is collected: the last event is then given again.
        if isinstance(events, AsyncGenerator):
            await events.aclose()


class ChannelSpec(ServiceSpec, frozen=True, kw_only=True):
    """The manifest of a kind of channel."""

    media: frozenset[Medium]
    settings: type[ChannelSettings]
    needs_siblings: bool = False
    """It sends by other channels of the client: :meth:`Channel.meet` is called."""
