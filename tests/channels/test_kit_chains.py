"""When a failure of a message with a fallback is not the end yet."""

from __future__ import annotations

from datetime import timedelta

import pytest

from devino_core import Medium, State, Status
from devino_core.testing import ManualClock
from devino_plugins.kit import chains
from devino_plugins.kit.chains import Chains


def failed(message_id: str = "1", **more: object) -> Status:
    values = {"state": State.UNDELIVERABLE, "medium": Medium.VIBER, "id": message_id, **more}
    return Status(**values)  # type: ignore[arg-type]


async def test_a_failure_without_a_time_counts_from_when_it_was_seen() -> None:
    clock = ManualClock()
    known = Chains(grace=60, clock=clock)
    known.sent(["1"], last=Medium.SMS)
    await clock.tick(600)
    assert known.told(failed()).state is State.ENROUTE
    await clock.tick(59)
    assert known.told(failed()).state is State.ENROUTE
    await clock.tick(1)
    assert known.told(failed()).state is State.UNDELIVERABLE


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        (State.UNDELIVERABLE, State.ENROUTE),
        (State.EXPIRED, State.ENROUTE),
        (State.REJECTED, State.ENROUTE),
        (State.DELETED, State.DELETED),
        (State.DELIVERED, State.DELIVERED),
        (State.UNKNOWN, State.UNKNOWN),
    ],
)
def test_which_states_are_not_the_end(state: State, shown: State) -> None:
    known = Chains(grace=60, clock=ManualClock())
    known.sent(["1"], last=Medium.SMS)
    told = known.told(failed(state=state, code="word", description="why"))
    assert (told.state, told.code, told.description) == (shown, "word", "why")
    assert told.medium is Medium.VIBER


def test_what_is_not_known_is_told_as_the_wire_says() -> None:
    known = Chains(grace=60, clock=ManualClock())
    known.sent(["1"], last=Medium.SMS)
    assert known.told(failed("2")) == failed("2")
    assert known.told(failed(medium=Medium.SMS)) == failed(medium=Medium.SMS)


async def test_it_forgets_the_oldest_and_what_the_platform_has_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chains, "_MOST", 10)
    clock = ManualClock()
    known = Chains(grace=60, clock=clock)
    known.sent(map(str, range(25)), last=Medium.SMS)
    assert len(known) == 10
    assert known.told(failed("14")).state is State.UNDELIVERABLE
    assert known.told(failed("15")).state is State.ENROUTE
    await clock.tick(timedelta(days=6, seconds=1).total_seconds())
    known.sent(["new"], last=Medium.SMS)
    assert len(known) == 1
