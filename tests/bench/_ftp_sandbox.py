"""A sandbox with FTP in a process of its own: it prints its ports, and then what it came to."""

from __future__ import annotations

import asyncio
import json
import resource
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from devino_core import Secret
from devino_sandbox import Account, Pace, Sandbox, World
from devino_sandbox.services.ftp._folders import Folders


class Running:
    def __init__(self, process: subprocess.Popen[str], ports: dict[str, int]) -> None:
        self._process = process
        self.ports = ports

    def come_to(self) -> dict[str, Any]:
        """Let it read what lies there: how many messages it took, and its peak of memory."""
        told, _ = self._process.communicate("\n")
        found: dict[str, Any] = json.loads(told)
        return found


@contextmanager
def running(*certificate: str) -> Iterator[Running]:
    command = [sys.executable, "-m", "tests.bench._ftp_sandbox", *certificate]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        yield Running(process, json.loads(process.stdout.readline()))
        if process.poll() is None:
            process.communicate("\n")


class _Counting(World):
    taken = 0

    def submit(self, *what: Any, **how: Any) -> list[Any]:
        self.taken += 1
        return super().submit(*what, **how)


async def _serve(certificate: list[str]) -> None:
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
    account = Account(login="demo", password=Secret("demo"), balance=Decimal(10**9))
    # It looks when it is told to.
    world = _Counting(
        [account], pace=Pace(sent=0, final=0, read=0, clicked=0, look=86400), keep=1000
    )
    async with Sandbox(world, tls=context, discover=False) as sandbox:
        ports = {
            name: int(where.rpartition(":")[2])
            for name, where in sandbox.endpoints.items()
            if name in ("ftp", "ftps")
        }
        print(json.dumps(ports), flush=True)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, sys.stdin.readline)
        began = loop.time()
        await world.of(Folders).look()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps({"taken": world.taken, "seconds": loop.time() - began, "MiB": peak}))


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1:]))
