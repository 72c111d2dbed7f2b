"""The channel that remembers messages instead of sending them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest

from devino_core import (
    AsyncClient,
    Channel,
    ChannelSettings,
    DevinoError,
    InvalidMessage,
    Mail,
    Medium,
    Message,
    Secret,
    State,
)
from devino_core.clock import ManualClock
from devino_core.testing import ChannelConformance
from devino_sandbox import Account, Pace, Submission, World, memory
from devino_sandbox.memory import MemoryChannel, MemorySettings
from tests.channels._everything import everything

pytestmark = pytest.mark.pythons
(SPEC,) = memory.devino_channels()


@asynccontextmanager
async def remembering(
    clock: ManualClock | None = None, *, keep: int = 100
) -> AsyncIterator[MemoryChannel]:
    made = MemorySettings(keep=keep)
    async with MemoryChannel(made, name="memory", clock=clock or ManualClock()) as channel:
        yield channel


class TestMemory(ChannelConformance):
    spec = SPEC
    carries = tuple(everything())
    refuses: ClassVar[Sequence[tuple[Message, type[DevinoError]]]] = (
        (Message("anna", "Hello"), InvalidMessage),
        (Message("79031234567", "a", medium=Medium.EMAIL), InvalidMessage),
        (Message("79031234567", "a", fallback=Message("9031234567", "b")), InvalidMessage),
    )

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Channel[ChannelSettings]]:
        async with remembering() as channel:
            yield channel

    def message(self, number: int) -> Message:
        return Message(f"7916000{number:04}", f"Message {number}", sender="DEVINO")


async def test_a_program_under_test_finds_its_messages() -> None:
    async with AsyncClient({"memory": {}}) as client:
        sent = [Message("79031234567", "one"), Message("79031234568", "two")]
        receipts = await client.send_many(sent)
        channel = client.channel("memory", MemoryChannel)
        assert channel.sent == sent
        assert [receipt.status.state for receipt in receipts] == [State.ACCEPTED] * 2
        assert (await client.status(receipts[0])).state is State.DELIVERED
        channel.sent.clear()
        assert (await client.status(receipts[1])).state is State.DELIVERED
    assert channel.sent == []


NUMBERS = [
    *(f"79990000{code:03}" for code in (8, 10, 11, 41, 42, 46, 47, 48, 69, 99, 255, 901, 902, 997)),
    *(f"79990003{digits}" for digits in ("000", "111", "222", "333", "444", "555", "666", "910")),
    *(f"7999000200{reason}" for reason in range(1, 9)),
    "79031234567",
]
MAILS = [
    f"{name}@fate.test"
    for name in ("notsent", "sent", "read", "bounced", "rejected", "late-bounced", "complained")
]
CASES = [(medium, to) for medium in Medium if medium is not Medium.EMAIL for to in NUMBERS]


@pytest.mark.parametrize(
    ("medium", "to"), [*CASES, *((Medium.EMAIL, address) for address in MAILS)]
)
async def test_the_number_chooses_the_state_as_in_the_sandbox(medium: Medium, to: str) -> None:
    clock = ManualClock()
    account = Account(login="me", password=Secret("me"))
    world = World([account], clock=clock, pace=Pace.instant())
    fallback = None if medium is Medium.EMAIL else Message(to, "instead")
    instead = Submission(account=account, via="rest", sender="DEVINO", text="instead")
    submission = Submission(
        account=account,
        via="rest",
        sender="a@example.org" if medium is Medium.EMAIL else "DEVINO",
        text="Hello",
        medium=medium,
        fallback=None if fallback is None else instead,
    )
    content = Mail("Hello", "Hello") if medium is Medium.EMAIL else "Hello"
    async with remembering(clock) as channel:
        [stored] = world.submit(submission, [to])
        message = Message(to, content, medium=medium, fallback=fallback)
        [receipt] = await channel.send([message])
        clock.advance(3600)
        world.advance()
        [status] = await channel.status(receipt.ids)
    legs = [stored] + ([stored.resent] if stored.resent else [])
    expected = [leg.state if leg.found else State.UNKNOWN for leg in legs]
    assert [leg.state for leg in status.legs or (status,)] == expected


async def test_a_message_for_later_is_scheduled_until_then() -> None:
    clock = ManualClock(datetime(2026, 1, 1, 12, tzinfo=UTC))
    async with remembering(clock) as channel:
        later = Message("79031234567", "a", send_at=datetime(2026, 1, 1, 13, tzinfo=UTC))
        # By Moscow's clock, three hours ahead.
        local = Message("79031234567", "b", send_at=datetime(2026, 1, 1, 17))  # noqa: DTZ001
        receipts = await channel.send([later, local])
        assert {receipt.status.state for receipt in receipts} == {State.SCHEDULED}
        ids = [one for receipt in receipts for one in receipt.ids]

        async def states() -> list[State]:
            return [status.state for status in await channel.status(ids)]

        assert await states() == [State.SCHEDULED, State.SCHEDULED]
        clock.advance(3600)
        assert await states() == [State.DELIVERED, State.SCHEDULED]
        clock.advance(3600)
        assert await states() == [State.DELIVERED, State.DELIVERED]


async def test_what_comes_late_comes_by_the_clock() -> None:
    clock = ManualClock()
    async with remembering(clock) as channel:
        [receipt] = await channel.send([Message("79990003005", "a", validity=timedelta(minutes=1))])
        states = []
        for _ in range(4):
            [status] = await channel.status(receipt.ids)
            states.append(status.state)
            clock.advance(45)
    assert states == [State.ENROUTE, State.ENROUTE, State.EXPIRED, State.DELIVERED]


async def test_it_remembers_only_so_many() -> None:
    async with remembering(keep=2) as channel:
        receipts = await channel.send([Message("79031234567", f"{n}") for n in range(3)])
        assert [message.text for message in channel.sent] == ["1", "2"]
        first, *_, last = await channel.status([one for each in receipts for one in each.ids])
        assert (first.state, last.state) == (State.UNKNOWN, State.DELIVERED)
