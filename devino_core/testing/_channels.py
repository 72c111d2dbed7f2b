"""What every channel promises, as tests to inherit."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar, TypeAlias, TypeVar

import msgspec
import pytest

from devino_core._channel import Capability, ChannelSettings, ChannelSpec
from devino_core._message import Message
from devino_core._status import Receipt, Status
from devino_core.errors import DevinoError, InvalidArgument, InvalidMessage, Retry, Unsupported
from devino_core.plugins import Plugins

from ._claims import as_fills, beyond, unshown
from ._probes import (
    AnyChannel,
    at_once,
    checked,
    require,
    require_receipts,
    secrets,
    skip_without,
    step,
    supported,
)

__all__ = ["AnyChannel", "ChannelConformance", "Connected"]

T = TypeVar("T")
Connected: TypeAlias = Callable[[], AbstractAsyncContextManager[AnyChannel]]
"""Gives an open channel, a new one each time."""


class ChannelConformance(ABC):
    """What every channel promises. Inherit from it; give :attr:`spec`, :meth:`connected`, the data.

    It tests :attr:`Channel.takes <devino_core.Channel.takes>` both ways. The channel must refuse
    everything that is not listed there. A message in :attr:`carries` must prove each thing that is.
    """

    spec: ClassVar[ChannelSpec]

    carries: ClassVar[Sequence[Message]] = ()
    """Messages that the channel can send. They must cover everything that it takes by each medium.
    The one of :meth:`message` counts too."""
    refuses: ClassVar[Sequence[tuple[Message, type[DevinoError]]]] = ()
    """Messages that it must refuse though :attr:`Channel.takes <devino_core.Channel.takes>` lists
    all that they have (too long, a sender that the wire has no room for), each with its error."""
    faults: ClassVar[Sequence[tuple[Connected, type[DevinoError] | Retry]]] = ()
    """Ways to break the platform, each with how a send then ends: the error's type, or its
    ``retry``. A way is another :meth:`connected`: a callable that gives a context manager of an
    open channel whose platform fails in that way."""
    sent_by: ClassVar[Collection[str]] = ()
    """The names of other channels of the client that it sends by: its receipts may name those."""

    @abstractmethod
    def connected(self) -> AbstractAsyncContextManager[AnyChannel]:
        """An open channel whose platform answers; a new one for each test."""

    def message(self, number: int) -> Message:
        """A message that the platform accepts. Override it for other recipients or contents."""
        return Message(
            f"7916000{number:04}",
            f"Message {number}",
            sender="DEVINO",
            medium=min(self.spec.media),
        )

    def test_manifest_tells_what_the_class_is(self) -> None:
        async def check(channel: AnyChannel) -> None:
            kind = Plugins(discover=False).load(self.spec)
            require(isinstance(channel, kind), "`spec.load` gives another class")
            require(channel.media == self.spec.media, "`spec.media` is not what `takes` says")

        self._run(check)
        require(bool(self.spec.summary), "`spec.summary` says nothing")
        require(issubclass(self.spec.settings, ChannelSettings), "`spec.settings` is no such type")

    def test_every_message_gets_its_receipt_in_order(self) -> None:
        messages = [self.message(number) for number in range(5)]

        async def check(channel: AnyChannel) -> None:
            self._require_receipts(channel, messages, await channel.send(messages))

        self._run(check)

    def test_nothing_to_send_is_no_error(self) -> None:
        async def check(channel: AnyChannel) -> list[Receipt]:
            return await channel.send([])

        require(self._run(check) == [], "there is a receipt for no message")

    def test_ids_are_never_shared_between_messages(self) -> None:
        async def check(channel: AnyChannel) -> list[Receipt]:
            # One call with many messages, and many calls at once.
            calls = [channel.send([self.message(n), self.message(n + 1)]) for n in (0, 2, 4)]
            return [receipt for sent in await asyncio.gather(*calls) for receipt in sent]

        ids = [given for receipt in self._run(check) for given in receipt.ids]
        require(len(ids) == len(set(ids)), "two messages have one id")

    def test_what_it_carries_is_accepted(self) -> None:
        async def check(channel: AnyChannel) -> None:
            carried = self._carried()
            for message in (*carried, *as_fills(carried, channel.takes)):
                require(checked(channel, message) is None, f"`check` refuses {message!r}")
            self._require_receipts(channel, carried, await channel.send(carried))

        self._run(check)

    def test_what_it_takes_is_shown(self) -> None:
        """A message proves each thing that the channel claims to take."""

        async def check(channel: AnyChannel) -> list[str]:
            return list(unshown(self._carried(), channel.takes))

        missing = self._run(check)
        require(not missing, f"`carries` has no message with {'; with '.join(missing)}")

    def test_what_it_does_not_take_is_unsupported(self) -> None:
        """It refuses at once whatever it does not take: media, contents, fields. It drops none."""

        async def check(channel: AnyChannel) -> None:
            for message, what in beyond(self._carried(), channel.takes):
                await self._require_refusal(channel, message, (Unsupported,), what)

        self._run(check)

    def test_what_it_refuses_is_refused_before_sending(self) -> None:
        if not self.refuses:
            pytest.skip("`refuses` is empty")

        async def check(channel: AnyChannel) -> None:
            for place, (message, error) in enumerate(self.refuses):
                await self._require_refusal(channel, message, (error,), f"refuses[{place}]")

        self._run(check)

    def test_an_option_it_does_not_know_is_refused_before_sending(self) -> None:
        name = "no_such_option"
        message = msgspec.structs.replace(self.message(0), options={name: 1})

        async def check(channel: AnyChannel) -> None:
            kinds = (InvalidMessage, Unsupported)
            await self._require_refusal(channel, message, kinds, f"option `{name}`", says=name)

        self._run(check)

    def test_capabilities_are_true(self) -> None:
        """A claimed capability does not raise Unsupported; one that is not claimed does."""

        async def check(channel: AnyChannel) -> None:
            (receipt,) = await channel.send([self.message(0)])
            now = datetime.now(UTC)

            async def status() -> object:
                return await channel.status(receipt.ids, medium=receipt.medium)

            async def recall() -> object:
                return await channel.recall([self.message(0)])

            async def inbox() -> object:
                return await channel.inbox(now - timedelta(hours=1), now)

            async def events() -> None:
                await step(channel.events())

            calls: dict[Capability, Callable[[], Awaitable[object]]] = {
                Capability.STATUS: status,
                Capability.RECALL: recall,
                Capability.INBOX: inbox,
                Capability.BALANCE: channel.balance,
                Capability.EVENTS: events,
            }
            claimed = channel.capabilities
            for capability, call in calls.items():
                can = await supported(call)
                require(
                    can == (capability in claimed),
                    f"{capability} is not claimed and works"
                    if can
                    else f"{capability} is claimed and raises Unsupported",
                )

        self._run(check)

    def test_statuses_answer_the_ids_in_order(self) -> None:
        async def check(channel: AnyChannel) -> tuple[list[str], list[Status]]:
            skip_without(Capability.STATUS, channel)
            receipts = await channel.send([self.message(0), self.message(1)])
            ids = [given for receipt in receipts for given in receipt.ids][::-1]
            return ids, await channel.status(ids, medium=receipts[0].medium)

        ids, statuses = self._run(check)
        require([status.id for status in statuses] == ids, "statuses are not those of the ids")

    def test_one_id_is_no_list_of_ids(self) -> None:
        async def check(channel: AnyChannel) -> DevinoError | None:
            skip_without(Capability.STATUS, channel)
            medium = self.message(0).medium
            return await at_once(channel.status("12", medium=medium))

        error = self._run(check)
        require(
            isinstance(error, InvalidArgument),
            f'status("12") asks about "1" and "2" (see dispatch.check_ids): {error!r}',
        )

    def test_balance_is_exact(self) -> None:
        async def check(channel: AnyChannel) -> Decimal:
            skip_without(Capability.BALANCE, channel)
            return await channel.balance()

        require(isinstance(self._run(check), Decimal), "the balance is no Decimal")

    def test_a_failure_of_the_platform_is_told_as_what_it_is(self) -> None:
        if not self.faults:
            pytest.skip("`faults` is empty")
        for place, (way, expected) in enumerate(self.faults):
            error, hidden = asyncio.run(self._ended(way))
            told = "a receipt without error" if error is None else repr(error)
            wanted = str(expected) if isinstance(expected, Retry) else expected.__name__
            require(
                error is not None
                and (
                    error.retry is expected
                    if isinstance(expected, Retry)
                    else isinstance(error, expected)
                ),
                f"faults[{place}] ends in {told}, and not in {wanted}",
            )
            require(
                not [secret for secret in hidden if secret in f"{error} {error!r}"],
                f"the error of faults[{place}] shows a secret",
            )

    def test_closing_twice_is_safe(self) -> None:
        async def check(channel: AnyChannel) -> None:
            await channel.aclose()
            await channel.aclose()

        self._run(check)

    def test_secrets_do_not_show(self) -> None:
        async def check(channel: AnyChannel) -> None:
            shown = f"{channel!r} {channel} {channel.settings!r}"
            found = [secret for secret in secrets(channel) if secret in shown]
            require(not found, "a repr shows a secret")

        self._run(check)

    def _require_receipts(
        self, channel: AnyChannel, messages: Sequence[Message], receipts: Sequence[Receipt]
    ) -> None:
        require_receipts({channel.name, *self.sent_by}, messages, receipts)

    def _carried(self) -> list[Message]:
        return [self.message(0), *self.carries]

    async def _require_refusal(
        self,
        channel: AnyChannel,
        message: Message,
        errors: tuple[type[DevinoError], ...],
        what: str,
        *,
        says: str = "",
    ) -> None:
        """``check`` and ``send`` both refuse it, ``send`` before it waits for anything."""
        wanted = " or ".join(error.__name__ for error in errors)
        # A message that could be sent stands before it.
        sent = await at_once(channel.send([self.message(1), message]))
        for method, error in (("check", checked(channel, message)), ("send", sent)):
            require(
                isinstance(error, errors) and says in str(error),
                f"`{method}` of {what} raises {error!r}, and not {wanted}"
                if error is not None
                else f"`{method}` does not refuse {what} before any I/O",
            )

    async def _ended(self, way: Connected) -> tuple[DevinoError | None, list[str]]:
        """A send's error, raised or in its receipt, and the secrets that it must not show."""
        async with way() as channel:
            try:
                (receipt,) = await channel.send([self.message(0)])
            except DevinoError as error:
                return error, secrets(channel)
            return receipt.error, secrets(channel)

    def _run(self, check: Callable[[AnyChannel], Awaitable[T]]) -> T:
        async def run() -> T:
            async with self.connected() as channel:
                return await check(channel)

        return asyncio.run(run())
