"""The one HTTP server: uvicorn's protocol, in the caller's event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from ssl import SSLContext
from typing import cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from ._http import ABORT, ASGIApp, Event, Receive, Send, json_answer
from ._latest import Latest
from ._listening import closed, listen

__all__ = ["HttpServer", "Router"]


class Router:
    """Hands a request to the app of the longest prefix, in any case, doubled slashes aside."""

    def __init__(self, apps: Mapping[str, ASGIApp], endpoints: Mapping[str, str]) -> None:
        self._apps = {_segments(prefix): app for prefix, app in apps.items()}
        self._depth = max(map(len, self._apps), default=0)
        self._endpoints = endpoints
        # A busy client asks for the same few paths again and again.
        self._found: Latest[str, ASGIApp | None] = Latest(1000)

    async def __call__(self, scope: Event, receive: Receive, send: Send) -> None:
        path = cast("str", scope["path"])
        app = self._found.get(path)
        if app is None:
            app = self._found[path] = self._app_of(path)
        if app is not None:
            await app(scope, receive, send)
            return
        answer = json_answer(
            404, {"error": "the sandbox has no service here", "endpoints": self._endpoints}
        )
        headers = [*answer.headers, (b"content-length", b"%d" % len(answer.body))]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    def _app_of(self, path: str) -> ASGIApp | None:
        segments = _segments(path)
        lengths = range(min(self._depth, len(segments)), 0, -1)
        fitting = (self._apps.get(segments[:length]) for length in lengths)
        return next((app for app in fitting if app is not None), None)


class HttpServer:
    """Serves an app without signal handlers, access log, or a say in the loop.

    uvicorn's own ``Server`` polls ten times a second for its end and takes as long to stop; its
    protocol class is the part that is wanted here.
    """

    def __init__(self, app: ASGIApp) -> None:
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
            lambda: _Protocol(self._config, self._state, {}), host, port, tls
        )
        return port

    async def stop(self) -> None:
        """Close everything now; requests that wait for something end without an answer."""
        if self._server is None:
            return
        self._server.close()
        for connection in list(self._state.connections):
            connection.shutdown()
        await asyncio.sleep(0)
        for connection in list(self._state.connections):
            connection.transport.abort()
        if self._state.tasks:
            await asyncio.wait(self._state.tasks)
        await closed(self._server)
        self._server = None


class _Protocol(HttpToolsProtocol):
    def __init__(
        self, config: uvicorn.Config, state: ServerState, app_state: dict[str, object]
    ) -> None:
        super().__init__(config, state, app_state)
        # Decided here and not by the logging set up around: an access log would show passwords.
        self.access_log = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(_CorkedTransport(transport, self.loop))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        cast("Event", self.scope)["extensions"] = {ABORT: self.transport.abort}


class _CorkedTransport(asyncio.Transport):
    """Sends what is written in one turn of the loop at once.

    uvicorn writes the head and the body of an answer separately: two system calls, two packets and
    two wake-ups of the client, which is half of what a small answer costs.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._written: list[bytes | bytearray | memoryview] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._written:
            self._loop.call_soon(self._flush)
        self._written.append(data)

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        self._written.clear()
        self._transport.abort()

    def get_extra_info(self, name: str, default: object = None) -> object:
        return self._transport.get_extra_info(name, default)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def _flush(self) -> None:
        if self._written:
            data = b"".join(self._written)
            self._written.clear()
            self._transport.write(data)


def _segments(path: str) -> tuple[str, ...]:
    return tuple([segment for segment in path.lower().split("/") if segment])
