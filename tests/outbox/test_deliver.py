"""Deliveries by channels that do what a test says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from devino_core import (
    AuthenticationFailed,
    ConnectFailed,
    DevinoError,
    Expressible,
    Incoming,
    InvalidArgument,
    InvalidMessage,
    Medium,
    Message,
    OutcomeUnknown,
    Plugins,
    Priority,
    State,
    Status,
    StatusChanged,
    Takes,
)
from devino_core.outbox import Delivery, InDoubt, Journal, MemoryStore, Phase, RefTaken
from devino_core.outbox._cascade import Cascades
from devino_core.testing import ManualClock

from ._world import Client, Scripted, Watched

MEDIA = (Medium.VK, Medium.VIBER, Medium.SMS)
MINUTE = timedelta(minutes=1)


class Wire(Scripted):
    def __init__(self, medium: Medium, clock: ManualClock) -> None:
        super().__init__(medium.lower(), clock)
        self.takes: Mapping[Medium, Takes] = {
            medium: Takes(expresses=frozenset({Expressible.VALIDITY}))
        }
        self.shortest_validity = {}


def message(ref: str = "order", media: tuple[Medium, ...] = MEDIA, **fields: Any) -> Message:
    chain: Message | None = None
    for medium in reversed(media):
        chain = Message(
            "79160000001",
            "Hello",
            medium=medium,
            validity=MINUTE,
            fallback=chain,
            ref=ref,
            **fields,
        )
    assert chain is not None
    return chain


class World:
    """A client's deliveries, and the channels."""

    def __init__(self, clock: ManualClock, store: Journal | None = None) -> None:
        self.clock = clock
        self.store = store
        self.vk, self.viber, self.sms = (Wire(medium, clock) for medium in MEDIA)
        self.client = Client(self.vk, self.viber, self.sms)
        self.cascades = Cascades(self.client, Plugins(environ={}), clock)
        self.told: list[Delivery] = []
        self.task: asyncio.Task[None] | None = None

    def deliver(self, given: Message | None = None, **terms: Any) -> None:
        defaults: dict[str, Any] = {
            "wanted": State.DELIVERED,
            "grace": MINUTE,
            "in_doubt": InDoubt.END,
            "native": True,
            "store": self.store,
        }
        self._listen(self.cascades.deliver(given or message(), **{**defaults, **terms}))

    def resume(self, store: Journal) -> None:
        self._listen(self.cascades.resume(store))

    def _listen(self, deliveries: AsyncIterator[Delivery]) -> None:
        async def listen() -> None:
            async for delivery in deliveries:
                self.told.append(delivery)

        self.task = asyncio.ensure_future(listen())

    async def over(self, seconds: float = 600) -> Delivery:
        """The last that is told."""
        assert self.task is not None
        for _ in range(int(seconds)):
            if self.task.done():
                break
            await self.clock.tick(1)
        assert self.task.done(), self.told
        self.task.result()
        return self.told[-1]

    def event(self, message_id: str, state: State, channel: str, ref: str | None = None) -> Any:
        return StatusChanged(
            id=f"{message_id} {state}",
            at=self.clock.now(),
            channel=channel,
            message_id=message_id,
            status=Status(state=state, id=message_id),
            ref=ref,
        )


@asynccontextmanager
async def world(
    store: Journal | None = None, clock: ManualClock | None = None
) -> AsyncIterator[World]:
    made = World(clock or ManualClock(), store)
    try:
        yield made
    finally:
        closing = asyncio.ensure_future(made.cascades.aclose())
        while not closing.done():
            await made.clock.tick(1)
        closing.result()
        if made.task is not None:
            made.task.cancel()
            await asyncio.gather(made.task, return_exceptions=True)


async def test_what_is_told_on_the_way() -> None:
    async with world() as w:
        w.vk.states["id-order/1"] = State.UNDELIVERABLE
        w.viber.states["id-order/2"] = State.DELIVERED
        w.deliver()
        last = await w.over()
        assert [one.phase for one in w.told[:2]] == [Phase.QUEUED, Phase.SENT]
        assert [leg.ended for leg in last.legs] == [State.UNDELIVERABLE, State.DELIVERED]
        assert (last.done, last.reached, last.phase) == (True, (Medium.VIBER,), Phase.DONE)
        assert not w.sms.sent
        assert [one.done for one in w.told] == [False] * (len(w.told) - 1) + [True]


