"""The shared client: one a process, one a loop, another one in tests."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from devino_core import AsyncClient, Client, ConfigurationError, Message, shared

pytestmark = pytest.mark.pythons

MEMORY: dict[str, dict[str, object]] = {"memory": {}}
MESSAGE = Message("79031234567", "Hello")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    shared.close()


def test_it_is_opened_once_however_many_threads_ask_at_once() -> None:
    gate = threading.Barrier(8)

    def ask(_: int) -> Client:
        gate.wait()
        return shared.client(MEMORY)

    with ThreadPoolExecutor(8) as pool:
        found = set(map(id, pool.map(ask, range(8))))
    assert len(found) == 1
    assert shared.client().send(MESSAGE).channel == "memory"


def test_after_close_there_is_another_one() -> None:
    first = shared.client(MEMORY)
    shared.close()
    shared.close()
    with pytest.raises(RuntimeError, match="open the client first"):
        first.send(MESSAGE)
    assert shared.client(MEMORY) is not first


def test_other_settings_are_refused_and_the_same_are_not() -> None:
    first = shared.client(MEMORY)
    assert shared.client(dict(MEMORY)) is first
    with pytest.raises(RuntimeError, match="other settings"):
        shared.client({"other": {"kind": "memory"}})


def test_a_client_that_cannot_be_made_leaves_the_place_free() -> None:
    with pytest.raises(ConfigurationError):
        shared.client({"pigeon": {}})
    assert shared.client(MEMORY).channels


def test_each_loop_has_one_that_is_closed_with_the_loop() -> None:
    async def two() -> tuple[AsyncClient, AsyncClient]:
        return await asyncio.gather(shared.aclient(MEMORY), shared.aclient(MEMORY))

    first, again = asyncio.run(two())
    other, _ = asyncio.run(two())
    assert first is again
    assert first is not other

    async def send() -> None:
        await first.send(MESSAGE)

    with pytest.raises(RuntimeError, match="open the client first"):
        asyncio.run(send())


async def test_a_loop_whose_client_was_closed_gets_another_one() -> None:
    first = await shared.aclient(MEMORY)
    await shared.aclose()
    await shared.aclose()
    second = await shared.aclient(MEMORY)
    assert second is not first
    await second.send(MESSAGE)
    with pytest.raises(RuntimeError, match="other settings"):
        await shared.aclient({"other": {"kind": "memory"}})
    await shared.aclose()


async def test_a_client_that_cannot_be_made_leaves_the_loop_free() -> None:
    with pytest.raises(ConfigurationError):
        await shared.aclient({"pigeon": {}})
    await (await shared.aclient(MEMORY)).send(MESSAGE)
    await shared.aclose()


def test_loops_that_ended_without_a_word_are_forgotten() -> None:
    loop = asyncio.new_event_loop()
    client = loop.run_until_complete(shared.aclient(MEMORY))
    loop.run_until_complete(client.aclose())
    loop.close()

    async def ask() -> int:
        await shared.aclient(MEMORY)
        return len(shared._own.loops)

    assert asyncio.run(ask()) == 1


async def test_a_test_puts_its_own_client_there() -> None:
    with Client(MEMORY) as mine, shared.override(mine) as given:
        assert shared.client() is mine is given
        with pytest.raises(RuntimeError, match="AsyncClient, too"):
            await shared.aclient()
        async with AsyncClient(MEMORY) as other:
            with shared.override(other):
                assert await shared.aclient() is other
                assert shared.client() is mine
    assert shared.client(MEMORY) is not mine


def test_overrides_end_in_any_case() -> None:
    with Client(MEMORY) as mine:
        with pytest.raises(LookupError), shared.override(mine):
            raise LookupError
        assert shared.client(MEMORY) is not mine


AT_EXIT = """
import asyncio
from devino_core import shared

async def work() -> None:
    await asyncio.to_thread(print, "in a thread")

shared.client({"memory": {}}).call(work)
"""


def test_a_program_that_used_threads_of_the_loop_ends_in_silence() -> None:
    done = subprocess.run([sys.executable, "-c", AT_EXIT], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "in a thread\n", "")
