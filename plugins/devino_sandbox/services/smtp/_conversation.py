"""One conversation of a mail server, and the failures that are on order for it."""
# ruff: noqa: N802 - aiosmtpd's names

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from ssl import SSLContext
from typing import Protocol, cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session, syntax

from devino_sandbox._faults import Action, AnswerError, AnswerHttp, Hang
from devino_sandbox._world import World

from ._heard import OPERATIONS, Heard

__all__ = ["OPERATIONS", "Conversation", "Handler"]

FIRST_COMMAND = 30.0
"""Seconds that a client has for its first command."""
_CLOSING = "421"
_TOO_LARGE = b"552"
_TEXTS = {
    "421": "4.3.2 service not available, closing the channel",
    "450": "4.2.0 mailbox unavailable",
    "451": "4.3.0 local error in processing",
    "452": "4.3.1 insufficient system storage",
    "535": "5.7.8 authentication credentials invalid",
    "550": "5.1.1 mailbox unavailable",
    "552": "5.3.4 exceeded storage allocation",
    "554": "5.0.0 transaction failed",
}


class Handler(Protocol):
    """What takes the mails: aiosmtpd's handler, which is told of the others too."""

    def refuse(self, from_addr: str, reason: str) -> None:
        """Put on record a mail of which nothing is known but where it came from."""


