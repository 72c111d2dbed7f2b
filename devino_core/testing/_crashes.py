"""Kills producers and workers at every step, and counts what became of the messages."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import random
import signal
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path

import msgspec

from devino_core._status import State
from devino_core.outbox import Outbox, Phase, Query

from . import _crash_process
from ._crash_process import Orders, Trace

__all__ = ["CrashHarness", "CrashReport"]

_LONGEST = 60.0


class CrashReport(msgspec.Struct, kw_only=True):
    """What a campaign came to."""

    messages: int = 0
    kills: int = 0
    stops: int = 0
    breaks: int = 0
    """How often the store's own server was killed."""
    restarts: int = 0
    """Processes that gave up while it was away, and were started again."""
    lost: int = 0
    """Neither sent nor waiting for a person."""
    twice: int = 0
    """Sent more than once."""
    doubts: int = 0
    """How often a message was in doubt: so often may a policy that resends send twice."""
    parked: int = 0
    """In doubt at the end, dead, or ended as UNKNOWN: nobody was told that they were sent."""
    parked_sent: int = 0
    """Of those, the platform has them."""
    lies: int = 0
    """Told as sent, and the platform does not have it."""
    failures: int = 0
    """Processes that ended by themselves with an error, or did not end."""


class _Gateway:
    """A platform that counts. Of a ref that ends in ``L`` it loses the first answer after it took
    the message; one that ends in ``S`` it refuses once."""

    def __init__(self, trace: Trace) -> None:
        self.taken: Counter[str] = Counter()
        self._trace = trace
        self._refused: set[str] = set()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[int]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        async with server:
            yield server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            verb, _, ref = (await reader.readline()).decode().strip().partition(" ")
            if verb:
                writer.write(self._answer(verb, ref))
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    def _answer(self, verb: str, ref: str) -> bytes:
        if verb == "ASK":
            return b"OK\n" if ref in self.taken else b"NO\n"
        if ref.endswith("S") and ref not in self._refused:
            self._refused.add(ref)
            return b"BUSY\n"
        self.taken[ref] += 1
        self._trace("taken", ref=ref, time=self.taken[ref])
        return b"" if ref.endswith("L") and self.taken[ref] == 1 else b"OK\n"


