"""What a person says of a doubt, and the reports of a message whose channel nobody wrote down."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from devino_core import Message, OutcomeUnknown, Receipt, State, Status, StatusChanged
from devino_core.outbox import Phase

from ._world import Pushing, Scripted, World, message, world


class Mute(Pushing):
    """It tells of its messages, and cannot be asked."""

    def status(self, *_: object, **__: object) -> object:  # type: ignore[override]
        raise AssertionError("it was asked")


class Asked(Scripted):
    """It counts how often it is asked by ref."""

    recalled = 0

    async def recall(self, messages: Sequence[Message]) -> list[Receipt | None]:
        self.recalled += 1
        return [None for _ in messages]


def report(w: World, channel: str, state: State = State.DELIVERED) -> StatusChanged:
    return StatusChanged(
        id=f"{channel} {state}",
        at=w.clock.now(),
        channel=channel,
        message_id="7",
        status=Status(state=state),
    )


async def restored(w: World) -> None:
    """A message that names no channel is in doubt, and no worker has touched it."""
    await w.outbox.enqueue(message(send_at=w.clock.now() + timedelta(hours=1)))
    assert await w.outbox.restored() == 1
    await w.pass_time(1)
    assert await w.phase() is Phase.DOUBT


@pytest.mark.parametrize("channel", ["wire", "other", "a callback"])
async def test_a_report_of_whichever_channel_finds_what_a_person_named(channel: str) -> None:
    async with world(Mute("wire"), Mute("other")) as w:
        await restored(w)
        assert await w.outbox.resolve("ref", "sent", message_id="7")
        await w.worker.feed(report(w, channel, State.ENROUTE))
        assert (await w.entry()).status.state is State.ENROUTE
        await w.worker.feed(report(w, channel))
        entry = await w.entry()
        assert (entry.phase, entry.status.state) == (Phase.DONE, State.DELIVERED)


@pytest.mark.parametrize("channel", ["wire", "other", "a callback"])
async def test_a_report_that_came_before_a_person_named_its_id_is_taken_up(channel: str) -> None:
    async with world(Mute("wire"), Mute("other")) as w:
        await restored(w)
        await w.worker.feed(report(w, channel))
        assert await w.phase() is Phase.DOUBT
        assert await w.outbox.resolve("ref", "sent", message_id="7")
        entry = await w.entry()
        assert (entry.phase, entry.status.state) == (Phase.DONE, State.DELIVERED)


async def test_what_a_worker_tried_is_known_by_its_channel() -> None:
    """The lane names a medium alone; the worker knows which channel is in doubt."""
    async with world(Mute("wire"), Mute("other")) as w:
        w.channel.failure = OutcomeUnknown("no answer")
        await w.outbox.enqueue(message())
        await w.until(lambda: bool(w.channel.batches))
        await w.pass_time(1)
        (leg,) = (await w.entry()).legs
        assert leg.channel == "wire"
        assert [event.channel for event in await w.events()] == ["wire"]
        assert await w.outbox.resolve("ref", "sent", message_id="7")
        await w.worker.feed(report(w, "other"))
        assert await w.phase() is Phase.SENT
        await w.worker.feed(report(w, "wire"))
        assert await w.phase() is Phase.DONE


async def test_the_channel_that_tried_is_asked_by_ref_although_another_would_send_now() -> None:
    tried, other = Asked("wire"), Asked("other")
    async with world(tried, other) as w:
        tried.failure = OutcomeUnknown("no answer")
        await w.outbox.enqueue(message(), in_doubt="end")
        await w.until(lambda: bool(tried.batches))
        w.client.channels = {"other": other, "wire": tried}
        await w.pass_time(1)
        assert (tried.recalled, other.recalled) == (1, 0)
