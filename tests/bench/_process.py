"""A server in a process of its own: it prints its port, and ends with its standard input."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]


def path_of(checkout: Path) -> str:
    """The ``PYTHONPATH`` that leads to the packages of a checkout."""
    return os.pathsep.join(str(checkout / part) for part in ("", "codecs", "plugins"))


@contextmanager
def running(module: str, *arguments: str, checkout: Path | None = None) -> Iterator[int]:
    """Run a server as ``python -m module``, and give its port.

    With a ``checkout`` the module runs as a file, and what it imports is of there.
    """
    command, environ = [sys.executable, "-m", module], {**os.environ}
    if checkout is not None:
        command[1:] = [str(HERE.joinpath(*module.split(".")).with_suffix(".py"))]
        environ["PYTHONPATH"] = path_of(checkout)
    with subprocess.Popen(
        [*command, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environ,
    ) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.communicate()


async def serve(server: asyncio.Server) -> None:
    """Be that process, for a server that is already listening."""
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
