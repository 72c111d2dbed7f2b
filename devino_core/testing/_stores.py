"""What every store of the outbox promises, as tests to inherit."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from decimal import Decimal

from msgspec.structs import replace

from devino_core._content import Priority
from devino_core._status import State, Status
from devino_core.errors import Retry, Throttled
from devino_core.outbox import (
    TRANSITIONS,
    Added,
    Ages,
    Consumed,
    Early,
    Entry,
    EventKind,
    Lane,
    Move,
    News,
    Note,
    Phase,
    PlatformId,
    Query,
    Store,
    Weighted,
)
from devino_core.outbox.kit import NEVER

from ._probes import require
from ._store_case import HOLD, LANE, an_entry, legs_of, want
from ._store_claims import StoreClaims

__all__ = ["StoreConformance", "an_entry"]


class StoreConformance(StoreClaims):
    """What every store promises. Inherit from it; give :meth:`opened` and :meth:`kill`."""

    def test_a_move_is_a_compare_and_set(self) -> None:
        async def check(store: Store) -> None:
            (entry, worker) = await self._claimed(store)
            stale = replace(entry.fence, attempt=0)
            wrong = replace(entry.fence, phase=Phase.SENT)
            require(
                await store.move([Move(stale, Phase.QUEUED), Move(wrong, Phase.DONE)])
                == [False, False],
                "another attempt, another phase",
            )
            old = replace(entry.fence, revision=5)
            require(
                await store.move([Move(old, Phase.SENT, legs=legs_of())]) == [False],
                "another revision of the legs",
            )
            twice = [Move(entry.fence, Phase.SENT), Move(entry.fence, Phase.DONE)]
            require(await store.move(twice) == [True, False], "the first of two wins")
            gone = replace(entry.fence, id=10**9)
            require(await store.move([Move(gone, Phase.SENT)]) == [False], "no such entry")
            require(worker > 0, "a worker has a number")

        self._run(check)

    def test_late_evidence_is_taken_from_doubt(self) -> None:
        async def check(store: Store) -> None:
            (entry, _) = await self._claimed(store)
            await store.move([Move(entry.fence, Phase.DOUBT)])
            receipt = Move(entry.fence, Phase.SENT, legs=legs_of("7"))
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
                        legs=legs_of("1", "2"),
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
                        legs=legs_of("1", "2"),
                        doubts=2,
                        failures=3,
                        crashes=4,
                        body=None,
                        to_hash=None,
                        revision=entry.revision + move.writes,
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
            await store.move([Move(entry.fence, Phase.SENT, legs=legs_of("7", "8"))])

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
            await store.move([Move(entry.fence, Phase.SENT, legs=legs_of("7"), due=NEVER)])
            (sent,) = await self._all(store)
            require(sent.status.code == "way", "the receipt does not have the report")
            require(await store.move([kept[0]]) == [False], "the id is known by now")
            require(await store.move([kept[1]]) == [True], "that of another channel is not")

        self._run(check)

    def test_an_id_that_is_held_for_a_medium_is_of_every_channel(self) -> None:
        async def check(store: Store) -> None:
            (entry, _) = await self._claimed(store)
            await store.move([Move(entry.fence, Phase.DOUBT)])
            (doubt,) = await self._all(store)
            report = Early(id="7", status=Status(state=State.ENROUTE, code="way"), channel="smpp")
            require(await store.move([report]) == [True], "it is kept")
            legs = legs_of("7", "8", channel="@SMS")
            await store.move([Move(doubt.fence, Phase.SENT, legs=legs, due=NEVER)])
            (sent,) = await self._all(store)
            told = [part.code for part in sent.legs[0].parts]
            require(told == ["way", None], "it does not have the report that came before")
            for channel in ("smpp", "rest", "@SMS", None):
                query = Query(ids=(PlatformId("8", channel),))
                found = [found.ref for found in await store.find(query, "", 9)]
                require(found == ["ref"], f"a report of {channel} does not find it")
            require(await store.move([report]) == [False], "the id is known by now")
            await store.move([Move(sent.fence, Phase.DONE, legs=sent.legs)])
            require(await store.move([report]) == [True], "it is done, and the id is known")

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
            leg = replace(legs_of("7")[0], error=error)
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

    def test_a_receipt_that_took_up_a_report_counts_as_written_twice(self) -> None:
        async def check(store: Store) -> None:
            (entry, _) = await self._claimed(store)
            await store.move([Early(id="1", status=Status(state=State.ENROUTE), channel="rest")])
            legs = legs_of("1")
            require(await store.move([Move(entry.fence, Phase.SENT, legs=legs)]) == [True], "it")
            fence = replace(entry.fence, phase=Phase.SENT, revision=entry.revision + 1)
            blind = Move(fence, Phase.SENT, legs=legs)
            require(await store.move([blind]) == [False], "who knows the receipt alone writes")
            (found,) = await store.find(Query(refs=(entry.ref,)), "", 9)
            require(found.status.state is State.ENROUTE, "the report")

        self._run(check)

    def test_the_end_of_a_doubt_counts_as_written_twice(self) -> None:
        async def check(store: Store) -> None:
            (entry, _) = await self._claimed(store)
            require(await store.move([Move(entry.fence, Phase.DOUBT)]) == [True], "a doubt")
            doubt = replace(entry.fence, phase=Phase.DOUBT)
            said = Move(doubt, Phase.SENT, legs=legs_of("1"))
            require(await store.move([said]) == [True], "the end of a doubt")
            fence = replace(entry.fence, phase=Phase.SENT, revision=entry.revision + 1)
            blind = Move(fence, Phase.SENT, legs=legs_of("2"))
            require(await store.move([blind]) == [False], "who knows another answer writes")

        self._run(check)

    def test_what_a_dead_worker_held_is_in_doubt(self) -> None:
        async def check(store: Store) -> None:
            now = await store.now()
            await store.add([an_entry("ref", now), an_entry("mine", now)])
            dead, alive = await store.beat(None, HOLD), await store.beat(None, HOLD)
            (held,) = await store.claim(want(dead, 1))
            (mine,) = await store.claim(want(alive, 1))
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
            await self._loses(store.claim(want(dead)))
            await self._loses(store.beat(dead, HOLD))
            require(await store.beat(None, HOLD) not in (dead, alive), "a number is used twice")

        self._run(check)

    def test_the_calls_of_a_dead_worker_cost_no_other_call(self) -> None:
        async def check(store: Store) -> None:
            now = await store.now()
            dead = await store.beat(None, HOLD)
            await store.beat(dead, timedelta(0))
            # At once, so that a store that groups its calls has both in one group.
            adds = [store.add([an_entry(f"ref{number}", now)]) for number in range(20)]
            beats = [self._loses(store.beat(dead, HOLD)) for _ in adds]
            calls = [call for pair in zip(beats, adds, strict=True) for call in pair]
            results = await asyncio.gather(*calls, return_exceptions=True)
            require(results[1::2] == [[Added.NEW]] * len(adds), "an add fails for a worker's call")
            require(results[::2] == [None] * len(beats), "a dead worker is taken for alive")

        self._run(check)

    def test_a_worker_that_ends_leaves_nothing_held(self) -> None:
        async def check(store: Store) -> None:
            (entry, worker) = await self._claimed(store)
            other = await store.beat(None, HOLD)
            await store.beat(worker, timedelta(0))
            await store.beat(other, HOLD)
            require(await self._phase(store, entry.ref) is Phase.DOUBT, "it is held by nobody")
            await self._loses(store.claim(want(worker)))
            await self._loses(store.claim(want(10**6)))

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
            (entry,) = await store.claim(want(worker, 1))
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

    def test_what_is_due_is_counted_by_age(self) -> None:
        async def check(store: Store) -> None:
            if not isinstance(store, Ages):
                return
            now = await store.now()
            for number, age in enumerate((-60, 1, 9, 10, 11, 500, 600)):
                due = now - timedelta(seconds=age)
                await store.add([replace(an_entry(f"{number}", now), due=due)])
            await store.add([an_entry("other", now, Lane("vk"))])
            edges = [now - timedelta(seconds=age) for age in (0, 10, 100)]
            require(await store.ages(LANE, edges, 9) == [2, 2, 2], "up to 10 s, up to 100, more")
            require(await store.ages(LANE, edges, 1) == [1, 1, 1], "no more than asked for")
            require(await store.ages(Lane("none"), edges, 9) == [0, 0, 0], "another lane")

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

    def test_prune_deletes_the_events_of_what_it_deletes(self) -> None:
        async def check(store: Store) -> None:
            now = await store.now()
            for ref in ("one", "two"):
                entry = await self._in(store, Phase.QUEUED, ref)
                news = News(kind=EventKind.STATUS, ref=ref)
                await store.move([Note(entry=entry.id, news=news)] * 4)
                await store.move([Move(entry.fence, Phase.DONE, due=now, news=news)])
            require(len(await store.events("", 99)) == 10, "the events")
            require(await store.prune(now + HOLD, 2) == 2, "what is done")
            require(await store.events("", 99) == [], "events stay behind")

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