async def test_a_refused_password_lets_the_next_leg_go_at_once() -> None:
    async with world() as w:
        w.vk.failure = AuthenticationFailed("wrong password")
        w.viber.states["id-order/2"] = State.DELIVERED
        w.deliver()
        await w.clock.tick(3)
        assert w.viber.sent
        last = await w.over()
        assert isinstance(last.legs[0].error, AuthenticationFailed)
        # Nor does it wait for somebody to mend the last one.
        w.viber.failure = w.sms.failure = w.vk.failure
        w.deliver(message("two"))
        last = await w.over()
        assert last.done
        assert [type(leg.error) for leg in last.legs] == [AuthenticationFailed] * 3
        assert last.status.state is State.REJECTED


async def test_what_may_pass_is_tried_until_the_legs_time_is_over() -> None:
    async with world() as w:
        w.vk.failure = ConnectFailed("nobody listens")
        w.viber.states["id-order/2"] = State.DELIVERED
        w.deliver()
        await w.clock.tick(100)
        assert len(w.vk.batches) >= 3
        assert not w.viber.sent
        await w.clock.tick(25)
        assert w.viber.sent
        assert (await w.over()).legs[0].ended is State.EXPIRED


async def test_a_leg_without_a_validity_has_that_of_its_channel() -> None:
    async with world() as w:
        w.vk.default_validity = {Medium.VK: 2 * MINUTE}
        first = replace(message(), validity=None)
        w.sms.states["id-order/3"] = State.DELIVERED
        w.deliver(first)
        await w.clock.tick(150)
        assert (w.vk.sent[0].validity, w.viber.sent) == (2 * MINUTE, [])
        delivery = await w.over()
        assert [leg.ended for leg in delivery.legs][:2] == [State.UNKNOWN, State.UNKNOWN]
        w.vk.default_validity = {}
        w.deliver(replace(first, ref="other"))
        with pytest.raises(InvalidMessage, match="is missing at VK, and channel 'vk' has none"):
            await w.over()


async def test_wanted_read() -> None:
    async with world() as w:
        w.vk.states["id-order/1"] = State.DELIVERED
        w.viber.states["id-order/2"] = State.READ
        w.deliver(wanted=State.READ)
        await w.clock.tick(115)
        assert not w.viber.sent
        last = await w.over()
        assert last.reached == (Medium.VK, Medium.VIBER)
        assert last.status.state is State.READ


async def test_a_late_delivery_is_told_and_changes_nothing_else() -> None:
    async with world() as w:
        w.deliver()
        await w.clock.tick(130)
        assert w.viber.sent
        assert not w.told[-1].reached
        w.vk.states["id-order/1"] = State.DELIVERED
        await w.clock.tick(60)
        assert w.told[-1].reached == (Medium.VK,)
        assert not w.told[-1].done
        last = await w.over()
        assert (last.status.state, len(last.legs)) == (State.DELIVERED, 3)
        assert [leg.ended for leg in last.legs] == [State.UNKNOWN] * 3


async def test_events_wake_it() -> None:
    async with world() as w:
        w.deliver()
        await w.clock.tick(2)
        incoming = Incoming(id="1", at=w.clock.now(), channel="vk", sender="7", to="8", text="Hi")
        await w.cascades.feed(incoming)
        await w.cascades.feed(w.event("id-order/1", State.DELIVERED, "vk"))
        last = await w.over(2)
        assert last.reached == (Medium.VK,)
        assert not w.vk.asked


async def test_an_event_never_ends_a_chain_of_the_wire() -> None:
    async with world() as w:
        w.vk.takes = {Medium.VK: Takes(expresses=frozenset(Expressible))}
        w.deliver(message(media=(Medium.VK, Medium.SMS)))
        await w.clock.tick(2)
        asked = len(w.vk.asked)
        await w.cascades.feed(w.event("id-order/1", State.UNDELIVERABLE, "vk"))
        await w.clock.tick(2)
        assert len(w.vk.asked) == asked + 1
        assert not w.told[-1].done
        w.vk.states["id-order/1"] = State.DELIVERED
        assert len((await w.over()).legs) == 1
        assert not w.sms.sent


async def test_a_doubt_that_is_parked_waits_for_a_report() -> None:
    store = MemoryStore(clock := ManualClock())
    async with world(store, clock) as w:
        w.vk.failure = OutcomeUnknown("no answer")
        w.deliver(in_doubt="park")
        last = await w.over()
        assert (last.phase, last.done, last.reached) == (Phase.DOUBT, False, ())
        assert not w.viber.sent
        w.resume(store)
        await w.clock.tick(2)
        await w.cascades.feed(w.event("late-id", State.DELIVERED, "vk", ref="order/1"))
        w.deliver(in_doubt="park")
        assert (await w.over()).reached == (Medium.VK,)


