"""When a failure of a message with a fallback is not the end yet."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from devino_core import Medium, State, Status
from devino_core.testing import ManualClock
from devino_plugins.kit import chains
from devino_plugins.kit.chains import Chains

FAILED_AT = datetime(2026, 1, 1, tzinfo=UTC)


def failed(message_id: str | None = "1", **more: object) -> Status:
    values = {"state": State.UNDELIVERABLE, "medium": Medium.VIBER, "id": message_id, **more}
    return Status(**values)  # type: ignore[arg-type]


def knowing(clock: ManualClock, *ids: str, grace: float = 120) -> Chains:
    """Messages with these ids have an SMS as their last fallback."""
    known = Chains(grace=grace, clock=clock)
    known.sent(ids or ["1"], last=Medium.SMS)
    return known


@pytest.mark.parametrize("reported_at", [FAILED_AT, None])
def test_a_failure_is_no_end_until_the_grace_is_over(reported_at: datetime | None) -> None:
    clock = ManualClock(FAILED_AT)
    known = knowing(clock)
    leg = failed(code=4, description="Не доставлено", reported_at=reported_at)
    for _ in range(2):
        told = known.told(leg)
        assert told.state is State.ENROUTE
        assert msgspec.structs.replace(told, state=leg.state) == leg
        clock.advance(59.9)
    clock.advance(0.2)
    assert known.told(leg) == leg


async def test_a_failure_without_a_time_counts_from_when_it_was_seen() -> None:
    clock = ManualClock()
    known = knowing(clock, grace=60)
    await clock.tick(600)
    assert known.told(failed()).state is State.ENROUTE
    await clock.tick(59)
    assert known.told(failed()).state is State.ENROUTE
    await clock.tick(1)
    assert known.told(failed()).state is State.UNDELIVERABLE


def test_a_failure_long_ago_is_the_end_at_once() -> None:
    known = knowing(ManualClock(FAILED_AT + timedelta(seconds=120)))
    assert known.told(failed(reported_at=FAILED_AT)).state is State.UNDELIVERABLE


def test_a_platform_whose_clock_is_ahead_keeps_nothing_open_for_long() -> None:
    clock = ManualClock(FAILED_AT)
    known = knowing(clock)
    leg = failed(reported_at=FAILED_AT + timedelta(hours=3))
    assert known.told(leg).state is State.ENROUTE
    clock.advance(120)
    assert known.told(leg).state is State.UNDELIVERABLE


def test_each_medium_before_the_last_has_a_grace_of_its_own() -> None:
    clock = ManualClock(FAILED_AT)
    known = knowing(clock)
    assert known.told(failed(medium=Medium.VK)).state is State.ENROUTE
    clock.advance(600)
    assert known.told(failed(medium=Medium.VK)).state is State.UNDELIVERABLE
    # Sent late, and failed later still.
    assert known.told(failed(medium=Medium.VIBER)).state is State.ENROUTE
    clock.advance(120)
    assert known.told(failed(medium=Medium.VIBER)).state is State.UNDELIVERABLE


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (State.UNDELIVERABLE, State.ENROUTE),
        (State.EXPIRED, State.ENROUTE),
        (State.REJECTED, State.ENROUTE),
        (State.DELETED, State.DELETED),
        (State.DELIVERED, State.DELIVERED),
        (State.READ, State.READ),
        (State.ENROUTE, State.ENROUTE),
        (State.UNKNOWN, State.UNKNOWN),
    ],
)
def test_which_states_are_not_the_end(state: State, shown: State) -> None:
    told = knowing(ManualClock()).told(failed(state=state, code="word", description="why"))
    assert (told.state, told.code, told.description) == (shown, "word", "why")
    assert told.medium is Medium.VIBER


@pytest.mark.parametrize("leg", [failed("2"), failed(None), failed(medium=Medium.SMS)])
def test_what_is_not_known_or_the_last_is_told_as_the_wire_says(leg: Status) -> None:
    assert knowing(ManualClock()).told(leg) is leg


def test_no_grace_is_none() -> None:
    assert knowing(ManualClock(), grace=0).told(failed()).state is State.UNDELIVERABLE


def test_it_forgets_the_oldest_and_what_the_platform_has_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chains, "_MOST", 10)
    clock = ManualClock()
    known = knowing(clock, *map(str, range(25)))
    assert known.told(failed("14")).state is State.UNDELIVERABLE
    assert known.told(failed("15")).state is State.ENROUTE
    clock.advance(timedelta(days=6, seconds=1).total_seconds())
    assert known.told(failed("16")).state is State.UNDELIVERABLE
