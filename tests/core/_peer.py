"""An HTTP peer that behaves as a test says."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from tests.attack._serving import served

__all__ = ["OK", "Peer", "answer", "answering", "hang", "serving"]

Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(
    respond: Peer, context: ssl.SSLContext | None = None, *, answers: int = 1
) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A peer on a free port and its requests so far. It gives ``answers`` on each connection."""
    requests: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(answers):
            requests.append(await request(reader))
            await respond(reader, writer)
        if answers > 1:
            requests.append(await request(reader))

    async with served(serve, context) as port:
        yield port, requests


async def request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head.lower())
    return head + await reader.readexactly(int(length[1]) if length else 0)


def answering(*chunks: bytes) -> Peer:
    async def respond(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for chunk in chunks:
            writer.write(chunk)
        await writer.drain()

    return respond


async def hang(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    await reader.read()


def answer(head: str, body: bytes = b"") -> Peer:
    return answering(f"HTTP/1.1 {head}\r\nContent-Length: {len(body)}\r\n\r\n".encode(), body)


OK = answer("200 OK")
