"""The way in: messages go to the store, and what became of them comes out of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime, timedelta

from devino_core._message import Message
from devino_core._opened import Opened
from devino_core._store_spec import StoreSettings
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.errors import InvalidArgument, NotFound, Unsupported
from devino_core.plugins import Plugins
from devino_core.remembered import Remembered
from devino_core.settings import Config, Values, read_config

from . import _people as people
from ._changes import Change, Move, OutboxEvent
from ._channels import Channels, observers_of, rules_of
from ._entry import Entry, InDoubt, KeepText, Lane, RefTaken, Schedule
from ._figures import tell_count
from ._identity import content_hash, recipient_hash
from ._made import made_store
from ._making import Terms, due_of, entry_of, for_wire
from ._people import Resolution
from ._phases import Phase
from ._settings import split_settings
from ._statement import Dialect, Statement, statement_of
from ._store import (
    AGES,
    Added,
    Ages,
    Borrows,
    Consumed,
    Held,
    Paused,
    Query,
    Remembers,
    Store,
    Tally,
)
from ._times import NEVER

__all__ = ["Outbox", "rests"]

PAGE = 500
"""How many entries one step of a long call takes."""


class Outbox(Opened):
    """Messages that are kept until they are sent.

    ``store`` is a URL, or a store that was made before. Without it, the table ``[outbox]`` of
    ``config`` counts; without both, that of the file that ``DEVINO_CONFIG`` names, and the
    environment (``DEVINO__OUTBOX__URL``). ``settings`` are further keys of that table. With a
    ``client``, what no channel can send is refused when it is added. Raises ConfigurationError::

        async with Outbox("sqlite:///var/lib/app/outbox.db") as outbox:
            await outbox.enqueue(Message("79031234567", "Hello", ref="order-17"))
    """

    def __init__(
        self,
        store: str | Store | None = None,
        *,
        client: Channels | None = None,
        config: Config | None = None,
        settings: Values | None = None,
        plugins: Plugins | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        values: dict[str, object] = {}
        if store is None:
            config = config if config is not None else read_config()
        if config is not None:
            values |= config.reserved.get("outbox", {})
        values |= settings or {}
        if isinstance(store, str):
            values["url"] = store
        if store is None or isinstance(store, str):
            self.settings, self.store = made_store(values, plugins or Plugins(), clock)
        else:
            self.settings, _ = split_settings({"url": "memory:", **values}, StoreSettings)
            self.store = store
        self.client = client
        self._rules = rules_of(client)
        self._observers = observers_of(client)
        self.clock = clock
        self._listeners: list[Callable[[Lane | None], None]] = []
        self._watchers: list[Callable[[Iterable[int]], None]] = []
        self._ahead = timedelta(0)

    def __repr__(self) -> str:
        return f"<Outbox {self.store!r}>"

    async def open(self) -> None:
        """Open the store; ``async with`` does."""
        await self.store.open()
        await self.set_clock()

    def borrow(self, connection: object) -> None:
        """Learn what :meth:`statement` needs from a connection of the application's, in place of
        :meth:`open`: one of sqlite3's or psycopg's. Raises ConfigurationError, and Unsupported
        where the store cannot do that."""
        store = self.store
        if not isinstance(store, Borrows):
            raise Unsupported(f"{type(store).__name__} borrows no connection: open the outbox")
        self._ahead = store.borrow(connection) - self.clock.now()

    def hash_of(self, message: Message) -> int:
        """What :attr:`Entry.hash` is of this message: the same ref with another one is a conflict.
        The outbox is open, or has borrowed a connection."""
        return content_hash(message, self.store.key)

    @property
    def remembered(self) -> Remembered:
        """The store's memory of facts, for callbacks and limits; it works while the outbox is open.
        Raises Unsupported where the store has none."""
        if isinstance(self.store, Remembers):
            return self.store.remembered
        raise Unsupported(
            f"{type(self.store).__name__} has no memory of facts: give another Remembered"
        )

    async def set_clock(self) -> None:
        """Learn what the store's clock shows: the clocks of machines differ."""
        self._ahead = await self.store.now() - self.clock.now()

    def now(self) -> datetime:
        """What the store's clock shows, without asking it each time."""
        return self.clock.now() + self._ahead

    async def aclose(self) -> None:
        """Close the store. Safe to call twice."""
        await self.store.aclose()

    async def enqueue(
        self,
        message: Message,
        *,
        channel: str | None = None,
        tenant: str = "",
        in_doubt: InDoubt | str | None = None,
        expires: timedelta | None = None,
        schedule: Schedule = "here",
        keep_text: KeepText | str | None = None,
    ) -> Added:
        """Add one message. It is on disk when this returns; Added.SAME if it was there already.

        ``channel`` is the name of a channel; None: the one that the worker has for the medium.
        ``tenant`` is whose message it is: tenants have equal shares. ``expires`` counts from now.
        ``schedule="wire"`` hands ``send_at`` to a wire that can wait itself; ``"here"`` keeps the
        message until then, so that it can be cancelled. Repeat a call that failed with the same
        ``ref``: a ref that the library made is another in each Message.

        Raises RefTaken for a ref of another message, InvalidMessage and Unsupported for one that
        the client cannot send, Unavailable and OutcomeUnknown if the store does not answer.
        """
        (added,) = await self.enqueue_many(
            [message],
            channel=channel,
            tenant=tenant,
            in_doubt=in_doubt,
            expires=expires,
            schedule=schedule,
            keep_text=keep_text,
        )
        if added is Added.TAKEN:
            raise RefTaken(message.ref)
        return added

    async def enqueue_many(
        self,
        messages: Iterable[Message],
        *,
        channel: str | None = None,
        tenant: str = "",
        in_doubt: InDoubt | str | None = None,
        expires: timedelta | None = None,
        schedule: Schedule = "here",
        keep_text: KeepText | str | None = None,
    ) -> list[Added]:
        """Add messages in one commit, and say of each what became of it, in order.

        A ref of another message is Added.TAKEN here; the others are stored all the same. The rest
        is as for :meth:`enqueue`.
        """
        terms = _terms(channel, tenant, in_doubt, expires, schedule, keep_text)
        return await self.add(self.entries_of(list(messages), terms))

    def entries_of(self, messages: Sequence[Message], terms: Terms) -> list[Entry]:
        """New entries, checked. Raises InvalidMessage and Unsupported."""
        if self.client is not None:
            for message in messages:
                channel = self.client.channel_for(medium=message.medium, channel=terms.channel)
                self._rules.check(channel, [for_wire(message, channel, terms.schedule)])
        key, now = self.store.key, self.now()
        return [entry_of(message, terms, self.settings, key, now) for message in messages]

    async def add(self, entries: Sequence[Entry]) -> list[Added]:
        """Add entries that were made before, and wake the workers of this process."""
        added = await self.store.add(entries)
        if self._observers.want_figures:
            new = (one.lane for one, so in zip(entries, added, strict=True) if so is Added.NEW)
            tell_count(self._observers, "outbox_added", new)
        if self._listeners:
            for lane in {entry.lane for entry in entries}:
                self.wake(lane)
        return added

    def statement(
        self,
        messages: Iterable[Message],
        *,
        dialect: Dialect,
        channel: str | None = None,
        tenant: str = "",
        in_doubt: InDoubt | str | None = None,
        expires: timedelta | None = None,
        schedule: Schedule = "here",
        keep_text: KeepText | str | None = None,
    ) -> Statement:
        """One INSERT of these messages, for the application's own cursor and transaction.

        The message is stored if the application commits, and only then. ``dialect`` says how the
        driver writes parameters. The outbox must be open, or have borrowed a connection
        (:meth:`borrow`): it has the key of the hashes. A ref that is there already is left alone;
        the statement gives the new ones.
        """
        terms = _terms(channel, tenant, in_doubt, expires, schedule, keep_text)
        return statement_of(self.store, self.entries_of(list(messages), terms), dialect)

    async def get(self, ref: str) -> Entry | None:
        """The entry with this ref; None: there is none, or not any more."""
        found = await self.store.find(Query(refs=(ref,)), "", 1)
        return found[0] if found else None

    async def entries(self, query: Query, *, limit: int | None = None) -> AsyncIterator[Entry]:
        """All entries that a query finds, page by page."""
        after = ""
        left = limit
        while left is None or left > 0:
            page = await self.store.find(query, after, PAGE if left is None else min(PAGE, left))
            for entry in page:
                yield entry
            if len(page) < PAGE:
                return
            after = query.after(page[-1])
            left = None if left is None else left - len(page)

    async def wait(self, ref: str, *, timeout: float | None = None) -> Entry:
        """The entry, once it is over, dead, or waits for a person; after ``timeout`` seconds as it
        is. Raises NotFound."""
        end = None if timeout is None else self.clock.monotonic() + timeout
        while True:
            entry = await self.get(ref)
            if entry is None:
                raise NotFound(f"the outbox has no message {ref!r}")
            left = self.settings.poll if end is None else end - self.clock.monotonic()
            if rests(entry) or left <= 0:
                return entry
            await self.clock.sleep(min(left, self.settings.poll))

    async def cancel(self, ref: str) -> bool:
        """Keep a message from being sent. False: it is too late, or it is over. Raises NotFound.

        It wins or loses against a worker that takes the message up, and says which.
        """
        return await self.decide(ref, people.cancelled)

    async def retry(self, ref: str, *, at: datetime | None = None) -> bool:
        """Send a DEAD message after all. False: it is not dead. Raises NotFound."""
        return await self.decide(ref, lambda entry, now: people.retried(entry, at or now))

    async def resolve(
        self, ref: str, how: Resolution | str, *, message_id: str | None = None
    ) -> bool:
        """Say what became of a message in doubt. False: it is not in doubt. Raises NotFound.

        ``message_id`` is the platform's id of a message that was sent: by it, it is followed. It is
        an id of the channel that tried, where that is known; else reports of every channel about
        this id are about the message, also those that came before.
        """
        resolution = Resolution(how)
        return await self.decide(
            ref, lambda entry, now: people.resolved(entry, resolution, message_id, now)
        )

    async def hold(self, ref: str) -> bool:
        """Keep a queued message back until :meth:`release`. False: it is not queued."""
        return await self.decide(ref, lambda entry, _: people.postponed(entry, NEVER))

    async def release(self, ref: str) -> bool:
        """Let a message go at its time. False: it is not queued."""

        def release(entry: Entry, now: datetime) -> Move | None:
            return people.postponed(entry, due_of(entry.read().legs[entry.leg].message, now))

        return await self.decide(ref, release)

    async def change(self, query: Query, change: Callable[[Entry, datetime], Move | None]) -> int:
        """Move every entry that a query finds, page by page. Gives how many were moved."""
        done = 0
        page: list[Entry] = []
        async for entry in self.entries(query):
            page.append(entry)
            if len(page) == PAGE:
                done += await self._change(page, change)
                page = []
        return done + await self._change(page, change)

    async def pause(
        self,
        *,
        channel: str | None = None,
        tenant: str | None = None,
        priority: str | None = None,
        until: datetime | None = None,
    ) -> None:
        """Let nothing go by a channel, of a tenant or of a priority, from the next claim on."""
        for what in _whats(channel, tenant, priority):
            await self.store.tune(Paused(what, until or NEVER))

    async def resume(
        self,
        *,
        channel: str | None = None,
        tenant: str | None = None,
        priority: str | None = None,
    ) -> None:
        """End a pause; a channel that is held goes on, too."""
        for what in _whats(channel, tenant, priority):
            await self.store.tune(Paused(what, None))
        if channel is not None:
            await self.store.tune(Held(channel, None))
        self.wake(None)

    async def tally(self) -> Tally:
        """How much there is."""
        return await self.store.tally()

    async def ages(
        self, seconds: Sequence[float] = AGES, *, most: int = 100_000
    ) -> dict[Lane, list[int]]:
        """How many messages of each lane are due for so long: up to the first of ``seconds``, up to
        the next, and longer than the last. ``most`` stands for as many or more.

        Raises Unsupported where the store cannot count them.
        """
        if not isinstance(self.store, Ages):
            raise Unsupported(f"{type(self.store).__name__} cannot count by age")
        tally = await self.store.tally()
        edges = [tally.at - timedelta(seconds=one) for one in (0, *seconds)]
        return {lane: await self.store.ages(lane, edges, most) for lane in tally.oldest}

    async def events(
        self, consumer: str, *, follow: bool = True, limit: int = PAGE
    ) -> AsyncIterator[OutboxEvent]:
        """What happened, in the order of the commits: at least once for each ``consumer``.

        An event counts as read when the loop asks for the next one. ``follow=False`` ends where
        there is no more.
        """
        while True:
            page = await self.store.events("", limit, consumer=consumer)
            for number, event in enumerate(page, 1):
                yield event
                if number == len(page) or number % 50 == 0:
                    await self.store.tune(Consumed(consumer, event.cursor))
            if not page:
                if not follow:
                    return
                await self.clock.sleep(self.settings.poll)

    async def forget(self, to: str) -> int:
        """Forget a recipient: the text and number of all messages to this number or address.

        What waits is cancelled. What is under way keeps its ids and is followed. Gives how many.
        """
        query = Query(to_hash=recipient_hash(to, self.store.key))
        done = await self.change(query, people.forgotten)
        # It clears away what the database still holds of the rows.
        await self.prune(limit=0)
        return done

    async def prune(self, *, limit: int = 5000) -> int:
        """Delete what has been done for longer than the retention. Gives how many."""
        return await self.store.prune(await self.store.now() - self.settings.kept_for, limit)

    async def restored(self) -> int:
        """After a backup was restored, or a standby promoted: put in doubt what is not done.

        Anything that waits may have been sent since the backup. What is SENT by its last leg is
        followed on: nothing more of it is sent. Gives how many.
        """
        done = 0
        for phase in (Phase.INTENDED, Phase.QUEUED, Phase.SENT, Phase.DEAD):
            done += await self.change(Query(phase=phase), people.doubted)
        return done

    def listen(self, listener: Callable[[Lane | None], None]) -> Callable[[], None]:
        """Call it when something was added to a lane by this outbox; None: look at all. Gives what
        ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def wake(self, lane: Lane | None) -> None:
        """Tell the workers of this process that there is something to do."""
        for listener in self._listeners:
            listener(lane)

    def watch(self, watcher: Callable[[Iterable[int]], None]) -> Callable[[], None]:
        """Call it with the numbers of entries that this outbox or its workers moved. Gives what
        ends that. What stores and other processes move by themselves is not told."""
        self._watchers.append(watcher)
        return lambda: self._watchers.remove(watcher)

    def tell_moved(self, changes: Sequence[Change], done: Sequence[bool]) -> None:
        """Tell the watchers."""
        if self._watchers:
            pairs = zip(changes, done, strict=True)
            moved = [one.fence.id for one, so in pairs if so and isinstance(one, Move)]
            for watcher in self._watchers:
                watcher(moved)

    async def decide(self, ref: str, change: Callable[[Entry, datetime], Move | None]) -> bool:
        """Move one entry as ``change`` says, again if it changed meanwhile. False: it says None.

        Raises NotFound.
        """
        while True:
            entry = await self.get(ref)
            if entry is None:
                raise NotFound(f"the outbox has no message {ref!r}")
            move = change(entry, await self.store.now())
            if move is None:
                return False
            (done,) = await self.store.move([move])
            if done:
                self.tell_moved([move], [True])
                self.wake(None)
                return True

    async def _change(
        self, page: Sequence[Entry], change: Callable[[Entry, datetime], Move | None]
    ) -> int:
        now = await self.store.now()
        moves = [move for entry in page if (move := change(entry, now)) is not None]
        done = await self.store.move(moves)
        self.tell_moved(moves, done)
        self.wake(None)
        return sum(done)


def rests(entry: Entry) -> bool:
    """Whether it is over, or waits for a person."""
    return entry.phase in (Phase.DONE, Phase.DEAD) or (
        entry.phase is Phase.DOUBT and entry.due == NEVER
    )


def _terms(
    channel: str | None,
    tenant: str,
    in_doubt: InDoubt | str | None,
    expires: timedelta | None,
    schedule: Schedule,
    keep_text: KeepText | str | None,
) -> Terms:
    try:
        doubt = None if in_doubt is None else InDoubt(in_doubt)
    except ValueError:
        raise InvalidArgument("in_doubt", f"must be one of {', '.join(InDoubt)}") from None
    try:
        keep = None if keep_text is None else KeepText(keep_text)
    except ValueError:
        raise InvalidArgument("keep_text", f"must be one of {', '.join(KeepText)}") from None
    if schedule not in ("here", "wire"):
        raise InvalidArgument("schedule", "must be 'here' or 'wire'")
    return Terms(channel, tenant, doubt, expires, schedule, keep)


def _whats(channel: str | None, tenant: str | None, priority: str | None) -> list[str]:
    given = {"channel": channel, "tenant": tenant, "priority": priority}
    whats = [f"{name}:{value}" for name, value in given.items() if value is not None]
    if not whats:
        raise InvalidArgument("channel", "or a tenant or a priority must be given")
    return whats
