"""A connection that breaks after any octet: the caller is told what is true of the message."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator

import pytest

from tests.attack._channels import (
    KINDS,
    Outcome,
    Target,
    attempt,
    client,
    message,
    redirected,
    target,
    wrong,
)
from tests.attack._proxy import Cut, Direction, PassOn, cutting, proxied, repeating, untouched

WORKERS = 20
SAMPLE = 10


async def converse(
    found: Target, account: int, number: int, text: str, pass_on: PassOn
) -> tuple[Outcome, dict[Direction, int]]:
    """Send one message through a proxy, from the connection on."""
    async with proxied(found.port, pass_on) as proxy:
        settings = redirected(found.settings(account), proxy.port)
        async with client(found.kind, settings) as opened:
            outcome = await attempt(opened, message(found.kind, number, text))
        return outcome, proxy.passed


def places(length: int, *, is_full: bool) -> list[int]:
    every = range(length + 1)
    if is_full or length < SAMPLE:
        return list(every)
    edges = {0, 1, length - 1, length}
    return sorted(edges | set(random.Random(length).sample(every, SAMPLE - len(edges))))


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("how", Cut)
@pytest.mark.parametrize("kind", KINDS)
async def test_what_is_told_after_a_cut_is_true(kind: str, how: Cut, is_full: bool) -> None:
    async with target(kind, accounts=WORKERS) as found:
        outcome, passed = await converse(found, 0, 0, "whole", untouched)
        assert outcome.accepted, outcome
        cuts = [(way, after) for way in Direction for after in places(passed[way], is_full=is_full)]
        told: dict[tuple[Direction, int], Outcome] = {}
        waiting: Iterator[tuple[Direction, int]] = iter(cuts)

        async def work(account: int) -> None:
            for number, (way, after) in enumerate(waiting, account * 10_000):
                text = f"{way.name} {after}"
                pass_on = cutting(way, after, how)
                told[way, after], _ = await converse(found, account, number, text, pass_on)

        await asyncio.gather(*map(work, range(WORKERS)))
        recorded = await found.recorded()
    untrue = {
        cut: (why, str(outcome))
        for cut, outcome in told.items()
        if (why := wrong(outcome, recorded.get(f"{cut[0].name} {cut[1]}", 0)))
    }
    assert len(told) == len(cuts)
    assert untrue == {}


@pytest.mark.parametrize("octets", [None, 30], ids=["whole", "its head"])
@pytest.mark.parametrize("kind", KINDS)
async def test_an_answer_that_comes_again_is_nobodys(kind: str, octets: int | None) -> None:
    """Octets that arrive while a connection is idle are not the answer to the next question."""
    sends = 4
    async with target(kind) as found, proxied(found.port, repeating(0.02, octets)) as proxy:
        settings = redirected(found.settings(0), proxy.port)
        told = []
        async with client(kind, settings) as opened:
            for number in range(sends):
                told.append(await attempt(opened, message(kind, number, f"text {number}")))
                await asyncio.sleep(0.06)
        recorded = await found.recorded()
    untrue = [
        (why, str(outcome))
        for number, outcome in enumerate(told)
        if (why := wrong(outcome, recorded.get(f"text {number}", 0)))
    ]
    assert untrue == []
