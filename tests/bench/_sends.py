"""Sends of one kind by whatever devino the path leads to: a figure of seconds for each line.

``python _sends.py KIND SETTINGS`` runs as a file, so that it finds no module of this checkout.
It reads how many messages to send, one number a line, and prints the CPU seconds that they took.
``LOG=1`` logs at INFO to the null device.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
import time
from pathlib import Path

from devino_core import AsyncClient, Message
from devino_core.plugins import Plugins

CONCURRENCY = 32


async def _send(client: AsyncClient, count: int) -> None:
    numbers = iter(range(count))

    async def worker() -> None:
        for number in numbers:
            await client.send(Message(f"7903{number:07}", "Hello"))

    await asyncio.gather(*[worker() for _ in range(CONCURRENCY)])


async def _serve(kind: str, settings: dict[str, object]) -> None:
    async with AsyncClient({kind: settings}, plugins=Plugins(environ={})) as client:
        for line in sys.stdin:
            began = time.process_time()
            await _send(client, int(line))
            print(time.process_time() - began, flush=True)


def _main() -> None:
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        if os.environ.get("LOG"):
            log = logging.getLogger("devino")
            log.addHandler(logging.StreamHandler(nowhere))
            log.setLevel(logging.INFO)
        asyncio.run(_serve(sys.argv[1], json.loads(sys.argv[2])))


if __name__ == "__main__":
    _main()
