"""A receiver's events as an iterator. An event is acknowledged when the next is asked for."""

from __future__ import annotations

import asyncio

import pytest

from devino_core import Event, Secret
from devino_core.callbacks import Callbacks, EventQueue
from devino_core.testing import ManualClock
from tests.core._callbacks import REPORTS, SECRET, posted, settle


class Fed:
    """A queue that a receiver feeds."""

    def __init__(self, **options: int) -> None:
        self.queue = EventQueue(**options)
        self.clock = ManualClock()
        self.callbacks = Callbacks(
            self.queue, [REPORTS], secrets=[Secret(SECRET)], clock=self.clock
        )

    def posting(self, *ids: str) -> asyncio.Task[int]:
        async def post() -> int:
            return (await self.callbacks.handle(posted(*ids))).status

        return asyncio.create_task(post())


async def test_an_event_is_acknowledged_when_the_next_one_is_asked_for() -> None:
    fed = Fed()
    first, second = fed.posting("1"), fed.posting("2")
    events = aiter(fed.queue)
    assert (await anext(events)).id == "1:READ"
    await settle()
    assert not first.done()
    assert (await anext(events)).id == "2:READ"
    assert await first == 200
    assert not second.done()
    waiting = asyncio.create_task(anext(events))
    assert await second == 200
    waiting.cancel()


async def test_an_event_that_the_iterator_was_closed_on_is_given_again() -> None:
    fed = Fed()
    posting = fed.posting("1")

    async def fail() -> None:
        async for _ in fed.queue:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    await settle()
    assert not posting.done()
    given = []
    async for event in fed.queue:
        given.append(event.id)
        if len(given) == 2:
            break
        fed.posting("2")
    assert given == ["1:READ", "2:READ"]
    assert await posting == 200


async def test_an_iterator_that_is_cancelled_gives_its_event_back() -> None:
    fed = Fed()
    posting = fed.posting("1")
    events = aiter(fed.queue)
    await anext(events)
    await events.aclose()
    again = aiter(fed.queue)
    assert (await anext(again)).id == "1:READ"
    asking = asyncio.create_task(anext(again))
    assert await posting == 200
    asking.cancel()


async def test_several_iterators_share_the_events() -> None:
    fed = Fed()
    got: list[str] = []

    async def iterate() -> None:
        async for event in fed.queue:
            got.append(event.id)
            await asyncio.sleep(0)

    workers = [asyncio.create_task(iterate()) for _ in range(3)]
    assert await fed.posting(*map(str, range(20))) == 200
    assert sorted(got) == sorted(f"{number}:READ" for number in range(20))
    fed.queue.close()
    await asyncio.gather(*workers)


async def test_without_an_iterator_the_platform_must_repeat() -> None:
    fed = Fed()
    posting = fed.posting("1")
    await fed.clock.tick(25)
    assert await posting == 503
    # The repeat does not queue it a second time.
    again = fed.posting("1")
    events = aiter(fed.queue)
    assert (await anext(events)).id == "1:READ"
    asking = asyncio.create_task(anext(events))
    assert await again == 200
    await settle()
    assert not asking.done()
    asking.cancel()


async def test_an_event_beyond_the_limit_is_not_taken() -> None:
    fed = Fed(limit=2)
    waiting = [fed.posting("1"), fed.posting("2")]
    await settle()
    assert await fed.posting("3") == 500
    events = aiter(fed.queue)
    await anext(events)
    await anext(events)
    assert await waiting[0] == 200
    third = fed.posting("3")
    await settle()
    assert not third.done()


async def test_closing_ends_the_iterators_and_refuses_waiting_events() -> None:
    fed = Fed()
    in_hand, waiting = fed.posting("1"), fed.posting("2")
    events = aiter(fed.queue)
    await anext(events)
    fed.queue.close()
    assert await waiting == 500
    assert await fed.posting("3") == 500
    # The event in hand is taken if its reader asks for the next one.
    assert await anext(events, None) is None
    assert await in_hand == 200
    await fed.callbacks.aclose()


async def test_an_event_given_back_to_a_closed_queue_is_not_taken() -> None:
    fed = Fed()
    posting = fed.posting("1")
    events = aiter(fed.queue)
    await anext(events)
    fed.queue.close()
    await events.aclose()
    assert await posting == 500


async def test_an_event_whose_taking_was_cancelled_is_not_given() -> None:
    queue = EventQueue()
    event = Event(id="1", at=ManualClock().now())
    taking = asyncio.ensure_future(queue(event))
    await settle()
    taking.cancel()
    await settle()
    other = asyncio.ensure_future(queue(Event(id="2", at=event.at)))
    events = aiter(queue)
    assert (await anext(events)).id == "2"
    await events.aclose()
    other.cancel()
