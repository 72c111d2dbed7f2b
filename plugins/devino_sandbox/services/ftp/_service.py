"""The FTP server on ports of the sandbox."""

from __future__ import annotations

import socket
from collections.abc import Collection, Mapping
from ssl import SSLContext
from typing import ClassVar

from pyftpdlib.authorizers import AuthenticationFailed, DummyAuthorizer
from pyftpdlib.servers import FTPServer

from devino_sandbox._listening import reachable
from devino_sandbox._service import Access, PortService
from devino_sandbox._world import World

from ._conversation import OPERATIONS, Conversation
from ._folders import UTC_OFFSET, Folders
from ._heard import PROTOCOL
from ._loop import AsyncioLoop

__all__ = ["FtpService", "FtpsService"]

_MAY = "elradfw"
"""What an account may do in its folder: list, fetch, lay down, resume, rename and delete."""


class _Accounts(DummyAuthorizer):
    """The accounts of a World, as pyftpdlib asks for them."""

    def __init__(self, world: World, folders: Folders) -> None:
        super().__init__()
        self._world = world
        self._folders = folders

    def validate_authentication(self, username: str, password: str, handler: object) -> None:
        account = self._world.authenticate(username, password)
        if account is None:
            raise AuthenticationFailed
        if not self.has_user(username):
            self.add_user(username, "", str(self._folders.of(account)), perm=_MAY)


class FtpService(PortService):
    """The FTP server of one World: in the clear, or with AUTH TLS."""

    name = "ftp"
    port_option: str | None = "--ftp-port"
    port_help = "the FTP server"
    operations: ClassVar[Mapping[str, Collection[str]] | None] = {PROTOCOL: OPERATIONS}
    implicit: ClassVar[bool] = False
    """TLS begins with the connection."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._loop: AsyncioLoop | None = None

    async def start(self) -> None:
        self._world.of(Folders).begin()

    async def stop(self) -> None:
        await self._world.of(Folders).end()

    async def listen(
        self, host: str, port: int, tls: SSLContext | None = None
    ) -> Mapping[str, str]:
        if self.implicit and tls is None:
            return {}
        accounts = _Accounts(self._world, self._world.of(Folders))
        handler = type(
            "SandboxConversation",
            (Conversation,),
            {
                "world": self._world,
                "authorizer": accounts,
                "context": tls,
                "implicit": self.implicit,
            },
        )
        self._loop = AsyncioLoop()
        listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((host, port))
            found: int = listening.getsockname()[1]
            FTPServer(listening, handler, ioloop=self._loop)
        except BaseException:
            listening.close()
            raise
        return {self.name: f"{reachable(host)}:{found}"}

    def demo_channels(self, access: Access) -> Mapping[str, Mapping[str, object]]:
        if self.implicit:
            return {}
        host, _, port = access.endpoints[self.name].rpartition(":")
        where = {"host": host.strip("[]"), "port": int(port), "tls": "none"}
        return {"ftp": {**access.login, **where, "utc_offset": UTC_OFFSET}}

    async def close(self) -> None:
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.close()


class FtpsService(FtpService):
    """The same with TLS from the first octet; it listens where the sandbox has a certificate."""

    name = "ftps"
    port_option: str | None = "--ftps-port"
    port_help = "the FTP server with TLS from the start"
    operations: ClassVar[Mapping[str, Collection[str]] | None] = {}
    implicit: ClassVar[bool] = True
