"""Asks the name server without making a program wait for it at its end."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Sequence
from contextlib import suppress
from threading import Thread
from typing import Any, TypeAlias

from aiohttp.abc import AbstractResolver, ResolveResult

__all__ = ["Resolver"]

_Infos: TypeAlias = Sequence[tuple[Any, ...]]


class Resolver(AbstractResolver):
    """Resolves each name in a thread of its own.

    The executor of an event loop would be waited for when the loop ends and again when the program
    ends, for as long as a dead name server is asked.
    """

    def __init__(self) -> None:
        self.asked: set[str] = set()
        """The names for which no answer has come yet."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        told: asyncio.Future[_Infos] = loop.create_future()

        def ask() -> None:
            found: _Infos = ()
            failed: OSError | None = None
            try:
                found = socket.getaddrinfo(
                    host, port, type=socket.SOCK_STREAM, family=family, flags=socket.AI_ADDRCONFIG
                )
            except OSError as error:
                failed = error
            except UnicodeError:
                failed = socket.gaierror(socket.EAI_NONAME, "it is no name of a host")
            # A loop that was closed meanwhile waits for nothing.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(_tell, told, found, failed)

        self.asked.add(host)
        Thread(target=ask, name=f"resolve {host}", daemon=True).start()
        try:
            infos = await told
        finally:
            if told.done() and not told.cancelled():
                self.asked.discard(host)
        return [
            ResolveResult(
                hostname=host,
                host=address[0],
                port=port,
                family=kind,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, _, protocol, _, address in infos
        ]

    async def close(self) -> None:
        """Nothing is kept."""


def _tell(told: asyncio.Future[_Infos], found: _Infos, failed: OSError | None) -> None:
    if told.done():
        return
    if failed is None:
        told.set_result(found)
    else:
        told.set_exception(failed)
