"""HTTP servers that do what none should: every channel over HTTP survives them, and says so."""

from __future__ import annotations

import asyncio
import re
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache
from typing import TypeAlias

import pytest

from devino_core import Retry
from tests.attack._channels import (
    HTTP,
    attempt,
    by_turns,
    client,
    message,
    redirected,
    target,
)
from tests.attack._memory import bounded
from tests.attack._serving import served

# What the library may keep of one answer, and what this server itself has in its buffers.
MEGABYTES = 120
LONG = 50.0
"""Seconds: some calls of two seconds each, as where a channel asks after what it sent."""

Peer: TypeAlias = Callable[[asyncio.StreamWriter], Awaitable[None]]


def answer(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers, b"", body]
    return b"\r\n".join(lines)


def says(*pieces: bytes) -> Peer:
    async def peer(writer: asyncio.StreamWriter) -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()

    return peer


def for_ever(start: bytes, piece: bytes) -> Peer:
    async def peer(writer: asyncio.StreamWriter) -> None:
        writer.write(start)
        while True:
            writer.write(piece)
            await writer.drain()

    return peer


def drips(data: bytes, seconds: float) -> Peer:
    async def peer(writer: asyncio.StreamWriter) -> None:
        for octet in data:
            writer.write(bytes([octet]))
            await writer.drain()
            await asyncio.sleep(seconds)

    return peer


@cache
def bomb() -> bytes:
    """256 MB in gzip."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    zeros = bytes(1 << 20)
    return b"".join([*[packer.compress(zeros) for _ in range(256)], packer.flush()])


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


_CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
_PADDING = b"x" * 65536

# Where the server says that it did nothing, no is an answer that may be believed.
_REFUSES = {"429 with an odd Retry-After", "a login page", "413"}
ZOO: dict[str, Callable[[], Peer]] = {
    "a body without end": lambda: for_ever(b"HTTP/1.0 200 OK\r\n\r\n", _PADDING),
    "chunks without end": lambda: for_ever(_CHUNKED, chunk(_PADDING)),
    "headers without end": lambda: for_ever(b"HTTP/1.1 200 OK\r\n", b"X: %s\r\n" % (b"v" * 100)),
    "a header without end": lambda: for_ever(b"HTTP/1.1 200 OK\r\nX: ", _PADDING),
    "a status line without end": lambda: for_ever(b"HTTP/1.1 200 ", _PADDING),
    "a chunk's extension without end": lambda: for_ever(_CHUNKED + b"5;", b"a=b;" * 16384),
    "trailers without end": lambda: for_ever(
        _CHUNKED + chunk(b'["1"]') + b"0\r\n", b"X: y\r\n" * 10000
    ),
    "a gzip bomb": lambda: says(answer(bomb(), b"Content-Encoding: gzip")),
    "a gzip bomb in chunks": lambda: says(
        _CHUNKED[:-2] + b"Content-Encoding: gzip\r\n\r\n", chunk(bomb()), b"0\r\n\r\n"
    ),
    "not the encoding it says": lambda: says(answer(b"plain", b"Content-Encoding: gzip")),
    "100s without end": lambda: for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
    "103s without end": lambda: for_ever(b"", b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 50),
    "a redirect": lambda: says(
        answer(b"", b"Location: http://127.0.0.1:9/x", status=b"307 Temporary Redirect")
    ),
    "a redirect to itself": lambda: says(answer(b"", b"Location: /", status=b"302 Found")),
    "cookies": lambda: says(answer(b"", *[b"Set-Cookie: a=b; Path=/"] * 50)),
    "ten thousand headers": lambda: says(answer(b"", *[b"X-%d: v" % n for n in range(10_000)])),
    "a giant length": lambda: says(
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 23 + b"\r\n\r\n"
    ),
    "a negative length": lambda: says(b'HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n["1"]'),
    "two lengths": lambda: says(answer(b'["1"]', b"Content-Length: 500")),
    "a length and chunks": lambda: says(
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
        + chunk(b'["1"]')
        + b"0\r\n\r\n"
    ),
    "a drip": lambda: drips(answer(b'["1"]'), 0.2),
    "HTTP/0.9": lambda: says(b'["1"]'),
    "another protocol": lambda: says(b"220 mail.example.org ESMTP\r\n"),
    "an upgrade": lambda: says(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"
    ),
    "no content": lambda: says(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "not modified": lambda: says(b"HTTP/1.1 304 Not Modified\r\n\r\n"),
    "an unknown status": lambda: says(answer(b"", status=b"999 What")),
    "429 with an odd Retry-After": lambda: says(
        answer(b"", b"Retry-After: 1e308", status=b"429 Too Many Requests")
    ),
    "a login page": lambda: says(answer(b"<html>", status=b"401 Unauthorized")),
    "413": lambda: says(answer(b"", status=b"413 Too Large")),
    "an error page": lambda: says(answer(b"<html><h1>Oops", status=b"502 Bad Gateway")),
    "brackets": lambda: says(answer(b"[" * 2_000_000)),
    "elements": lambda: says(answer(b"<a>" * 500_000)),
    "entities": lambda: says(
        answer(
            b'<!DOCTYPE a [<!ENTITY a "x">'
            + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a;" * 10) for n in range(9))
            + b"]><a>&a8;</a>"
        )
    ),
    "a giant number": lambda: says(answer(b"[" + b"9" * 2_000_000 + b"]")),
    "empty objects": lambda: says(answer(b"[" + b"{}," * 500_000 + b"{}]")),
    "ids without end": lambda: says(answer(b"[" + b'"1",' * 500_000 + b'"1"]')),
    "impossible ids": lambda: says(answer(b'["0"]')),
    "an id of NUL": lambda: says(answer(b'["a\\u0000b"]')),
    "nothing and gone": lambda: says(b""),
}


@asynccontextmanager
async def serving(make: Callable[[], Peer]) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A server that reads whole requests, behaves so, and closes."""
    requests: list[bytes] = []
    peer = make()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head.lower())
        requests.append(head + await reader.readexactly(int(length[1]) if length else 0))
        await peer(writer)

    async with served(serve) as port:
        yield port, requests


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    by_turns(metafunc, HTTP, ZOO)


async def test_a_hostile_server_is_survived(kind: str, name: str) -> None:
    make = ZOO[name]
    make()
    if "bomb" in name:
        bomb()
    async with target(kind) as found, serving(make) as (port, requests):
        settings = redirected(found.settings(0), port)
        began = asyncio.get_running_loop().time()
        async with bounded(MEGABYTES), client(kind, settings) as opened:
            outcome = await attempt(opened, message(kind, 1, "hello"))
        took = asyncio.get_running_loop().time() - began
    assert requests
    assert took < LONG, f"{took:.1f} s: {outcome}"
    assert not outcome.accepted, outcome
    sent = [one for one in requests if b"hello" in one]
    if sent and name not in _REFUSES:
        assert outcome.retry is Retry.MAY_DUPLICATE, outcome
    assert all(b"cookie:" not in one.lower() for one in requests)
