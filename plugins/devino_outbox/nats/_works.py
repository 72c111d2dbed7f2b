"""What commits do: pure changes of what a transaction has read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from msgspec.structs import replace

from devino_core.outbox import Added, Change, Early, Entry, Move, Note, Phase, Want
from devino_core.outbox.kit import ids_of, is_met, is_of, lapsed, moved, orphaned, with_reports

from ._commits import Transaction
from ._records import Known, Waiting

__all__ = ["Adding", "Changing", "Claiming", "Lapsing", "Orphaning", "Reminding", "Unclaiming"]

_EARLY = timedelta(days=1)


class _Of:
    """Work about some entries."""

    ids: Sequence[str] = ()
    is_new = False
    asks = False

    def __init__(self, numbers: Sequence[int], each: int = 2) -> None:
        self.numbers = numbers
        self.weight = each * len(numbers)


class Adding(_Of):
    """Gives a list of Added. The entries have their numbers."""

    is_new = True

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__([entry.id for entry in entries])
        self._entries = entries

    def apply(self, tx: Transaction) -> list[Added]:
        return [self._add(tx, entry) for entry in self._entries]

    def _add(self, tx: Transaction, entry: Entry) -> Added:
        known = tx.entry(entry.id)
        if known is not None:
            # Two refs with one hash: the later one is refused, too.
            same = (known.ref, known.hash) == (entry.ref, entry.hash)
            tx.refuse(entry.id)
            return Added.SAME if same else Added.TAKEN
        tx.put(entry)
        return Added.NEW


class Claiming(_Of):
    """Gives the entries that are intended, of those that were read at these sequences."""

    def __init__(self, want: Want, found: Sequence[Known]) -> None:
        super().__init__([known.entry.id for known in found], 1)
        self._want = want
        self._found = found

    def apply(self, tx: Transaction) -> list[Entry]:
        claimed = []
        for seq, entry in self._found:
            if tx.seq(entry.id) != seq or tx.is_changed(entry.id):
                continue
            held = replace(
                entry,
                phase=Phase.INTENDED,
                attempt=entry.attempt + 1,
                worker=self._want.worker,
                due=tx.now,
            )
            tx.put(held)
            claimed.append(held)
        return claimed


class Unclaiming(_Of):
    """What was claimed without an answer, and given to nobody, is queued again. What is queued
    still is written anew: then a claim that is stored late fails."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        super().__init__([entry.id for entry in entries])
        self._entries = entries

    def apply(self, tx: Transaction) -> None:
        for entry in self._entries:
            known = tx.entry(entry.id)
            if known is None:
                continue
            held = known.phase, known.attempt, known.worker
            if held == (Phase.INTENDED, entry.attempt + 1, entry.worker):
                tx.put(replace(known, phase=Phase.QUEUED, worker=None, due=tx.now))
            elif known.phase is Phase.QUEUED and known.attempt == entry.attempt:
                tx.put(known)


class Reminding(_Of):
    """What was scheduled is due: it gets its reminder, if it was not written since. Gives the
    numbers of those that got it."""

    def __init__(self, sequences: dict[int, int]) -> None:
        super().__init__(list(sequences))
        self._sequences = sequences

    def apply(self, tx: Transaction) -> set[int]:
        done = set()
        for number, seq in self._sequences.items():
            entry = tx.entry(number)
            if entry is not None and tx.seq(number) == seq and entry.phase is Phase.QUEUED:
                tx.put(entry)
                done.add(number)
        return done


class Lapsing(_Of):
    """What is queued and whose time has passed is over."""

    def apply(self, tx: Transaction) -> None:
        for number in self.numbers:
            entry = tx.entry(number)
            if entry is None or entry.phase is not Phase.QUEUED or entry.until is None:
                continue
            if entry.until <= tx.now:
                _move(tx, lapsed(entry, tx.now))


class Orphaning(_Of):
    """What dead workers hold is in doubt."""

    def __init__(self, numbers: Sequence[int], gone: set[int]) -> None:
        super().__init__(numbers)
        self._gone = gone

    def apply(self, tx: Transaction) -> None:
        for number in self.numbers:
            entry = tx.entry(number)
            if entry is not None and entry.phase is Phase.INTENDED and entry.worker in self._gone:
                _move(tx, orphaned(entry))


class Changing(_Of):
    """Gives for each change whether it was done.

    ``trusts_ids``: a platform gives an id once, so an id that comes with a receipt is new, but for
    a report that came before it.
    """

    def __init__(self, changes: Sequence[Change], *, trusts_ids: bool) -> None:
        moves = [change for change in changes if isinstance(change, Move)]
        super().__init__([move.fence.id for move in moves])
        ids = {one for move in moves if move.legs for _, one in ids_of(move.legs)}
        early = {change.id for change in changes if isinstance(change, Early)}
        self.ids: Sequence[str] = sorted(ids | early)
        self.asks = bool(early) or not trusts_ids
        self.weight = 3 * len(changes) + len(self.ids)
        self._changes = changes
        self._trusts_ids = trusts_ids

    def apply(self, tx: Transaction) -> list[bool]:
        return [self._change(tx, change) for change in self._changes]

    def _change(self, tx: Transaction, change: Change) -> bool:
        if isinstance(change, Note):
            tx.tell(change.news, change.entry)
            return True
        if isinstance(change, Early):
            return _keep(tx, change)
        return _move(tx, change, trusts_ids=self._trusts_ids)


def _keep(tx: Transaction, early: Early) -> bool:
    """Keep a report whose id no entry has."""
    ids = tx.ids(early.id)
    for channel, number in ids.holders.items():
        if is_of(channel, early.channel) and _holds(tx, number, early.id):
            return False
    waiting = [one for one in ids.early if one.at >= tx.now - _EARLY]
    waiting.append(Waiting(early.status, tx.now, early.channel))
    tx.put_ids(early.id, replace(ids, early=tuple(waiting)))
    return True


def _holds(tx: Transaction, number: int, one: str) -> bool:
    """Whether an entry that is written beside an id still has it."""
    entry = tx.entry(number)
    if entry is None or entry.phase is Phase.DONE:
        return False
    # In another shard the two are not one commit, and the second one may never have come.
    return tx.is_own(number) or one in {known for _, known in ids_of(entry.legs)}


def _move(tx: Transaction, move: Move, *, trusts_ids: bool = True) -> bool:
    number = move.fence.id
    entry = tx.entry(number)
    if entry is None or not is_met(move, entry):
        return tx.refuse(number)
    if move.legs is not None:
        move = _learn(tx, entry, move, trusts_ids=trusts_ids)
    tx.put(moved(entry, move, tx.now))
    if move.news is not None:
        tx.tell(move.news, number)
    return True


def _learn(tx: Transaction, entry: Entry, move: Move, *, trusts_ids: bool) -> Move:
    """The entry has ids; what was reported of them before is taken up."""
    if trusts_ids and move.to is Phase.DONE:
        return move
    known = {one for _, one in ids_of(entry.legs)} if trusts_ids else set()
    reports = []
    for channel, one in dict.fromkeys(ids_of(move.legs or ())):
        if one in known:
            continue
        ids = tx.ids(one)
        mine = [early for early in ids.early if is_of(channel, early.channel)]
        if move.to is Phase.SENT and mine:
            reports += [(one, early.status) for early in mine]
            ids = replace(ids, early=tuple(early for early in ids.early if early not in mine))
        tx.put_ids(one, replace(ids, holders={**ids.holders, channel: entry.id}))
    return with_reports(entry, move, reports, tx.now) if move.to is Phase.SENT else move
