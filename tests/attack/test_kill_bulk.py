"""A journaled run that is killed at any moment and resumed sends each line once."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

import pytest

from devino_core import Secret
from devino_sandbox import Account, Pace, Sandbox, World

ROWS = 30
AT_ONCE = 8

# It imports all that `devino` needs, and runs each command that it reads in a fork of itself, which
# takes a tenth of the time of a new Python. A run may be told to die before, within or after its
# nth write or sync of the journal.
PROGRAM = f"""
import json, os, signal, sys
import devino_core.cli._bulk as bulk, devino_core.cli._journal as journal
import devino_plugins.rest._channel, devino_plugins.smpp._channel, devino_plugins.xml._channel
from devino_core.cli import main, _app

bulk.BATCH = {AT_ONCE}
done, nth, how = 0, 0, ""

def dies(act, half):
    def acts(descriptor, *data):
        global done
        done += 1
        if done == nth and how == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        if done == nth and how == "within" and data:
            half(descriptor, data[0][: len(data[0]) // 2])
            os.kill(os.getpid(), signal.SIGKILL)
        result = act(descriptor, *data)
        if done == nth and how == "after":
            os.kill(os.getpid(), signal.SIGKILL)
        return result
    return acts

class Dying:
    write = staticmethod(dies(os.write, os.write))
    fsync = staticmethod(dies(os.fsync, None))
    def __getattr__(self, name):
        return getattr(os, name)

journal.os = Dying()

for line in sys.stdin:
    args, out, errors, nth, how = json.loads(line)
    pid = os.fork()
    if pid == 0:
        sys.argv, sys.stdin = ["devino", *args], open(os.devnull)
        sys.stdout, sys.stderr = open(out, "w"), open(errors, "w")
        try:
            main()
        except SystemExit as ended:
            sys.stderr.write(f"acts {{done}}\\n")
            sys.stdout.flush(), sys.stderr.flush()
            os._exit(ended.code)
        os._exit(99)
    print(pid, flush=True)
    # The number stays its own until it is read that it has ended.
    ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
    print(ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status, flush=True)
    sys.stdin.readline()
    os.waitpid(pid, 0)
"""


class Ended(NamedTuple):
    code: int
    rows: list[Any]
    errors: str

    @property
    def unknown(self) -> set[str]:
        """The recipients whose messages were reported as unknown."""
        return {
            row["to"] for row in self.rows if row.get("error", {}).get("retry") == "may_duplicate"
        }


class Runs:
    """Runs of one command, one after the other, against a sandbox."""

    def __init__(self, sandbox: Sandbox, world: World, folder: Path, kind: str) -> None:
        self.world = world
        self.pid: int | None = None
        """That of the run which goes on."""
        self._folder = folder
        self._environ = {
            **os.environ,
            "PYTHONDONTWRITEBYTECODE": "1",
            "DEVINO_CONFIG": "",
            **_settings(kind, sandbox.endpoints),
        }
        self._count = 0

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", PROGRAM),
            env=self._environ,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()

    def new(self) -> None:
        """A file with numbers of its own, and a journal that is not there yet."""
        self._count += 1
        self._file = self._folder / f"{self._count}.csv"
        self.journal = self._folder / f"{self._count}.jsonl"
        self.numbers = [f"7903{self._count:03}{nth:04}" for nth in range(ROWS)]
        rows = "".join(f"{number},{nth}\n" for nth, number in enumerate(self.numbers))
        self._file.write_text("to,n\n" + rows)

    async def run(self, *more: str, nth: int = 0, how: str = "") -> Ended:
        args = ["send", "--file", str(self._file), "Line {n}", "--journal", str(self.journal)]
        out, errors = self._folder / "out", self._folder / "errors"
        asked = [[*args, "--json", *more], str(out), str(errors), nth, how]
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        stdin.write(json.dumps(asked).encode() + b"\n")
        self.pid = int(await stdout.readline())
        code = int(await stdout.readline())
        self.pid = None
        stdin.write(b"\n")
        # A run that was killed may have printed half a line.
        lines = out.read_text().splitlines() if code >= 0 else []
        return Ended(code, [json.loads(line) for line in lines], errors.read_text())

    async def run_and_kill(self, chance: random.Random, *more: str) -> Ended:
        """A run that is killed when so many messages have arrived, and a moment more."""
        running = asyncio.create_task(self.run(*more))
        wanted = chance.randint(0, ROWS)
        # Nobody tells when a message arrives in the middle of another process's run.
        while not running.done() and (  # noqa: ASYNC110
            self.pid is None or self.arrived().total() < wanted
        ):
            await asyncio.sleep(0.001)
        await asyncio.sleep(chance.random() * 0.02)
        if self.pid is not None:
            os.kill(self.pid, signal.SIGKILL)
        return await running

    async def resume(self, *more: str) -> Ended:
        """The same command, with --resume if the first one came to write anything."""
        begun = self.journal.exists()
        return await self.run(*(("--resume", *more) if begun else ()))

    def arrived(self) -> Counter[str]:
        """How often each number of this file was sent to."""
        return Counter(one.to for one in self.world.messages() if one.to in set(self.numbers))

    def check(self, last: Ended, *, killed: int = 1) -> None:
        """Each line arrived once, but for those that are reported as unknown."""
        arrived = self.arrived()
        assert set(arrived.values()) <= {1}, (arrived, last.errors)
        missing = set(self.numbers) - set(arrived)
        assert missing <= last.unknown, last.errors
        assert len(last.unknown) <= AT_ONCE * killed
        assert last.code == (3 if last.unknown else 0), last.errors


def _settings(kind: str, endpoints: Mapping[str, str]) -> dict[str, str]:
    where = {"BASE_URL": endpoints.get(kind, "")}
    if kind == "smpp":
        host, _, port = endpoints["smpp"].rpartition(":")
        where = {"HOSTS": f"{host}:{port}", "TLS": "false"}
    given = {"LOGIN": "demo", "PASSWORD": "demo", "SENDER": "SHOP", **where}
    return {f"DEVINO__{kind.upper()}__{name}": value for name, value in given.items()}


@pytest.fixture
async def runs(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Runs]:
    """Runs over the kind of channel that the test names."""
    world = World([Account(login="demo", password=Secret("demo"))], pace=Pace.instant())
    async with (
        Sandbox(world, discover=False) as sandbox,
        Runs(sandbox, world, tmp_path, request.param) as made,
    ):
        yield made


async def acts_of(runs: Runs) -> int:
    """How often a whole run writes and syncs its journal."""
    runs.new()
    whole = await runs.run()
    assert whole.code == 0, whole.errors
    runs.check(whole)
    return int(whole.errors.split()[-1])


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("runs", ["rest"], indirect=True)
@pytest.mark.parametrize("how", ["before", "within", "after"])
async def test_a_run_that_dies_at_a_write_is_resumed(runs: Runs, how: str, is_full: bool) -> None:
    acts = await acts_of(runs)
    assert acts > ROWS
    for nth in range(1, acts + 1) if is_full else (2, acts // 2, acts - 1):
        runs.new()
        dead = await runs.run(nth=nth, how=how)
        # What is synced cannot be cut in half.
        assert dead.code in {-signal.SIGKILL, 0}, dead.errors
        runs.check(await runs.resume())


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("runs", ["rest", "smpp"], indirect=True)
async def test_a_run_that_is_killed_at_a_random_moment_is_resumed(
    runs: Runs, is_full: bool
) -> None:
    chance = random.Random(7903)
    killed = 0
    for _ in range(100 if is_full else 3):
        runs.new()
        before = killed
        for _ in range(chance.randint(1, 2)):
            more = ("--resume",) if runs.journal.exists() else ()
            killed += (await runs.run_and_kill(chance, *more)).code == -signal.SIGKILL
        runs.check(await runs.resume(), killed=killed - before)
    assert killed > (80 if is_full else 0)


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("runs", ["xml"], indirect=True)
async def test_a_run_whose_channel_is_asked_by_ref_leaves_nothing_unknown(
    runs: Runs, is_full: bool
) -> None:
    acts = await acts_of(runs)
    for nth in range(1, acts + 1) if is_full else (2, 3):
        runs.new()
        await runs.run(nth=nth, how="after")
        last = await runs.resume("--ask")
        runs.check(last)
        assert not last.unknown
        assert runs.arrived() == Counter(runs.numbers)