class CrashHarness:
    """Proves a store: whatever is killed when, nothing is lost, and nothing is sent twice unless
    the policy says so.

    ``fresh`` gives the URL of an empty store, a new one for each round. ``after_kill`` looks at the
    database after each kill, as by ``PRAGMA integrity_check``; it raises if it is damaged. The
    policy ``ask`` is ``park`` on a channel that can be asked by ref.

    The processes are those of :mod:`multiprocessing`: a script that runs a campaign needs its
    ``if __name__ == "__main__":``.

    ``trace`` is a file that gets every claim, every move with its outcome, and whatever the
    platform took, a line of JSON each: it explains what was sent twice.
    """

    def __init__(
        self,
        fresh: Callable[[], str],
        *,
        policy: str = "park",
        messages: int = 40,
        after_kill: Callable[[str], None] = lambda _: None,
        seed: int = 7,
        settings: dict[str, object] | None = None,
        trace: Path | None = None,
    ) -> None:
        self._fresh = fresh
        self._policy = policy
        self._refs = tuple(
            f"m{number}{'L' if number % 17 == 3 else 'S' if number % 11 == 5 else ''}"
            for number in range(messages)
        )
        self._after_kill = after_kill
        self._random = random.Random(seed)  # noqa: S311 - a campaign that can be repeated
        self._settings = settings or {}
        self._trace = "" if trace is None else str(trace)
        self._tell = Trace(self._trace)
        self.report = CrashReport()

    async def kill(self, kills: int) -> CrashReport:
        """Rounds of a producer and a worker that are killed, until so many kills were made.

        In round n the first worker dies at its nth step; later ones die at any step, or by time.
        """
        first = 0
        while self.report.kills < kills:
            first += 1
            gateway = _Gateway(self._tell)
            url = self._fresh()
            self._tell("round", url=url)
            async with gateway.serving() as port:
                await self._until_done(url, port, "add", lambda: self._random.randrange(25))
                steps = iter([first % 200])
                await self._until_done(
                    url,
                    port,
                    "work",
                    lambda steps=steps: next(steps, self._random.choice((0, 0, self._any()))),  # type: ignore[misc]
                )
                await self._count(url, gateway)
        return self.report

    async def stop(self, stops: int, *, seconds: tuple[float, float]) -> CrashReport:
        """Rounds of two workers, of which one is stopped for a while and goes on."""
        while self.report.stops < stops:
            gateway = _Gateway(self._tell)
            url = self._fresh()
            self._tell("round", url=url)
            async with gateway.serving() as port:
                await self._until_done(url, port, "add", lambda: 0)
                workers = [self._start(url, port, "work", 0) for _ in range(2)]
                await asyncio.sleep(self._random.uniform(0.1, 0.6))
                # One that had ended a moment before was not stopped.
                with suppress(ProcessLookupError):
                    _signal(workers[0], signal.SIGSTOP)
                    await asyncio.sleep(self._random.uniform(*seconds))
                    _signal(workers[0], signal.SIGCONT)
                    self.report.stops += 1
                for worker in workers:
                    self.report.failures += await self._ended(worker) != 0
                # The one that goes on puts back what it had claimed and did not begin to send. The
                # other may be gone by then, and the next worker sends it.
                self.report.failures += await self._ended(self._start(url, port, "work", 0)) != 0
                await self._count(url, gateway)
        return self.report

    async def break_store(
        self, breaks: int, break_it: Callable[[], Awaitable[None]]
    ) -> CrashReport:
        """Rounds of a producer, then of two workers, while the store's own server is killed.

        ``break_it`` kills it and starts it again; it is called again and again.
        """
        while self.report.breaks < breaks:
            gateway = _Gateway(self._tell)
            url = self._fresh()
            self._tell("round", url=url)
            async with gateway.serving() as port:
                for roles in (("add",), ("work", "work")):
                    going = asyncio.gather(*[self._persist(url, port, role) for role in roles])
                    while not going.done() and self.report.breaks < breaks:
                        await asyncio.wait([going], timeout=self._random.uniform(0.1, 0.6))
                        await break_it()
                        self.report.breaks += 1
                    await going
                await self._count(url, gateway)
        return self.report

    async def _persist(self, url: str, port: int, role: str) -> None:
        for _ in range(100):
            if await self._ended(self._start(url, port, role, 0)) == 0:
                return
            self.report.restarts += 1
        self.report.failures += 1

    def _any(self) -> int:
        return self._random.randrange(1, 60)

    async def _until_done(self, url: str, port: int, role: str, kill_at: Callable[[], int]) -> None:
        for _ in range(100):
            process = self._start(url, port, role, kill_at())
            by_time = role == "work" and self._random.random() < 0.2
            code = await self._ended(process, self._random.uniform(0.3, 1.5) if by_time else None)
            if code == 0:
                return
            if code == -signal.SIGKILL:
                self.report.kills += 1
                self._after_kill(url)
            else:
                self.report.failures += 1
        self.report.failures += 1

    def _start(self, url: str, port: int, role: str, kill_at: int) -> BaseProcess:
        orders = Orders(
            role=role,
            url=url,
            port=port,
            refs=self._refs,
            in_doubt="park" if self._policy == "ask" else self._policy,
            recalls=self._policy == "ask",
            kill_at=kill_at,
            settings=self._settings,
            trace=self._trace,
        )
        # One process imports all that the others need, and they are forked off it: there are many.
        processes = multiprocessing.get_context("forkserver")
        processes.set_forkserver_preload([_crash_process.__name__])
        process = processes.Process(target=_crash_process.carry_out, args=(orders,))
        process.start()
        return process

    async def _ended(self, process: BaseProcess, kill_after: float | None = None) -> int:
        await asyncio.to_thread(process.join, kill_after or _LONGEST)
        # A worker that does not end by itself hangs.
        hangs = process.exitcode is None and kill_after is None
        process.kill()
        await asyncio.to_thread(process.join)
        code = process.exitcode
        process.close()
        return 1 if hangs or code is None else code

    async def _count(self, url: str, gateway: _Gateway) -> None:
        report = self.report
        phases: dict[str, Phase] = {}
        untold: set[str] = set()
        async with Outbox(url) as outbox:
            async for entry in outbox.entries(Query()):
                phases[entry.ref] = entry.phase
                if entry.phase is Phase.DONE and entry.status.state is State.UNKNOWN:
                    untold.add(entry.ref)
                report.doubts += entry.attempt - 1 + (entry.phase is Phase.DOUBT)
        for ref in self._refs:
            sent, phase = gateway.taken[ref], phases.get(ref)
            parked = phase in (Phase.DOUBT, Phase.DEAD) or ref in untold
            report.messages += 1
            report.lost += phase is None or (sent == 0 and not parked)
            report.twice += sent > 1
            if sent > 1:
                self._tell("sent twice", ref=ref)
            report.parked += parked
            report.parked_sent += parked and sent > 0
            report.lies += phase in (Phase.SENT, Phase.DONE) and sent == 0 and ref not in untold
        if set(phases) - set(self._refs):
            raise AssertionError("the store holds messages that nobody added")


def _signal(process: BaseProcess, number: signal.Signals) -> None:
    """Raises ProcessLookupError for one that has ended."""
    if process.pid is None or not process.is_alive():
        raise ProcessLookupError
    os.kill(process.pid, number)
