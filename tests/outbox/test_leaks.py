"""What a worker has done with is freed."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Coroutine, Sequence
from typing import Any

import pytest

from devino_core import DevinoError, Message, OutcomeUnknown, Receipt
from devino_core.errors import InvalidMessage
from devino_core.outbox import MemoryStore, Phase
from devino_core.outbox._channels import AnyChannel
from devino_core.testing import ManualClock

from ._world import Scripted, message, world


class NoRules:
    """Refuses whatever it is asked to check."""

    def check(self, channel: AnyChannel, messages: Sequence[Message]) -> None:
        raise InvalidMessage("content", f"{channel.name} cannot say {len(messages)} of that")

    def send(
        self, channel: AnyChannel, messages: Sequence[Message], *, retries: int | None = None
    ) -> Coroutine[Any, Any, list[Receipt]]:
        return channel.send(messages)


@pytest.mark.parametrize("where", ["wire", "rules"])
async def test_an_error_is_freed_with_the_entry_that_it_ended(where: str) -> None:
    channel = Scripted()
    channel.failure = OutcomeUnknown("the answer is lost")
    clock = ManualClock()
    store = MemoryStore(clock)
    errors: list[weakref.ref[DevinoError]] = []
    async with world(channel, store=store, clock=clock) as w:
        if where == "rules":
            w.worker._context.rules = NoRules()
        await w.outbox.enqueue(message())
        await w.pass_time(1)
        entry = await w.entry()
        assert entry.phase is (Phase.DOUBT if where == "wire" else Phase.DONE)
        errors = [weakref.ref(leg.error) for leg in entry.legs if leg.error is not None]
        del entry
    channel.failure = None
    del store, w
    gc.collect()
    assert [one() for one in errors] == [None]
