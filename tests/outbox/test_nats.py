"""The store in NATS JetStream: what is its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import nats
import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from devino_core import ConfigurationError, OutcomeUnknown, State, Status, Unavailable, Unsupported
from devino_core.cli._app import Devino
from devino_core.cli.toolkit import App
from devino_core.outbox import (
    Added,
    Early,
    Entry,
    EventKind,
    Lane,
    Move,
    News,
    Note,
    Outbox,
    OutboxEvent,
    Phase,
    PlatformId,
    Query,
    Slot,
    Want,
)
from devino_core.outbox.kit import decode
from devino_core.testing._store_case import an_entry, legs_of
from devino_outbox import NatsSettings
from devino_outbox.nats import NatsSink, NatsStore
from devino_outbox.nats._link import Link, Stored, Write, connect
from devino_outbox.nats._names import Names, hash_of
from devino_outbox.nats._records import written
from devino_outbox.nats._streams import check_durability
from tests._sockets import left_open_by_cuts

from ._world import Scripted, message, world
from .nats_server import NatsServer
from .test_stores import jetstream

HOLD = timedelta(seconds=30)
LANE = Lane("rest")


def settings_of(server: NatsServer, **more: Any) -> NatsSettings:
    given = {"prefix": server.prefix(), "durability": "process", **more}
    return NatsSettings(url=server.url, **given)


def want(worker: int, most: int = 9, lane: Lane = LANE) -> Want:
    return Want(worker=worker, slots=(Slot(lane, most),), limit=most)


@asynccontextmanager
async def client_of(server: NatsServer) -> AsyncIterator[Any]:
    client = await nats.connect(server.url)
    try:
        yield client
    finally:
        await client.close()


async def subjects_of(server: NatsServer, stream: str) -> dict[str, int]:
    async with client_of(server) as client:
        asked = json.dumps({"subjects_filter": ">"}).encode()
        answer = await client.request(f"$JS.API.STREAM.INFO.{stream}", asked)
        state = json.loads(answer.data)["state"]
    return state.get("subjects") or {}


@pytest.mark.parametrize(
    ("given", "is_refused"),
    [
        ({}, True),
        ({"durability": "disk"}, True),
        ({"durability": "disk", "sync_always": True}, False),
        ({"durability": "process"}, False),
        ({"durability": "disk", "replicas": 3}, False),
    ],
)
def test_one_server_that_does_not_sync_is_refused_as_disk(
    given: dict[str, Any], *, is_refused: bool
) -> None:
    settings = NatsSettings(url="nats://127.0.0.1", **given)
    if is_refused:
        with pytest.raises(ConfigurationError, match="sync_interval: always"):
            check_durability(settings)
    else:
        check_durability(settings)


async def test_streams_that_would_lose_messages_are_refused(nats_server: NatsServer) -> None:
    settings = settings_of(nats_server)
    async with jetstream(settings):
        pass
    with pytest.raises(ConfigurationError, match="1 shards"):
        await NatsStore(replace(settings, shards=2)).open()
    stream = f"{settings.prefix}_0"
    async with client_of(nats_server) as client:
        info = json.loads((await client.request(f"$JS.API.STREAM.INFO.{stream}", b"")).data)
        config = info["config"] | {"max_age": 3_600_000_000_000}
        asked = json.dumps(config).encode()
        await client.request(f"$JS.API.STREAM.UPDATE.{stream}", asked)
    with pytest.raises(ConfigurationError, match="max_age"):
        await NatsStore(settings).open()


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    url = "nats://127.0.0.1:9?durability=process&timeout=0.3"
    with pytest.raises(Unavailable, match=r"cannot be reached: no connection within 0\.3 s"):
        await NatsStore(NatsSettings(url=url)).open()


@pytest.mark.parametrize("url", ["nats://", "nats://h:99999", "nats://one:4222,two:x", "nats://:1"])
async def test_a_url_without_servers_is_an_error_of_the_settings(url: str) -> None:
    with pytest.raises(ConfigurationError, match="names no server"):
        await NatsStore(NatsSettings(url=url, durability="process")).open()


async def test_what_never_connected_tells_why() -> None:
    """The client's own way of closing asserts that it was connected."""
    with pytest.raises((Unavailable, ConfigurationError), match=r"nkeys|No such file"):
        await connect("nats://127.0.0.1:9", "/none/of/these.creds", 0.3)


