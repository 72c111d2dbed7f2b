"""The one HTTP session that channels use, hardened where a message platform needs it.

Needs the extra ``http``. What it guarantees, over plain aiohttp:

- an error says whether the request can have been carried out (:mod:`devino_core.errors`);
- no redirect is followed, no environment proxy or ``.netrc`` used, cookies are not kept;
- TLS is verified with the host name; plain ``http`` is refused except to this machine;
- an answer larger than ``max_answer`` bytes, after decompression, ends the call;
- no error shows a URL, a header or a body: those hold passwords on this platform.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from math import inf
from typing import NamedTuple

import aiohttp
from aiohttp.hdrs import ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, USER_AGENT
from yarl import URL

from ._opened import Opened
from ._secret import Body
from .errors import (
    ConfigurationError,
    ConnectFailed,
    DevinoError,
    OutcomeUnknown,
    ProtocolViolation,
    Throttled,
    Unavailable,
)

__all__ = ["Body", "HttpAnswer", "HttpSession"]

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class HttpAnswer(NamedTuple):
    """Status, headers (case-insensitive) and the whole decoded body."""

    status: int
    headers: Mapping[str, str]
    body: Body


class HttpSession(Opened):
    """A pool of connections to one base URL; open it inside the event loop.

    ``connect_timeout`` is the seconds to get a connection, and the whole call ends at the latest
    ``timeout`` seconds later. ``connections`` caps the pool; a call waits for its turn, without
    limit, as each before it ends. ``proxy`` is the URL of an HTTP proxy.
    Raises ConfigurationError for a base URL that is not https, or http to this machine, unless
    ``plain_http``, and for a proxy that is no URL.
    """

    def __init__(
        self,
        base_url: str,
        *,
        connect_timeout: float = 10.0,
        timeout: float = 30.0,
        connections: int = 100,
        proxy: str | None = None,
        plain_http: bool = False,
        max_answer: int = 16 * 1024 * 1024,
    ) -> None:
        self._base = base_url.rstrip("/")
        base = _absolute("base_url", self._base)
        self._peer = base.host or ""
        self._encrypted = base.scheme == "https"
        if base.user is not None or base.password is not None or base.query_string or base.fragment:
            raise ConfigurationError("base_url must hold no login, query or fragment")
        if not self._encrypted and not plain_http and self._peer not in _LOOPBACK:
            raise ConfigurationError(
                f"base_url would send passwords to {self._peer} unencrypted: use https://"
            )
        self._connect_timeout = connect_timeout
        self._timeout = timeout
        self._connections = connections
        self._proxy = None if proxy is None else _absolute("proxy", proxy)
        self._max_answer = max_answer
        self._session: aiohttp.ClientSession | None = None
        self._urls: dict[str, URL] = {}

    async def open(self) -> None:
        """Make the pool. Connects to nothing."""
        self._session = aiohttp.ClientSession(
            # The turns are kept here, so that waiting for one is not taken for a dead peer.
            connector=aiohttp.TCPConnector(limit=0, ssl=self._tls()),
            timeout=aiohttp.ClientTimeout(
                total=self._connect_timeout + self._timeout, connect=self._connect_timeout
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={USER_AGENT: "devino-python", ACCEPT: "*/*"},
            raise_for_status=False,
            trust_env=False,
        )
        self._turns = asyncio.Semaphore(self._connections)

    async def aclose(self) -> None:
        """Close the pool. Safe to call twice."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def post(
        self,
        path: str,
        body: Body,
        *,
        content_type: str,
        changes: bool,
        headers: Mapping[str, str] | None = None,
    ) -> HttpAnswer:
        """POST and give whatever HTTP answer came, unless it is a redirect or a 429.

        ``changes`` says whether the call has an effect: without an answer it then raises
        OutcomeUnknown, else Unavailable. Raises ConnectFailed when nothing was sent, Throttled
        for HTTP 429, ProtocolViolation for a redirect or an answer that is too large.
        """
        if self._session is None:
            raise ConnectFailed("the channel is closed: open it first")
        turns = self._turns
        # `async with` would cost two coroutines more.
        await turns.acquire()
        try:
            return await self._post(path, body, content_type, changes, headers)
        finally:
            turns.release()

    def _tls(self) -> ssl.SSLContext | bool:
        """What verifies the peer. True is aiohttp's own context, which verifies too, for a proxy:
        to read the authorities anew takes longer than many a call.
        """
        return ssl.create_default_context() if self._encrypted else True

    async def _post(
        self,
        path: str,
        body: Body,
        content_type: str,
        changes: bool,
        headers: Mapping[str, str] | None,
    ) -> HttpAnswer:
        session = self._session
        if session is None:
            raise ConnectFailed("the channel was closed before this was sent")
        url = self._urls.get(path)
        if url is None:
            # Paths are few; parsing a URL for each call would cost as much as the call's own part.
            url = self._urls[path] = URL(f"{self._base}/{path}" if path else self._base)
        sent_headers: dict[str, str] = {CONTENT_TYPE: content_type}
        if headers:
            sent_headers.update(headers)
        failure: DevinoError
        try:
            response = await session.post(
                url,
                data=bytes(body),
                headers=sent_headers,
                allow_redirects=False,
                proxy=self._proxy,
            )
            try:
                answer = HttpAnswer(
                    response.status, response.headers, await self._read(response, changes)
                )
            finally:
                # Gives the connection back, or drops it if the answer was not read to its end.
                response.release()
            return self._checked(answer, changes)
        except aiohttp.ClientConnectorCertificateError as error:
            failure = ConnectFailed(
                f"{self._peer} showed a certificate that does not verify: {error.certificate_error}"
            )
        except aiohttp.ClientHttpProxyError as error:
            failure = ConnectFailed(f"the proxy refused to connect (HTTP {error.status})")
        except aiohttp.ClientConnectorError as error:
            reason = error.strerror or str(error.os_error) or type(error.os_error).__name__
            failure = ConnectFailed(f"no connection to {self._peer}: {reason}")
        except aiohttp.ConnectionTimeoutError:
            failure = ConnectFailed(
                f"no connection to {self._peer} within {self._connect_timeout:g} s"
            )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            failure = self._unanswered(error, changes=changes)
        # aiohttp's own errors can hold the URL and headers: they are not chained.
        raise failure from None

    async def _read(self, response: aiohttp.ClientResponse, changes: bool) -> Body:
        length = response.content_length
        if (
            length is not None
            and length <= self._max_answer
            and CONTENT_ENCODING not in response.headers
        ):
            return Body(await response.read())
        chunks: list[bytes] = []
        size = 0
        async for chunk in response.content.iter_any():
            size += len(chunk)
            if size > self._max_answer:
                raise ProtocolViolation(
                    f"{self._peer} answered with more than {self._max_answer} bytes",
                    changes=changes,
                )
            chunks.append(chunk)
        return Body(b"".join(chunks))

    def _checked(self, answer: HttpAnswer, changes: bool) -> HttpAnswer:
        if 300 <= answer.status < 400:
            raise ProtocolViolation(
                f"{self._peer} redirects (HTTP {answer.status}); passwords do not follow: "
                "check base_url",
                changes=changes,
            )
        if answer.status == 429:
            raise Throttled(
                f"{self._peer} limits the rate (HTTP 429)", retry_after=_retry_after(answer.headers)
            )
        return answer

    def _unanswered(self, error: BaseException, *, changes: bool) -> DevinoError:
        what = (
            f"no answer within {self._connect_timeout + self._timeout:g} s"
            if isinstance(error, TimeoutError)
            else f"the connection broke ({type(error).__name__})"
        )
        if changes:
            return OutcomeUnknown(
                f"{self._peer}: {what} after the request was sent; it may have been carried out, "
                "and a repeat may send it twice"
            )
        return Unavailable(f"{self._peer}: {what}; ask again")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    try:
        seconds = float(headers["Retry-After"])
    except (KeyError, ValueError):
        return None
    return seconds if 0 <= seconds < inf else None


def _absolute(setting: str, url: str) -> URL:
    """The URL, if it has scheme and host; a proxy's may hold a password, so it is not shown."""
    try:
        parsed = URL(url)
        fit = parsed.scheme in ("http", "https") and bool(parsed.host) and parsed.port is not None
    except ValueError:
        fit = False
    if not fit:
        raise ConfigurationError(f"{setting} must be an absolute https:// or http:// URL")
    return parsed
