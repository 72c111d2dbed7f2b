"""A mail server, and how a connection to it begins."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Literal, cast

from aiosmtplib import SMTP, SMTPConnectError, SMTPException, SMTPResponseException

from devino_core import (
    AuthenticationFailed,
    ConfigurationError,
    ConnectFailed,
    DevinoError,
    Machine,
    Retry,
    Secret,
)
from devino_core.observe import Running
from devino_core.resolving import aside, resolve
from devino_core.tls import hang_up, tls_failure
from devino_plugins.kit.dialing import dial
from devino_plugins.kit.settings import SmtpSettings, Tls

from ._connection import Connection, Terms, what_happened
from ._login import Login, in_order
from ._refusals import CONNECTION, refusal
from ._replies import Replies, Reply

__all__ = ["Peer"]

_PORTS: Mapping[Tls, int] = {"starttls": 587, "tls": 465, "none": 25}
_ENCRYPTED: Mapping[Tls, Literal["at once", "later", "never"]] = {
    "starttls": "later",
    "tls": "at once",
    "none": "never",
}
_OWN_NAME = 2.0
"""Seconds to learn this machine's own name."""


class Peer:
    """A mail server, and what is to be agreed with it.

    ``login`` is the name and password for AUTH; without one nobody logs in. No reply is quoted
    with a password of ``login`` or one of ``secrets``, and the log shows no mail with one of these
    or of ``in_mails``. ``refused`` makes the error of a reply of 4xx or 5xx to a verb. Raises
    ConfigurationError for names that no host can have.
    """

    def __init__(
        self,
        settings: SmtpSettings,
        *,
        channel: str,
        login: tuple[str, Secret] | None = None,
        secrets: Iterable[Secret] = (),
        in_mails: Iterable[Secret] = (),
        refused: Callable[[str, Reply], DevinoError] = refusal,
    ) -> None:
        if not _is_host(settings.host):
            raise ConfigurationError(f"channel {channel!r}: host: no host can have this name")
        own = settings.local_hostname
        # It goes into a command, which is ASCII.
        if own is not None and not (own.isascii() and _is_host(own)):
            raise ConfigurationError(
                f"channel {channel!r}: local_hostname: no host can have this name"
            )
        self.host: str = settings.host
        self.connections: int = settings.connections
        self.idle_timeout: float = settings.idle_timeout
        self.max_lifetime: float = settings.max_lifetime
        self._port = settings.port or _PORTS[settings.tls]
        self.where: str = f"{settings.host}:{self._port}"
        """Whom it talks to, as ``host:port``."""
        self._tls: Tls = settings.tls
        self._local_hostname = own
        self._connect_timeout = settings.connect_timeout
        self._login = None if login is None else Login(*login)
        if self._login is not None:
            secrets = (*secrets, *self._login.repeated())
        secrets = tuple(secrets)
        self._terms = Terms(
            settings.host, settings.timeout, secrets, (*secrets, *in_mails), refused
        )

    @property
    def machine(self) -> Machine:
        """What it connects to."""
        return Machine(self.host, self._port, _ENCRYPTED[self._tls])

    async def try_login(self) -> None:
        """Connect, log in as the settings say, and leave. Raises what :meth:`connect` raises."""
        connection = await self.connect()
        await connection.quit()

    async def connect(self, call: Running | None = None) -> Connection:
        """A connection that is encrypted, verified and logged in as the settings say.

        ``call`` is the one that this belongs to. Raises ConnectFailed, or what the server's refusal
        means. Nothing was sent then.
        """
        begun = _Begun()
        try:
            async with asyncio.timeout(self._connect_timeout):
                return await self._agree(begun, call)
        except (SMTPException, OSError, ValueError) as error:
            failure = self._no_connection(error, begun.stage)
        except DevinoError:
            # Nobody else knows the connection to close it.
            begun.close()
            raise
        except BaseException as error:  # noqa: BLE001 - it is raised again
            begun.close()
            # Cancelled: the locals of the library's frames hold the password.
            raise error.with_traceback(None) from None
        begun.close()
        # The library's errors can hold what was sent: they are not chained.
        raise failure

    @cached_property
    def _context(self) -> ssl.SSLContext | None:
        # Made once: it reads every certificate of the system.
        return None if self._tls == "none" else ssl.create_default_context()

    async def _agree(self, begun: _Begun, call: Running | None) -> Connection:
        begun.stage = "name"
        if self._local_hostname is None:
            self._local_hostname = await _full_name()
        addresses = await resolve(self.host, self._port)
        begun.stage = "address"
        begun.socket = await dial(addresses)
        begun.stage = "greeting"
        begun.smtp = smtp = SMTP(
            hostname=self.host,
            port=None,
            sock=begun.socket,
            use_tls=self._tls == "tls",
            # Asked for below, and never only "if the server offers it".
            start_tls=False,
            tls_context=self._context,
            local_hostname=self._local_hostname,
            timeout=None,
        )
        await smtp.connect()
        begun.stage = "EHLO"
        await smtp.ehlo()
        if self._tls == "starttls":
            if not smtp.supports_extension("starttls"):
                raise ConnectFailed(
                    f"{self.host} offers no STARTTLS, and passwords do not travel in the clear",
                    retry=Retry.NEVER,
                )
            begun.stage = "STARTTLS"
            await smtp.starttls()
            await smtp.ehlo()
        replies = Replies(cast("asyncio.Transport", smtp.transport), self._terms.told)
        connection = Connection(replies, self._terms)
        connection.call = call
        if self._login is not None:
            begun.stage = "AUTH"
            mechanisms = in_order(smtp.server_auth_methods, encrypted=self._tls != "none")
            if not mechanisms:
                raise AuthenticationFailed(f"{self.host} offers no login that can be used")
            await connection.log_in(self._login, mechanisms)
        connection.call = None
        return connection

    def _no_connection(self, error: Exception, stage: str) -> DevinoError:
        if isinstance(error, SMTPResponseException) and 400 <= error.code <= 599:
            # The library decodes so.
            said = self._terms.told(error.message.encode(errors="surrogateescape"))
            refused = self._terms.refused(CONNECTION, Reply(error.code, said))
            if stage == "STARTTLS" and error.code >= 500:
                # It offers what it does not have.
                refused.retry = Retry.NEVER
            return refused
        cause: BaseException = error
        if isinstance(error, SMTPConnectError) and isinstance(error.__cause__, OSError):
            cause = error.__cause__
        retry = Retry.SAFE
        if isinstance(cause, TimeoutError):
            what, hint = _WAITED_FOR[stage]
            reason = f"{what} within {self._connect_timeout:g} s"
            if stage == "greeting" and self._tls != "tls":
                reason += hint
        elif isinstance(cause, ssl.SSLError):
            reason, retry, is_plain = tls_failure(cause)
            if is_plain and self._tls == "tls":
                reason += '; where a conversation begins without TLS, set tls = "starttls"'
        elif isinstance(cause, SMTPException):
            reason = what_happened(cause)
        elif isinstance(cause, socket.gaierror):
            reason = f"its name has no address: {cause.strerror}"
        elif isinstance(cause, OSError) and cause.errno:
            # asyncio repeats the address in its own words.
            reason = os.strerror(cause.errno)
        else:
            reason = type(cause).__name__
        if not isinstance(cause, TimeoutError | ssl.SSLError) and (
            stage == "STARTTLS" or (stage == "greeting" and self._tls == "tls")
        ):
            reason += ", before TLS was agreed"
        return ConnectFailed(f"no connection to {self.host}: {reason}", retry=retry)


