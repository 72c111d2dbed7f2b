"""Ports of the sandbox."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Mapping
from ssl import SSLContext
from typing import Any

__all__ = ["closed", "listen", "reachable", "stop_listening"]


_HANDSHAKE = 10.0
"""Seconds that a client may take to begin with TLS."""
_FAREWELL = 5.0
"""Seconds that it may take to end it."""


async def listen(
    protocol: Callable[[], asyncio.BaseProtocol], host: str, port: int, tls: SSLContext | None
) -> tuple[asyncio.Server, int]:
    """Accept connections, with TLS from their first octet if there is a context for it.

    Gives the port too (0 takes a free one). Raises OSError.
    """
    server = await asyncio.get_running_loop().create_server(
        protocol,
        host,
        port,
        # One family: a name that has two addresses would get two free ports.
        family=socket.AF_INET6 if ":" in host else socket.AF_INET,
        # What a load test opens at once.
        backlog=2048,
        ssl=tls,
        ssl_handshake_timeout=_HANDSHAKE if tls else None,
        ssl_shutdown_timeout=_FAREWELL if tls else None,
    )
    found: int = server.sockets[0].getsockname()[1]
    return server, found


async def stop_listening(server: asyncio.Server) -> None:
    """Accept no more connections. Those that were accepted are known to their protocols then.

    asyncio accepts a connection in one turn of its loop, and makes the transport in the next. A
    server that is closed in between drops the socket without closing it.
    """
    loop = asyncio.get_running_loop()
    # The loop of Windows has no readers.
    with contextlib.suppress(NotImplementedError):
        for listening in server.sockets:
            loop.remove_reader(listening.fileno())
    for _ in ("the transport is made", "its protocol is told"):
        await asyncio.sleep(0)
    server.close()


async def closed(server: asyncio.Server) -> None:
    """End what is left of a closed server's connections, and wait until it has ended.

    A client in the middle of its handshake is no connection yet, and one that does not end TLS is
    none any more: no protocol can end them.
    """
    abort_clients: Callable[[], None] | None = getattr(server, "abort_clients", None)
    if abort_clients is not None:
        abort_clients()
        await server.wait_closed()
        return
    # Before Python 3.13 a server does not know them, and only its loop does.
    known: Mapping[int, Any] = getattr(asyncio.get_running_loop(), "_transports", {})
    for transport in list(known.values()):
        if getattr(transport, "_server", None) is server:
            transport.abort()
    await asyncio.sleep(0)


def reachable(host: str) -> str:
    """What a client on this machine calls the host that a server listens on."""
    if host in ("", "0.0.0.0"):  # noqa: S104 - compared, not bound
        return "127.0.0.1"
    if host == "::":
        return "[::1]"
    return f"[{host}]" if ":" in host else host
