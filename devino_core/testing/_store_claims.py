"""What a store promises about additions and claims."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from msgspec.structs import replace

from devino_core._content import Priority
from devino_core._status import State
from devino_core.outbox import (
    Added,
    Closed,
    EventKind,
    Held,
    Lane,
    Paused,
    Phase,
    Query,
    Rate,
    Slot,
    Store,
    Want,
)
from devino_core.outbox.kit import NEVER

from ._probes import require
from ._store_case import HOLD, LANE, StoreCase, an_entry, want

__all__ = ["StoreClaims"]


class StoreClaims(StoreCase):
    """Additions, claims, limits, pauses."""

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
                while claimed := await store.claim(want(worker, 7)):
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
            claimed = await store.claim(want(worker))
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
            require(await store.claim(want(worker)) == [], "it was given")

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

    def test_a_pause_holds_for_lanes_that_name_a_medium(self) -> None:
        async def check(store: Store) -> None:
            lane = Lane("@SMS")
            await store.add([an_entry("ref", await store.now(), lane)])
            worker = await store.beat(None, HOLD)
            slots = (Slot(lane, 9),)
            await store.tune(Paused("channel:rest", NEVER))
            paused = Want(worker=worker, slots=slots, limit=9, channel="rest")
            require(await store.claim(paused) == [], "the channel is paused")
            other = Want(worker=worker, slots=slots, limit=9, channel="smpp")
            require(len(await store.claim(other)) == 1, "another channel goes on")

        self._run(check)
