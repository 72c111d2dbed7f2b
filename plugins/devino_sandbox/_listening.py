"""Ports of the sandbox."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

__all__ = ["listen", "reachable"]


async def listen(
    protocol: Callable[[], asyncio.BaseProtocol], host: str, port: int
) -> tuple[asyncio.Server, int]:
    """Accept connections, and give the port too (0 takes a free one). Raises OSError."""
    server = await asyncio.get_running_loop().create_server(
        protocol,
        host,
        port,
        # One family: a name that has two addresses would get two free ports.
        family=socket.AF_INET6 if ":" in host else socket.AF_INET,
        # What a load test opens at once.
        backlog=2048,
    )
    found: int = server.sockets[0].getsockname()[1]
    return server, found


def reachable(host: str) -> str:
    """What a client on this machine calls the host that a server listens on."""
    if host in ("", "0.0.0.0"):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host
