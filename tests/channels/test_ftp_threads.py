"""Work in a thread, and whoever does not want to wait for it."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest

from devino_plugins.ftp._threads import to_the_end


async def test_a_thread_has_ended_although_its_work_was_cancelled_again_and_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    begun, may_end, is_over = (threading.Event() for _ in range(3))

    def work() -> None:
        begun.set()
        assert may_end.wait(10)
        is_over.set()
        raise OSError("nobody wants to know")

    task = asyncio.create_task(to_the_end(work, cut=lambda: None))
    while not begun.is_set():  # noqa: ASYNC110 - a thread says so
        await asyncio.sleep(0)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
        assert not task.done()
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert is_over.is_set()
    with caplog.at_level(logging.ERROR):
        del task
        await asyncio.sleep(0)
    assert not caplog.records


async def test_what_hastens_the_end_is_called_once() -> None:
    end = threading.Event()
    calls: list[None] = []
    task = asyncio.create_task(to_the_end(lambda: end.wait(10), cut=lambda: calls.append(None)))
    await asyncio.sleep(0)
    for _ in range(3):
        task.cancel()
        await asyncio.sleep(0)
    end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(calls) == 1
