"""The channel ``failover``: what one channel has safely not sent, the next one sends."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial, reduce
from typing import TypeAlias

import msgspec

from devino_core import (
    Capability,
    Channel,
    ChannelSettings,
    ConfigurationError,
    DevinoError,
    Event,
    Incoming,
    Medium,
    Message,
    Receipt,
    Retry,
    Status,
    Takes,
)
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.dispatch import check_ids, dispatch, settle
from devino_core.suggest import did_you_mean

from ._settings import FailoverSettings

__all__ = ["FailoverChannel"]

AnyChannel: TypeAlias = Channel[ChannelSettings]

_log = logging.getLogger("devino.failover")


class FailoverChannel(Channel[FailoverSettings]):
    """Sends by the first of its channels, and by the next what that one has safely not sent.

    It goes on after an error that makes a repeat safe (``Retry.SAFE``), and after no other: what
    may have been sent is not sent twice, and what one account is refused is refused. A channel that
    failed rests: until then it is tried last.

    It takes what all of its channels take, and can do what the first one can. A receipt names the
    channel that sent the message, so its status is asked there.
    """

    def __init__(
        self, settings: FailoverSettings, *, name: str, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        super().__init__(settings, name=name, clock=clock)
        self._members: Sequence[AnyChannel] = ()
        self._rests_until: dict[str, float] = {}

    def meet(self, siblings: Mapping[str, AnyChannel]) -> None:
        """Find its channels. Raises ConfigurationError for a name that is none of them."""
        names = self.settings.names
        if not names:
            raise ConfigurationError(f"channel {self.name!r}: channels: names none")
        if len(set(names)) < len(names):
            raise ConfigurationError(f"channel {self.name!r}: channels: one is named twice")
        self._members = [self._sibling(name, siblings) for name in names]
        self.takes: Mapping[Medium, Takes] = reduce(_both, [one.takes for one in self._members])
        if not self.takes:
            together = " and ".join(names)
            raise ConfigurationError(
                f"channel {self.name!r}: channels: nothing can be sent by both {together}"
            )
        self.remembers: timedelta = self._members[0].remembers

    @property
    def capabilities(self) -> frozenset[Capability]:
        """What the first of its channels can do."""
        return self._members[0].capabilities & self.offers()

    def check(self, messages: Sequence[Message]) -> None:
        """Raise what any of its channels would refuse: each must be able to send each message."""
        self.check_takes(messages)
        signed = self._signed(messages)
        for channel in self._members:
            channel.check(signed)

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        """Send by one channel after the other, for as long as something is safely not sent."""
        self.check(messages)
        signed = self._signed(messages)
        outcomes: dict[int, Receipt | DevinoError] = {}
        left = list(range(len(signed)))
        for channel in self._in_order():
            trying = [signed[n] for n in left]
            try:
                sent = await dispatch(
                    trying,
                    [(range(len(trying)), partial(channel.send, trying))],
                    channel=channel.name,
                    concurrency=1,
                )
                outcomes.update(zip(left, sent, strict=True))
            except DevinoError as failed:
                outcomes.update(dict.fromkeys(left, failed))
            unsent = {n: error for n in left if (error := _safe_error(outcomes[n]))}
            if not unsent:
                break
            self._let_rest(channel, unsent.values())
            left = list(unsent)
        in_order = [outcomes[n] for n in range(len(signed))]
        return settle(messages, in_order, channel=self.name)

    async def status(self, ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        """What the first channel says. A receipt of another one is asked about by its name."""
        check_ids(ids)
        return await self._members[0].status(ids, medium=medium)

    async def inbox(self, since: datetime, until: datetime) -> list[Incoming]:
        """What came in by the first channel."""
        return await self._members[0].inbox(since, until)

    async def balance(self) -> Decimal:
        """The balance that the first channel tells."""
        return await self._members[0].balance()

    def events(self) -> AsyncIterator[Event]:
        """What the first channel is told."""
        return self._members[0].events()

    def _sibling(self, name: str, siblings: Mapping[str, AnyChannel]) -> AnyChannel:
        owner = f"channel {self.name!r}: channels"
        found = siblings.get(name)
        if found is None:
            hint = did_you_mean(name, siblings) or f"there are {', '.join(siblings) or 'none'}"
            raise ConfigurationError(f"{owner}: no other channel is named {name!r}: {hint}")
        if isinstance(found, FailoverChannel):
            raise ConfigurationError(f"{owner}: {name!r} is a failover, too: name its channels")
        return found

    def _signed(self, messages: Sequence[Message]) -> Sequence[Message]:
        """The messages with this channel's sender, if it has one and they have none."""
        sender = self.settings.sender
        if sender is None:
            return messages
        return [
            message if message.sender else msgspec.structs.replace(message, sender=sender)
            for message in messages
        ]

    def _in_order(self) -> list[AnyChannel]:
        """Its channels as they are tried now: those that rest come last."""
        now = self.clock.monotonic()
        return sorted(self._members, key=lambda one: max(self._rests_until.get(one.name, now), now))

    def _let_rest(self, channel: AnyChannel, errors: Iterable[DevinoError]) -> None:
        first, *others = errors
        asked = [error.retry_after or 0.0 for error in (first, *others)]
        seconds = max(self.settings.rest_for, *asked)
        self._rests_until[channel.name] = self.clock.monotonic() + seconds
        _log.warning("%s: channel %s rests for %g s: %s", self.name, channel.name, seconds, first)


def _safe_error(outcome: Receipt | DevinoError) -> DevinoError | None:
    error = outcome.error if isinstance(outcome, Receipt) else outcome
    return error if error is not None and error.retry is Retry.SAFE else None


def _both(one: Mapping[Medium, Takes], other: Mapping[Medium, Takes]) -> Mapping[Medium, Takes]:
    """What two channels take, both of them."""
    return {
        medium: Takes(
            contents=contents,
            expresses=takes.expresses & other[medium].expresses,
            options=takes.options if takes.options is other[medium].options else None,
        )
        for medium, takes in one.items()
        if medium in other and (contents := takes.contents & other[medium].contents)
    }
