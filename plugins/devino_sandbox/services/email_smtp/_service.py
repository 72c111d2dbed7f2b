"""The mail server of chapter 13 on a port of the sandbox, and with a certificate on two."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from ssl import SSLContext
from typing import ClassVar

from devino_codecs.email import MAX_SIZE
from devino_sandbox._listening import closed, listen, reachable, stop_listening
from devino_sandbox._service import Access, PortService
from devino_sandbox._world import World
from devino_sandbox.services.smtp._conversation import OPERATIONS, Conversation
from devino_sandbox.services.smtp._service import Quiet

from ._handler import PROTOCOL, TOO_LARGE, Handler

__all__ = ["EmailSmtpService"]


class EmailSmtpService(PortService):
    """The e-mail interface over SMTP of one World."""

    name = "email-smtp"
    port_option: str | None = "--email-smtp-port"
    port_help = "the mail server"
    operations: ClassVar[Mapping[str, Collection[str]] | None] = {PROTOCOL: OPERATIONS}

    def __init__(self, world: World) -> None:
        self._world = world
        self._handler = Handler(world)
        self._servers: list[asyncio.Server] = []
        self._live: set[Conversation] = set()
        self._quiet = Quiet()

    async def start(self) -> None:
        self._quiet.begin()

    async def stop(self) -> None:
        self._quiet.end()

    async def listen(
        self, host: str, port: int, tls: SSLContext | None = None
    ) -> Mapping[str, str]:
        found = {"email_smtp": await self._listen(host, port, starttls=tls, tls=None)}
        if tls is not None:
            found["email_smtps"] = await self._listen(host, 0, starttls=None, tls=tls)
        return found

    def usage(self, access: Access) -> Sequence[str]:
        address = access.endpoints["email_smtp"]
        login = access.account.login
        return [f"swaks --server {address} --auth-user {login} --from {_FROM} --to ivan@fate.test"]

    def demo_channels(self, access: Access) -> Mapping[str, Mapping[str, object]]:
        host, _, port = access.endpoints["email_smtp"].rpartition(":")
        login = {name: access.login[name] for name in ("login", "password")}
        return {
            "email-smtp": {
                **login,
                "sender": _FROM,
                "host": host.strip("[]"),
                "port": int(port),
                "tls": "none",
                "local_hostname": "localhost",
            }
        }

    async def close(self) -> None:
        servers, self._servers = self._servers, []
        for server in servers:
            await stop_listening(server)
        for conversation in list(self._live):
            await conversation.end()
        for server in servers:
            await closed(server)

    async def _listen(
        self, host: str, port: int, *, starttls: SSLContext | None, tls: SSLContext | None
    ) -> str:
        server, port = await listen(
            lambda: Conversation(
                self._world,
                self._handler,
                protocol=PROTOCOL,
                max_size=MAX_SIZE,
                live=self._live,
                tls=starttls,
                too_large=TOO_LARGE,
            ),
            host,
            port,
            tls,
        )
        self._servers.append(server)
        return f"{reachable(host)}:{port}"


_FROM = "demo@example.org"
