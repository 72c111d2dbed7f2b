"""The store in NATS JetStream when an answer of the server is lost, or is no."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout

from devino_core import DevinoError, OutcomeUnknown, Unavailable
from devino_core.outbox import Added, Entry, Lane, Move, Phase, Query, Slot, Want
from devino_core.testing._store_case import an_entry
from devino_outbox.nats._consumers import Reminder
from devino_outbox.nats._link import Conflict, Link, Write
from devino_outbox.nats._store import NatsStore
from devino_outbox.nats._works import Changing, Claiming

from .nats_server import NatsServer
from .test_nats import HOLD, LANE, settings_of, want
from .test_stores import jetstream


async def test_a_commit_whose_answer_is_lost_is_found_to_be_stored(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with jetstream(settings_of(nats_server)) as store:
        commit = store._link._committed
        lost = 0

        async def losing(name: str, writes: Sequence[Write]) -> dict[str, Any]:
            nonlocal lost
            answer = await commit(name, writes)
            lost += 1
            if lost <= 1:
                raise NatsTimeout
            return answer

        monkeypatch.setattr(store._link, "_committed", losing)
        assert await store.add([an_entry("ref", await store.now())]) == [Added.NEW]
        assert lost == 1


async def _claim_without_answer(
    store: NatsStore, worker: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = store._link.commit

    async def losing(stream: str, writes: Sequence[Write]) -> int:
        await commit(stream, writes)
        raise OutcomeUnknown("the answer is lost")

    with monkeypatch.context() as patched:
        patched.setattr(store._link, "commit", losing)
        with pytest.raises(OutcomeUnknown):
            await store.claim(want(worker))


async def test_a_claim_that_was_not_answered_is_given_back(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with jetstream(settings_of(nats_server)) as store:
        await store.add([an_entry(f"ref{n}", await store.now()) for n in range(3)])
        worker = await store.beat(None, HOLD)
        await _claim_without_answer(store, worker, monkeypatch)
        assert len(await store.find(Query(phase=Phase.INTENDED), "", 9)) == 3
        claimed = await store.claim(want(worker))
        assert {entry.ref for entry in claimed} == {"ref0", "ref1", "ref2"}
        assert {entry.attempt for entry in claimed} == {2}


async def test_a_claim_that_was_not_answered_is_given_back_where_nothing_else_waits(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker claims only in lanes where something is due, and there is none."""
    async with jetstream(settings_of(nats_server)) as store:
        await store.add([an_entry(f"ref{n}", await store.now()) for n in range(3)])
        worker = await store.beat(None, HOLD)
        await _claim_without_answer(store, worker, monkeypatch)
        tally = await store.tally()
        assert tally.counts == {LANE: {Phase.QUEUED: 3}}
        assert list(tally.oldest) == [LANE]


