"""The HTTP session of all channels and services, with what a message platform needs.

It needs the extra ``http``. Beyond plain aiohttp it guarantees:

- an error says whether the request can have been carried out (:mod:`devino_core.errors`);
- a request that changes something is sent once, whatever its verb;
- no redirect is followed, no environment proxy or ``.netrc`` is used, no cookie is kept;
- TLS is verified with the host name; plain ``http`` is refused except to this machine;
- a value cannot break out of its path segment or its header;
- an answer larger than ``max_answer`` bytes, after decompression, ends the call;
- no error shows a URL, a header or a body, not even in the locals of its frames: those hold
  passwords on this platform.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Mapping, Sequence
from math import inf
from typing import NamedTuple
from urllib.parse import quote

import aiohttp
from aiohttp.hdrs import CONTENT_ENCODING, CONTENT_TYPE, USER_AGENT
from multidict import CIMultiDict
from yarl import URL

from ._opened import Opened
from ._secret import Body
from .errors import (
    ConfigurationError,
    ConnectFailed,
    DevinoError,
    InvalidMessage,
    OutcomeUnknown,
    ProtocolViolation,
    Throttled,
    Unavailable,
)

__all__ = ["Body", "FetchedAnswer", "HttpSession"]

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

_OWN_HEADERS = frozenset(
    {
        "connection", "content-length", "content-type", "expect", "host", "keep-alive",
        "proxy-authorization", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
    }
)  # fmt: skip
"""Headers that frame the request, or are about the connection."""
_REPEATED = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
"""aiohttp sends these again when a kept connection breaks."""
_METHODS = _REPEATED | {"PATCH", "POST"}
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_QUERY = re.compile(r"[!$-~]*")
_is_plain = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*").fullmatch
"""Whether a segment needs no escaping in a path."""


class FetchedAnswer(NamedTuple):
    """What came back: the status, the whole decompressed body, the headers (case-insensitive)."""

    status: int
    body: Body
    headers: Mapping[str, str]


class _TooLargeError(Exception):
    """An answer has more bytes than are taken."""


class _Outgoing:
    """What is sent. It has no repr: it holds passwords."""

    __slots__ = ("body", "headers", "url")

    def __init__(self, url: URL, headers: Mapping[str, str], body: bytes) -> None:
        self.url = url
        self.headers = headers
        self.body = body


class HttpSession(Opened):
    """A pool of connections to one base URL; open it inside the event loop.

    A call has ``connect_timeout`` seconds to get a connection, and ends at the latest ``timeout``
    seconds after that. ``connections`` caps the pool. A call waits for its turn without limit,
    because each call before it ends. ``proxy`` is the URL of an HTTP proxy.

    Raises ConfigurationError for a base URL that is neither https nor http to this machine, and
    for a proxy that is not a URL. ``plain_http`` allows http to any machine.
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
        base = _absolute("base_url", base_url)
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
        self._base = base
        self._root = base.raw_path.rstrip("/")

    async def open(self) -> None:
        """Make the pool. Connects to nothing."""
        self._session = aiohttp.ClientSession(
            # The session counts the turns itself: aiohttp would take a wait for a dead peer.
            connector=aiohttp.TCPConnector(limit=0, ssl=self._tls()),
            timeout=aiohttp.ClientTimeout(
                total=self._connect_timeout + self._timeout, connect=self._connect_timeout
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={USER_AGENT: "devino-python"},
            raise_for_status=False,
            trust_env=False,
        )
        self._turns = asyncio.Semaphore(self._connections)

    async def aclose(self) -> None:
        """Close the pool. Safe to call twice."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def request(
        self,
        method: str,
        segments: Sequence[str],
        *,
        query: str = "",
        body: bytes = b"",
        content_type: str | None = None,
        headers: Mapping[str, str] | None = None,
        changes: bool,
    ) -> FetchedAnswer:
        """Make a call and give the HTTP answer, whatever its status, except a redirect or a 429.

        ``segments`` are the parts of the path below the base URL, not escaped: a ``/`` within one
        stays within it, and an empty one at the end gives a closing slash. ``query`` is an encoded
        query string, without ``?``. A ``body`` needs its ``content_type``, and should be a
        :class:`Body` where it holds a secret. ``headers`` may be any but those that frame the
        request, such as Host and Content-Length.

        ``changes`` says whether the call has an effect. If no answer comes, such a call raises
        OutcomeUnknown, any other Unavailable. Raises ConnectFailed if nothing was sent, Throttled
        for HTTP 429, and ProtocolViolation for a redirect or an answer that is too large. Raises
        InvalidMessage, before anything is sent, for a segment or a header that cannot be written.
        A ValueError means a mistake in the calling program.
        """
        sent = self._outgoing(method, segments, query, body, content_type, headers)
        # A crash reporter shows the locals of every frame, and these can hold passwords.
        del segments, query, headers
        if isinstance(sent, Exception):
            raise sent
        if self._session is None:
            raise ConnectFailed("this is closed: open it first")
        turns = self._turns
        # `async with` would cost two more coroutines.
        await turns.acquire()
        try:
            return await self._request(method, sent, changes)
        finally:
            turns.release()

    def _outgoing(
        self,
        method: str,
        segments: Sequence[str],
        query: str,
        body: bytes,
        content_type: str | None,
        headers: Mapping[str, str] | None,
    ) -> _Outgoing | InvalidMessage | ValueError:
        """What is to be sent, or the error to raise: not here, where its frame would show it."""
        if method not in _METHODS:
            return ValueError(f"{method!r} is none of {', '.join(sorted(_METHODS))}")
        if body and content_type is None:
            return ValueError("a body needs a content_type")
        if query and not _QUERY.fullmatch(query):
            return ValueError("the query is not encoded")
        # aiohttp would make one of a dict, and take longer.
        sent_headers: CIMultiDict[str] = CIMultiDict()
        try:
            path = self._path(segments)
            if headers:
                _check_headers(headers)
                sent_headers.update(headers)
        except (InvalidMessage, ValueError) as error:
            return error.with_traceback(None)
        if body and content_type is not None:
            sent_headers[CONTENT_TYPE] = content_type
        # Parsing and encoding it anew would take as long as the call's own part.
        url = self._base.with_path(path, encoded=True)
        if query:
            url = URL(f"{url}?{query}", encoded=True)
        return _Outgoing(url, sent_headers, body)

    def _path(self, segments: Sequence[str]) -> str:
        if isinstance(segments, str):
            raise TypeError("segments are a list of strings, not a string")
        path = "/".join([s if _is_plain(s) else _escaped(s) for s in segments])
        return f"{self._root}/{path}" if segments else self._root or "/"

    def _tls(self) -> ssl.SSLContext | bool:
        """The TLS context that verifies the peer. For a proxy it is True, aiohttp's own context,
        which verifies too: to read the authorities again takes longer than many calls.
        """
        return ssl.create_default_context() if self._encrypted else True

    async def _request(self, method: str, sent: _Outgoing, changes: bool) -> FetchedAnswer:
        session = self._session
        if session is None:
            raise ConnectFailed("this was closed before the call was sent")
        failure: DevinoError | None
        try:
            answer = await self._exchange(session, method, sent, changes)
            failure = None if answer.status < 300 else self._unwanted(answer, changes)
            if failure is None:
                return answer
            # Its headers can repeat the URL.
            del answer
        except asyncio.CancelledError as error:
            # The locals of aiohttp's frames hold headers and body.
            raise error.with_traceback(None) from None
        except _TooLargeError:
            failure = ProtocolViolation(
                f"{self._peer} answered with more than {self._max_answer} bytes", changes=changes
            )
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
        # aiohttp's errors, and its response in their frames, hold the URL: they are not chained.
        raise failure from None

    async def _exchange(
        self, session: aiohttp.ClientSession, method: str, sent: _Outgoing, changes: bool
    ) -> FetchedAnswer:
        response = await session.request(
            method,
            sent.url,
            data=bytes(sent.body) if sent.body else None,
            headers=sent.headers,
            # Else a body that is not there would have a type.
            skip_auto_headers=None if sent.body else (CONTENT_TYPE,),
            allow_redirects=False,
            middlewares=_ONCE if changes and method in _REPEATED else None,
            proxy=self._proxy,
        )
        try:
            length = response.content_length
            compressed = CONTENT_ENCODING in response.headers
            if length is not None and length <= self._max_answer and not compressed:
                content = await response.read()
            else:
                content = await self._read(response)
        except BaseException:
            # An answer that is read to its end gives its connection back by itself.
            response.close()
            raise
        return FetchedAnswer(response.status, Body(content), response.headers)

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        """The body of an answer that does not say how long it is."""
        chunks: list[bytes] = []
        size = 0
        async for chunk in response.content.iter_any():
            size += len(chunk)
            if size > self._max_answer:
                raise _TooLargeError
            chunks.append(chunk)
        return b"".join(chunks)

    def _unwanted(self, answer: FetchedAnswer, changes: bool) -> DevinoError | None:
        if 300 <= answer.status < 400:
            return ProtocolViolation(
                f"{self._peer} redirects (HTTP {answer.status}); passwords do not follow: "
                "check base_url",
                changes=changes,
            )
        if answer.status == 429:
            return Throttled(
                f"{self._peer} limits the rate (HTTP 429)", retry_after=_retry_after(answer.headers)
            )
        return None

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


async def _once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """A middleware that keeps aiohttp from sending again when a connection breaks."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
        raise aiohttp.ClientConnectionError from None


_ONCE = (_once,)


def _escaped(segment: str) -> str:
    if segment in (".", ".."):
        raise InvalidMessage("path", f"{segment!r} would be a step and not a name")
    try:
        return quote(segment, safe="")
    except UnicodeEncodeError:
        raise InvalidMessage("path", "has half a surrogate pair") from None


def _check_headers(headers: Mapping[str, str]) -> None:
    for name in headers:
        if name.lower() in _OWN_HEADERS or not _HEADER_NAME.fullmatch(name):
            raise ValueError(f"the header {name!r} is not for a caller to set")
        if not headers[name].isprintable():
            raise InvalidMessage(name, "a header cannot hold a line break or a control character")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    try:
        seconds = float(headers["Retry-After"])
    except (KeyError, ValueError):
        return None
    return seconds if 0 <= seconds < inf else None


def _absolute(setting: str, url: str) -> URL:
    """The URL, if it has scheme and host. A proxy's may hold a password, so it is not shown."""
    refused = ConfigurationError(f"{setting} must be an absolute https:// or http:// URL")
    try:
        parsed = URL(url)
        port = parsed.port
    except ValueError:
        raise refused from None
    if parsed.scheme not in ("http", "https") or not parsed.host or port is None:
        raise refused
    return parsed
