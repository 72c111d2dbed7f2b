"""What a database must do to be an outbox: nine methods and a clock."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol, TypeAlias, runtime_checkable

import msgspec

from devino_core.errors import Unavailable
from devino_core.remembered import Remembered

from ._changes import Change, OutboxEvent
from ._codec import encode
from ._entry import Entry, Lane
from ._phases import Phase
from ._times import micros

__all__ = [
    "AGES",
    "Added",
    "Ages",
    "Borrows",
    "Closed",
    "Consumed",
    "Held",
    "LeaseLost",
    "LimitState",
    "Migrates",
    "Paused",
    "PlatformId",
    "Query",
    "Rate",
    "Remembers",
    "Setting",
    "Slot",
    "Store",
    "Tally",
    "Wakes",
    "Want",
    "Weighted",
]


AGES = (5, 10, 20, 40, 80, 160, 320, 640, 1280)
"""The seconds that :meth:`Outbox.ages` counts by, as Postfix's qshape does."""


class LeaseLost(Unavailable):
    """This worker was silent for too long and counts as dead; what it held is in doubt."""


class Added(enum.StrEnum):
    """What became of an entry that was added."""

    NEW = "new"
    SAME = "same"
    """The same message is there under this ref: nothing was stored."""
    TAKEN = "taken"
    """Another message is there under this ref: nothing was stored."""


class Slot(msgspec.Struct, frozen=True):
    """A lane to be served, and with how many messages at most."""

    lane: Lane
    most: int