async def test_stop_starts_no_further_leg() -> None:
    async with world() as w:
        w.deliver()
        await w.clock.tick(5)
        assert await w.cascades.stop("order")
        assert not await w.cascades.stop("order")
        assert not await w.cascades.stop("nobody")
        last = await w.over()
        assert last.done
        assert [leg.ended for leg in last.legs] == [State.UNKNOWN]
        assert not w.viber.sent


async def test_stop_before_anything_was_sent() -> None:
    async with world() as w:
        w.vk.failure = ConnectFailed("nobody listens")
        w.deliver()
        await w.clock.tick(5)
        assert await w.cascades.stop("order")
        last = await w.over()
        assert (last.done, last.status.state) == (True, State.DELETED)
        assert not w.viber.sent


async def test_the_same_message_again_is_followed_and_another_one_refused() -> None:
    async with world() as w:
        w.deliver()
        await w.clock.tick(2)
        w.vk.states["id-order/1"] = State.DELIVERED
        w.deliver()
        assert (await w.over()).done
        assert w.vk.refs == ["order/1"]
        with pytest.raises(RefTaken):
            await anext(
                w.cascades.deliver(
                    message(sender="Other"),
                    wanted=State.DELIVERED,
                    grace=MINUTE,
                    in_doubt="end",
                    native=True,
                    store=None,
                )
            )


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"wanted": State.UNDELIVERABLE}, "wanted"),
        ({"grace": timedelta(seconds=-1)}, "grace"),
        ({"in_doubt": "hope"}, "in_doubt"),
    ],
)
async def test_wrong_terms_are_refused(terms: dict[str, Any], reason: str) -> None:
    async with world() as w:
        w.deliver(**terms)
        with pytest.raises(InvalidArgument, match=reason):
            await w.over()


async def test_a_code_has_time_for_each_leg() -> None:
    async with world() as w:
        given = message(priority=Priority.REALTIME)
        w.deliver(given)
        last = await w.over(1200)
        assert len(last.legs) == 3


async def test_after_a_restart_it_goes_on(tmp_path: Path) -> None:
    clock = ManualClock()
    url = f"sqlite:///{tmp_path / 'outbox.db'}"

    async def until(so: Callable[[], bool]) -> None:
        for _ in range(20_000):
            if so():
                return
            await clock.tick(0.25)
            # The store has threads of its own.
            await asyncio.sleep(0.001)
        raise AssertionError("it did not happen")

    first, second = World(clock, url), World(clock, url)
    first.deliver()
    await until(lambda: bool(first.told) and first.told[-1].phase is Phase.SENT)
    assert first.vk.refs == ["order/1"]
    assert first.task is not None
    first.task.cancel()
    closing = asyncio.ensure_future(first.cascades.aclose())
    await until(closing.done)
    second.viber.states["id-order/2"] = State.DELIVERED
    second.resume(url)
    assert second.task is not None
    await until(second.task.done)
    second.task.result()
    assert second.told[-1].reached == (Medium.VIBER,)
    assert not second.vk.sent
    closing = asyncio.ensure_future(second.cascades.aclose())
    await until(closing.done)


async def test_the_figures_of_the_outbox_go_to_the_observers() -> None:
    async with world() as w:
        client = Watched(w.vk, w.viber, w.sms)
        w.cascades = Cascades(client, Plugins(environ={}), w.clock)
        w.vk.states["id-order/1"] = State.UNDELIVERABLE
        w.viber.failure = OutcomeUnknown("no answer")
        w.sms.states["id-order/3"] = State.DELIVERED
        w.deliver()
        assert (await w.over()).done
        found = client.figures.figures
        counts = {
            (one.name, one.labels.get("state")): one.value for one in found if one.sort == "counter"
        }
        assert counts["outbox_ended", "DELIVERED"] == 1
        assert counts["outbox_doubts", None] == 1
        assert sum(one.value for one in found if one.name == "outbox_claimed") == 3
        assert {"outbox_depth", "outbox_oldest_due_seconds", "outbox_workers"} <= {
            one.name for one in found
        }
        assert any(one.sort == "duration" for one in found)


async def test_closing_tells_who_still_listens() -> None:
    async with world() as w:
        w.deliver()
        await w.clock.tick(2)
        closing = asyncio.ensure_future(w.cascades.aclose())
        while not closing.done():
            await w.clock.tick(1)
        with pytest.raises(DevinoError, match="closed"):
            await w.over()
