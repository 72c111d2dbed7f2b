"""One conversation with a mail server, and what each way of its ending says of the mail."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import ssl
from typing import NamedTuple

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPResponse,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from devino_core import (
    AuthenticationFailed,
    Body,
    ConnectFailed,
    DevinoError,
    OutcomeUnknown,
    ProtocolViolation,
    Secret,
    Unavailable,
)
from devino_plugins.kit.masking import masked

from ._replies import CLOSING, refusal

__all__ = ["Connection", "Peer", "Reply"]

_FAREWELL = 2.0
"""Seconds to wait for the answer to QUIT."""
_MAX_TEXT = 200
_LEADING_DOT = re.compile(rb"^\.", re.MULTILINE)


class Peer(NamedTuple):
    """A mail server, and what is to be agreed with it."""

    host: str
    port: int
    tls: ssl.SSLContext | None
    """None: nothing is encrypted."""
    starttls: bool
    """Whether TLS begins after the greeting."""
    login: tuple[str, Secret] | None
    local_hostname: str
    from_addr: str
    to_addr: str
    connect_timeout: float
    """Seconds for all of :meth:`connect`."""
    timeout: float
    """Seconds for an answer."""
    secrets: tuple[Secret, ...]
    """What no answer may be quoted with."""

    async def connect(self) -> Connection:
        """A connection that is encrypted, verified and logged in as it is to be.

        Raises ConnectFailed, or what the server's refusal means; nothing was sent then.
        """
        smtp = SMTP(
            hostname=self.host,
            port=self.port,
            use_tls=self.tls is not None and not self.starttls,
            # Asked for below, and never only "if the server offers it".
            start_tls=False,
            tls_context=self.tls,
            local_hostname=self.local_hostname,
            timeout=None,
        )
        try:
            async with asyncio.timeout(self.connect_timeout):
                await self._agree(smtp)
            return Connection(smtp, self)
        except (SMTPException, OSError, ValueError) as error:
            failure = self._no_connection(error)
        except BaseException:
            # A refusal of ours, or given up: nobody else knows the connection to close it.
            smtp.close()
            raise
        smtp.close()
        # The library's errors can hold what was sent: they are not chained.
        raise failure

    async def _agree(self, smtp: SMTP) -> None:
        await smtp.connect()
        await smtp.ehlo()
        if self.starttls:
            if not smtp.supports_extension("starttls"):
                raise ConnectFailed(
                    f"{self.host} offers no STARTTLS, and passwords do not travel in the clear"
                )
            await smtp.starttls()
            await smtp.ehlo()
        if self.login is not None:
            if not smtp.supported_auth_methods:
                raise AuthenticationFailed(f"{self.host} offers no login that can be used")
            username, password = self.login
            await smtp.login(username, password.reveal())

    def _no_connection(self, error: Exception) -> DevinoError:
        if isinstance(error, SMTPResponseException) and 400 <= error.code <= 599:
            verb = "AUTH" if isinstance(error, SMTPAuthenticationError) else "the connection"
            return refusal(verb, error.code, self.told(error.message))
        cause: BaseException = error
        if isinstance(error, SMTPConnectError) and isinstance(error.__cause__, OSError):
            cause = error.__cause__
        if isinstance(cause, ssl.SSLCertVerificationError):
            return ConnectFailed(
                f"{self.host} showed a certificate that does not verify: {cause.verify_message}"
            )
        if isinstance(cause, TimeoutError):
            reason = f"not within {self.connect_timeout:g} s"
        elif isinstance(cause, SMTPException):
            reason = _what_happened(cause)
        elif isinstance(cause, OSError) and not isinstance(cause, ssl.SSLError) and cause.errno:
            # asyncio repeats the address in its own words; a name that is not found has no errno.
            reason = os.strerror(cause.errno) if cause.errno > 0 else str(cause.strerror)
        else:
            reason = type(cause).__name__
        return ConnectFailed(f"no connection to {self.host}: {reason}")

    def told(self, text: str) -> str:
        """A reply's text on one line, without what a server should not have repeated."""
        text = masked(text, *[secret.reveal() for secret in self.secrets])
        return " ".join(text.split())[:_MAX_TEXT]


class Reply(NamedTuple):
    """What a server said."""

    code: int
    text: str


