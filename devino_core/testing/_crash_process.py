"""A producer or a worker that is killed at one of its steps: what :class:`CrashHarness` starts."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol, cast

import msgspec

from devino_core._channel import Channel, ChannelSettings
from devino_core._message import Medium, Message
from devino_core._status import Receipt, State, Status
from devino_core._takes import Takes
from devino_core.clock import SYSTEM_CLOCK
from devino_core.errors import DevinoError, OutcomeUnknown, Throttled
from devino_core.outbox import Change, Entry, Move, Outbox, Phase, Query, Store, Worker
from devino_core.outbox.kit import NEVER

__all__ = ["Orders", "Trace", "carry_out"]


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """What the process is to do."""

    role: str
    """``add`` or ``work``."""
    url: str
    port: int
    """Of the gateway."""
    refs: tuple[str, ...]
    in_doubt: str
    recalls: bool
    kill_at: int
    """Which step it does not survive; 0: it lives."""
    in_flight: int = 5
    settings: dict[str, object] = {}
    trace: str = ""
    """The file that gets what happens; none by default."""


class Trace:
    """Tells what happens, a line of JSON each, in a file that several processes share."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600) if path else None

    def __call__(self, what: str, **about: object) -> None:
        if self._file is not None:
            # The machine's clock, that all of them have.
            said = {"at": time.monotonic(), "process": os.getpid(), "what": what, **about}
            os.write(self._file, msgspec.json.encode(said) + b"\n")

    def claimed(self, entries: Sequence[Entry]) -> None:
        """These were claimed, in one call."""
        for one in entries:
            self("claim", ref=one.ref, entry=one.id, attempt=one.attempt, worker=one.worker)

    def moved(self, changes: Sequence[Change], done: Sequence[bool]) -> None:
        """These moves were made, or not."""
        for change, so in zip(changes, done, strict=True):
            if isinstance(change, Move):
                fence = change.fence
                way = f"{fence.phase.name} to {change.to.name}"
                self(way, entry=fence.id, attempt=fence.attempt, done=so)


class _Steps:
    """Counts steps, and ends the process at one."""

    def __init__(self, last: int) -> None:
        self._left = last

    def __call__(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class _Stepping:
    """A store, with a step before and after each change."""

    def __init__(self, store: Store, step: Callable[[], None], trace: Trace) -> None:
        self._store = store
        self._step = step
        self._trace = trace

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if name not in ("add", "claim", "move"):
            return found

        async def stepping(*args: object) -> object:
            self._step()
            try:
                result = await cast("Callable[..., Awaitable[Any]]", found)(*args)
            except DevinoError as error:
                self._trace(f"{name} failed", error=f"{type(error).__name__}: {error}")
                raise
            if name == "claim":
                self._trace.claimed(result)
            elif name == "move":
                self._trace.moved(cast("Sequence[Change]", args[0]), result)
            self._step()
            return result

        return stepping


class _Asking(Protocol):
    async def __call__(self, verb: str, ref: str) -> str: ...


class _Wire(Channel[ChannelSettings]):
    """One line a message to the gateway of the harness."""

    takes: Mapping[Medium, Takes] = {Medium.SMS: Takes()}
    ask: _Asking

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        return list(await asyncio.gather(*map(self._send, messages)))

    async def _send(self, message: Message) -> Receipt:
        answer = await self.ask("SEND", message.ref)
        if answer == "OK":
            status = Status(state=State.ACCEPTED)
            return Receipt.of(message, status, channel=self.name, ids=(message.ref,))
        error = Throttled("busy", retry_after=0.001) if answer else OutcomeUnknown("no answer")
        unknown = Status(state=State.UNKNOWN)
        return Receipt.of(message, unknown, channel=self.name, parts=0, error=error)

    async def status(self, ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        known = [await self.ask("ASK", one) for one in ids]
        return [
            Status(state=State.DELIVERED if answer == "OK" else State.UNKNOWN, id=one)
            for answer, one in zip(known, ids, strict=True)
        ]


class _Recalling(_Wire):
    async def recall(self, messages: Sequence[Message]) -> list[Receipt | None]:
        receipts: list[Receipt | None] = []
        for message in messages:
            known = await self.ask("ASK", message.ref) == "OK"
            status = Status(state=State.ACCEPTED)
            receipts.append(
                Receipt.of(message, status, channel=self.name, ids=(message.ref,))
                if known
                else None
            )
        return receipts


class _Client:
    """A client with one channel."""

    def __init__(self, channel: _Wire) -> None:
        self.channels: Mapping[str, Channel[ChannelSettings]] = {channel.name: channel}

    def channel_for(self, *_: object, **__: object) -> Channel[ChannelSettings]:
        return next(iter(self.channels.values()))


def carry_out(orders: Orders) -> None:
    """Do what the orders say: the whole life of the process."""
    asyncio.run(_main(orders))


async def _main(orders: Orders) -> None:
    step = _Steps(orders.kill_at)

    async def ask(verb: str, ref: str) -> str:
        reader, writer = await asyncio.open_connection("127.0.0.1", orders.port)
        try:
            step()
            writer.write(f"{verb} {ref}\n".encode())
            await writer.drain()
            step()
            answer = (await reader.readline()).decode().strip()
            step()
        finally:
            writer.close()
        return answer

    made = Outbox(orders.url)
    store = cast("Store", _Stepping(made.store, step, Trace(orders.trace)))
    settings: dict[str, object] = {
        "poll": 0.02,
        "settle": 0.3,
        "hold": 1.5,
        "max_doubts": 1000,
        "channels": {"wire": {"in_flight": orders.in_flight}},
        **orders.settings,
    }
    async with Outbox(store, settings=settings) as outbox:
        if orders.role == "add":
            for start in range(0, len(orders.refs), 5):
                part = orders.refs[start : start + 5]
                messages = [Message("79160000001", "Hello", ref=ref) for ref in part]
                await outbox.enqueue_many(messages, channel="wire", in_doubt=orders.in_doubt)
            return
        kind = _Recalling if orders.recalls else _Wire
        channel = kind(ChannelSettings(), name="wire", clock=SYSTEM_CLOCK)
        channel.ask = ask
        async with Worker(outbox, _Client(channel)):
            await _until_idle(outbox)


async def _until_idle(outbox: Outbox) -> None:
    """Until all is sent, or waits for a person."""
    doubts = Query(phase=Phase.DOUBT, due_before=NEVER - timedelta(seconds=1))
    while True:
        if (
            not await _waits(outbox)
            and not await outbox.store.find(doubts, "", 1)
            # What was in doubt may be queued again since it was counted.
            and not await _waits(outbox)
        ):
            return
        await asyncio.sleep(0.02)


async def _waits(outbox: Outbox) -> bool:
    counts = (await outbox.tally()).counts.values()
    return any(count.get(phase) for count in counts for phase in _WAITING)


_WAITING = (Phase.QUEUED, Phase.INTENDED)
