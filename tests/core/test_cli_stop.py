"""Ctrl-C and SIGTERM end a process, whatever it waits for and whoever started it."""

from __future__ import annotations

import asyncio
import gc
import signal
import threading
import warnings
from collections.abc import Awaitable, Callable, Iterator

import pytest

from devino_core.cli._stop import Stop
from devino_core.cli.toolkit import App
from tests.core._cli import Platform

pytestmark = pytest.mark.pythons

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.fixture(autouse=True)
def dispositions() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def _ended(work: Callable[[Stop], Awaitable[None]]) -> None:
    async def run(stop: Stop) -> None:
        stop.cancels_this_task()
        await work(stop)

    before = [signal.getsignal(number) for number in SIGNALS]
    with pytest.raises(KeyboardInterrupt), Stop() as stop:
        asyncio.run(run(stop))
    assert [signal.getsignal(number) for number in SIGNALS] == before


@pytest.mark.parametrize("number", SIGNALS)
def test_a_task_that_awaits_is_cancelled(number: signal.Signals) -> None:
    ends: list[str] = []

    async def work(_: Stop) -> None:
        signal.raise_signal(number)
        try:
            await asyncio.Event().wait()
        finally:
            ends.append("in good order")

    _ended(work)
    assert ends == ["in good order"]


@pytest.mark.parametrize("number", SIGNALS)
def test_a_task_that_blocks_the_loop_is_interrupted(number: signal.Signals) -> None:
    async def work(stop: Stop) -> None:
        with stop.blocking():
            signal.raise_signal(number)
            pytest.fail("it would still be waiting")

    _ended(work)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_second_signal_ends_it_at_once(number: signal.Signals) -> None:
    async def work(_: Stop) -> None:
        signal.raise_signal(number)
        signal.raise_signal(number)
        pytest.fail("it would still be waiting")

    _ended(work)


def test_sigterm_ends_a_process_that_ignores_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    async def work(_: Stop) -> None:
        signal.raise_signal(signal.SIGINT)
        await asyncio.sleep(0)
        signal.raise_signal(signal.SIGTERM)
        await asyncio.Event().wait()

    _ended(work)
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_a_signal_before_anything_is_under_way_ends_it_too() -> None:
    with pytest.raises(KeyboardInterrupt), Stop():
        signal.raise_signal(signal.SIGTERM)


def test_a_send_outside_the_main_thread_is_sent() -> None:
    platform = Platform()
    codes: list[int] = []
    thread = threading.Thread(
        target=lambda: codes.append(platform.devino("send", "79031234567", "Hello").exit_code)
    )
    thread.start()
    thread.join()
    assert codes == [0]
    assert [message.to for message in platform.sent] == ["79031234567"]


def test_work_that_is_interrupted_before_it_begins_is_no_matter_of_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def work() -> None:
        raise AssertionError("it began")

    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(asyncio, "run", interrupted)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        with pytest.raises(KeyboardInterrupt):
            App().run(work())
        gc.collect()
    assert [str(one.message) for one in told] == []