_WAITED_FOR: Mapping[str, tuple[str, str]] = {
    "name": ("no answer of the name server", ""),
    "address": ("no answer of its addresses", ""),
    "greeting": ("no greeting", '; where a conversation begins with TLS, set tls = "tls"'),
    "EHLO": ("no answer to EHLO", ""),
    "STARTTLS": ("no TLS after STARTTLS", ""),
    "AUTH": ("no answer to AUTH", ""),
}


class _Begun:
    """How far a connection has come, and what is to be closed where it comes no further."""

    stage = ""
    socket: socket.socket | None = None
    smtp: SMTP | None = None

    def close(self) -> None:
        if self.smtp is not None and self.smtp.transport is not None:
            hang_up(cast("asyncio.Transport", self.smtp.transport))
        elif self.socket is not None:
            # aiosmtplib may have left it to a transport that nobody else knows, which ends with it.
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)
            if self.smtp is None:
                self.socket.close()


def _is_host(name: str) -> bool:
    try:
        # As the resolver will encode it: a label may be empty or too long.
        return bool(name.encode("idna")) and name.isprintable() and " " not in name
    except UnicodeError:
        return False


async def _full_name() -> str:
    """This machine's name for EHLO: the full name, or an address where there is none in ASCII."""
    name = ""
    # A name server that is silent is no reason not to send.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_OWN_NAME):
            name = await aside(socket.getfqdn)
    return name if name.isascii() and "." in name else "[127.0.0.1]"