class Want(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker can put on the wire now."""

    worker: int
    """The number that :meth:`Store.beat` gave."""
    slots: tuple[Slot, ...]
    """In the order of service; a lane may stand here twice. A paused one is passed over."""
    limit: int
    """How many in all."""
    charge: tuple[str, ...] = ()
    """The limits that every message takes one of: each must be open. See :class:`Rate`."""
    channel: str = ""
    """The channel that is to send. When it is paused nothing is given, also of lanes that name only
    a medium."""
    newest: int = 1
    """Bodies of a newer version stay queued."""


class PlatformId(msgspec.Struct, frozen=True):
    """A platform's id of a message or part."""

    id: str
    channel: str | None = None
    """None: of whichever channel. An id that is held for a medium is of every channel, too."""


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries to find: those that meet everything that is given.

    In a phase they come by time (``due``; QUEUED ones by lane, then time), else by number.
    """

    refs: tuple[str, ...] | None = None
    ids: tuple[PlatformId, ...] | None = None
    to_hash: int | None = None
    phase: Phase | None = None
    channel: str | None = None
    tenant: str | None = None
    due_before: datetime | None = None

    @property
    def keys(self) -> frozenset[str]:
        """The names of what is given."""
        return frozenset(name for name in self.__struct_fields__ if getattr(self, name) is not None)

    def place(self, entry: Entry) -> tuple[str, int, int]:
        """Where an entry stands in the order of what is found: lane, time in µs, number."""
        lane = entry.lane.text if self.phase is Phase.QUEUED else ""
        return lane, micros(entry.due) if self.phase is not None else 0, entry.id

    def after(self, entry: Entry) -> str:
        """The cursor that finds what comes after this entry."""
        return encode(self.place(entry))


class Rate(msgspec.Struct, frozen=True, tag=True):
    """So many messages a second, and at most ``burst`` at once; None: as many as there are."""

    limit: str
    per_second: float | None
    burst: int = 1


class Closed(msgspec.Struct, frozen=True, tag=True):
    """Nothing goes until then; None: open. After that one message goes to try (``probe``)."""

    limit: str
    until: datetime | None
    probe: timedelta | None = None
    """How long it stays closed again while one message tries; None: it is simply open then."""


class Held(msgspec.Struct, frozen=True, tag=True):
    """Nothing goes until a person resumes it; the reason is None where it is not held."""

    limit: str
    reason: str | None


class Paused(msgspec.Struct, frozen=True, tag=True):
    """Claims pass over these lanes: by channel, tenant or priority. ``until`` None: not paused."""

    what: str
    """``channel:NAME``, ``tenant:NAME`` or ``priority:NAME``."""
    until: datetime | None


class Weighted(msgspec.Struct, frozen=True, tag=True):
    """A tenant's share beside others of one priority."""

    tenant: str
    weight: float


class Consumed(msgspec.Struct, frozen=True, tag=True):
    """A consumer has read the events up to this cursor."""

    consumer: str
    cursor: str


Setting: TypeAlias = Rate | Closed | Held | Paused | Weighted | Consumed


class LimitState(msgspec.Struct, frozen=True, kw_only=True):
    """A limit as it stands."""

    per_second: float | None = None
    burst: int = 1
    closed_until: datetime | None = None
    probe: timedelta | None = None
    held: str | None = None


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How much there is. It may be five seconds old."""

    at: datetime
    counts: Mapping[Lane, Mapping[Phase, int]] = {}
    oldest: Mapping[Lane, datetime] = {}
    """The time of the message that is due longest, of each lane where one is due."""
    limits: Mapping[str, LimitState] = {}
    paused: Mapping[str, datetime] = {}
    weights: Mapping[str, float] = {}
    workers: int = 0
    """How many are alive."""
    newest: int = 1
    """The newest version of a body that a live worker reads."""
    gauges: Mapping[str, float] = {}
    """What only this kind of store has, such as ``wal_bytes`` and ``dead_tuples``."""


@runtime_checkable
class Ages(Protocol):
    """A store that counts what is due by how long it has been due."""

    async def ages(self, lane: Lane, edges: Sequence[datetime], most: int) -> list[int]:
        """How many of a lane are due since each edge or before, and not since the next or before.

        The edges go back in time. No number is above ``most``: who looks must not walk through
        millions.
        """
        ...


@runtime_checkable
class Migrates(Protocol):
    """A store whose schema can be brought up to date, before it is opened."""

    async def migrate(self, *, check: bool = False) -> list[int]:
        """Bring the schema to that of this code; ``check``: only look. Gives the steps."""
        ...


@runtime_checkable
class Borrows(Protocol):
    """A store that works through a connection that the application opened, as of a framework that
    keeps its connections itself. It is one of sqlite3's or psycopg's."""

    def borrow(self, connection: object) -> datetime:
        """Take the :attr:`Store.key` from there, in place of :meth:`Store.open`, and give the
        store's time. Raises ConfigurationError."""
        ...

    def migrate_within(self, connection: object) -> list[int]:
        """Bring the schema to that of this code, beside other tables, within the transaction of
        this connection; gives the steps. Raises ConfigurationError."""
        ...


@runtime_checkable
class Remembers(Protocol):
    """A store whose database has a memory of facts, too."""

    @property
    def remembered(self) -> Remembered:
        """What processes share: which callbacks were taken, how often something was done."""
        ...


@runtime_checkable
class Wakes(Protocol):
    """A store that tells at once what other processes add."""

    def listen(self, wake: Callable[[Lane], None]) -> Callable[[], None]:
        """Call it, in this event loop, with each lane that gets something. Gives what ends that."""
        ...


class Store(Protocol):
    """A durable outbox. Every list may be of any length; a change is on disk when a call returns.

    Methods raise :exc:`~devino_core.errors.Unavailable` when the database cannot be asked or
    nothing was changed, and OutcomeUnknown when a commit may or may not have been done: the same
    change may then be made again, for each of them is an addition by ref or a compare-and-set.
    """

    finds: frozenset[str]
    """The fields of :class:`Query` that :meth:`find` knows."""
    leases: bool
    """Whether a worker counts as dead when it is silent for ``hold``: it then keeps from the wire
    when half of that has passed. Otherwise the system knows when a worker's process has ended."""

    async def open(self) -> None:
        """Connect; make or check the schema. Raises ConfigurationError."""

    async def aclose(self) -> None:
        """Give everything back. Safe to call twice."""

    @property
    def key(self) -> bytes:
        """The key of :attr:`Entry.hash`, which is made with the store."""
        ...

    async def now(self) -> datetime:
        """The store's clock: the only wall clock that decides."""
        ...

    async def add(self, entries: Sequence[Entry]) -> list[Added]:
        """Store each entry whose ref is free, in one commit."""
        ...

    async def claim(self, want: Want) -> list[Entry]:
        """Intend to send: what is QUEUED and due becomes INTENDED, in one commit, by the slots.

        Attempt and worker are written, ``due`` becomes the time of the claim, and every limit is
        charged. Entries whose ``until`` has passed are not given: they are ended in the same commit
        by :func:`lapsed`.
        """
        ...

    async def move(self, changes: Sequence[Change]) -> list[bool]:
        """Make all changes in one commit, and say of each whether it was done."""
        ...

    async def beat(self, worker: int | None, hold: timedelta) -> int:
        """A worker lives; None: a new one, which gets a number that was never used before.

        What workers hold that are dead, or that nobody knows, becomes DOUBT, with one crash more
        and an event. ``hold`` is the longest silence of one that lives; zero: this worker ends.
        Raises LeaseLost for a worker that counts as dead by now.
        """
        ...

    async def find(self, query: Query, after: str, limit: int) -> list[Entry]:
        """The next entries after a cursor; ``""`` from the first.

        Raises Unsupported for a key that is not in :attr:`finds`.
        """
        ...

    async def tally(self) -> Tally:
        """How much there is."""
        ...

    async def events(
        self, after: str, limit: int, *, consumer: str | None = None, entry: int | None = None
    ) -> list[OutboxEvent]:
        """The next events in the order of their commits, without gaps.

        ``after`` is a cursor; ``""`` from the first. With ``consumer`` it reads on after what that
        one has :class:`Consumed`. ``entry`` gives only the events of one.
        """
        ...

    async def prune(self, before: datetime, limit: int) -> int:
        """Delete what is DONE since before that time, its ids and its events; at most so many.

        Gives back space, and clears away what was forgotten as far as the database can.
        """
        ...

    async def tune(self, setting: Setting) -> None:
        """Change a limit, a pause, a weight or a cursor."""
        ...
