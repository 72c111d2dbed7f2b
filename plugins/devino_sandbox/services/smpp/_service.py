"""The SMSC on a port of the sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from ssl import SSLContext
from typing import ClassVar

from devino_sandbox._listening import closed, listen, reachable, stop_listening
from devino_sandbox._service import Access, PortService
from devino_sandbox._world import World

from ._centre import Centre
from ._connection import Connection
from ._operations import REQUESTS, operation
from ._settings import SmppSettings
from ._submitting import PROTOCOL

__all__ = ["SmppService"]

_CONCATENATIONS = ("udh", "sar", "payload")


class SmppService(PortService):
    """SMPP 3.4 on one World."""

    name = "smpp"
    port_option: str | None = "--smpp-port"
    port_help = "the SMSC"
    operations: ClassVar[Mapping[str, Collection[str]] | None] = {
        PROTOCOL: ["connect", "deliver_sm", *map(operation, REQUESTS)],
    }

    def __init__(self, world: World, settings: SmppSettings | None = None) -> None:
        self._centre = Centre(world, settings or SmppSettings())
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._centre.start()

    async def stop(self) -> None:
        self._centre.stop()

    async def listen(
        self, host: str, port: int, tls: SSLContext | None = None
    ) -> Mapping[str, str]:
        self._server, port = await listen(lambda: Connection(self._centre), host, port, tls)
        return {"smpp": f"{reachable(host)}:{port}"}

    def demo_channels(self, access: Access) -> Mapping[str, Mapping[str, object]]:
        settings = {**access.login, "hosts": access.endpoints["smpp"], "tls": False}
        return {f"smpp {form}": {**settings, "concatenation": form} for form in _CONCATENATIONS}

    async def close(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        await stop_listening(server)
        for connection in tuple(self._centre.connections):
            connection.end()
        await closed(server)
