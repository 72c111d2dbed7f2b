"""A proxy that does something to the octets of a conversation."""

from __future__ import annotations

import asyncio
import enum
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TypeAlias

from tests.attack._serving import served

__all__ = ["Cut", "Direction", "Proxy", "cutting", "proxied", "repeating", "untouched"]


class Direction(enum.Enum):
    UP = enum.auto()
    """From the client to the platform."""
    DOWN = enum.auto()


class Cut(enum.Enum):
    FIN = enum.auto()
    RST = enum.auto()


class Proxy:
    """Counts what passes; ``pass_on`` is what it does with a piece of a direction."""

    def __init__(self, port: int, pass_on: PassOn) -> None:
        self._target = port
        self._pass_on = pass_on
        self._writers: list[asyncio.StreamWriter] = []
        self.port = 0
        self.passed = dict.fromkeys(Direction, 0)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, onward = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers += [writer, onward]
        try:
            await asyncio.gather(
                self._pump(reader, onward, Direction.UP), self._pump(there, writer, Direction.DOWN)
            )
        finally:
            onward.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: Direction
    ) -> None:
        with suppress(OSError, RuntimeError):
            while data := await reader.read(65536):
                await self._pass_on(self, way, data, writer)
                self.passed[way] += len(data)
            writer.write_eof()

    def cut(self, how: Cut) -> None:
        """End every connection."""
        for writer in self._writers:
            if how is Cut.RST:
                found: socket.socket = writer.get_extra_info("socket")
                with suppress(OSError):
                    linger = struct.pack("ii", 1, 0)
                    found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                writer.transport.abort()
            else:
                writer.close()
        self._writers.clear()


PassOn: TypeAlias = Callable[[Proxy, Direction, bytes, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def proxied(port: int, pass_on: PassOn) -> AsyncIterator[Proxy]:
    """A proxy before this port."""
    proxy = Proxy(port, pass_on)
    async with served(proxy.serve) as proxy.port:
        yield proxy


async def untouched(
    proxy: Proxy, way: Direction, data: bytes, writer: asyncio.StreamWriter
) -> None:
    """Pass everything on."""
    writer.write(data)


def cutting(where: Direction, after: int, how: Cut) -> PassOn:
    """Pass so many octets of one direction on, and cut the conversation there, once."""
    fired = False

    async def pass_on(
        proxy: Proxy, way: Direction, data: bytes, writer: asyncio.StreamWriter
    ) -> None:
        nonlocal fired
        room = after - proxy.passed[way]
        if fired or way is not where or len(data) < room:
            writer.write(data)
            return
        fired = True
        writer.write(data[:room])
        # What is let through is to arrive before the cut.
        await asyncio.sleep(0.004)
        proxy.cut(how)

    return pass_on


def repeating(delay: float, octets: int | None = None) -> PassOn:
    """Say every answer again after a while, or the beginning of it."""

    async def pass_on(
        proxy: Proxy, way: Direction, data: bytes, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(data)
        if way is Direction.DOWN:
            await asyncio.sleep(delay)
            writer.write(data[:octets])

    return pass_on
