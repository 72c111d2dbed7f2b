"""The mail server on a port of the sandbox."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from ssl import SSLContext
from typing import ClassVar

from devino_codecs import email2sms
from devino_sandbox._listening import closed, listen, reachable, stop_listening
from devino_sandbox._service import Access, PortService
from devino_sandbox._world import World

from ._conversation import OPERATIONS, Conversation
from ._gateway import PROTOCOL, Gateway, masked

__all__ = ["Quiet", "SmtpService"]

_FORMATS = ("template", "semicolon", "base64")

_LOG = logging.getLogger("mail.log")
"""aiosmtpd's logger."""
_NOT_LOGGED = frozenset(
    {
        # Every line of a mail, and these mails hold passwords.
        "DATA readline: %s",
        # It may be half of a login that was refused.
        "%r unrecognised: %s",
        # A warning of aiosmtpd to itself.
        "Session.login_data is deprecated and will be removed in version 2.0",
    }
)


class Quiet:
    """Keeps what nobody may read out of aiosmtpd's log, from :meth:`begin` to :meth:`end`."""

    def begin(self) -> None:
        _LOG.addFilter(self._may_be_logged)

    def end(self) -> None:
        _LOG.removeFilter(self._may_be_logged)

    def _may_be_logged(self, record: logging.LogRecord) -> bool:
        return record.msg not in _NOT_LOGGED


class SmtpService(PortService):
    """The Email2SMS gateway of one World."""

    name = "smtp"
    port_option: str | None = "--smtp-port"
    port_help = "the mail gateway"
    operations: ClassVar[Mapping[str, Collection[str]] | None] = {PROTOCOL: OPERATIONS}

    def __init__(self, world: World) -> None:
        self._world = world
        self._gateway = Gateway(world)
        self._server: asyncio.Server | None = None
        self._live: set[Conversation] = set()
        self._quiet = Quiet()

    async def start(self) -> None:
        self._quiet.begin()

    async def stop(self) -> None:
        self._quiet.end()

    async def listen(
        self, host: str, port: int, tls: SSLContext | None = None
    ) -> Mapping[str, str]:
        self._server, port = await listen(
            lambda: Conversation(
                self._world,
                self._gateway,
                protocol=PROTOCOL,
                max_size=email2sms.MAX_SIZE,
                live=self._live,
                tls=tls,
                mail_masked=masked,
            ),
            host,
            port,
            None,
        )
        return {"smtp": f"{reachable(host)}:{port}"}

    def demo_channels(self, access: Access) -> Mapping[str, Mapping[str, object]]:
        host, _, port = access.endpoints["smtp"].rpartition(":")
        settings = {
            **access.login,
            "host": host.strip("[]"),
            "port": int(port),
            "tls": "none",
            "from_addr": "demo@example.org",
            "local_hostname": "localhost",
        }
        return {f"email2sms {form}": {**settings, "format": form} for form in _FORMATS}

    async def close(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        await stop_listening(server)
        for conversation in list(self._live):
            await conversation.end()
        await closed(server)
