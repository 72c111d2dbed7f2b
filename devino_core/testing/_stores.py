"""What every store of the outbox promises, as tests to inherit."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from decimal import Decimal

from msgspec.structs import replace

from devino_core._content import Priority
from devino_core._message import Message
from devino_core._status import Receipt, State, Status
from devino_core.errors import DevinoError, Retry, Throttled, Unsupported
from devino_core.outbox import (
    TRANSITIONS,
    Added,
    Body,
    Closed,
    Consumed,
    Early,
    Entry,
    EventKind,
    Held,
    Lane,
    LeaseLost,
    Leg,
    Move,
    News,
    Note,
    Paused,
    Phase,
    Planned,
    PlatformId,
    Query,
    Rate,
    Slot,
    Store,
    Want,
    Weighted,
)
from devino_core.outbox.kit import NEVER, encode

from ._probes import require

__all__ = ["StoreConformance", "an_entry"]

HOLD = timedelta(seconds=30)
LANE = Lane("rest")


def an_entry(ref: str, now: datetime, lane: Lane = LANE, **text: str) -> Entry:
    """A new entry that is due."""
    message = Message("79160000001", text.get("text", "Hello"), ref=ref)
    return Entry(
        ref=ref,
        hash=hash(text.get("text", "Hello")) % 1000,
        to_hash=7,
        lane=lane,
        due=now - timedelta(seconds=1),
        body=encode(Body(legs=(Planned(lane.channel, message),))),
    )


class StoreConformance(ABC):
    """What every store promises. Inherit from it; give :meth:`opened` and :meth:`kill`."""

    @abstractmethod
    def opened(self) -> AbstractAsyncContextManager[Store]:
        """An empty store, open; a new one for each test."""

    @abstractmethod
    async def kill(self, store: Store, worker: int) -> None:
        """Make the process of a worker look as if it was gone."""

    def again(self, store: Store) -> AbstractAsyncContextManager[Store] | None:
        """The same database, opened once more beside ``store``; None: there is no such thing."""
        return None

    def test_a_ref_is_added_once(self) -> None:
        async def check(store: Store) -> None:
            now = await store.now()
            one, two = an_entry("one", now), an_entry("two", now)
            other = replace(one, hash=one.hash + 1)
            require(
                await store.add([one, one, other, two])
                == [Added.NEW, Added.SAME, Added.TAKEN, Added.NEW],
                "refs within one call",
            )
            require(
                await store.add([two, other]) == [Added.SAME, Added.TAKEN], "refs of earlier calls"
            )
            require(await store.add([]) == [], "nothing to add is no error")
            require(len(await self._all(store)) == 2, "what was refused was stored")

        self._run(check)

    def test_what_was_added_comes_back_as_it_was(self) -> None:
        async def check(store: Store) -> None:
            now = await store.now()
            lane = Lane("@SMS", Priority.LOW, "Mieter ß/%_")
            entry = replace(an_entry("ä'\"", now, lane), until=NEVER, version=1, to_hash=-(2**63))
            await store.add([entry])
            (found,) = await self._all(store)
            require(replace(found, id=0) == entry, f"{found} is not {entry}")

        self._run(check)

    def test_a_claim_takes_what_is_due_by_its_slots(self) -> None:
        async def check(store: Store) -> None:
            now = await store.now()
            bulk, otp = Lane("rest", Priority.LOW), Lane("rest", Priority.REALTIME)
            later = replace(an_entry("later", now, otp), due=now + timedelta(hours=1))
            await store.add([an_entry(f"bulk{n}", now, bulk) for n in range(5)])
            await store.add([later, an_entry("code", now, otp), an_entry("other", now)])
            worker = await store.beat(None, HOLD)
            slots = (Slot(otp, 9), Slot(bulk, 2), Slot(bulk, 9))
            claimed = await store.claim(Want(worker=worker, slots=slots, limit=4))
            require(claimed[0].ref == "code", "the first slot is not served first")
            require(len(claimed) == 4, "the limit of all")
            require(
                all(
                    one.phase is Phase.INTENDED
                    and one.attempt == 1
                    and one.worker == worker
                    and one.due >= now
                    for one in claimed
                ),
                "what a claim writes",
            )
            again = await store.claim(Want(worker=worker, slots=slots, limit=9))
            require(len(again) == 2, "the rest, each once, and nothing that is not due")

        self._run(check)

    def test_many_claims_at_once_give_each_entry_once(self) -> None:
        async def check(store: Store) -> None:
            now = await store.now()
            await store.add([an_entry(f"ref{n}", now) for n in range(300)])
            workers = [await store.beat(None, HOLD) for _ in range(4)]

            async def take(worker: int) -> list[int]:
                got: list[int] = []
                while claimed := await store.claim(_want(worker, 7)):
                    got += [one.id for one in claimed]
                return got

            taken = [one for part in await asyncio.gather(*map(take, workers)) for one in part]
            require(len(taken) == 300 == len(set(taken)), "an entry was given twice, or never")

        self._run(check)

    def test_what_is_late_is_ended_and_never_given(self) -> None:
        async def check(store: Store) -> None:
            now = await store.now()
            late = replace(an_entry("late", now), until=now - timedelta(microseconds=1))
            await store.add([late, replace(an_entry("good", now), until=now + HOLD)])
            worker = await store.beat(None, HOLD)
            claimed = await store.claim(_want(worker))
            require([one.ref for one in claimed] == ["good"], "a late one was given")
            (ended,) = await store.find(Query(refs=("late",)), "", 9)
            require(ended.phase is Phase.DONE, "a late one is not ended")
            require(ended.status.state is State.EXPIRED, "its state")
            (event,) = await store.events("", 9)
            require((event.kind, event.ref) == (EventKind.DONE, "late"), "its event")

        self._run(check)

    def test_a_newer_body_stays_queued(self) -> None:
        async def check(store: Store) -> None:
            await store.add([replace(an_entry("newer", await store.now()), version=2)])
            worker = await store.beat(None, HOLD)
            require(await store.claim(_want(worker)) == [], "it was given")

        self._run(check)

    def test_limits_hold_back(self) -> None:
        async def check(store: Store) -> None:
            now = await store.now()
            await store.add([an_entry(f"ref{n}", now) for n in range(50)])
            worker = await store.beat(None, HOLD)

            async def claim(*charge: str) -> int:
                want = Want(worker=worker, slots=(Slot(LANE, 99),), limit=20, charge=charge)
                return len(await store.claim(want))

            # So slow that no further token comes while the test runs.
            await store.tune(Rate("slow", 0.001, 3))
            require(await claim("slow") == 3, "the burst")
            require(await claim("slow", "free") == 0, "no token is left")
            await store.tune(Held("held", "no password"))
            require(await claim("held") == 0, "it is held")
            await store.tune(Held("held", None))
            await store.tune(Closed("shut", now + timedelta(hours=1)))
            require(await claim("shut") == 0, "it is closed")
            await store.tune(Closed("probe", now - timedelta(seconds=1), timedelta(hours=1)))
            require(await claim("probe") == 1, "one goes to try")
            require(await claim("probe") == 0, "only one")
            await store.tune(Closed("probe", None))
            require(await claim("probe") == 20, "it is open again")
            state = (await store.tally()).limits
            require(state["slow"].per_second == 0.001 and state["slow"].burst == 3, "the tally")
            require(state["shut"].closed_until == now + timedelta(hours=1), "the tally")

        self._run(check)

    def test_pauses_hold_lanes_back(self) -> None:
        async def check(store: Store) -> None:
            now = await store.now()
            await store.add([an_entry("ref", now, Lane("rest", Priority.LOW, "shop"))])
            worker = await store.beat(None, HOLD)
            want = Want(
                worker=worker, slots=(Slot(Lane("rest", Priority.LOW, "shop"), 9),), limit=9
            )
            for what in ("channel:rest", "tenant:shop", "priority:LOW"):
                await store.tune(Paused(what, NEVER))
                require(await store.claim(want) == [], f"{what} is paused")
                require(what in (await store.tally()).paused, "the tally")
                await store.tune(Paused(what, None))
            await store.tune(Paused("channel:rest", now - HOLD))
            require(len(await store.claim(want)) == 1, "the pause is over")

        self._run(check)

    def test_a_move_is_a_compare_and_set(self) -> None:
        async def check(store: Store) -> None:
            (entry, worker) = await self._claimed(store)
            stale = entry.fence._replace(attempt=0)
            wrong = entry.fence._replace(phase=Phase.SENT)
            require(
                await store.move([Move(stale, Phase.QUEUED), Move(wrong, Phase.DONE)])
                == [False, False],
                "another attempt, another phase",
            )
            old = entry.fence._replace(revision=5)
            require(
                await store.move([Move(old, Phase.SENT, legs=_legs())]) == [False],
                "another revision of the legs",
            )
            twice = [Move(entry.fence, Phase.SENT), Move(entry.fence, Phase.DONE)]
            require(await store.move(twice) == [True, False], "the first of two wins")
            gone = entry.fence._replace(id=10**9)
            require(await store.move([Move(gone, Phase.SENT)]) == [False], "no such entry")
            require(worker > 0, "a worker has a number")

        self._run(check)

    def test_late_evidence_is_taken_from_doubt(self) -> None:
        async def check(store: Store) -> None:
            (entry, _) = await self._claimed(store)
            await store.move([Move(entry.fence, Phase.DOUBT)])
            receipt = Move(entry.fence, Phase.SENT, legs=_legs("7"))
            require(await store.move([receipt]) == [True], "a receipt of the same attempt")
            require(await store.move([receipt]) == [False], "only once")

        self._run(check)

    def test_every_way_of_the_table_is_stored_whole(self) -> None:
        async def check(store: Store) -> None:
            for number, start in enumerate(Phase):
                for end in TRANSITIONS[start]:
                    if (start, end) == (Phase.QUEUED, Phase.INTENDED):
                        continue
                    entry = await self._in(store, start, f"{number}-{end}")
                    now = await store.now()
                    move = Move(
                        entry.fence,
                        end,
                        due=now + HOLD,
                        until=now + 2 * HOLD,
                        lane=Lane("vk", Priority.HIGH, "t", suspect=True),
                        leg=1,
                        legs=_legs("1", "2"),
                        doubts=2,
                        failures=3,
                        crashes=4,
                        drop_body=True,
                        drop_to=True,
                        news=News(kind=EventKind.STATUS, ref=entry.ref),
                    )
                    require(await store.move([move]) == [True], f"{start.name} to {end.name}")
                    (found,) = await store.find(Query(refs=(entry.ref,)), "", 9)
                    wanted = replace(
                        entry,
                        phase=end,
                        due=now + HOLD,
                        until=now + 2 * HOLD,
                        lane=Lane("vk", Priority.HIGH, "t", suspect=True),
                        leg=1,
                        legs=_legs("1", "2"),
                        doubts=2,
                        failures=3,
                        crashes=4,
                        body=None,
                        to_hash=None,
                        revision=entry.revision + 1,
                        worker=entry.worker if end is Phase.INTENDED else None,
                    )
                    require(found == wanted, f"{start.name} to {end.name}: {found.legs}")

        self._run(check)

    def test_a_time_that_is_not_given_stays(self) -> None:
        async def check(store: Store) -> None:
            (entry, _) = await self._claimed(store, until=NEVER)
            await store.move([Move(entry.fence, Phase.SENT)])
            (found,) = await self._all(store)
            require(found.until == NEVER and found.due == entry.due, "it changed")
            await store.move([Move(found.fence, Phase.SENT, until=None)])
            (found,) = await self._all(store)
            require(found.until is None, "no end at all")

        self._run(check)

    def test_nothing_is_queued_for_the_past(self) -> None:
        async def check(store: Store) -> None:
            (entry, _) = await self._claimed(store)
            now = await store.now()
            await store.move([Move(entry.fence, Phase.QUEUED, due=now - timedelta(hours=1))])
            (found,) = await self._all(store)
            require(found.due >= now, "a claim with a floor would not find it")

        self._run(check)

    def test_ids_find_their_entry_until_it_is_done(self) -> None:
        async def check(store: Store) -> None:
            (entry, _) = await self._claimed(store)
            await store.move([Move(entry.fence, Phase.SENT, legs=_legs("7", "8"))])

            async def find(one: str, channel: str | None = None) -> list[str]:
                query = Query(ids=(PlatformId(one, channel), PlatformId("none")))
                return [found.ref for found in await store.find(query, "", 9)]

            require(await find("8") == await find("8", "rest") == ["ref"], "by id, and channel")
            require(await find("8", "vk") == [], "an id of another channel")
            (sent,) = await self._all(store)
            await store.move([Move(sent.fence, Phase.DONE, legs=sent.legs)])
            require(await find("8") == [], "it is done")

        self._run(check)

    def test_a_report_that_comes_first_waits_for_its_receipt(self) -> None:
        async def check(store: Store) -> None:
            (entry, _) = await self._claimed(store)
            report = Status(state=State.ENROUTE, code="way")
            kept = [
                Early(id="7", status=report, channel="rest"),
                Early(id="7", status=report, channel="vk"),
                Early(id="8", status=Status(state=State.SCHEDULED)),
            ]
            require(await store.move(kept) == [True] * 3, "they are kept")
            await store.move([Move(entry.fence, Phase.SENT, legs=_legs("7"), due=NEVER)])
            (sent,) = await self._all(store)
            require(sent.status.code == "way", "the receipt does not have the report")
            require(await store.move([kept[0]]) == [False], "the id is known by now")
            require(await store.move([kept[1]]) == [True], "that of another channel is not")

        self._run(check)

    def test_events_stand_in_the_order_of_their_commits(self) -> None:
        async def check(store: Store) -> None:
            for ref in ("a", "b", "c"):
                await store.move([Note(entry=3, news=News(kind=EventKind.DEAD, ref=ref))])
            await store.move([Note(news=News(kind=EventKind.CHANNEL_HELD, channel="x"))])
            first = await store.events("", 2)
            require([event.ref for event in first] == ["a", "b"], "the first two")
            rest = await store.events(first[-1].cursor, 9)
            require([event.ref for event in rest] == ["c", ""], "those after them")
            require(await store.events(rest[-1].cursor, 9) == [], "nothing after the last")
            require(len(await store.events("", 9, entry=3)) == 3, "those of one entry")
            require(len(await store.events("", 9, consumer="x")) == 4, "a new consumer")
            await store.tune(Consumed("x", first[-1].cursor))
            require(await store.events("", 9, consumer="x") == rest, "what it has not read")
            require(len(await store.events("", 9, consumer="y")) == 4, "another consumer")

        self._run(check)

    def test_a_receipt_comes_back_with_its_error(self) -> None:
        async def check(store: Store) -> None:
            (entry, _) = await self._claimed(store)
            error = Throttled("slow down", retry_after=2.5)
            error.refs = ("ref",)
            leg = replace(_legs("7")[0], error=error)
            status = Status(state=State.DELIVERED, price=Decimal("1.50"), reported_at=NEVER)
            receipt = leg.receipt
            require(receipt is not None, "a leg has a receipt")
            if receipt is not None:
                leg = replace(leg, receipt=replace(receipt, status=status))
            news = News(kind=EventKind.SENT, ref="ref", status=status, reason="Grund")
            await store.move([Move(entry.fence, Phase.SENT, legs=(leg,), news=news)])
            (found,) = await self._all(store)
            back = found.legs[0].error
            require(type(back) is Throttled and str(back) == "slow down", "the error")
            require(back is not None and back.retry is Retry.SAFE, "its retry")
            require(back is not None and back.retry_after == 2.5 and back.refs == ("ref",), "facts")
            require(found.status == status, "the status")
            (event,) = await store.events("", 9)
            require(event.status == status and event.reason == "Grund", "the event")

        self._run(check)

    def test_what_a_dead_worker_held_is_in_doubt(self) -> None:
        async def check(store: Store) -> None:
            now = await store.now()
            await store.add([an_entry("ref", now), an_entry("mine", now)])
            dead, alive = await store.beat(None, HOLD), await store.beat(None, HOLD)
            (held,) = await store.claim(_want(dead, 1))
            (mine,) = await store.claim(_want(alive, 1))
            await store.beat(alive, HOLD)
            require(await self._phase(store, held.ref) is Phase.INTENDED, "it lives")
            await self.kill(store, dead)
            await store.beat(alive, HOLD)
            (found,) = await store.find(Query(refs=(held.ref,)), "", 9)
            require(found.phase is Phase.DOUBT and found.crashes == 1, "it is not in doubt")
            require(found.attempt == held.attempt, "the attempt stays")
            require(await self._phase(store, mine.ref) is Phase.INTENDED, "the other's")
            (event,) = await store.events("", 9)
            require((event.kind, event.ref) == (EventKind.IN_DOUBT, held.ref), "its event")
            await self._loses(store.claim(_want(dead)))
            await self._loses(store.beat(dead, HOLD))
            require(await store.beat(None, HOLD) not in (dead, alive), "a number is used twice")

        self._run(check)

    def test_a_worker_that_ends_leaves_nothing_held(self) -> None:
        async def check(store: Store) -> None:
            (entry, worker) = await self._claimed(store)
            other = await store.beat(None, HOLD)
            await store.beat(worker, timedelta(0))
            await store.beat(other, HOLD)
            require(await self._phase(store, entry.ref) is Phase.DOUBT, "it is held by nobody")
            await self._loses(store.claim(_want(worker)))
            await self._loses(store.claim(_want(10**6)))

        self._run(check)

    def test_find_pages_through_everything_once(self) -> None:
        async def check(store: Store) -> None:
            now = await store.now()
            lanes = (LANE, Lane("vk"), Lane("rest", Priority.LOW, "shop"), Lane("rest2"))
            entries = [
                replace(an_entry(f"ref{n}", now, lanes[n % 4]), due=now - timedelta(seconds=n // 3))
                for n in range(25)
            ]
            await store.add(entries)
            for query, count in (
                (Query(), 25),
                (Query(phase=Phase.QUEUED), 25),
                (Query(phase=Phase.SENT), 0),
                (Query(channel="rest"), 13),
                (Query(phase=Phase.QUEUED, channel="rest"), 13),
                (Query(tenant="shop", phase=Phase.QUEUED), 6),
                (Query(to_hash=7), 25),
                (Query(to_hash=8), 0),
                (Query(phase=Phase.QUEUED, due_before=now - timedelta(seconds=3)), 13),
                (Query(refs=("ref3", "ref7", "none")), 2),
            ):
                if not query.keys <= store.finds:
                    await self._refuses(store.find(query, "", 4))
                    continue
                after, found = "", list[Entry]()
                while page := await store.find(query, after, 4):
                    found += page
                    after = query.after(page[-1])
                require(len(found) == count, f"{query}: {len(found)} of {count}")
                require(len({one.id for one in found}) == count, f"{query}: one twice")
                require(found == sorted(found, key=query.place), f"{query}: the order")

        self._run(check)

    def test_the_tally_counts(self) -> None:
        async def check(store: Store) -> None:
            now = await store.now()
            await store.add([an_entry(f"ref{n}", now) for n in range(3)])
            await store.add([replace(an_entry("later", now, Lane("vk")), due=NEVER)])
            worker = await store.beat(None, HOLD)
            (entry,) = await store.claim(_want(worker, 1))
            await store.tune(Weighted("shop", 2.5))
            tally = await store.tally()
            counts = {lane: dict(count) for lane, count in tally.counts.items()}
            require(
                counts
                == {LANE: {Phase.QUEUED: 2, Phase.INTENDED: 1}, Lane("vk"): {Phase.QUEUED: 1}},
                f"the counts: {counts}",
            )
            require(set(tally.oldest) == {LANE}, "only what is due")
            require(tally.oldest[LANE] == now - timedelta(seconds=1), "since when")
            require(tally.weights == {"shop": 2.5} and tally.workers == 1, "the rest")
            require(entry.lane == LANE, "the lane")

        self._run(check)

    def test_prune_deletes_what_is_done_for_long(self) -> None:
        async def check(store: Store) -> None:
            (entry, _) = await self._claimed(store)
            now = await store.now()
            await store.add([an_entry("other", now)])
            await store.move([Move(entry.fence, Phase.DONE, due=now)])
            require(await store.prune(now - HOLD, 9) == 0, "it is not old enough")
            require(await store.prune(now + HOLD, 0) == 0, "nothing was asked for")
            require(await store.prune(now + HOLD, 9) == 1, "it is not deleted")
            require([one.ref for one in await self._all(store)] == ["other"], "the others")
            require(await store.add([an_entry("ref", now)]) == [Added.NEW], "the ref is free")

        self._run(check)

    def test_another_process_finds_everything(self) -> None:
        async def check(store: Store) -> None:
            second = self.again(store)
            if second is None:
                return
            (entry, _) = await self._claimed(store)
            async with second as other:
                require(other.key == store.key, "the key of the hashes")
                (found,) = await self._all(other)
                require(found == entry, "the entry")
                await other.beat(None, HOLD)
                require(await self._phase(store, "ref") is Phase.INTENDED, "the holder lives")

        self._run(check)

    async def _claimed(self, store: Store, **changes: datetime) -> tuple[Entry, int]:
        now = await store.now()
        until = changes.get("until")
        await store.add([replace(an_entry("ref", now), until=until)])
        worker = await store.beat(None, HOLD)
        (entry,) = await store.claim(_want(worker))
        return entry, worker

    async def _in(self, store: Store, phase: Phase, ref: str) -> Entry:
        """An entry in this phase."""
        lane = Lane(f"lane {ref}")
        await store.add([an_entry(ref, await store.now(), lane)])
        if phase is not Phase.QUEUED:
            worker = await store.beat(None, HOLD)
            want = Want(worker=worker, slots=(Slot(lane, 1),), limit=1)
            (entry,) = await store.claim(want)
            if phase is not Phase.INTENDED:
                await store.move([Move(entry.fence, phase)])
        (entry,) = await store.find(Query(refs=(ref,)), "", 9)
        return entry

    async def _all(self, store: Store) -> Sequence[Entry]:
        return await store.find(Query(), "", 1000)

    async def _phase(self, store: Store, ref: str) -> Phase:
        (entry,) = await store.find(Query(refs=(ref,)), "", 9)
        return entry.phase

    async def _loses(self, call: Awaitable[object]) -> None:
        await self._raises(call, LeaseLost)

    async def _refuses(self, call: Awaitable[object]) -> None:
        await self._raises(call, Unsupported)

    async def _raises(self, call: Awaitable[object], kind: type[DevinoError]) -> None:
        try:
            await call
        except kind:
            return
        raise AssertionError(f"it does not raise {kind.__name__}")

    def _run(self, check: Callable[[Store], Awaitable[None]]) -> None:
        async def run() -> None:
            async with self.opened() as store:
                await check(store)

        asyncio.run(run())


def _want(worker: int, limit: int = 99) -> Want:
    return Want(worker=worker, slots=(Slot(LANE, limit),), limit=limit)


def _legs(*ids: str) -> tuple[Leg, ...]:
    message = Message("79160000001", "Hello", ref="ref")
    receipt = Receipt.of(message, Status(state=State.ACCEPTED), channel="rest", ids=ids)
    return (Leg(ref="ref", channel="rest", medium=message.medium, receipt=receipt),)
