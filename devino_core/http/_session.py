"""A pool of connections to one base URL."""

from __future__ import annotations

import asyncio
import os
import re
import ssl
import sys
from collections.abc import Coroutine, Mapping, Sequence
from io import BytesIO
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote
from weakref import WeakSet

import aiohttp
from aiohttp.hdrs import CONTENT_ENCODING, CONTENT_TYPE, USER_AGENT
from multidict import CIMultiDict, istr
from yarl import URL

from devino_core import __version__
from devino_core._opened import Opened
from devino_core._secret import Body
from devino_core._service import Machine
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.errors import (
    ConfigurationError,
    ConnectFailed,
    DevinoError,
    InvalidMessage,
    ProtocolViolation,
    Throttled,
)
from devino_core.observe import Calls, Running

from ._answer import FetchedAnswer
from ._failures import Route, TooLargeError, failure
from ._pool import ONCE, BrokenError, Pool, Request
from ._resolver import Resolver
from ._slots import Deadline, Slots

__all__ = ["HttpSession"]

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
_REDIRECTS = frozenset({300, 301, 302, 303, 305, 307, 308})
_USER_AGENT = f"devino-python/{__version__} Python/{sys.version_info[0]}.{sys.version_info[1]}"
_REQUEST_ID = istr("X-Request-Id")
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_QUERY = re.compile(r"[!$-~]*")
_is_plain = re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]*").fullmatch
"""Whether a segment needs no escaping in a path."""


class _Outgoing:
    """What is sent. It has no repr: it holds passwords."""

    __slots__ = ("body", "headers", "url")

    def __init__(self, url: URL, headers: CIMultiDict[str], body: bytes) -> None:
        self.url = url
        self.headers = headers
        self.body = body


