"""One conversation of the mail server, and the failures that are on order for it."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Awaitable, Callable
from ssl import SSLContext
from typing import cast

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session, syntax

from devino_codecs import email2sms
from devino_sandbox._faults import Action, AnswerError, AnswerHttp, Hang
from devino_sandbox._world import World

from ._gateway import PROTOCOL, Gateway

__all__ = ["OPERATIONS", "Conversation"]

_VERBS = ("EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT", "RSET", "NOOP", "QUIT")
OPERATIONS = ("CONNECT", *_VERBS, "DATA-BEGIN", "DATA")
"""What can fail: the greeting, each command, and the mail."""
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


class Conversation(SMTP):
    """aiosmtpd's, in the running loop, which can be told to fail."""

    def __init__(
        self,
        world: World,
        gateway: Gateway,
        live: set[Conversation],
        tls: SSLContext | None = None,
    ) -> None:
        super().__init__(
            gateway,
            data_size_limit=email2sms.MAX_SIZE,
            hostname="localhost",
            ident="devino sandbox",
            tls_context=tls,
            require_starttls=tls is not None,
            auth_require_tls=tls is not None,
            authenticator=functools.partial(_authenticate, world),
            loop=asyncio.get_running_loop(),
        )
        self._world = world
        self._gateway = gateway
        self._live = live
        self._replied = b""
        live.add(self)

    async def end(self) -> None:
        """Close the connection now."""
        self._abort()
        if self._handler_coroutine is not None:
            await asyncio.wait([self._handler_coroutine])

    def connection_lost(self, error: Exception | None) -> None:
        self._live.discard(self)
        super().connection_lost(error)

    async def push(self, status: str | bytes) -> None:
        """Send a reply: one line of ASCII, as RFC 5321 (4.2) has it."""
        if isinstance(status, str):
            status = " ".join(status.split()).encode("ascii", "replace")
        self._replied = status
        await super().push(status)

    async def suffer(self, action: Action) -> str:
        """What a fault has in store: a reply to push, or the end of the conversation."""
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

    @syntax("STARTTLS", when="tls_context")
    async def smtp_STARTTLS(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        """As aiosmtpd has it, which is not told when a client leaves within the handshake."""
        await super().smtp_STARTTLS(arg)
        begun = self._tls_protocol is not None
        if begun and self.session is not None and self.session.ssl is None:
            self.connection_lost(None)

    @syntax("MAIL FROM: <address>", extended=" [SP <mail-parameters>]")
    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 - aiosmtpd's name
        """As aiosmtpd has it, with mails that are announced as too large on record."""
        await super().smtp_MAIL(arg)
        if arg is not None and self._replied.startswith(_TOO_LARGE):
            address, _ = self._getaddr(self._strip_command_keyword("FROM:", arg) or "")
            self._gateway.refuse(address or "", f"larger than {self.data_size_limit} bytes")

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        """As aiosmtpd has it, with mails that it throws away on record."""
        envelope = self.envelope
        if await self._struck("DATA-BEGIN"):
            return
        await super().smtp_DATA(arg)
        dealt_with = self.envelope is not envelope
        if dealt_with and envelope is not None and envelope.original_content is None:
            self._gateway.refuse(
                envelope.mail_from or "",
                f"larger than {self.data_size_limit} bytes, or a line above 998",
            )

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
        """Whether a fault was ordered for it, which is then over."""
        faults = self._world.faults
        action = faults.strike(PROTOCOL, operation) if faults else None
        if action is None:
            return False
        await self.push(await self.suffer(action))
        return True


def _failing(
    verb: str, method: Callable[[Conversation, str], Awaitable[None]]
) -> Callable[[Conversation, str], Awaitable[None]]:
    # functools.wraps keeps what aiosmtpd's decorators say of the syntax.
    @functools.wraps(method)
    async def perform(self: Conversation, arg: str) -> None:
        if not await self._struck(verb):
            await method(self, arg)

    return perform


for _verb in _VERBS:
    setattr(Conversation, f"smtp_{_verb}", _failing(_verb, getattr(Conversation, f"smtp_{_verb}")))


def _authenticate(
    world: World,
    server: SMTP,
    session: Session,
    envelope: Envelope,
    mechanism: str,
    auth_data: LoginPassword,
) -> AuthResult:
    login, password = (part.decode("utf-8", "replace") for part in auth_data)
    known = world.authenticate(login, password) is not None
    return AuthResult(success=known, handled=False)
