"""The store of the documentation, and the check before a password goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from devino_core import AsyncClient, Secret
from devino_core.sim import SimCheck, SimGuard, SimRecord, SimState
from devino_sandbox import Pace, Sandbox, World
from tests.core._examples import example

NUMBER = "79161234567"


class Source:
    sim = "250011234567890"

    async def imsi(self, number: str, /) -> Secret:
        return Secret(self.sim)


def a_store(path: Path) -> Any:
    return example("sim_store").SqliteSims(str(path))


async def test_the_references_outlive_the_program(tmp_path: Path) -> None:
    source = Source()
    for expected in (SimCheck.FIRST, SimCheck.SAME):
        guard = SimGuard(source, a_store(tmp_path / "sims"), key=Secret("k" * 16))
        assert (await guard.check(NUMBER)).check is expected
    assert source.sim.encode() not in (tmp_path / "sims").read_bytes()


async def test_the_first_of_two_writers_wins(tmp_path: Path) -> None:
    store = a_store(tmp_path / "sims")
    first, second = SimRecord(state=SimState.TRUSTED, reference="a"), SimRecord(reference="b")
    assert await store.put(NUMBER, first, replaces=None)
    assert not await store.put(NUMBER, second, replaces=None)
    assert not await store.put(NUMBER, second, replaces=second)
    assert await store.get(NUMBER) == first
    assert await store.put(NUMBER, second, replaces=first)
    assert await store.get(NUMBER) == second


async def test_a_changed_sim_gets_no_password(tmp_path: Path) -> None:
    world, source = World(pace=Pace.instant()), Source()
    guard = SimGuard(source, a_store(tmp_path / "sims"), key=Secret("k" * 16))
    async with Sandbox(world, discover=False) as sandbox:
        rest = {"login": "demo", "password": "demo", "sender": "BANK"}
        channels = {"rest": {**rest, "base_url": sandbox.endpoints["rest"]}}
        async with AsyncClient(channels) as client:
            send_password = example("sim_store").send_password
            await send_password(client, guard, NUMBER, "Password 12345")
            source.sim = "another"
            await send_password(client, guard, NUMBER, "Password 67890")
    texts = [message.submission.text for message in world.messages()]
    assert texts == [
        "Password 12345",
        "The operation was stopped. Please call your bank.",
    ]