class HttpSession(Opened):
    """A pool of connections to one base URL; open it inside the event loop.

    A call has ``connect_timeout`` seconds to get a connection, and ends at the latest ``timeout``
    seconds after that. ``connections`` caps the pool. A call waits for its turn without limit,
    because each call before it ends. An unused connection is kept for ``keep_alive`` seconds; with
    0 each call has a new one. ``proxy`` is the URL of an HTTP proxy. ``calls`` are those of the
    service that makes the requests: observers and the log learn of each. ``setting`` is what errors
    call the base URL.

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
        keep_alive: float = 15.0,
        proxy: str | None = None,
        plain_http: bool = False,
        max_answer: int = 16 * 1024 * 1024,
        calls: Calls | None = None,
        clock: Clock = SYSTEM_CLOCK,
        setting: str = "base_url",
    ) -> None:
        base = _absolute(setting, base_url)
        host, encrypted = base.host or "", base.scheme == "https"
        if base.user is not None or base.password is not None or base.query_string or base.fragment:
            raise ConfigurationError(f"{setting} must hold no login, query or fragment")
        if not encrypted and not plain_http and not _is_this_machine(host):
            raise ConfigurationError(
                f"{setting} would send passwords to {host} unencrypted: use https://, or allow it "
                "with plain_http"
            )
        self._proxy = None if proxy is None else _absolute("proxy", proxy)
        self._route = Route(
            host,
            None if self._proxy is None else self._proxy.host,
            encrypted,
            connect_timeout,
            timeout,
        )
        self._connections = connections
        self._keep_alive = keep_alive
        self._max_answer = max_answer
        self._calls = calls
        self._clock = clock
        self.peer: str = f"{host}:{base.port}"
        """Whom it talks to, as ``host:port``."""
        self._session: aiohttp.ClientSession | None = None
        self._base = base
        self._setting = setting
        self._root = base.raw_path.rstrip("/")

    @property
    def machine(self) -> Machine:
        """What a connection is made to: the proxy, if there is one."""
        url = self._base if self._proxy is None else self._proxy
        return Machine(
            url.host or "",
            url.port or 0,
            "at once" if url.scheme == "https" else "never",
            is_proxy=self._proxy is not None,
        )

    async def open(self) -> None:
        """Make the pool. Connects to nothing."""
        self._resolver = Resolver()
        self._pool = Pool(keep_alive=self._keep_alive, resolver=self._resolver, ssl=self._tls())
        self._session = aiohttp.ClientSession(
            connector=self._pool,
            request_class=Request,
            # The whole call has a bound of its own, which holds whatever aiohttp is waiting for.
            timeout=aiohttp.ClientTimeout(total=None, connect=self._route.connect_timeout),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={USER_AGENT: _USER_AGENT},
            raise_for_status=False,
            trust_env=False,
        )
        _OPEN.add(self)
        self._slots = Slots(self._connections, self._route.connect_timeout + self._route.timeout)
        self._loop = asyncio.get_running_loop()

    async def aclose(self) -> None:
        """Close the pool. Safe to call twice."""
        session, self._session = self._session, None
        _OPEN.discard(self)
        if session is not None:
            self._slots.close()
            await session.close()

    def _abandon(self) -> None:
        """Leave the connections to the parent process: this is a forked child."""
        session, self._session = self._session, None
        if session is not None:
            session.detach()

    def request(
        self,
        method: str,
        segments: Sequence[str],
        *,
        query: str = "",
        body: bytes = b"",
        content_type: str | None = None,
        headers: Mapping[str, str] | None = None,
        changes: bool,
        max_answer: int | None = None,
        call: Running | None = None,
    ) -> Coroutine[Any, Any, FetchedAnswer]:
        """Make a call and give the HTTP answer, whatever its status, except a redirect or a 429.

        ``segments`` are the parts of the path below the base URL, not escaped: a ``/`` within one
        stays within it, and an empty one at the end gives a closing slash. ``query`` is an encoded
        query string, without ``?``. A ``body`` needs its ``content_type``, and should be a
        :class:`Body` where it holds a secret. ``headers`` may be any but those that frame the
        request, such as Host and Content-Length. ``max_answer`` takes the place of the session's.
        ``call`` is the caller's own, which this starts and the caller ends. Without one a session
        with ``calls`` makes one, whose operation is the method.

        ``changes`` says whether the call has an effect. If no answer comes, such a call raises
        OutcomeUnknown, any other Unavailable. A call without an effect is sent once more if a kept
        connection turns out to be dead. Raises ConnectFailed if nothing was sent,
        ConfigurationError if a proxy refuses the password, Throttled for HTTP 429, and
        ProtocolViolation for a redirect, for what is not HTTP and for an answer that is too large.
        Raises InvalidMessage, before anything is sent, for a segment or a header that cannot be
        written. A ValueError means a mistake in the calling program, and so does a RuntimeError:
        this was opened in another event loop.
        """
        # An `async def` would cost each call one coroutine more, and a crash reporter shows the
        # locals of every frame under way: these can hold passwords.
        sent = self._outgoing(method, segments, query, body, content_type, headers)
        most = max_answer or self._max_answer
        calls = self._calls if call is None and self._session is not None else None
        if calls is not None and not isinstance(sent, Exception):
            return self._observed(calls, method, sent, changes, most)
        return self._request(method, sent, changes, most, call)

    async def _observed(
        self,
        calls: Calls,
        method: str,
        sent: _Outgoing,
        changes: bool,
        max_answer: int,
    ) -> FetchedAnswer:
        with calls.begin(method, peer=self.peer) as call:
            return await self._request(method, sent, changes, max_answer, call)

    def _outgoing(
        self,
        method: str,
        segments: Sequence[str],
        query: str,
        body: bytes,
        content_type: str | None,
        headers: Mapping[str, str] | None,
    ) -> _Outgoing | Exception:
        """What is to be sent, or the error to raise: not here, where its frame would show it."""
        try:
            if method not in _METHODS:
                return ValueError(f"{method!r} is none of {', '.join(sorted(_METHODS))}")
            if body and content_type is None:
                return ValueError("a body needs a content_type")
            if query and not _QUERY.fullmatch(query):
                return ValueError("the query is not encoded")
            # aiohttp would make one of a dict, and take longer.
            sent_headers: CIMultiDict[str] = CIMultiDict()
            path = self._path(segments)
            if headers:
                _check_headers(headers)
                sent_headers.update(headers)
            if body and content_type is not None:
                sent_headers[CONTENT_TYPE] = content_type
            # Parsing and encoding it anew would take as long as the call's own part.
            url = self._base.with_path(path, encoded=True)
            if query:
                url = URL(f"{url}?{query}", encoded=True)
            return _Outgoing(url, sent_headers, body)
        except Exception as error:  # noqa: BLE001 - whoever awaits the call gets it
            return error.with_traceback(None)

    def _path(self, segments: Sequence[str]) -> str:
        if isinstance(segments, str):
            raise TypeError("segments are a list of strings, not a string")
        path = "/".join(segments)
        # Nearly all are one word each.
        if not "".join(segments).isalnum() or not path.isascii():
            path = "/".join([s if _is_plain(s) else _escaped(s) for s in segments])
        return f"{self._root}/{path}" if segments else self._root or "/"

    def _tls(self) -> ssl.SSLContext | bool:
        """The TLS context that verifies the peer. For a proxy it is True, aiohttp's own context,
        which verifies too: to read the authorities again takes longer than many calls.
        """
        return ssl.create_default_context() if self._route.encrypted else True

    async def _request(
        self,
        method: str,
        sent: _Outgoing | Exception,
        changes: bool,
        max_answer: int,
        call: Running | None,
    ) -> FetchedAnswer:
        if isinstance(sent, Exception):
            raise sent
        if self._session is None:
            raise ConnectFailed("this is closed: open it first")
        if self._loop is not asyncio.get_running_loop():
            raise RuntimeError("this was opened in another event loop: open it in this one")
        failed: DevinoError | None
        route, slots = self._route, self._slots
        try:
            if not slots.take():
                await slots.wait()
            # To give it back takes no more of the stack than `take`: no RecursionError keeps it.
            try:
                with Deadline(slots):
                    if call is not None:
                        call.start()
                        sent.headers.setdefault(_REQUEST_ID, call.id)
                    exchange = self._exchange if changes else self._ask
                    answer = await exchange(method, sent, changes, max_answer)
            finally:
                slots.give_back()
            if call is not None:
                call.http_status = answer.status
            failed = None if answer.status < 300 else self._unwanted(answer, changes)
            if failed is None:
                return answer
            # Its headers can repeat the URL.
            del answer
        except (aiohttp.ClientError, TimeoutError, OSError, TooLargeError) as error:
            unnamed = route.first in self._resolver.asked
            failed = failure(error, route, changes=changes, unnamed=unnamed)
        except DevinoError:
            raise
        except BaseException as error:  # noqa: BLE001 - it is raised again
            # The locals of aiohttp's frames hold headers and body, and whoever cancelled the call
            # would show them.
            raise error.with_traceback(None) from None
        raise failed from None

    async def _ask(
        self, method: str, sent: _Outgoing, changes: bool, max_answer: int
    ) -> FetchedAnswer:
        """The answer to a call without an effect: it is made again where a kept connection was
        dead.
        """
        try:
            return await self._exchange(method, sent, changes, max_answer)
        except BrokenError as error:
            if not error.kept:
                raise
            self._pool.distrust()
        return await self._exchange(method, sent, changes, max_answer)

    async def _exchange(
        self, method: str, sent: _Outgoing, changes: bool, max_answer: int
    ) -> FetchedAnswer:
        session = self._session
        if session is None:
            raise ConnectFailed("this was closed before the call was sent")
        body = sent.body
        response = await session.request(
            method,
            sent.url,
            # All at once much would hold the event loop up. A Body takes aiohttp longer than bytes.
            data=(bytes(body) if len(body) <= _AT_ONCE else BytesIO(body)) or None,
            headers=sent.headers,
            # Else a body that is not there would have a type.
            skip_auto_headers=None if body else (CONTENT_TYPE,),
            allow_redirects=False,
            middlewares=ONCE if not changes or method in _REPEATED else None,
            proxy=self._proxy,
        )
        try:
            length = response.content_length
            compressed = CONTENT_ENCODING in response.headers
            if length is not None and length <= max_answer and not compressed:
                content = await response.read()
            else:
                content = await _read(response, max_answer)
        except BaseException:
            # An answer that is read to its end gives its connection back by itself.
            response.close()
            raise
        return FetchedAnswer(response.status, Body(content), response.headers)

    def _unwanted(self, answer: FetchedAnswer, changes: bool) -> DevinoError | None:
        host, status = self._route.host, answer.status
        if status in _REDIRECTS:
            return ProtocolViolation(
                f"{host} redirects (HTTP {status}); passwords do not follow: check {self._setting}",
                changes=changes,
            )
        if status < 400:
            return ProtocolViolation(
                f"{host} answered HTTP {status}, which nobody asked for", changes=changes
            )
        if status == 429:
            return Throttled(
                f"{host} limits the rate (HTTP 429)",
                retry_after=answer.retry_after(self._clock.now()),
            )
        return None


_AT_ONCE = 1024 * 1024
_OPEN: WeakSet[HttpSession] = WeakSet()


def _abandon_all() -> None:
    for session in list(_OPEN):
        session._abandon()  # noqa: SLF001


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_all)


async def _read(response: aiohttp.ClientResponse, most: int) -> bytes:
    """The body of an answer that does not say how long it is."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.content.iter_any():
        size += len(chunk)
        if size > most:
            raise TooLargeError(most)
        chunks.append(chunk)
    return b"".join(chunks)


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


def _is_this_machine(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


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
