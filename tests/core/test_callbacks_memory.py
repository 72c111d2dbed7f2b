"""The receiver remembers what was taken, within bounds."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

import pytest

from devino_core.remembered import Fact, Seen
from tests.core._callbacks import (
    SECRET,
    Receiving,
    request,
)


async def test_an_event_is_remembered_for_25_hours() -> None:
    receiving = Receiving()
    await receiving.post("1")
    await receiving.clock.tick(25 * 3600 - 1)
    await receiving.post("1")
    assert receiving.application.begun == ["1:READ"]
    await receiving.clock.tick(1)
    await receiving.post("1")
    assert receiving.application.begun == ["1:READ"] * 2


async def test_the_oldest_are_forgotten_beyond_the_bound_with_one_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    seen = Seen(limit=10)
    receiving = Receiving(seen=seen)
    await receiving.post(*map(str, range(10)))
    assert not caplog.records
    await receiving.post(*map(str, range(10, 20)))
    assert len(seen) == 10
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    receiving.application.begun.clear()
    await receiving.post("9", "19")
    assert receiving.application.begun == ["9:READ"]


async def test_an_event_is_forgotten_after_its_time() -> None:
    seen = Seen()
    receiving = Receiving(seen=seen)
    receiving.application.replies = {"Hello": "Thanks"}
    await receiving.callbacks.handle(request(path=f"/{SECRET}/messages", body=b"Hello"))
    await receiving.post(*map(str, range(100)))
    await receiving.clock.tick(25 * 3600)
    await receiving.post("new")
    assert len(seen) == 1


async def test_two_receivers_share_one_memory() -> None:
    seen = Seen()
    one, two = Receiving(seen=seen), Receiving(seen=seen)
    await one.post("1")
    assert await two.post("1") == 200
    assert not two.application.begun


async def test_two_receivers_of_one_process_know_nothing_of_each_other() -> None:
    one, two = Receiving(), Receiving()
    await one.post("1")
    await two.post("1")
    assert one.application.ids == two.application.ids == ["1:READ"]


async def test_a_memory_that_fails_takes_nothing() -> None:
    class Away(Seen):
        async def seen(self, *keys: str, now: datetime) -> Sequence[Fact | None]:
            raise OSError("no database")

    receiving = Receiving(seen=Away())
    assert await receiving.post("1") == 500
    assert not receiving.application.begun
