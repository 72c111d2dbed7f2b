"""Messages that go by one leg after the other until one arrives: each is an entry of an outbox."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from datetime import timedelta
from typing import TypeAlias

import msgspec

from devino_core._content import Priority
from devino_core._events import Event
from devino_core._message import Medium, Message
from devino_core._status import State, Status
from devino_core.clock import Clock, done_within
from devino_core.errors import DevinoError, InvalidArgument, OutcomeUnknown
from devino_core.plugins import Plugins

from ._channels import Channels
from ._entry import Entry, InDoubt, Leg, RefTaken
from ._life import readable
from ._making import Terms, due_of, entry_of_legs
from ._memory import MemoryStore
from ._outbox import Outbox, rests
from ._people import stopped
from ._phases import UNFINISHED, Phase
from ._planning import plan
from ._store import Added, Query, Store
from ._worker import Worker

__all__ = ["Cascades", "Delivery", "Journal"]

Journal: TypeAlias = Outbox | Store | str
"""Where a cascade is written down: an outbox that is open, a store, or its URL."""

_LOOK_EVERY = 5.0
_PAGE = 500
_KEPT_IN_MEMORY = 60.0
_CODE = timedelta(minutes=5)


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """How far a message is that goes by one leg after the other."""

    ref: str
    """The message's own."""
    legs: tuple[Leg, ...]
    """Those that were begun, in order. An ``error`` of one says why it was not sent."""
    phase: Phase
    """Where the leg is that it is at; QUEUED if it is not begun."""
    status: Status
    """Over all legs: a success of any beats a failure of another. UNKNOWN at the end if a leg was
    silent or in doubt and none succeeded."""
    reached: tuple[Medium, ...]
    """The media that a success was reported of. Two: the recipient may have got it twice."""
    done: bool
    """Nothing more is sent, and nothing more is told. DEAD, and DOUBT that is parked, are not
    done: they wait for a person."""

    @classmethod
    def of(cls, entry: Entry) -> Delivery:
        """As its entry says."""
        return cls(
            ref=entry.ref,
            legs=entry.legs,
            phase=entry.phase,
            status=entry.status,
            reached=tuple(dict.fromkeys(_reached(entry.legs))),
            done=entry.phase is Phase.DONE,
        )


def _reached(legs: Iterable[Leg]) -> Iterable[Medium]:
    for leg in legs:
        for status in leg.status.legs or (leg.status,):
            if status.state.is_success:
                yield status.medium or leg.medium


_Told: TypeAlias = Entry | BaseException | None
"""What an iterator is told: an entry that changed, why there will be no more; None: it is gone."""


class _Listener:
    """An iterator of somebody, and the entries that it wants to know of."""

    def __init__(self) -> None:
        self.told: asyncio.Queue[_Told] = asyncio.Queue()


class _Course:
    """One outbox with a worker for this client, and those who listen."""

    def __init__(self, outbox: Outbox, client: Channels, *, owned: bool) -> None:
        self.outbox = outbox
        self.worker = Worker(outbox, client, listens=False)
        self._owned = owned
        self._listeners: dict[int, list[_Listener]] = {}
        self._known: dict[int, tuple[str, tuple[object, ...]]] = {}
        self._moved: set[int] = set()
        self._news = asyncio.Event()
        self._silence = outbox.watch(self._notice)
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        if self._owned:
            await self.outbox.open()
        try:
            await self.worker.open()
        except BaseException:
            if self._owned:
                await self.outbox.aclose()
            raise
        self._tasks = [
            asyncio.create_task(self._watch(), name="devino-cascade watch"),
            asyncio.create_task(self._guard(), name="devino-cascade guard"),
        ]

    async def aclose(self) -> None:
        self._silence()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.worker.aclose()
        if self._owned:
            await self.outbox.aclose()
        self._end(OutcomeUnknown("the client was closed while this delivery was under way"))

    def listen(self, listener: _Listener, entry: Entry) -> None:
        """From now on it is told of this entry, and at once how it is."""
        self._listeners.setdefault(entry.id, []).append(listener)
        self._known.setdefault(entry.id, (entry.ref, _stamp(entry)))
        listener.told.put_nowait(entry)

    def forget(self, listener: _Listener) -> None:
        for number, listeners in list(self._listeners.items()):
            if listener in listeners:
                self.leave(listener, number)

    def leave(self, listener: _Listener, number: int) -> None:
        listeners = self._listeners.get(number, [])
        if listener in listeners:
            listeners.remove(listener)
        if not listeners:
            self._listeners.pop(number, None)
            self._known.pop(number, None)

    def _notice(self, numbers: Iterable[int]) -> None:
        moved = self._listeners.keys() & set(numbers)
        if moved:
            self._moved |= moved
            self._news.set()

    async def _watch(self) -> None:
        clock = self.outbox.clock
        while True:
            news = asyncio.ensure_future(self._news.wait())
            try:
                told = await done_within(clock, _LOOK_EVERY, news)
            finally:
                news.cancel()
            self._news.clear()
            # What the store moved by itself, or another process, is looked for now and then.
            numbers = self._moved & self._known.keys() if told else set(self._known)
            self._moved -= numbers
            with contextlib.suppress(DevinoError):
                await self._look(sorted(numbers))

    async def _look(self, numbers: list[int]) -> None:
        for start in range(0, len(numbers), _PAGE):
            some = [n for n in numbers[start : start + _PAGE] if n in self._known]
            refs = tuple(self._known[n][0] for n in some)
            found = await self.outbox.store.find(Query(refs=refs), "", len(refs))
            entries = {entry.id: entry for entry in found}
            for number in some:
                self._tell(number, entries.get(number))

    def _tell(self, number: int, entry: Entry | None) -> None:
        known = self._known.get(number)
        if known is None:
            return
        if entry is not None:
            if known[1] == _stamp(entry):
                return
            self._known[number] = known[0], _stamp(entry)
        for listener in self._listeners.get(number, ()):
            listener.told.put_nowait(entry)

    async def _guard(self) -> None:
        try:
            await self.worker.wait(asyncio.Event())
        except Exception as error:  # noqa: BLE001 - whatever ended the worker is told
            self._end(error)

    def _end(self, error: BaseException) -> None:
        for listener in {one for some in self._listeners.values() for one in some}:
            listener.told.put_nowait(error)


