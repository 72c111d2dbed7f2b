"""What the author of a channel tests with: a conformance suite to inherit, and a driven clock.

::

    class TestAcme(ChannelConformance):
        spec = devino_acme.SPEC

        @asynccontextmanager
        async def connected(self):
            async with fake_acme() as url:
                channel = AcmeChannel(AcmeSettings(base_url=url, token=Secret("t")), name="acme")
                async with channel:
                    yield channel

Run it with pytest; the tests are plain functions and need no asyncio plugin.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import ClassVar, TypeVar

import msgspec
import pytest

from ._callback_conformance import CallbackConformance, Readable
from ._channel import Capability, Channel, ChannelSettings, ChannelSpec
from ._manual_clock import ManualClock
from ._message import Medium, Message
from ._secret import Secret
from ._status import Receipt, Status
from .errors import InvalidMessage, Unsupported

__all__ = ["CallbackConformance", "ChannelConformance", "ManualClock", "Readable"]

T = TypeVar("T")
AnyChannel = Channel[ChannelSettings]


class ChannelConformance(ABC):
    """What every channel promises. Inherit, give :attr:`spec` and :meth:`connected`."""

    spec: ClassVar[ChannelSpec]

    @abstractmethod
    def connected(self) -> AbstractAsyncContextManager[AnyChannel]:
        """An open channel whose platform answers; made anew for each test."""

    def message(self, number: int) -> Message:
        """A message that the platform accepts; override for other recipients or senders."""
        return Message(
            f"7916000{number:04}",
            f"Message {number}",
            sender="DEVINO",
            medium=min(self.spec.media),
        )

    def test_manifest_tells_what_the_class_is(self) -> None:
        kind = self.spec.load()
        assert kind.media == self.spec.media
        assert self.spec.summary
        assert issubclass(self.spec.settings, ChannelSettings)

    def test_every_message_gets_its_receipt_in_order(self) -> None:
        messages = [self.message(number) for number in range(5)]

        async def check(channel: AnyChannel) -> list[Receipt]:
            return await channel.send(messages)

        receipts = self._run(check)
        assert [(r.ref, r.to, r.medium) for r in receipts] == [
            (m.ref, m.to, m.medium) for m in messages
        ]
        assert {receipt.channel for receipt in receipts} == {self._name()}

    def test_nothing_to_send_is_no_error(self) -> None:
        async def check(channel: AnyChannel) -> list[Receipt]:
            return await channel.send([])

        assert self._run(check) == []

    def test_ids_are_never_shared_between_messages(self) -> None:
        async def check(channel: AnyChannel) -> list[Receipt]:
            # One call with many, and many calls at once.
            calls = [channel.send([self.message(n), self.message(n + 1)]) for n in (0, 2, 4)]
            return [receipt for sent in await asyncio.gather(*calls) for receipt in sent]

        ids = [given for receipt in self._run(check) for given in receipt.ids]
        assert len(ids) == len(set(ids))

    def test_a_medium_it_does_not_carry_is_unsupported(self) -> None:
        foreign = next((medium for medium in Medium if medium not in self.spec.media), None)
        if foreign is None:
            return
        message = msgspec.structs.replace(self.message(0), medium=foreign)

        async def check(channel: AnyChannel) -> None:
            with pytest.raises(Unsupported):
                await channel.send([self.message(1), message])

        self._run(check)

    def test_an_option_it_does_not_know_is_refused_before_sending(self) -> None:
        message = msgspec.structs.replace(self.message(0), options={"no_such_option": 1})

        async def check(channel: AnyChannel) -> None:
            with pytest.raises((InvalidMessage, Unsupported), match="no_such_option"):
                await channel.send([message])
            with pytest.raises((InvalidMessage, Unsupported), match="no_such_option"):
                channel.check([message])

        self._run(check)

    def test_capabilities_are_true(self) -> None:
        """What is claimed does not raise Unsupported, and what is not claimed does."""

        async def check(channel: AnyChannel) -> dict[Capability, bool]:
            (receipt,) = await channel.send([self.message(0)])
            now = datetime.now(UTC)

            async def status() -> object:
                return await channel.status(receipt.ids, medium=receipt.medium)

            async def inbox() -> object:
                return await channel.inbox(now - timedelta(hours=1), now)

            async def events() -> object:
                return channel.events()

            calls: dict[Capability, Callable[[], Awaitable[object]]] = {
                Capability.STATUS: status,
                Capability.INBOX: inbox,
                Capability.BALANCE: channel.balance,
                Capability.EVENTS: events,
            }
            return {capability: await _supported(call) for capability, call in calls.items()}

        can = self._run(check)
        assert {capability for capability, is_so in can.items() if is_so} == (
            self.spec.load().capabilities()
        )

    def test_statuses_answer_the_ids_in_order(self) -> None:
        if Capability.STATUS not in self.spec.load().capabilities():
            return

        async def check(channel: AnyChannel) -> tuple[list[str], list[Status]]:
            receipts = await channel.send([self.message(0), self.message(1)])
            ids = [given for receipt in receipts for given in receipt.ids][::-1]
            return ids, await channel.status(ids, medium=receipts[0].medium)

        ids, statuses = self._run(check)
        assert [status.id for status in statuses] == ids

    def test_balance_is_exact(self) -> None:
        if Capability.BALANCE not in self.spec.load().capabilities():
            return

        async def check(channel: AnyChannel) -> Decimal:
            return await channel.balance()

        assert isinstance(self._run(check), Decimal)

    def test_closing_twice_is_safe(self) -> None:
        async def check(channel: AnyChannel) -> None:
            await channel.aclose()
            await channel.aclose()

        self._run(check)

    def test_secrets_do_not_show(self) -> None:
        async def check(channel: AnyChannel) -> tuple[str, list[str]]:
            values = msgspec.structs.asdict(channel.settings).values()
            secrets = [value.reveal() for value in values if isinstance(value, Secret)]
            return f"{channel!r} {channel} {channel.settings!r}", secrets

        shown, secrets = self._run(check)
        assert not [secret for secret in secrets if secret and secret in shown]

    def _name(self) -> str:
        async def check(channel: AnyChannel) -> str:
            return channel.name

        return self._run(check)

    def _run(self, check: Callable[[AnyChannel], Awaitable[T]]) -> T:
        async def run() -> T:
            async with self.connected() as channel:
                return await check(channel)

        return asyncio.run(run())


async def _supported(call: Callable[[], Awaitable[object]]) -> bool:
    try:
        await call()
    except Unsupported:
        return False
    return True
