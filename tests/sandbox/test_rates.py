"""How often somebody may ask, under one limit or several."""

from __future__ import annotations

from datetime import timedelta

from devino_core.testing import ManualClock
from devino_sandbox import Rates, World

MINUTE = timedelta(minutes=1)


def test_so_many_are_admitted_within_the_time(world: World, clock: ManualClock) -> None:
    rates = world.of(Rates)
    assert [rates.admits("owl", {"key": 2}, MINUTE) for _ in range(3)] == [True, True, False]
    assert rates.admits("owl", {"other": 2}, MINUTE)
    assert rates.admits("rook", {"key": 2}, MINUTE)
    clock.advance(60)
    assert rates.admits("owl", {"key": 2}, MINUTE)


def test_what_one_limit_refuses_counts_for_no_other(world: World) -> None:
    rates = world.of(Rates)
    assert rates.admits("owl", {"key": 3, ("key", 1): 1}, MINUTE)
    for _ in range(5):
        assert not rates.admits("owl", {"key": 3, ("key", 1): 1}, MINUTE)
    later = [rates.admits("owl", {"key": 3, ("key", n): 1}, MINUTE) for n in (2, 3, 4)]
    assert later == [True, True, False]


def test_a_limit_of_none_admits_nobody(world: World) -> None:
    assert not world.of(Rates).admits("owl", {"key": 0}, MINUTE)


def test_a_limit_that_changes_counts_from_then_on(world: World, clock: ManualClock) -> None:
    rates = world.of(Rates)

    def admitted(most: int) -> bool:
        return rates.admits("owl", {"key": most}, MINUTE)

    assert [admitted(2) for _ in range(3)] == [True, True, False]
    assert [admitted(3), admitted(3)] == [True, False]
    assert not admitted(1)
    clock.advance(60)
    assert [admitted(1), admitted(1)] == [True, False]
