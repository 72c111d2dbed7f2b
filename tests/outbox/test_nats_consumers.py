"""What the store in NATS JetStream hears of its consumers, and what its streams lose."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace
from nats.errors import TimeoutError as NatsTimeout

from devino_core import Unavailable
from devino_core.outbox import Lane, Move, Phase, Query
from devino_core.outbox.kit import micros
from devino_core.testing._store_case import an_entry
from devino_outbox.nats import NatsStore, _consumers, _link
from devino_outbox.nats._consumers import _Place
from devino_outbox.nats._index import Seen
from devino_outbox.nats._lanes import Found
from devino_outbox.nats._link import Stored

from .nats_server import NatsServer
from .test_nats import HOLD, LANE, settings_of, want
from .test_stores import jetstream


async def take(store: NatsStore) -> list[Found]:
    return await store._lanes.take(LANE, 9, await store.now(), 1)


def refs(found: list[Found]) -> list[str]:
    return sorted(one.known.entry.ref for one in found)


async def heard_too_late(store: NatsStore, place: _Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fetch whose answer comes when nobody waits for it any more."""

    async def nothing() -> object:
        raise NatsTimeout

    place.inbox._arrived.clear()
    with monkeypatch.context() as patched:
        patched.setattr(place.inbox, "get", nothing)
        with pytest.raises(Unavailable):
            await take(store)
    await place.inbox._arrived.wait()


@pytest.mark.parametrize("is_later", [False, True])
async def test_what_was_said_to_one_fetch_ends_no_other(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch, *, is_later: bool
) -> None:
    """It comes before the next one asks, or after that."""
    async with jetstream(settings_of(nats_server)) as store:
        assert await take(store) == []
        (place,) = store._consumers._places.values()
        await heard_too_late(store, place, monkeypatch)
        await store.add([an_entry("new", await store.now())])
        if is_later:
            monkeypatch.setattr(place, "late", lambda _: [])
        assert refs(await take(store)) == ["new"]