def test_a_url_gives_settings(nats_server: NatsServer) -> None:
    store = NatsStore(NatsSettings(url=f"{nats_server.url}?durability=process&shards=3&prefix=p"))
    assert store._settings.shards == 3
    assert repr(store) == "<NatsStore, prefix 'p'>"
    with pytest.raises(ConfigurationError, match="replicas"):
        NatsStore(NatsSettings(url="nats://127.0.0.1?replicas=2"))
    with pytest.raises(ConfigurationError, match="unknown field"):
        NatsStore(NatsSettings(url="nats://127.0.0.1?color=red"))


async def test_it_says_what_it_cannot_find(nats_server: NatsServer) -> None:
    async with jetstream(settings_of(nats_server)) as store:
        for query in (Query(tenant="shop"), Query(channel="rest"), Query(to_hash=7)):
            with pytest.raises(Unsupported, match="finds messages by due_before, ids, phase, refs"):
                await store.find(query, "", 9)


async def test_thousands_that_are_scheduled_keep_no_code_waiting(nats_server: NatsServer) -> None:
    """In one lane; a redelivery with a delay would hold a place for each of them."""
    async with jetstream(settings_of(nats_server)) as store:
        now = await store.now()
        later = [
            replace(an_entry(f"later{n}", now), due=now + timedelta(days=1)) for n in range(10_000)
        ]
        assert set(await store.add(later)) == {Added.NEW}
        worker = await store.beat(None, HOLD)
        await store.add([an_entry("code", now)])
        # The first claim finds it: it does not fetch what is scheduled before.
        claimed = await store.claim(want(worker))
        assert [one.ref for one in claimed] == ["code"]


async def test_a_message_too_large_for_the_server_is_refused_alone(
    nats_server: NatsServer,
) -> None:
    async with jetstream(settings_of(nats_server)) as store:
        now = await store.now()
        large = replace(an_entry("large", now), body="x" * 2_000_000)
        added = await asyncio.gather(
            store.add([large]), store.add([an_entry("small", now)]), return_exceptions=True
        )
        assert isinstance(added[0], Unsupported)
        assert "max_payload" in str(added[0])
        assert added[1] == [Added.NEW]


async def test_a_message_that_was_added_can_be_claimed_and_ended(nats_server: NatsServer) -> None:
    """What becomes of it makes it larger: none that is too large then is taken."""
    async with jetstream(settings_of(nats_server)) as store:
        now = await store.now()
        worker = await store.beat(None, HOLD)
        most = store._link.client.max_payload
        added: list[str] = []
        for less in (400, 520, 600, 700, 2000, 33_000, 40_000):
            entry = replace(an_entry(f"ref{less}", now), body="")
            body = "x" * (most - less - len(written(entry)))
            with suppress(Unsupported):
                await store.add([replace(entry, body=body)])
                added.append(entry.ref)
        assert added
        await store.add([an_entry("small", now)])
        claimed = await store.claim(want(worker, 99))
        assert sorted(one.ref for one in claimed) == sorted([*added, "small"])
        moves = [Move(one.fence, Phase.SENT, legs=legs_of(f"id-{one.ref}")) for one in claimed]
        assert all(await store.move(moves))


