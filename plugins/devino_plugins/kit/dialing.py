"""A connected socket, from the first of a host's addresses that answers (RFC 8305)."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
from collections.abc import Iterable, Iterator

from devino_core.resolving import Address

__all__ = ["dial"]

_HEAD_START = 0.25
"""Seconds that an address has before the next is tried beside it (RFC 8305, 5)."""


async def dial(addresses: Iterable[Address]) -> socket.socket:
    """A socket to the first address that takes a connection.

    An address that swallows connections does not keep the others from being tried. Raises the
    OSError of the address that failed last.
    """
    waiting = _by_turns(addresses)
    trying: set[asyncio.Task[socket.socket]] = set()
    failure = OSError("no address")
    try:
        while True:
            address = next(waiting, None)
            if address is not None:
                trying.add(asyncio.create_task(_connected(address)))
            elif not trying:
                raise failure
            ended, _ = await asyncio.wait(
                trying,
                timeout=None if address is None else _HEAD_START,
                return_when=asyncio.FIRST_COMPLETED,
            )
            for task in ended:
                trying.discard(task)
                try:
                    return task.result()
                except OSError as error:
                    failure = error
    finally:
        for task in trying:
            task.cancel()
            task.add_done_callback(_discard)


def _by_turns(addresses: Iterable[Address]) -> Iterator[Address]:
    """The addresses, one of each family after the other."""
    families: dict[int, list[Address]] = {}
    for address in addresses:
        families.setdefault(address.family, []).append(address)
    turns = itertools.zip_longest(*families.values())
    return (address for turn in turns for address in turn if address is not None)


async def _connected(address: Address) -> socket.socket:
    # asyncio switches Nagle's algorithm off for what says that it is TCP.
    connecting = socket.socket(address.family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        connecting.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connecting, address.sockaddr)
    except BaseException:
        connecting.close()
        raise
    return connecting


def _discard(task: asyncio.Task[socket.socket]) -> None:
    """Close what came too late."""
    with contextlib.suppress(asyncio.CancelledError, OSError):
        task.result().close()