class Conversation(SMTP):
    """aiosmtpd's, in the running loop. It can be told to fail.

    ``protocol`` is the name by which faults are ordered, ``max_size`` the bytes that a mail may
    have; at twice as many the connection is closed. ``too_large`` is the reply to a mail above
    ``max_size``, if the protocol has one of its own. ``mail_masked`` takes the credentials out of a
    mail, for the journal. As long as it lasts it is in ``live``.
    """

    def __init__(
        self,
        world: World,
        handler: Handler,
        *,
        protocol: str,
        max_size: int,
        live: set[Conversation],
        tls: SSLContext | None,
        too_large: str = "",
        mail_masked: Callable[[bytes], bytes] = bytes,
    ) -> None:
        super().__init__(
            handler,
            data_size_limit=max_size,
            hostname="localhost",
            ident="devino sandbox",
            tls_context=tls,
            require_starttls=tls is not None,
            auth_require_tls=tls is not None,
            authenticator=functools.partial(_authenticate, world),
            loop=asyncio.get_running_loop(),
        )
        self._world = world
        self._handler = handler
        self._protocol = protocol
        self._live = live
        self._too_large = too_large
        self._heard = Heard(world.journal, protocol, mail_masked)
        self._replied = b""
        self._may_follow: int | None = None
        """The bytes that the mail under way may still have."""
        live.add(self)

    async def end(self) -> None:
        """Close the connection now."""
        self._abort()
        if self._handler_coroutine is not None:
            await asyncio.wait([self._handler_coroutine])

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        begins = self.transport is None
        peer = transport.get_extra_info("peername")
        self._heard.peer = f"{peer[0]}:{peer[1]}" if peer else ""
        super().connection_made(transport)
        if begins:
            self._reset_timeout(FIRST_COMMAND)

    def data_received(self, data: bytes) -> None:
        self._heard.came(data)
        if self._may_follow is not None:
            self._may_follow -= len(data)
            if self._may_follow < 0:
                self._end_mail()
                return
        super().data_received(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._live.discard(self)
        self._heard.over()
        super().connection_lost(error)

    async def push(self, status: str | bytes) -> None:
        """Send a reply: one line of ASCII, as RFC 5321 (4.2) has it."""
        if isinstance(status, str):
            status = " ".join(status.split()).encode("ascii", "replace")
        self._replied = status
        if self._too_large and status.startswith(_TOO_LARGE):
            status = self._too_large.encode("ascii")
        self._heard.replied(status)
        await super().push(status)

    async def suffer(self, action: Action) -> str:
        """Do what a fault says: give a reply to push, or end the conversation."""
        match action:
            case AnswerError(code=code, description=description):
                if str(code) == _CLOSING:
                    self.loop.call_soon(self._writer.close)
                return f"{code} {description or _TEXTS.get(str(code), 'as ordered')}"
            case AnswerHttp(status=status, body=body):
                self._writer.write(f"HTTP/1.1 {status} \r\n\r\n{body}\r\n".encode())
                self._writer.close()
            case Hang():
                pass
            case _:
                self._abort()
        # Whoever closes the connection cancels this.
        await asyncio.Event().wait()
        raise AssertionError("nobody sets that event")

    # Each command fails where a fault was ordered for it, and is aiosmtpd's otherwise.

    @syntax("EHLO hostname")
    async def smtp_EHLO(self, hostname: str) -> None:
        if not await self._struck("EHLO"):
            await super().smtp_EHLO(hostname)

    @syntax("HELO hostname")
    async def smtp_HELO(self, hostname: str) -> None:
        if not await self._struck("HELO"):
            await super().smtp_HELO(hostname)

    @syntax("STARTTLS", when="tls_context")
    async def smtp_STARTTLS(self, arg: str) -> None:
        if await self._struck("STARTTLS"):
            return
        await super().smtp_STARTTLS(arg)
        # aiosmtpd is not told when a client leaves within the handshake.
        begun = self._tls_protocol is not None
        if begun and self.session is not None and self.session.ssl is None:
            self.connection_lost(None)

    @syntax("AUTH <mechanism>")
    async def smtp_AUTH(self, arg: str) -> None:
        if not await self._struck("AUTH"):
            await super().smtp_AUTH(arg)

    @syntax("MAIL FROM: <address>", extended=" [SP <mail-parameters>]")
    async def smtp_MAIL(self, arg: str | None) -> None:
        if await self._struck("MAIL"):
            return
        await super().smtp_MAIL(arg)
        # A mail that is announced as too large is put on record.
        if arg is not None and self._replied.startswith(_TOO_LARGE):
            address, _ = self._getaddr(self._strip_command_keyword("FROM:", arg) or "")
            with self._heard.last():
                self._handler.refuse(address or "", f"larger than {self.data_size_limit} bytes")

    @syntax("RCPT TO: <address>", extended=" [SP <mail-parameters>]")
    async def smtp_RCPT(self, arg: str | None) -> None:
        if not await self._struck("RCPT"):
            await super().smtp_RCPT(arg)

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:
        if await self._struck("DATA-BEGIN"):
            return
        envelope = self.envelope
        self._may_follow = 2 * (self.data_size_limit or 0)
        try:
            await super().smtp_DATA(arg)
        finally:
            self._may_follow = None
        # A mail that aiosmtpd throws away is put on record.
        dealt_with = self.envelope is not envelope
        if dealt_with and envelope is not None and envelope.original_content is None:
            with self._heard.last():
                self._handler.refuse(
                    envelope.mail_from or "",
                    f"larger than {self.data_size_limit} bytes, or a line above 998",
                )

    @syntax("RSET")
    async def smtp_RSET(self, arg: str) -> None:
        if not await self._struck("RSET"):
            await super().smtp_RSET(arg)

    @syntax("NOOP [ignored]")
    async def smtp_NOOP(self, arg: str) -> None:
        if not await self._struck("NOOP"):
            await super().smtp_NOOP(arg)

    @syntax("QUIT")
    async def smtp_QUIT(self, arg: str) -> None:
        if not await self._struck("QUIT"):
            await super().smtp_QUIT(arg)

    def during(self) -> AbstractContextManager[object]:
        """What happens in the block, which must not await, belongs to this command."""
        return self._heard.call() if self._world.journal.is_read else nullcontext()

    def _end_mail(self) -> None:
        """Close the connection on a mail that does not end."""
        self._may_follow = None
        sender = self.envelope.mail_from if self.envelope is not None else None
        with self.during():
            self._handler.refuse(sender or "", f"larger than {self.data_size_limit} bytes, twice")
        self._heard.replied(_CLOSING.encode())
        self._writer.write(f"{_CLOSING} 4.3.4 the mail does not end\r\n".encode())
        self._writer.close()

    def _abort(self) -> None:
        if self.transport is not None:
            cast("asyncio.Transport", self.transport).abort()

    async def _handle_client(self) -> None:
        # A client may go at any time.
        with contextlib.suppress(ConnectionError):
            if await self._struck("CONNECT"):
                self._writer.close()
            else:
                await super()._handle_client()

    async def _struck(self, operation: str) -> bool:
        """Whether a fault was ordered for this operation. It has happened then."""
        faults = self._world.faults
        if not faults:
            return False
        with self.during():
            action = faults.strike(self._protocol, operation)
        if action is None:
            return False
        await self.push(await self.suffer(action))
        return True


def _authenticate(
    world: World,
    server: SMTP,
    session: Session,
    envelope: Envelope,
    mechanism: str,
    auth_data: LoginPassword,
) -> AuthResult:
    login, password = (part.decode("utf-8", "replace") for part in auth_data)
    account = world.authenticate(login, password)
    return AuthResult(success=account is not None, handled=False, auth_data=account)