async def test_a_reminder_whose_entry_cannot_be_read_yet_comes_again(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A leader that was deposed a moment ago may not know the entry: it is not forgotten."""
    async with jetstream(settings_of(nats_server, ack_wait=1)) as store:
        await store.add([an_entry("ref", await store.now())])
        worker = await store.beat(None, HOLD)

        async def behind(stream: str, subjects: Sequence[str]) -> dict[str, Stored]:
            return {}

        monkeypatch.setattr(store._link, "seen", behind)
        monkeypatch.setattr(store._link, "last", behind)
        assert await store._lanes.take(LANE, 9, await store.now(), 1) == []
        monkeypatch.undo()
        claimed: list[Entry] = []
        for _ in range(100):
            claimed = claimed or await store.claim(want(worker))
            await asyncio.sleep(0.03)
        assert [one.ref for one in claimed] == ["ref"]


async def test_what_is_scheduled_comes_by_the_servers_clock(nats_server: NatsServer) -> None:
    settings = settings_of(nats_server)
    async with jetstream(settings) as store:
        now = await store.now()
        soon = replace(an_entry("soon", now), due=now + timedelta(seconds=1.5))
        await store.add([soon, replace(an_entry("far", now), due=now + timedelta(hours=1))])
        worker = await store.beat(None, HOLD)
        assert await store.claim(want(worker)) == []
        waiting = await subjects_of(nats_server, f"{settings.prefix}_later_0")
        assert len(waiting) == 2
        assert all(".later." in subject for subject in waiting)
        claimed: list[Entry] = []
        while not claimed:
            claimed = await store.claim(want(worker))
            await asyncio.sleep(0.05)
        assert [one.ref for one in claimed] == ["soon"]
        assert claimed[0].due >= soon.due


async def test_what_a_process_fetched_and_did_not_claim_comes_again(
    nats_server: NatsServer,
) -> None:
    """It died between the fetch and the claim: another gets it after ``ack_wait``."""
    settings = settings_of(nats_server, ack_wait=1)
    async with jetstream(settings) as dead, jetstream(settings) as store:
        await store.add([an_entry("ref", await store.now())])
        assert len(await dead._lanes.take(LANE, 9, await dead.now(), 1)) == 1
        worker = await store.beat(None, HOLD)
        assert await store.claim(want(worker)) == []
        claimed: list[Entry] = []
        for _ in range(100):
            claimed = await store.claim(want(worker))
            if claimed:
                break
            await asyncio.sleep(0.05)
        assert [one.ref for one in claimed] == ["ref"]
        # The reminder of the dead one is for an earlier writing.
        assert await dead.claim(want(await dead.beat(None, HOLD))) == []


async def test_one_of_many_that_others_moved_costs_the_others_nothing(
    nats_server: NatsServer,
) -> None:
    """A batch is refused as a whole, and made again without the loser."""
    settings = settings_of(nats_server)
    async with jetstream(settings) as one, jetstream(settings) as two:
        await one.add([an_entry(f"ref{n}", await one.now()) for n in range(20)])
        worker = await one.beat(None, HOLD)
        claimed = await one.claim(want(worker, 20))
        assert len(claimed) == 20
        assert await two.move([Move(claimed[7].fence, Phase.DOUBT)]) == [True]
        moves = [Move(entry.fence, Phase.SENT) for entry in claimed]
        # Late evidence is taken from DOUBT of the same attempt, so the loser wins, too.
        assert await one.move(moves) == [True] * 20
        assert await two.move([Move(claimed[3].fence, Phase.DONE)]) == [False]


async def test_prune_leaves_nothing_behind(nats_server: NatsServer) -> None:
    settings = settings_of(nats_server)
    async with jetstream(settings) as store:
        now = await store.now()
        await store.add([an_entry(f"ref{n}", now) for n in range(5)])
        await store.add([replace(an_entry("late", now), due=now + timedelta(seconds=0.2))])
        worker = await store.beat(None, HOLD)
        done = 0
        while done < 6:
            claimed = await store.claim(want(worker))
            done += len(claimed)
            news = News(kind=EventKind.SENT)
            await store.move(
                [
                    Move(one.fence, Phase.SENT, legs=legs_of(f"id-{one.ref}"), news=news)
                    for one in claimed
                ]
            )
            sent = await store.find(Query(phase=Phase.SENT), "", 9)
            await store.move([Move(one.fence, Phase.DONE, due=now) for one in sent])
        await asyncio.sleep(0.2)
        assert (await store.tally()).gauges["done_messages"] == 6
        assert await store.prune(now + HOLD, 99) == 6
        assert await subjects_of(nats_server, f"{settings.prefix}_0") == {}
        assert await subjects_of(nats_server, f"{settings.prefix}_later_0") == {}
        assert await store.add([an_entry("ref0", now)]) == [Added.NEW]


async def test_an_id_whose_receipt_was_lost_between_two_shards_keeps_its_report(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The id is written before the entry, in another stream; the process ends between them."""
    settings = settings_of(nats_server, shards=2)
    names = Names(settings.prefix, 2)
    one = next(f"x{n}" for n in range(99) if hash_of(f"x{n}") % 2 != hash_of("ref") % 2)
    async with jetstream(settings) as store:
        await store.add([an_entry("ref", await store.now())])
        worker = await store.beat(None, HOLD)
        (entry,) = await store.claim(want(worker))
        commit = store._link.commit

        async def broken(stream: str, writes: Sequence[Write]) -> int:
            if stream == names.entries(names.shard(entry.id)):
                raise OutcomeUnknown("the process has ended")
            return await commit(stream, writes)

        monkeypatch.setattr(store._link, "commit", broken)
        with pytest.raises(OutcomeUnknown):
            await store.move([Move(entry.fence, Phase.SENT, legs=legs_of(one))])
        monkeypatch.undo()
        assert await store.find(Query(ids=(PlatformId(one),)), "", 9) == []
        report = Early(id=one, status=Status(state=State.ENROUTE, code="here"), channel="rest")
        assert await store.move([report]) == [True]
        assert await store.move([Move(entry.fence, Phase.SENT, legs=legs_of(one))]) == [True]
        (found,) = await store.find(Query(ids=(PlatformId(one),)), "", 9)
        assert found.status.code == "here"


async def test_a_worker_sends_and_follows(nats_server: NatsServer) -> None:
    """The worker as it is, over this store and its own clock."""
    channel = Scripted()
    store = NatsStore(settings_of(nats_server))
    async with world(channel, store=store) as made:
        await made.outbox.enqueue_many([message(f"ref{n}") for n in range(30)], channel="wire")
        for _ in range(400):
            await made.pass_time(0.05)
            await asyncio.sleep(0.01)
            if len(channel.sent) == 30 and not await store.find(Query(phase=Phase.INTENDED), "", 1):
                break
        assert sorted(channel.refs) == sorted(f"ref{n}" for n in range(30))
        assert await made.phase("ref7") is Phase.SENT
        kinds = {event.kind for event in await made.events()}
        assert kinds == {EventKind.SENT}


def devino(*args: str, **environ: str) -> Result:
    return CliRunner().invoke(Devino(App()), ["outbox", *args], env=environ)


async def collected(server: NatsServer, stream: str, count: int) -> list[tuple[str, OutboxEvent]]:
    settings = NatsSettings(url=server.url, durability="process")
    link = Link(settings)
    await link.open()
    try:
        found = await link.after(stream, f"{stream}.>", 0, count)
    finally:
        await link.aclose()
    return [(one.subject, decode(one.data, OutboxEvent)) for one in found]


async def make_stream(server: NatsServer, name: str) -> None:
    async with client_of(server) as client:
        config = {"name": name, "subjects": [f"{name}.>"], "allow_direct": True}
        await client.request(f"$JS.API.STREAM.CREATE.{name}", json.dumps(config).encode())


def event(n: int) -> OutboxEvent:
    return OutboxEvent(
        cursor=str(n),
        at=datetime(2026, 1, 1, tzinfo=UTC),
        kind=EventKind.SENT,
        ref=f"ref{n}",
        channel="my wire",
    )


async def test_a_sink_publishes_each_event_and_repeats_do_no_harm(nats_server: NatsServer) -> None:
    name = nats_server.prefix()
    async with NatsSink(f"{nats_server.url}/{name}") as sink:
        with pytest.raises(Unavailable, match="no stream of JetStream listens"):
            await sink(event(1))
        await make_stream(nats_server, name)
        for one in (event(1), event(1), event(2)):
            await sink(one)
    found = await collected(nats_server, name, 9)
    assert [subject for subject, _ in found] == [f"{name}.sent.my_wire"] * 2
    assert [one.ref for _, one in found] == ["ref1", "ref2"]


async def test_an_event_that_comes_again_with_another_cursor_is_the_same_to_a_sink(
    nats_server: NatsServer,
) -> None:
    """Over shards the cursor says how far the others were read, too."""
    name = nats_server.prefix()
    await make_stream(nats_server, name)
    again = [replace(event(1), cursor=cursor, id="0.7") for cursor in ("7-0", "7-3")]
    twin = replace(event(1), cursor="8-3", id="0.8")
    async with NatsSink(f"{nats_server.url}/{name}") as sink:
        for one in (*again, twin, event(1), replace(event(1), cursor="2")):
            await sink(one)
    found = await collected(nats_server, name, 9)
    assert [one.cursor for _, one in found] == ["7-0", "8-3", "1", "2"]


async def test_an_event_is_named_the_same_however_the_shards_were_read(
    nats_server: NatsServer,
) -> None:
    settings = settings_of(nats_server, shards=2)
    async with jetstream(settings) as store:
        for n in range(8):
            await store.move([Note(entry=n, news=News(kind=EventKind.STATUS, ref=f"ref{n}"))])
        read = {one.ref: one for one in await store.events("", 99)}
        places = [read[f"ref{n}"].cursor.split("-") for n in range(8)]
        # As if the other shard had been read to its end before.
        again = await store.events(f"0-{max(int(one) for _, one in places)}", 99)
        assert [one.ref for one in again] == ["ref0", "ref2", "ref4", "ref6"]
        assert [one.id for one in again] == [read[one.ref].id for one in again]
        assert all(one.cursor != read[one.ref].cursor for one in again)
        assert len({one.id for one in read.values()}) == 8


def test_run_serves_a_store_and_tells_a_sink(nats_server: NatsServer, tmp_path: Path) -> None:
    """Over NATS, and over SQLite with a sink in NATS."""
    lines = tmp_path / "lines"
    lines.write_text('{"to": "79031234567", "content": "One", "ref": "one"}\n')
    for url in (nats_server.outbox(), f"sqlite:{tmp_path / 'outbox.db'}"):
        name = nats_server.prefix()
        asyncio.run(make_stream(nats_server, name))
        environ = {
            "DEVINO__OUTBOX__URL": url,
            "DEVINO__OUTBOX__SINK": f"{nats_server.url}/{name}",
            "DEVINO__CONSOLE__KIND": "console",
        }
        assert devino("import", str(lines), **environ).exit_code == 0
        del environ["DEVINO__OUTBOX__URL"]
        ran = devino("run", "--once", "--store", url, **environ)
        assert ran.exit_code == 0, ran.output
        found = asyncio.run(collected(nats_server, name, 9))
        assert [one.ref for _, one in found][:1] == ["one"]


def test_the_command_line_says_what_the_store_cannot_list(nats_server: NatsServer) -> None:
    url = nats_server.outbox()
    refused = devino("list", "--tenant", "shop", DEVINO__OUTBOX__URL=url)
    assert refused.exit_code == 2
    assert "not by tenant" in refused.output
    assert devino("forget", "--to", "79031234567", DEVINO__OUTBOX__URL=url).exit_code == 2
    assert devino("list", "--phase", "doubt", DEVINO__OUTBOX__URL=url).exit_code == 0
    assert "declared_durable_on_disk: 0" in devino("stats", DEVINO__OUTBOX__URL=url).output
    disk = devino("list", DEVINO__OUTBOX__URL=nats_server.url)
    assert disk.exit_code == 2
    assert "sync_always" in disk.output


async def test_a_blind_outbox_is_told_where_it_is(nats_server: NatsServer) -> None:
    async with Outbox(nats_server.outbox()) as outbox:
        assert await outbox.enqueue(message("one"), channel="rest") is Added.NEW
        assert await outbox.enqueue(message("one"), channel="rest") is Added.SAME
        assert await outbox.cancel("one")
        entry = await outbox.get("one")
        assert entry is not None
        assert entry.phase is Phase.DONE


def test_a_store_that_is_cut_leaves_no_connection_open(nats_server: NatsServer) -> None:
    settings = settings_of(nats_server)

    async def work() -> None:
        async with jetstream(settings) as store:
            await store.now()

    assert left_open_by_cuts(work) == {}
