"""A server for peers that misbehave: at its end nothing of it is left."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

from devino_sandbox._listening import closed, stop_listening

__all__ = ["Serve", "served"]

Serve: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def served(serve: Serve, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Serve each connection on a free port, and give the port.

    A connection that breaks, or says what ``serve`` cannot read, just ends.
    """
    tasks: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError, EOFError, ValueError):
                await serve(reader, writer)
        finally:
            writer.close()

    # No coroutine: one that is cancelled before it began would leave its connection open.
    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        task = asyncio.create_task(run(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, limit=1 << 22, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        await stop_listening(server)
        ending = tuple(tasks)
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()
        await closed(server)
