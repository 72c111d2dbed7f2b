"""Names of hosts, asked for in threads that nobody has to wait for.

An event loop asks in a pool of threads, and waits for all of them when it ends, as Python does when
the program ends. With a name server that is silent, both come a quarter of a minute late.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from typing import NamedTuple, TypeVar

__all__ = ["Address", "aside", "resolve"]

T = TypeVar("T")


class Address(NamedTuple):
    """Where a host listens, as :mod:`socket` takes it."""

    family: socket.AddressFamily
    sockaddr: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]


async def resolve(
    host: str, port: int, *, family: socket.AddressFamily = socket.AF_UNSPEC
) -> list[Address]:
    """The addresses of a host, in the order in which the system wants them tried.

    Raises :exc:`socket.gaierror`, also for what can be no name of a host.
    """

    def ask() -> list[Address]:
        try:
            found = socket.getaddrinfo(
                host, port, family=family, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG
            )
        except UnicodeError:
            raise socket.gaierror(socket.EAI_NONAME, "it is no name of a host") from None
        return [Address(kind, sockaddr) for kind, _, _, _, sockaddr in found]

    # What is an address already needs neither a name server nor a thread.
    literal = _literal(host, port)
    if literal is not None and family in (socket.AF_UNSPEC, literal.family):
        return [literal]
    return await aside(ask)


def _literal(host: str, port: int) -> Address | None:
    """What a host is that is written as an address; None if it is a name."""
    for found in (
        Address(socket.AF_INET, (host, port)),
        Address(socket.AF_INET6, (host, port, 0, 0)),
    ):
        with contextlib.suppress(OSError, ValueError):
            socket.inet_pton(found.family, host)
            return found
    return None


async def aside(work: Callable[[], T]) -> T:
    """What ``work`` gives or raises, run in a thread that dies with the program.

    If this is cancelled, the thread works on and is forgotten.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[T] = loop.create_future()

    def run() -> None:
        try:
            result = work()
        except Exception as error:  # noqa: BLE001 - whoever awaits it gets it
            tell(outcome.set_exception, error)
        else:
            tell(outcome.set_result, result)

    def tell(settle: Callable[[T], None] | Callable[[Exception], None], value: object) -> None:
        def settled() -> None:
            if not outcome.done():
                settle(value)  # type: ignore[arg-type]

        # The loop may have ended in the meantime.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settled)

    threading.Thread(target=run, name="devino-resolving", daemon=True).start()
    return await outcome
