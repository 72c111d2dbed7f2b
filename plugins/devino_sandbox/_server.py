"""The one HTTP server: uvicorn's protocol, in the caller's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from ssl import SSLContext
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

import uvicorn
from uvicorn.server import ServerState

from devino_core.clock import SYSTEM_CLOCK

from ._gate import Gate
from ._http import ASGIApp, AtOnce, Event, RawAnswer, RawRequest, Receive, Send, json_answer
from ._http_said import CALL
from ._journal import Journal, Record
from ._latest import Latest
from ._listening import closed, listen, stop_listening
from ._protocol import Limits, Protocol
from ._running import seen_from

__all__ = ["MAX_BODY", "HttpServer", "Router", "Served"]

MAX_BODY = 4 * 1024 * 1024
"""A hundred thousand numbers in one form are three megabytes."""
PATIENCE = 30.0
"""Seconds that a connection may take to make its first request, and a request to be whole."""


class Served(NamedTuple):
    """An app, and whether it answers only under hosts that are known."""

    app: ASGIApp
    known_hosts_only: bool = False
    name: str = "http"
    """The service, as the journal calls it until the service itself knows better."""
    in_journal: bool = True
    """What it is asked stands in the journal."""


class Router:
    """Hands a request to the app of the longest prefix, in any case, doubled slashes aside.

    The prefix ``/`` takes what is nobody else's. Where nobody has it, a browser that opens ``/`` is
    sent to the page of the sandbox.
    """

    def __init__(
        self, apps: Mapping[str, Served], endpoints: Mapping[str, str], gate: Gate
    ) -> None:
        self._apps = {_segments(prefix): app for prefix, app in apps.items()}
        self._depth = max(map(len, self._apps), default=0)
        self._endpoints = endpoints
        self._gate = gate
        self._nobody = Served(AtOnce(self._nothing))
        # A busy client asks for the same few paths again and again.
        self._found: Latest[str, Served] = Latest(1000)

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        await self.route(scope)(scope, receive, send)

    def route(self, scope: Event) -> ASGIApp:
        """The app that answers this request, which is in the journal then."""
        path = cast("str", scope["path"])
        served = self._found.get(path)
        if served is None:
            served = self._found[path] = self._served(path)
        refusal = self._gate.refusal(scope, known_hosts_only=served.known_hosts_only)
        if refusal is None and served is self._nobody and self._opens_page(scope):
            # Who looks at the page is no client of the platform: the journal has nothing of it.
            return AtOnce(self._to_page)
        of: Any = scope
        if served.in_journal or refusal is not None:
            record: Record = of["extensions"][CALL]
            record.enter(served.name, of["client"] or "")
        if refusal is not None:
            refused = json_answer(403, {"error": refusal})
            return AtOnce(lambda _: refused)
        return served.app

    def _opens_page(self, scope: Event) -> bool:
        """A browser asks for the root, and there is a page to show."""
        if scope["method"] not in ("GET", "HEAD") or _segments(cast("str", scope["path"])):
            return False
        headers = cast("list[tuple[bytes, bytes]]", scope["headers"])
        accepted = any(name == b"accept" and b"text/html" in value for name, value in headers)
        return accepted and "page" in self._endpoints

    def _to_page(self, request: RawRequest) -> RawAnswer:
        location = urlsplit(self._endpoints["page"]).path.encode()
        return RawAnswer(302, b"", ((b"location", location), (b"vary", b"accept")))

    def _nothing(self, request: RawRequest) -> RawAnswer:
        missing = "the sandbox has no service here"
        host = dict(request.headers).get(b"host", b"").decode("latin-1")
        there = seen_from(self._endpoints, host)
        return json_answer(404, {"error": missing, "endpoints": there})

    def _served(self, path: str) -> Served:
        segments = _segments(path)
        lengths = range(min(self._depth, len(segments)), -1, -1)
        fitting = (self._apps.get(segments[:length]) for length in lengths)
        return next((served for served in fitting if served is not None), self._nobody)


class HttpServer:
    """Serves an app without signal handlers, access log, or a say in the loop.

    uvicorn's own ``Server`` polls ten times a second for its end and takes as long to stop; its
    protocol class is the part that is wanted here. A body above ``max_body`` is answered 413,
    whatever the app. A connection ends if its first request, or the whole of one, takes longer than
    ``patience`` seconds.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_body: int = MAX_BODY,
        patience: float = PATIENCE,
        journal: Journal | None = None,
    ) -> None:
        self._limits = Limits(max_body, patience)
        self._route = app.route if isinstance(app, Router) else None
        self._journal = Journal(SYSTEM_CLOCK, 0) if journal is None else journal
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
            lambda: Protocol(self._config, self._state, self._limits, self._journal, self._route),
            host,
            port,
            tls,
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
