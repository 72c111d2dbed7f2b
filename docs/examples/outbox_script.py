"""Adds messages, sends them, and says what became of each: outbox_script.py FILE."""

import asyncio
import sys
from pathlib import Path

from devino_core import AsyncClient, Message
from devino_core.outbox import Outbox, Worker


async def main(path: str) -> None:
    lines = Path(path).read_text(encoding="utf-8").splitlines()  # noqa: ASYNC240 - nothing else runs
    async with AsyncClient() as client, Outbox(client=client) as outbox:
        messages = [
            # The ref says that a second run of this program means the same messages.
            Message(number, text, ref=f"{Path(path).name}-{line}")
            for line, (number, text) in enumerate(row.split(";", 1) for row in lines)
        ]
        await outbox.enqueue_many(messages)
        async with Worker(outbox, client):
            for message in messages:
                entry = await outbox.wait(message.ref, timeout=60)
                print(message.ref, entry.phase.name, entry.status.state)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
