"""The one HTTP server: uvicorn's protocol, in the caller's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from ssl import SSLContext
from typing import NamedTuple, cast

import uvicorn
from uvicorn.server import ServerState

from ._gate import Gate
from ._http import ASGIApp, Event, Receive, Send, json_answer, send_answer
from ._latest import Latest
from ._listening import closed, listen, stop_listening
from ._protocol import Limits, Protocol

__all__ = ["MAX_BODY", "HttpServer", "Router", "Served"]

MAX_BODY = 4 * 1024 * 1024
"""A hundred thousand numbers in one form are three megabytes."""
PATIENCE = 30.0
"""Seconds that a connection may take to make its first request, and a request to be whole."""


class Served(NamedTuple):
    """An app, and whether it answers only under hosts that are known."""

    app: ASGIApp
    known_hosts_only: bool = False


class Router:
    """Hands a request to the app of the longest prefix, in any case, doubled slashes aside."""

    def __init__(
        self, apps: Mapping[str, Served], endpoints: Mapping[str, str], gate: Gate
    ) -> None:
        self._apps = {_segments(prefix): app for prefix, app in apps.items()}
        self._depth = max(map(len, self._apps), default=0)
        self._endpoints = endpoints
        self._gate = gate
        # A busy client asks for the same few paths again and again.
        self._found: Latest[str, Served] = Latest(1000)

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        path = cast("str", scope["path"])
        served = self._found.get(path)
        if served is None:
            served = self._found[path] = self._served(path)
        refusal = self._gate.refusal(scope, known_hosts_only=served.known_hosts_only)
        if refusal is not None:
            await send_answer(send, json_answer(403, {"error": refusal}))
            return
        await served.app(scope, receive, send)

    async def _nothing(self, scope: Event, receive: Receive, send: Send) -> None:
        missing = "the sandbox has no service here"
        await send_answer(send, json_answer(404, {"error": missing, "endpoints": self._endpoints}))

    def _served(self, path: str) -> Served:
        segments = _segments(path)
        lengths = range(min(self._depth, len(segments)), 0, -1)
        fitting = (self._apps.get(segments[:length]) for length in lengths)
        return next((served for served in fitting if served is not None), Served(self._nothing))


class HttpServer:
    """Serves an app without signal handlers, access log, or a say in the loop.

    uvicorn's own ``Server`` polls ten times a second for its end and takes as long to stop; its
    protocol class is the part that is wanted here. A body above ``max_body`` is answered 413,
    whatever the app. A connection ends if its first request, or the whole of one, takes longer than
    ``patience`` seconds.
    """

    def __init__(
        self, app: ASGIApp, *, max_body: int = MAX_BODY, patience: float = PATIENCE
    ) -> None:
        self._limits = Limits(max_body, patience)
        self._config = uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            proxy_headers=False,
            # Idle clients are not cut off, as the platform's Keep-Alive lets them expect.
            timeout_keep_alive=75,
        )
        self._state = ServerState()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int, tls: SSLContext | None) -> int:
        """Listen, and give the port (0 takes a free one). Raises OSError if that cannot be."""
        self._config.load()
        self._server, port = await listen(
            lambda: Protocol(self._config, self._state, self._limits), host, port, tls
        )
        return port

    async def stop(self) -> None:
        """Close everything now; requests that wait for something end without an answer."""
        if self._server is None:
            return
        await stop_listening(self._server)
        for connection in list(self._state.connections):
            connection.shutdown()
        await asyncio.sleep(0)
        for connection in list(self._state.connections):
            connection.transport.abort()
        if self._state.tasks:
            await asyncio.wait(self._state.tasks)
        await closed(self._server)
        self._server = None


def _segments(path: str) -> tuple[str, ...]:
    return tuple([segment for segment in path.lower().split("/") if segment])
