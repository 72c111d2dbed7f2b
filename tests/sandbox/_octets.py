"""A client that writes octets, and reads all that comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

from devino_sandbox._journal import Journal

CLOSE = "Connection: close"


def get(path: str, *headers: str, method: str = "GET", version: str = "1.1") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/{version}", "Host: x", *headers, "", ""]).encode()


def post(path: str, body: bytes, *headers: str) -> bytes:
    return get(path, f"Content-Length: {len(body)}", *headers, method="POST") + body


class Peer:
    def __init__(self, port: int, journal: Journal, connections: Collection[Any] = ()) -> None:
        self.connections = connections
        """Those of the server."""
        self.port = port
        self.journal = journal

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.close()

    async def said(self, *pieces: bytes) -> bytes:
        """All that is answered to these pieces until the server closes."""
        async with asyncio.timeout(10), self.connected() as (reader, writer):
            for piece in pieces:
                writer.write(piece)
                for _ in range(4):
                    await asyncio.sleep(0)
            return await reader.read()

    @property
    def outcomes(self) -> list[str | None]:
        return [record.outcome for record in self.journal.latest]
