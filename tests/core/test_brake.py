"""A long send that is stopped: what began ends, what did not begin is told so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from devino_core import DevinoError, Message, OutcomeUnknown, Receipt, Rejected, State, Status
from devino_core.dispatch import Brake, NotBegun, dispatch

MESSAGES = [Message(f"7903000000{nth}", "Hello", ref=str(nth)) for nth in range(6)]


def receipt(message: Message) -> Receipt:
    return Receipt.of(message, Status(state=State.ACCEPTED), channel="c")


def outcomes(receipts: Sequence[Receipt]) -> list[type[DevinoError] | None]:
    return [None if one.error is None else type(one.error) for one in receipts]


class Calls:
    """A call a message, each of which waits until it is let go."""

    def __init__(self) -> None:
        self.gates = [asyncio.Event() for _ in MESSAGES]
        self.begun: list[int] = []

    async def send(self, concurrency: int = 2) -> list[Receipt]:
        def call(nth: int) -> Callable[[], Awaitable[Sequence[Receipt]]]:
            async def make() -> Sequence[Receipt]:
                self.begun.append(nth)
                await self.gates[nth].wait()
                return [receipt(MESSAGES[nth])]

            return make

        calls = [([nth], call(nth)) for nth in range(len(MESSAGES))]
        return await dispatch(MESSAGES, calls, channel="c", concurrency=concurrency)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def test_calls_under_way_end_and_no_other_begins() -> None:
    calls, told = Calls(), list[str]()
    with Brake(lambda messages, _: told.extend(one.ref for one in messages)) as brake:
        sending = asyncio.create_task(calls.send())
        calls.gates[0].set()
        await settle()
        brake.pull()
        for gate in calls.gates:
            gate.set()
        receipts = await sending
    assert calls.begun == [0, 1, 2]
    assert outcomes(receipts) == [None, None, None, NotBegun, NotBegun, NotBegun]
    assert sorted(told) == ["0", "1", "2"]


async def test_calls_that_are_cut_are_unknown_and_the_others_keep_their_outcome() -> None:
    calls = Calls()
    with Brake() as brake:
        sending = asyncio.create_task(calls.send())
        calls.gates[0].set()
        await settle()
        assert brake.cut(), "the channel heeds it"
        receipts = await sending
    assert outcomes(receipts) == [
        None,
        OutcomeUnknown,
        OutcomeUnknown,
        NotBegun,
        NotBegun,
        NotBegun,
    ]


async def test_a_single_call_is_cut_without_ending_its_caller() -> None:
    async def never() -> Sequence[Receipt]:
        await asyncio.Event().wait()
        raise AssertionError

    with Brake() as brake:
        sending = asyncio.create_task(
            dispatch(MESSAGES[:1], [([0], never)], channel="c", concurrency=1)
        )
        await settle()
        assert brake.cut(), "the channel heeds it"
        await asyncio.wait([sending])
    assert isinstance(sending.exception(), OutcomeUnknown)


async def test_calls_of_a_call_are_cut_one_by_one() -> None:
    calls = Calls()

    async def other() -> Sequence[Receipt]:
        return [receipt(Message("79031112233", "x", ref="other"))]

    messages = [*MESSAGES, Message("79031112233", "x", ref="other")]
    with Brake() as brake:
        outer = [(range(6), calls.send), ([6], other)]
        sending = asyncio.create_task(dispatch(messages, outer, channel="", concurrency=2))
        calls.gates[0].set()
        await settle()
        assert brake.cut(), "the channel heeds it"
        receipts = await sending
    assert outcomes(receipts)[:4] == [None, OutcomeUnknown, OutcomeUnknown, NotBegun]
    assert outcomes(receipts)[6] is None


async def test_a_cancellation_that_is_not_the_brakes_goes_through() -> None:
    calls = Calls()
    with Brake() as brake:
        sending = asyncio.create_task(calls.send())
        await settle()
        sending.cancel()
        await asyncio.wait([sending])
    assert sending.cancelled()
    assert not brake.is_pulled


async def test_each_outcome_is_told_as_it_comes_a_refusal_too() -> None:
    told: dict[str, str] = {}

    def tell(messages: Sequence[Message], outcome: Sequence[Receipt] | DevinoError) -> None:
        told.update({one.ref: type(outcome).__name__ for one in messages})

    async def refuse() -> Sequence[Receipt]:
        raise Rejected("no", code=6)

    async def take() -> Sequence[Receipt]:
        return [receipt(MESSAGES[1])]

    with Brake(tell):
        receipts = await dispatch(
            MESSAGES[:2], [([0], refuse), ([1], take)], channel="c", concurrency=2
        )
    assert told == {"0": "Rejected", "1": "list"}
    assert [one.status.state for one in receipts] == [State.REJECTED, State.ACCEPTED]
    assert Brake.current() is None