async def test_what_was_claimed_before_an_error_of_another_kind_is_given_back(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each shard has a commit of its own, and the second one meets a bug."""
    async with jetstream(settings_of(nats_server, shards=4)) as store:
        refs = {f"ref{n}" for n in range(16)}
        await store.add([an_entry(ref, await store.now()) for ref in refs])
        worker = await store.beat(None, HOLD)
        commit, commits = store._link.commit, 0

        async def failing(stream: str, writes: Sequence[Write]) -> int:
            nonlocal commits
            commits += 1
            if commits == 2:
                raise ZeroDivisionError
            return await commit(stream, writes)

        with monkeypatch.context() as patched:
            patched.setattr(store._link, "commit", failing)
            with pytest.raises(ZeroDivisionError):
                await store.claim(want(worker, 99))
        assert commits == 2
        claimed = await store.claim(want(worker, 99))
        assert {entry.ref for entry in claimed} == refs
        held = await store.find(Query(phase=Phase.INTENDED), "", 99)
        assert {(one.id, one.attempt) for one in held} == {(one.id, one.attempt) for one in claimed}


@pytest.mark.parametrize("failure", [Unavailable("it is away"), OutcomeUnknown("it broke off")])
async def test_what_was_found_before_the_server_went_away_waits_for_no_second_reminder(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch, failure: DevinoError
) -> None:
    async with jetstream(settings_of(nats_server)) as store:
        await store.add([an_entry("ref", await store.now())])
        worker = await store.beat(None, HOLD)

        async def broken(*_: object) -> int:
            raise failure

        with monkeypatch.context() as patched:
            patched.setattr(store._tuning, "charge", broken)
            with pytest.raises(type(failure)):
                await store.claim(want(worker))
        assert [one.ref for one in await store.claim(want(worker))] == ["ref"]


async def test_a_claim_that_is_stored_late_holds_nothing(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was given back before it came."""
    async with jetstream(settings_of(nats_server)) as store:
        await store.add([an_entry(f"ref{n}", await store.now()) for n in range(3)])
        worker = await store.beat(None, HOLD)
        late: list[tuple[str, Sequence[Write]]] = []

        async def losing(stream: str, writes: Sequence[Write]) -> int:
            late.append((stream, writes))
            raise OutcomeUnknown("the answer is lost")

        monkeypatch.setattr(store._link, "commit", losing)
        with pytest.raises(OutcomeUnknown):
            await store.claim(want(worker))
        monkeypatch.undo()
        await store._give_back()
        with pytest.raises(Conflict):
            await store._link.commit(*late[0])
        assert len(await store.claim(want(worker))) == 3


def half_stored(link: Link) -> Any:
    """A server that is killed in the middle of a batch, once."""
    commit = link._committed
    is_killed = False

    async def committed(name: str, writes: Sequence[Write]) -> dict[str, Any]:
        nonlocal is_killed
        if is_killed:
            return await commit(name, writes)
        is_killed = True
        await commit(name, writes[: len(writes) // 2])
        raise NatsTimeout

    return committed


async def test_a_batch_of_which_a_part_is_stored_is_not_acknowledged(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with jetstream(settings_of(nats_server)) as store:
        entries = [an_entry(f"ref{n}", await store.now()) for n in range(4)]
        monkeypatch.setattr(store._link, "_committed", half_stored(store._link))
        with pytest.raises(OutcomeUnknown):
            await store.add(entries)
        assert await store.add(entries) == [Added.SAME] * 2 + [Added.NEW] * 2
        assert len(await store.claim(want(await store.beat(None, HOLD)))) == 4


async def test_a_claim_of_which_a_part_is_stored_is_given_back(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with jetstream(settings_of(nats_server)) as store:
        await store.add([an_entry(f"ref{n}", await store.now()) for n in range(4)])
        worker = await store.beat(None, HOLD)
        monkeypatch.setattr(store._link, "_committed", half_stored(store._link))
        with pytest.raises(OutcomeUnknown):
            await store.claim(want(worker))
        claimed = await store.claim(want(worker))
        assert sorted(entry.ref for entry in claimed) == [f"ref{n}" for n in range(4)]
        assert len(await store.find(Query(phase=Phase.INTENDED), "", 9)) == 4


async def test_a_change_that_another_one_is_about_to_make_is_made_anew(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A leader that has not stored the other one yet says no in other words."""
    async with jetstream(settings_of(nats_server)) as store:
        commit = store._link._committed
        refusals = [{"code": 400, "err_code": 10164, "description": "wrong last sequence"}]

        async def refusing(name: str, writes: Sequence[Write]) -> dict[str, Any]:
            return {"error": refusals.pop()} if refusals else await commit(name, writes)

        monkeypatch.setattr(store._link, "_committed", refusing)
        assert await store.add([an_entry("ref", await store.now())]) == [Added.NEW]


async def test_a_change_that_may_be_stored_is_not_called_unavailable(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with jetstream(settings_of(nats_server, timeout=0.2)) as store:
        losses = [NatsTimeout]

        async def losing(_name: str, _writes: Sequence[Write]) -> dict[str, Any]:
            raise losses.pop() if losses else NoRespondersError

        monkeypatch.setattr(store._link, "_committed", losing)
        with pytest.raises(OutcomeUnknown):
            await store.add([an_entry("ref", await store.now())])


async def test_a_claim_that_a_deposed_leader_does_not_know_is_given_back(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is stored, its answer is lost, and the second try is refused as somebody else's."""
    async with jetstream(settings_of(nats_server)) as store:
        await store.add([an_entry(f"ref{n}", await store.now()) for n in range(3)])
        worker = await store.beat(None, HOLD)
        store._link.is_replicated = True
        commit = store._link._committed
        losses = [NatsTimeout]

        async def losing(name: str, writes: Sequence[Write]) -> dict[str, Any]:
            answer = await commit(name, writes)
            if losses:
                raise losses.pop()
            return answer

        async def unknown(*_: object) -> None:
            return None

        with monkeypatch.context() as patched:
            patched.setattr(store._link, "_committed", losing)
            patched.setattr(store._link, "_look", unknown)
            with pytest.raises(OutcomeUnknown):
                await store.claim(want(worker))
        claimed = await store.claim(want(worker))
        assert sorted(entry.ref for entry in claimed) == ["ref0", "ref1", "ref2"]


async def test_one_commit_claims_an_entry_once_and_not_after_it_was_cancelled(
    nats_server: NatsServer,
) -> None:
    async with jetstream(settings_of(nats_server)) as store:
        await store.add([an_entry(ref, await store.now()) for ref in ("ref", "over")])
        found = await store._lanes.take(LANE, 9, await store.now(), 1)
        known = [one.known for one in found]
        (over,) = [one.entry for one in known if one.entry.ref == "over"]
        line, wanted = store._lines[0], want(await store.beat(None, HOLD))
        ended, first, second = await asyncio.gather(
            line.do(Changing([Move(over.fence, Phase.DONE)], trusts_ids=True)),
            line.do(Claiming(wanted, known)),
            line.do(Claiming(wanted, known)),
        )
        claimed = [one.ref for part in (first, second) for one in cast("list[Entry]", part)]
        assert (ended, claimed) == ([True], ["ref"])


async def test_a_claim_that_hears_twice_of_an_entry_gives_it_once(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lane is served twice in one claim. If the server is away between the two, the second time
    the reminders of the first one have come again."""
    async with jetstream(settings_of(nats_server)) as store:
        await store.add([an_entry(f"ref{n}", await store.now()) for n in range(3)])
        worker = await store.beat(None, HOLD)
        fetch = store._lanes._fetch
        heard: list[Reminder] = []

        async def again(shard: int, lane: Lane, most: int) -> list[Reminder]:
            heard.extend(await fetch(shard, lane, most))
            return list(heard)

        monkeypatch.setattr(store._lanes, "_fetch", again)
        twice = Want(worker=worker, slots=(Slot(LANE, 9), Slot(LANE, 9)), limit=9)
        claimed = await store.claim(twice)
        assert sorted(entry.ref for entry in claimed) == ["ref0", "ref1", "ref2"]


async def test_claims_of_one_worker_at_the_same_time_give_back_nothing_that_was_given(
    nats_server: NatsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one is not answered; the second one, which began before that, hears of the same
    entries."""
    async with jetstream(settings_of(nats_server)) as store:
        await store.add([an_entry(f"ref{n}", await store.now()) for n in range(3)])
        worker = await store.beat(None, HOLD)
        fetch, commit = store._lanes._fetch, store._link.commit
        heard: list[Reminder] = []
        have_both = asyncio.Barrier(2)
        losses = [OutcomeUnknown("the answer is lost")]

        async def again(shard: int, lane: Lane, most: int) -> list[Reminder]:
            heard.extend(await fetch(shard, lane, most))
            if losses:
                await have_both.wait()
            return list(heard)

        async def losing(stream: str, writes: Sequence[Write]) -> int:
            if losses:
                raise losses.pop()
            return await commit(stream, writes)

        monkeypatch.setattr(store._lanes, "_fetch", again)
        monkeypatch.setattr(store._link, "commit", losing)
        monkeypatch.setattr(store._lines[0], "_group_max", 1)
        claims = [asyncio.create_task(store.claim(want(worker))) for _ in range(2)]
        given: list[str] = []
        for done in await asyncio.gather(*claims, return_exceptions=True):
            if not isinstance(done, BaseException):
                given += [entry.ref for entry in done]
        for _ in range(2):
            given += [entry.ref for entry in await store.claim(want(worker))]
        assert sorted(given) == ["ref0", "ref1", "ref2"]