class Connection:
    """A conversation of one mail after another; it belongs to one task at a time.

    A mail is :meth:`begin` and :meth:`finish`. Until the mail itself has left, every failure says
    that nothing was sent.
    """

    def __init__(self, smtp: SMTP, peer: Peer) -> None:
        self._smtp = smtp
        self._peer = peer
        self._mail_from = b"MAIL FROM:<%s>\r\n" % peer.from_addr.encode()
        self._rcpt_to = b"RCPT TO:<%s>\r\n" % peer.to_addr.encode()
        self._between_mails = True
        self._abandoned = False

    @property
    def usable(self) -> bool:
        """Whether another mail may follow."""
        return self._between_mails and self._smtp.is_connected and not self._is_ahead

    @property
    def _is_ahead(self) -> bool:
        """Whether a reply is there to which nothing was sent: the next command would get it."""
        protocol = self._smtp.protocol
        # The library says so nowhere else, and pairs what it has with whatever is sent next.
        return protocol is not None and bool(protocol._buffer)  # noqa: SLF001

    async def begin(self) -> None:
        """Announce a mail.

        Raises what the server's refusal means, or Unavailable; nothing was sent then.
        """
        self._between_mails = False
        if self._abandoned:
            await self._ask("RSET", b"RSET\r\n")
            self._abandoned = False
        await self._ask("MAIL", self._mail_from)

    async def finish(self, mail: Body) -> Reply:
        """Send the mail, which has CRLF at the end of each line, and give the reply to it.

        Raises as :meth:`begin`; OutcomeUnknown or ProtocolViolation when the mail left and it is
        not known whether it was taken.
        """
        self._abandoned = True
        await self._ask("RCPT", self._rcpt_to)
        await self._ask("DATA", b"DATA\r\n", expected=3)
        reply = await self._deliver(mail)
        self._between_mails = True
        return Reply(reply.code, self._peer.told(reply.message))

    async def quit(self) -> None:
        """Take leave, in good order if the server lets us."""
        with contextlib.suppress(SMTPException, OSError):
            async with asyncio.timeout(_FAREWELL):
                await self._smtp.quit()
        self._smtp.close()

    def drop(self) -> None:
        """End it now; a server that waits for the next mail is told so."""
        if self.usable and self._smtp.protocol is not None:
            self._smtp.protocol.write(b"QUIT\r\n")
        self._smtp.close()

    def _check_turn(self, verb: str) -> None:
        """Raise where nothing can be written, or the reply to it could not be told."""
        if not self._smtp.is_connected:
            what = "the connection broke"
        elif self._is_ahead:
            what = "a reply came too early"
        else:
            return
        self.drop()
        raise Unavailable(f"{self._peer.host}: {what} at {verb}; nothing was sent")

    async def _ask(self, verb: str, line: bytes, *, expected: int = 2) -> None:
        self._check_turn(verb)
        try:
            reply = await self._exchange(line)
        except (SMTPException, OSError) as error:
            what = _what_happened(error, self._peer.timeout)
        else:
            if reply.code // 100 == expected:
                return
            self._heed_refusal(verb, reply)
            what = f"an unexpected answer ({reply.code})"
        self.drop()
        raise Unavailable(f"{self._peer.host}: {what} at {verb}; nothing was sent")

    async def _deliver(self, mail: Body) -> SMTPResponse:
        self._check_turn("the mail")
        if mail.startswith(b".") or mail.find(b"\n.") >= 0:
            mail = Body(_LEADING_DOT.sub(b"..", mail))
        answered = False
        try:
            reply = await self._exchange(Body(mail + b".\r\n"))
        except (SMTPException, OSError) as error:
            what = _what_happened(error, self._peer.timeout)
            answered = isinstance(error, SMTPResponseException)
        else:
            # Taken or not, the mail is dealt with.
            self._abandoned = False
            if reply.code // 100 == 2:
                return reply
            self._heed_refusal("the mail", reply)
            what, answered = f"an unexpected answer ({reply.code})", True
        self.drop()
        text = f"{self._peer.host}: {what} after the mail was sent; it may have been taken"
        raise (
            ProtocolViolation(text)
            if answered
            else OutcomeUnknown(f"{text}, and a repeat may send it twice")
        )

    async def _exchange(self, data: bytes) -> SMTPResponse:
        """Send this, and read the reply to it.

        In place of the library's own commands: those do not tell whether a mail had left when they
        failed, and check anew for each mail what is the same for all.
        """
        protocol = self._smtp.protocol
        if protocol is None:
            raise SMTPServerDisconnected("")
        protocol.write(data)
        return await protocol.read_response(timeout=self._peer.timeout)

    def _heed_refusal(self, verb: str, reply: SMTPResponse) -> None:
        """Raise what a 4xx or 5xx means. The conversation goes on, unless the server ends it."""
        if 400 <= reply.code <= 599:
            self._between_mails = True
            if reply.code == CLOSING:
                self.drop()
            raise refusal(verb, reply.code, self._peer.told(reply.message))


def _what_happened(error: Exception, timeout: float | None = None) -> str:
    if isinstance(error, SMTPResponseException):
        return "an answer that is not SMTP"
    if isinstance(error, TimeoutError) and timeout is not None:
        return f"no answer within {timeout:g} s"
    return "the connection broke"
