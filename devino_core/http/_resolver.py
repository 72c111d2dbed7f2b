"""Asks the name server without making a program wait for it at its end."""

from __future__ import annotations

import socket

from aiohttp.abc import AbstractResolver, ResolveResult

from devino_core.resolving import resolve

__all__ = ["Resolver"]


class Resolver(AbstractResolver):
    """Resolves names as :mod:`devino_core.resolving` does."""

    def __init__(self) -> None:
        self.asked: set[str] = set()
        """The names for which no answer has come yet."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        self.asked.add(host)
        try:
            found = await resolve(host, port, family=family)
        except OSError:
            self.asked.discard(host)
            raise
        # Not where this is cancelled: then no answer has come.
        self.asked.discard(host)
        return [
            ResolveResult(
                hostname=host,
                host=str(address.sockaddr[0]),
                port=port,
                family=address.family,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in found
        ]

    async def close(self) -> None:
        """Nothing is kept."""
