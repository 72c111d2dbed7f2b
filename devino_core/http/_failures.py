"""Why a call has no answer, in words that say who failed and what to do."""

from __future__ import annotations

import os
import socket
from typing import NamedTuple

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError

from devino_core.errors import (
    ConfigurationError,
    ConnectFailed,
    DevinoError,
    OutcomeUnknown,
    ProtocolViolation,
    Retry,
    Unavailable,
)
from devino_core.tls import tls_failure

from ._pool import BrokenError, InterimFloodError, NotConnectedError, StrayError

__all__ = ["Route", "TooLargeError", "failure"]


class TooLargeError(Exception):
    """An answer has more bytes than are taken."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


class Route(NamedTuple):
    """Whom a call reaches, and in what time."""

    host: str
    proxy: str | None
    encrypted: bool
    connect_timeout: float
    timeout: float

    @property
    def first(self) -> str:
        """The machine that a connection is made to."""
        return self.host if self.proxy is None else self.proxy

    def named(self, host: str) -> str:
        """A host, as an error names it."""
        return f"the proxy {host}" if host == self.proxy else host


def failure(error: Exception, route: Route, *, changes: bool, unnamed: bool = False) -> DevinoError:
    """The error to raise for a call that ended so. It is chained to nothing: aiohttp's errors, and
    its response in their frames, hold the URL.

    ``unnamed`` says that the name server has not answered yet.
    """
    return _unconnected(error, route, unnamed=unnamed) or _unanswered(error, route, changes=changes)


def _unconnected(error: Exception, route: Route, *, unnamed: bool) -> DevinoError | None:
    """The error of a call of which nothing was sent; None if it was sent."""
    match error:
        case aiohttp.ClientConnectorCertificateError():
            # Repeating it would help only if somebody else mends something.
            return ConnectFailed(
                f"{route.named(error.host)} showed a certificate that does not verify: "
                f"{error.certificate_error}; if an authority of your own issued it, name that "
                "authority's file in SSL_CERT_FILE",
                retry=Retry.NEVER,
            )
        case aiohttp.ClientConnectorSSLError():
            return _no_tls(route.named(error.host), error.os_error)
        case aiohttp.ClientConnectorDNSError():
            return ConnectFailed(
                f"no connection to {route.named(error.host)}: the name server told no address "
                f"({_reason(error.os_error)}): check the name, or this machine's network"
            )
        case aiohttp.ClientConnectorError():
            who, cut = route.named(error.host), isinstance(error.os_error, ConnectionError)
            if route.encrypted and cut and not isinstance(error.os_error, ConnectionRefusedError):
                return ConnectFailed(
                    f"no connection to {who}: it broke off when TLS began; perhaps it speaks no "
                    "TLS on this port, or no version of it that this machine allows"
                )
            return ConnectFailed(f"no connection to {who}: {_reason(error.os_error)}")
        case aiohttp.ClientHttpProxyError(status=407):
            return wants_password(route)
        case aiohttp.ClientHttpProxyError():
            return ConnectFailed(
                f"{route.named(route.first)} refused to connect to {route.host} "
                f"(HTTP {error.status})"
            )
        case NotConnectedError() if route.proxy is None:
            return ConnectFailed(f"no connection to {route.host}: this was closed meanwhile")
        case NotConnectedError():
            return ConnectFailed(
                f"{route.named(route.first)} broke off before it had connected to {route.host}, or "
                "speaks no HTTP: check `proxy`"
            )
        case aiohttp.ConnectionTimeoutError() if unnamed:
            return ConnectFailed(
                f"no connection to {route.named(route.first)}: the name server told no address "
                f"within {route.connect_timeout:g} s"
            )
        case aiohttp.ConnectionTimeoutError():
            return ConnectFailed(
                f"no connection to {route.named(route.first)} within {route.connect_timeout:g} s"
            )
        case _:
            return None


def _unanswered(error: Exception, route: Route, *, changes: bool) -> DevinoError:
    match error:
        case TooLargeError():
            wrong = f"answered with more than {error.most} bytes"
        case InterimFloodError():
            wrong = "sends interim answers (HTTP 1xx) without end"
        case StrayError():
            wrong = "answered before it was asked: is it something in front that repeats answers?"
        case aiohttp.ClientResponseError():
            wrong = "answered with something that is not HTTP, or with headers too long"
        case aiohttp.ClientPayloadError() if isinstance(error.__cause__, ContentEncodingError):
            wrong = "answered with a body that is not compressed as its Content-Encoding says"
        case aiohttp.ClientPayloadError() if not _is_cut(error):
            wrong = "answered with a body that is not HTTP"
        case TimeoutError():
            within = route.connect_timeout + route.timeout
            return _silent(f"no answer within {within:g} s", route, changes=changes)
        case BrokenError():
            return _silent(f"the connection broke ({error})", route, changes=changes)
        case _:
            return _silent(f"the connection broke ({type(error).__name__})", route, changes=changes)
    return ProtocolViolation(f"{route.host} {wrong}", changes=changes)


def _silent(what: str, route: Route, *, changes: bool) -> DevinoError:
    if changes:
        return OutcomeUnknown(
            f"{route.host}: {what} after the request was sent; it may have been carried out, and a "
            "repeat may send it twice"
        )
    return Unavailable(f"{route.host}: {what}; ask again")


def wants_password(route: Route) -> ConfigurationError:
    """The error for a proxy's HTTP 407."""
    return ConfigurationError(
        f"{route.named(route.first)} wants a login and a password, or refused them (HTTP 407): "
        "give them in the URL of `proxy`"
    )


def _no_tls(who: str, error: Exception) -> ConnectFailed:
    failure = tls_failure(error)
    advice = ": check the address; is it http://?" if failure.plain else ""
    return ConnectFailed(f"no connection to {who}: {failure.reason}{advice}", retry=failure.retry)


def _is_cut(error: aiohttp.ClientPayloadError) -> bool:
    """Whether the body ended too early, and not whether it is no HTTP."""
    return "not completed" in str(error)


def _reason(error: OSError) -> str:
    if isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN:
        return "it does not answer"
    # asyncio's own text names only the address.
    return (os.strerror(error.errno) if error.errno else str(error)) or type(error).__name__