def _stamp(entry: Entry) -> tuple[object, ...]:
    return entry.phase, entry.attempt, entry.revision, rests(entry)


class Cascades:
    """The cascades of one client: an outbox and a worker for each store that it was given."""

    def __init__(self, client: Channels, plugins: Plugins, clock: Clock) -> None:
        self._client = client
        self._plugins = plugins
        self._clock = clock
        self._courses: dict[object, _Course] = {}
        self._lock = asyncio.Lock()

    async def aclose(self) -> None:
        """Stop. What is on the wire may end."""
        courses, self._courses = self._courses, {}
        for course in courses.values():
            await course.aclose()

    async def deliver(
        self,
        message: Message,
        *,
        wanted: State,
        grace: timedelta,
        in_doubt: InDoubt | str,
        native: bool,
        store: Journal | None,
    ) -> AsyncGenerator[Delivery, None]:
        """See :meth:`AsyncClient.deliver`."""
        terms = _terms(wanted, grace, in_doubt)
        legs = plan(message, self._client, native=native)
        course = await self._course(store)
        outbox = course.outbox
        now = outbox.now()
        if message.priority is Priority.REALTIME:
            terms = terms._replace(expires=due_of(message, now) - now + _patience(message, grace))
        entry = entry_of_legs(message, legs, terms, outbox.settings, outbox.store.key, now)
        (added,) = await outbox.add([entry])
        if added is Added.TAKEN:
            raise RefTaken(message.ref)
        listener = _Listener()
        found = await outbox.get(message.ref)
        if found is not None:
            course.listen(listener, found)
        async for delivery in _deliveries(course, listener, 1 if found is not None else 0):
            yield delivery

    async def resume(self, store: Journal) -> AsyncGenerator[Delivery, None]:
        """See :meth:`AsyncClient.resume`."""
        course = await self._course(store)
        listener = _Listener()
        count = 0
        for phase in UNFINISHED:
            async for entry in course.outbox.entries(Query(phase=phase)):
                body = readable(entry)
                if body is not None and body.grace is not None:
                    course.listen(listener, entry)
                    count += 1
        async for delivery in _deliveries(course, listener, count):
            yield delivery

    async def feed(self, event: Event) -> None:
        """See :meth:`AsyncClient.feed`."""
        for course in list(self._courses.values()):
            await course.worker.report([event])

    async def stop(self, ref: str) -> bool:
        """See :meth:`AsyncClient.stop`."""
        for course in list(self._courses.values()):
            outbox = course.outbox
            while (entry := await outbox.get(ref)) is not None:
                if entry.phase is not Phase.INTENDED:
                    return await outbox.decide(ref, stopped)
                # It is on its way to the wire; the answer says where it is.
                await self._clock.sleep(0.05)
        return False

    async def _course(self, store: Journal | None) -> _Course:
        key: object = store if store is None or isinstance(store, str) else id(store)
        async with self._lock:
            course = self._courses.get(key)
            if course is None:
                course = self._made(store)
                await course.open()
                self._courses[key] = course
            return course

    def _made(self, store: Journal | None) -> _Course:
        if isinstance(store, Outbox):
            return _Course(store, self._client, owned=False)
        settings: dict[str, object] = {}
        if store is None:
            store = MemoryStore(self._clock)
            settings = {"retention": _KEPT_IN_MEMORY}
        outbox = Outbox(store, settings=settings, plugins=self._plugins, clock=self._clock)
        return _Course(outbox, self._client, owned=True)


async def _deliveries(course: _Course, listener: _Listener, count: int) -> AsyncIterator[Delivery]:
    """What a listener is told, until so many entries are over or wait for a person."""
    try:
        while count:
            told = await listener.told.get()
            if isinstance(told, BaseException):
                raise told
            if told is None:
                return
            yield Delivery.of(told)
            if rests(told):
                course.leave(listener, told.id)
                count -= 1
    finally:
        course.forget(listener)


def _patience(message: Message | None, grace: timedelta) -> timedelta:
    """How long a code may be good: each leg has its time, and the last one at least this long."""
    whole = _CODE
    while message is not None:
        whole += grace + (message.validity or timedelta(0))
        message = message.fallback
    return whole


def _terms(wanted: State, grace: timedelta, in_doubt: InDoubt | str) -> Terms:
    if not wanted.is_success:
        raise InvalidArgument("wanted", "must be DELIVERED, READ or CLICKED")
    if grace < timedelta(0):
        raise InvalidArgument("grace", "must not be negative")
    try:
        policy = InDoubt(in_doubt)
    except ValueError:
        raise InvalidArgument("in_doubt", f"must be one of {', '.join(InDoubt)}") from None
    return Terms(in_doubt=policy, wanted=wanted, grace=grace)
