"""A mail server, and how a connection to it begins."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import cast

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPResponseException,
)

from devino_core import (
    AuthenticationFailed,
    ConfigurationError,
    ConnectFailed,
    DevinoError,
    Retry,
    Secret,
)
from devino_plugins.kit.settings import SmtpSettings, Tls

from ._connection import Connection, Terms, what_happened
from ._refusals import refusal
from ._replies import Replies, Reply

__all__ = ["Peer"]

_WRONG_PASSWORD = 535

_PORTS: Mapping[Tls, int] = {"starttls": 587, "tls": 465, "none": 25}


class Peer:
    """A mail server, and what is to be agreed with it.

    ``login`` is the name and password for AUTH; without one nobody logs in. No reply is quoted
    with a password of ``login`` or one of ``secrets``. ``refused`` makes the error of a reply of
    4xx or 5xx to a verb. Raises ConfigurationError for names that no host can have.
    """

    def __init__(
        self,
        settings: SmtpSettings,
        *,
        channel: str,
        login: tuple[str, Secret] | None = None,
        secrets: Iterable[Secret] = (),
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
        self._tls: Tls = settings.tls
        self._local_hostname = own
        self._connect_timeout = settings.connect_timeout
        self._login = login
        if login is not None:
            secrets = (*secrets, login[1])
        self._terms = Terms(settings.host, settings.timeout, tuple(secrets), refused)

    async def connect(self) -> Connection:
        """A connection that is encrypted, verified and logged in as the settings say.

        Raises ConnectFailed, or what the server's refusal means. Nothing was sent then.
        """
        if self._local_hostname is None:
            self._local_hostname = await asyncio.to_thread(_full_name)
        smtp = SMTP(
            hostname=self.host,
            port=self._port,
            use_tls=self._tls == "tls",
            # Asked for below, and never only "if the server offers it".
            start_tls=False,
            tls_context=self._context,
            local_hostname=self._local_hostname,
            timeout=None,
        )
        try:
            async with asyncio.timeout(self._connect_timeout):
                await self._agree(smtp)
            return Connection(Replies(cast("asyncio.Transport", smtp.transport)), self._terms)
        except (SMTPException, OSError, ValueError) as error:
            failure = self._no_connection(error)
        except DevinoError:
            # Nobody else knows the connection to close it.
            smtp.close()
            raise
        except BaseException as error:  # noqa: BLE001 - it is raised again
            smtp.close()
            # Cancelled: the locals of the library's frames hold the password.
            raise error.with_traceback(None) from None
        smtp.close()
        # The library's errors can hold what was sent: they are not chained.
        raise failure

    @cached_property
    def _context(self) -> ssl.SSLContext | None:
        # Made once: it reads every certificate of the system.
        return None if self._tls == "none" else ssl.create_default_context()

    async def _agree(self, smtp: SMTP) -> None:
        await smtp.connect()
        await smtp.ehlo()
        if self._tls == "starttls":
            if not smtp.supports_extension("starttls"):
                raise ConnectFailed(
                    f"{self.host} offers no STARTTLS, and passwords do not travel in the clear"
                )
            await smtp.starttls()
            await smtp.ehlo()
        if self._login is not None:
            if not smtp.supported_auth_methods:
                raise AuthenticationFailed(f"{self.host} offers no login that can be used")
            await self._log_in(smtp, *self._login)

    async def _log_in(self, smtp: SMTP, username: str, password: Secret) -> None:
        """Try the next mechanism only where the server does not refuse the password itself: it
        counts each try, and bans for a few.
        """
        known = {
            "plain": smtp.auth_plain,
            "login": smtp.auth_login,
            "cram-md5": smtp.auth_crammd5,
        }
        # Where nobody listens, the mechanisms come first that every server can check.
        order = known if self._tls != "none" else reversed(known)
        usable = [name for name in order if name in smtp.supported_auth_methods]
        for name in usable:
            try:
                await known[name](username, password.reveal())
            except SMTPAuthenticationError as error:
                if error.code == _WRONG_PASSWORD or name == usable[-1]:
                    raise
            else:
                return

    def _no_connection(self, error: Exception) -> DevinoError:
        if isinstance(error, SMTPResponseException) and 400 <= error.code <= 599:
            verb = "AUTH" if isinstance(error, SMTPAuthenticationError) else "the connection"
            return self._terms.refusal(verb, error.code, error.message)
        cause: BaseException = error
        if isinstance(error, SMTPConnectError) and isinstance(error.__cause__, OSError):
            cause = error.__cause__
        if isinstance(cause, ssl.SSLCertVerificationError):
            return ConnectFailed(
                f"{self.host} showed a certificate that does not verify: {cause.verify_message}",
                retry=Retry.NEVER,
            )
        if isinstance(cause, ssl.SSLError) and self._tls == "tls":
            return ConnectFailed(
                f"no connection to {self.host}: it does not speak TLS from the start on port "
                f'{self._port}: should it be tls = "starttls"?',
                retry=Retry.NEVER,
            )
        if isinstance(cause, TimeoutError):
            reason = f"not within {self._connect_timeout:g} s"
            if self._tls == "starttls" and self._port == _PORTS["tls"]:
                reason += '; it may speak TLS from the start: should it be tls = "tls"?'
        elif isinstance(cause, SMTPException):
            reason = what_happened(cause)
        elif isinstance(cause, OSError) and not isinstance(cause, ssl.SSLError) and cause.errno:
            # asyncio repeats the address in its own words; a name that is not found has no errno.
            reason = os.strerror(cause.errno) if cause.errno > 0 else str(cause.strerror)
        else:
            reason = type(cause).__name__
        return ConnectFailed(f"no connection to {self.host}: {reason}")


def _is_host(name: str) -> bool:
    try:
        # As the resolver will encode it: a label may be empty or too long.
        return bool(name.encode("idna")) and name.isprintable() and " " not in name
    except UnicodeError:
        return False


def _full_name() -> str:
    """This machine's name for EHLO: the full name, or an address where there is none in ASCII."""
    name = socket.getfqdn()
    return name if name.isascii() and "." in name else "[127.0.0.1]"