async def test_what_came_too_late_for_one_fetch_is_there_for_the_next(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with jetstream(settings_of(nats_server)) as store:
        assert await take(store) == []
        (place,) = store._consumers._places.values()
        await store.add([an_entry("late", await store.now())])
        await heard_too_late(store, place, monkeypatch)
        await store.add([an_entry("new", await store.now())])
        assert refs(await take(store)) == ["late", "new"]


async def test_a_consumer_that_gives_no_more_keeps_no_other_lane_waiting(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It has given as many reminders as may be open, and does not answer then."""
    monkeypatch.setattr(_consumers, "_MOST_PENDING", 2)
    other = Lane("other")
    async with jetstream(settings_of(nats_server)) as store:
        now = await store.now()
        await store.add([an_entry(f"ref{n}", now) for n in range(5)])
        await store.add([replace(an_entry("other", now), lane=other)])
        with monkeypatch.context() as patched:
            patched.setattr(_link, "_TRY", 0.2)
            first = await take(store)
        assert len(first) == 2
        assert "has given 2 reminders" in caplog.text
        monkeypatch.setattr(_link, "_TRY", 60.0)
        began = time.monotonic()
        assert await take(store) == []
        assert time.monotonic() - began < 30
        assert (await store.tally()).gauges["ack_pending"] == 2
        worker = await store.beat(None, HOLD)
        assert [one.ref for one in await store.claim(want(worker, lane=other))] == ["other"]
        # It goes on as soon as they are acknowledged.
        store._lanes.keep(first)
        claimed: list[str] = []
        while len(claimed) < 5:
            claimed += [one.ref for one in await store.claim(want(worker))]
        assert sorted(claimed) == [f"ref{n}" for n in range(5)]


async def a_done_one(store: NatsStore, other: NatsStore) -> None:
    """One whose end this process wrote and its index has not seen: another one wrote meanwhile."""
    await store.add([an_entry("ref", await store.now())])
    (entry,) = await store.claim(want(await store.beat(None, HOLD)))
    await other.add([replace(an_entry("more", await store.now()), lane=Lane("more"))])
    assert await store.move([Move(entry.fence, Phase.DONE, due=await store.now())]) == [True]


async def test_a_replicated_index_goes_on_when_another_process_has_pruned(
    nats_server: NatsServer,
) -> None:
    settings = settings_of(nats_server)
    async with jetstream(settings) as store, jetstream(settings) as other:
        store._link.is_replicated = True
        await a_done_one(store, other)
        assert await other.prune(await store.now() + HOLD, 9) == 1
        counts = (await store.tally()).counts
        assert counts[Lane("more")] == {Phase.QUEUED: 1}


async def test_a_replicated_index_asks_the_leader_where_a_follower_is_behind(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(nats_server)
    async with jetstream(settings) as store, jetstream(settings) as other:
        store._link.is_replicated = True
        await a_done_one(store, other)
        assert store._index._feeds[0].seq < store._lines[0].last

        async def behind(*_: object) -> list[Stored]:
            return []

        monkeypatch.setattr(store._link, "after", behind)
        await store._read_index()
        assert store._index.counts == {Lane("more"): {Phase.QUEUED: 1}}


async def test_what_the_server_did_not_delete_is_deleted_the_next_time(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_of(nats_server)
    async with jetstream(settings) as store, jetstream(settings) as other:
        await a_done_one(store, other)
        later = await store.now() + timedelta(minutes=1)
        api = store._link.api

        async def refusing(verb: str, asked: object = None) -> dict[str, Any]:
            if ".MSG.DELETE." in verb:
                return {"error": {"code": 503, "err_code": 10008, "description": "no leader"}}
            return await api(verb, asked)

        with monkeypatch.context() as patched:
            patched.setattr(store._link, "api", refusing)
            with pytest.raises(Unavailable, match="no leader"):
                await store.prune(later, 9)
        assert (await store.prune(later, 9), await other.prune(later, 9)) == (1, 0)


async def test_what_another_process_has_deleted_is_no_error(nats_server: NatsServer) -> None:
    settings = settings_of(nats_server)
    async with jetstream(settings) as store, jetstream(settings) as other:
        await a_done_one(store, other)
        seq = store._lines[0].last
        for _ in range(2):
            await store._link.delete(f"{settings.prefix}_0", seq)
        await store._link.delete(f"{settings.prefix}_0", 10_000)
        with pytest.raises(Unavailable, match="stream not found"):
            await store._link.delete("nowhere", seq)


async def test_what_was_given_to_the_dead_comes_again_from_a_consumer_that_gives_no_more(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_consumers, "_MOST_PENDING", 2)
    monkeypatch.setattr(_link, "_TRY", 0.2)
    settings = settings_of(nats_server, ack_wait=1)
    async with jetstream(settings) as dead, jetstream(settings) as store:
        await store.add([an_entry(f"ref{n}", await store.now()) for n in range(5)])
        assert len(await take(dead)) == 2
        worker = await store.beat(None, HOLD)
        claimed: list[str] = []
        while len(claimed) < 5:
            claimed += [one.ref for one in await store.claim(want(worker))]
        assert sorted(claimed) == [f"ref{n}" for n in range(5)]


@pytest.mark.parametrize("kinds", [("entry",), ("event", "entry"), ()])
async def test_prune_deletes_nothing_for_a_consumer_of_somebody_else(
    nats_server: NatsServer, kinds: tuple[str, ...]
) -> None:
    """Who listens by a consumer of his own has done with more than reminders."""
    async with jetstream(settings_of(nats_server, shards=1)) as store:
        now, stream = await store.now(), store._names.entries(0)
        filters = [store._names.all_of(0, kind) for kind in kinds]
        named = {"filter_subject": filters[0]} if len(kinds) == 1 else {"filter_subjects": filters}
        config = {"durable_name": "own", "ack_policy": "none", **named}
        made = await store._link.api(
            f"CONSUMER.DURABLE.CREATE.{stream}.own", {"stream_name": stream, "config": config}
        )
        assert "error" not in made
        await store.add([an_entry("ref", now)])
        client = store._link.client
        inbox = client.new_inbox()
        heard = await client.subscribe(inbox)
        await client.publish(f"$JS.API.CONSUMER.MSG.NEXT.{stream}.own", b"", inbox)
        await heard.next_msg(timeout=5)
        await store.prune(now - timedelta(days=1), 99)
        assert len(await store.find(Query(refs=("ref",)), "", 9)) == 1


async def test_an_index_forgets_the_times_of_what_is_done(nats_server: NatsServer) -> None:
    """A message may have days left when it is done, and one that is held back stays the oldest."""
    async with jetstream(settings_of(nats_server)) as store:
        now = await store.now()
        index = store._index
        held = Seen(Phase.QUEUED, LANE, micros(now), None, None)
        index._put(1, held)
        for number in range(2, 20_000):
            late = Seen(Phase.QUEUED, LANE, micros(now) + number, micros(now) + 9_000_000, None)
            index._put(number, late)
            index._put(number, late._replace(phase=Phase.SENT))
            index._put(number, late._replace(phase=Phase.DONE))
        assert len(index) == 1
        asked = [len(times) for times in index._asked.values()]
        assert len(index._until) + len(index._due[LANE]) + sum(asked) < 2000
        waits = held._replace(due=micros(now) + 5, until=micros(now) + 7)
        for number in range(2000, 0, -1):
            index._put(number, waits)
        assert list(index.oldest(micros(now) + 5)) == [(LANE, micros(now) + 5)]
        assert index.late(micros(now) + 7) == list(range(2000, 0, -1))
