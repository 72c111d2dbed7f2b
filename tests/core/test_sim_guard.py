"""The SIM of a number: what a check says, what is kept, and who decides."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, cast, get_args

import pytest

from devino_core import ConfigurationError, InvalidMessage, Retry, Secret
from devino_core.sim import (
    MemorySims,
    SimCheck,
    SimGuard,
    SimRecord,
    SimState,
    SimUnavailable,
    SimVerdict,
    WhyNot,
)
from devino_core.testing import ManualClock

NUMBER, OTHER = "79031234567", "79031234568"
KEY = Secret("a key of twenty char")
OLD, NEW = "250011234567890", "250019876543210"
START = datetime(2026, 1, 1, tzinfo=UTC)


class Source:
    """Tells what it was told, and counts."""

    def __init__(self, *imsis: str | WhyNot) -> None:
        self.imsis = list(imsis)
        self.asked: list[str] = []
        self.gate: asyncio.Event | None = None

    async def imsi(self, number: str, /) -> Secret:
        self.asked.append(number)
        if self.gate is not None:
            await self.gate.wait()
        imsi = self.imsis.pop(0) if len(self.imsis) > 1 else self.imsis[0]
        if imsi in get_args(WhyNot):
            raise SimUnavailable(cast("WhyNot", imsi))
        return Secret(imsi)


def guard(source: Source, store: MemorySims | None = None, **settings: Any) -> SimGuard:
    settings = {"key": KEY, "clock": ManualClock(START), **settings}
    return SimGuard(source, store or MemorySims(), **settings)


async def found(guard: SimGuard, times: int = 1) -> list[SimCheck]:
    return [(await guard.check(NUMBER)).check for _ in range(times)]


async def test_the_first_sim_is_trusted_and_the_same_one_may_be_sent_to() -> None:
    one = guard(Source(OLD))
    assert await one.check(NUMBER) == SimVerdict(SimCheck.FIRST, True)
    assert await one.check(NUMBER) == SimVerdict(SimCheck.SAME, True)


async def test_another_sim_is_not_sent_to_and_not_kept() -> None:
    one = guard(Source(OLD, NEW, NEW, OLD))
    assert await one.check(NUMBER)
    for _ in range(2):
        verdict = await one.check(NUMBER)
        assert verdict == SimVerdict(SimCheck.CHANGED, False)
        assert not verdict
    assert await one.check(NUMBER) == SimVerdict(SimCheck.SAME, True)


async def test_a_recheck_makes_the_new_sim_the_right_one() -> None:
    one = guard(Source(OLD, NEW))
    assert await found(one, 2) == [SimCheck.FIRST, SimCheck.CHANGED]
    await one.recheck(NUMBER)
    assert await found(one) == [SimCheck.SAME]


async def test_a_recheck_without_an_answer_changes_nothing() -> None:
    one = guard(Source(OLD, NEW, "absent", NEW))
    await found(one, 2)
    with pytest.raises(SimUnavailable):
        await one.recheck(NUMBER)
    assert await found(one) == [SimCheck.CHANGED]


async def test_an_untrusted_first_sim_waits_for_a_person() -> None:
    one = guard(Source(OLD))
    for _ in range(2):
        verdict = await one.check(NUMBER, trust_first=False)
        assert verdict == SimVerdict(SimCheck.FIRST, False)
    assert (await one.record(NUMBER)).state is SimState.NEW
    await one.recheck(NUMBER)
    assert await one.check(NUMBER, trust_first=False) == SimVerdict(SimCheck.SAME, True)


@pytest.mark.parametrize("mark", [SimCheck.ALWAYS_SEND, SimCheck.ALWAYS_REFUSE])
async def test_of_a_marked_number_nothing_is_asked_and_only_resume_lifts_it(
    mark: SimCheck,
) -> None:
    source = Source(OLD, NEW, NEW)
    one = guard(source)
    await found(one)
    await getattr(one, mark.lower())(NUMBER)
    assert await one.check(NUMBER) == SimVerdict(mark, mark is SimCheck.ALWAYS_SEND)
    assert len(source.asked) == 1
    # The value is kept, and the mark stays.
    await one.recheck(NUMBER)
    assert await found(one) == [mark]
    await one.resume(NUMBER)
    assert await found(one) == [SimCheck.SAME]


async def test_a_number_that_was_marked_unseen_is_new_again() -> None:
    one = guard(Source(OLD))
    await one.always_refuse(NUMBER)
    await one.resume(NUMBER)
    assert await found(one) == [SimCheck.FIRST]


@pytest.mark.parametrize("reason", ["operator", "absent", "failure"])
async def test_what_cannot_be_told_is_decided_by_the_reason(reason: WhyNot) -> None:
    for reaction, send in (("send", True), ("refuse", False)):
        one = guard(Source(reason), on_error={reason: reaction})
        assert await one.check(NUMBER) == SimVerdict(SimCheck.UNCHECKED, send, reason)
    for rules in ({}, {reason: "retry"}):
        with pytest.raises(SimUnavailable) as raised:
            await guard(Source(reason), on_error=rules).check(NUMBER)
        assert raised.value.reason == reason
        assert raised.value.retry is Retry.SAFE


async def test_an_error_changes_no_state() -> None:
    one = guard(Source(OLD, "failure", NEW, "failure", OLD), on_error={"failure": "send"})
    assert await found(one, 5) == [
        SimCheck.FIRST,
        SimCheck.UNCHECKED,
        SimCheck.CHANGED,
        SimCheck.UNCHECKED,
        SimCheck.SAME,
    ]


async def test_a_hash_is_compared_in_any_case() -> None:
    assert await found(guard(Source("9F86D081", " 9f86d081\n")), 2) == [
        SimCheck.FIRST,
        SimCheck.SAME,
    ]


async def test_an_empty_imsi_is_a_failure_of_the_source() -> None:
    with pytest.raises(SimUnavailable, match="empty"):
        await guard(Source(" ")).check(NUMBER)


async def test_checks_of_one_number_at_once_share_one_question() -> None:
    source = Source(OLD)
    source.gate = asyncio.Event()
    one = guard(source)
    checks = [asyncio.create_task(one.check(NUMBER)) for _ in range(20)]
    other = asyncio.create_task(one.check(OTHER))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    source.gate.set()
    checked = [verdict.check for verdict in await asyncio.gather(*checks)]
    assert sorted(checked) == [SimCheck.FIRST] + [SimCheck.SAME] * 19
    assert (await other).check is SimCheck.FIRST
    assert source.asked == [NUMBER, OTHER]


async def test_one_that_gives_up_takes_the_answer_from_nobody() -> None:
    source = Source(OLD)
    source.gate = asyncio.Event()
    one = guard(source)
    first, second = [asyncio.create_task(one.check(NUMBER)) for _ in range(2)]
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    source.gate.set()
    assert await second
    assert source.asked == [NUMBER]


async def test_a_question_that_nobody_waits_for_is_ended() -> None:
    source = Source(OLD)
    source.gate = asyncio.Event()
    one = guard(source)
    check = asyncio.create_task(one.check(NUMBER))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert source.asked == [NUMBER]
    check.cancel()
    await asyncio.gather(check, return_exceptions=True)
    source.gate = None
    assert await found(one) == [SimCheck.FIRST]
    assert len(source.asked) == 2


async def test_the_reference_is_written_once_by_several_processes() -> None:
    store = MemorySims()
    one, two = guard(Source(OLD), store), guard(Source(NEW), store)
    verdicts = await asyncio.gather(one.check(NUMBER), two.check(NUMBER))
    assert sorted(verdict.check for verdict in verdicts) == [SimCheck.CHANGED, SimCheck.FIRST]


async def test_who_decides_while_a_question_is_under_way_is_heard() -> None:
    source = Source(OLD)
    source.gate = asyncio.Event()
    one = guard(source)
    check = asyncio.create_task(one.check(NUMBER))
    await asyncio.sleep(0)
    await one.always_refuse(NUMBER)
    source.gate.set()
    assert (await check).check is SimCheck.ALWAYS_REFUSE


async def test_the_record_tells_since_when() -> None:
    clock = ManualClock(START)
    one = guard(Source(OLD, OLD, NEW), clock=clock)
    await found(one)
    clock.advance(60)
    await found(one)
    assert (await one.record(NUMBER)).since == START
    clock.advance(60)
    await found(one)
    record = await one.record(NUMBER)
    assert (record.state, record.since) == (
        SimState.SUSPECT,
        datetime(2026, 1, 1, 0, 2, tzinfo=UTC),
    )


async def test_the_store_holds_no_imsi_and_two_numbers_share_no_reference() -> None:
    store = MemorySims()
    one = guard(Source(OLD), store)
    await one.check("+7 903 123-45-67")
    await one.check(OTHER)
    first, second = await store.get(NUMBER), await store.get(OTHER)
    assert first is not None
    assert second is not None
    assert first.reference != second.reference
    assert OLD not in repr((first, second, one, vars(store)))


async def test_another_key_makes_every_sim_another_one() -> None:
    store = MemorySims()
    await guard(Source(OLD), store).check(NUMBER)
    other = guard(Source(OLD), store, key=Secret("k" * 16))
    assert await found(other) == [SimCheck.CHANGED]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"key": Secret("short")}, "16 characters"),
        ({"on_error": {"operater": "send"}}, "did you mean 'operator'"),
        ({"on_error": {"absent": "sent"}}, "did you mean 'send'"),
    ],
)
def test_wrong_settings_are_told(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said) as raised:
        guard(Source(OLD), **settings)
    assert "short" not in str(raised.value)


@pytest.mark.parametrize(
    "call",
    [SimGuard.check, SimGuard.recheck, SimGuard.always_send, SimGuard.resume, SimGuard.record],
)
async def test_what_is_no_number_is_refused(call: Callable[..., object]) -> None:
    source = Source(OLD)
    with pytest.raises(InvalidMessage, match="number"):
        await call(guard(source), "nobody")  # type: ignore[misc]
    assert source.asked == []


@pytest.mark.parametrize("copied", [copy.copy, lambda error: pickle.loads(pickle.dumps(error))])
def test_the_error_survives_a_copy(copied: Callable[[SimUnavailable], SimUnavailable]) -> None:
    error = copied(SimUnavailable("absent"))
    assert (error.reason, str(error)) == ("absent", str(SimUnavailable("absent")))


def test_the_table_has_a_row_for_each_comparison() -> None:
    unmarked: Sequence[SimState] = [SimState.NEW, SimState.TRUSTED, SimState.SUSPECT]
    for state in unmarked:
        reference = "" if state is SimState.NEW else "x"
        for value in ("x", "y"):
            after, check = SimRecord(state=state, reference=reference).compared(value, START)
            assert after.reference == (reference or value)
            assert (check is SimCheck.CHANGED) is (after.state is SimState.SUSPECT)
