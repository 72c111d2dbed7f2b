"""The server of ``listen``: a receiver of callbacks, until the command ends."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import quote

from devino_core import Secret
from devino_core.callbacks import Callbacks, CallbackSpec
from devino_core.errors import ConfigurationError

from ._outlet import Outlet
from .toolkit import App

if TYPE_CHECKING:
    import uvicorn

__all__ = ["Receiver"]


class Receiver:
    """Serves the sources. Raises ConfigurationError if it cannot."""

    def __init__(
        self,
        app: App,
        outlet: Outlet,
        specs: Sequence[CallbackSpec],
        secrets: Sequence[Secret],
        *,
        host: str,
        port: int,
    ) -> None:
        self._app = app
        self._outlet = outlet
        self._callbacks = Callbacks(outlet, specs, secrets=secrets, clock=app.clock)
        self._names = [spec.name for spec in specs]
        self._secret = secrets[0]
        self._server = _server(self._callbacks)
        self._socket = _listening(host, port)

    async def run(self) -> None:
        """Serve until the outlet ends or this is cancelled. Then answer the requests under way."""
        import asyncio

        serving = asyncio.create_task(self._server.serve([self._socket]))
        ended = asyncio.create_task(self._outlet.ended.wait())
        self._announce()
        try:
            await asyncio.wait({serving, ended}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ended.cancel()
            self._outlet.ended.set()
            self._server.should_exit = True
            await serving
            await self._callbacks.aclose()

    def _announce(self) -> None:
        host, port = self._socket.getsockname()[:2]
        where = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        secret = quote(self._secret.reveal(), safe="") if sys.stderr.isatty() else "<secret>"
        several = len(self._names) > 1
        name = "<source>" if several else self._names[0]
        sources = f"; sources are {', '.join(self._names)}" if several else ""
        self._app.note(f"register {where}/{secret}/{name}, or a URL that leads there{sources}")


def _server(callbacks: Callbacks) -> uvicorn.Server:
    try:
        import uvicorn
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f'`devino listen` needs {error.name} to receive: pip install "devino[sandbox]"'
        ) from error

    class Server(uvicorn.Server):
        @contextmanager
        def capture_signals(self) -> Iterator[None]:
            """Do nothing: the command handles signals itself."""
            yield

    # An access log would show secrets. Forwarded headers cannot be trusted.
    return Server(
        uvicorn.Config(
            callbacks.asgi,
            # httptools takes the body from a request that offers an upgrade (Java's client: h2c).
            http="h11",
            lifespan="off",
            ws="none",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
        )
    )


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        # Python adds the address, which stands here already.
        reason = str(error.strerror).partition(" (while attempting")[0]
        raise ConfigurationError(
            f"cannot listen on {host} port {port}: {reason}; choose another with --host and --port"
        ) from None
