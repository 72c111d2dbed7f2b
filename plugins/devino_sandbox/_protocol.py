"""HTTP/1 on one connection: uvicorn's protocol, and what clients of the platform need beside it."""

from __future__ import annotations

import asyncio
import re
from http import HTTPStatus
from time import perf_counter
from typing import Any

import httptools
import uvicorn
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from ._http import ABORT, RawAnswer, json_answer
from ._http_said import CALL, HttpAnswerSaid, HttpRequestSaid, UnreadSaid
from ._journal import LONGEST, Journal, Record

__all__ = ["Limits", "Protocol"]

_MAX_HEAD = 256 * 1024
"""A request line with the 2999 numbers of a bulk send takes 100 KB."""
_MAX_PATH = 0xFFFF
"""Beyond, httptools reads no URL."""
_MOST_KEPT = 2 * LONGEST
"""Octets of an answer with its head, for the journal."""
_MOST_PIECES = 4096
"""Octets of a head in pieces that are kept, in case that it is no HTTP."""
_FAREWELL = 5.0
"""Seconds in which a refused client can read why, and is not listened to."""
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_STATUSES = {str(status.value).encode(): str(status.value) for status in HTTPStatus}
_HOP_BY_HOP = frozenset({b"upgrade", b"http2-settings"})


class Limits:
    """What one request may take: octets of its body, seconds until it is whole."""

    def __init__(self, max_body: int, patience: float) -> None:
        self.max_body = max_body
        self.patience = patience


class Protocol(HttpToolsProtocol):
    """One connection.

    - A request that offers an upgrade (Java's HttpClient: h2c) is answered as if it did not. To
      llhttp such a message ends with its head; so the head is read again without the offer.
    - Octets above 127 in a request line are taken as if they were escaped, as IIS takes them.
    - HTTP/1.0 may keep its connection; a request of no version (HTTP/0.9) is refused.
    - A request line and its headers may have 256 KiB together, and a body ``max_body``.
    - A connection ends if its request is not whole in time, or if none ever comes.
    """

    def __init__(
        self, config: uvicorn.Config, state: ServerState, limits: Limits, journal: Journal
    ) -> None:
        super().__init__(config, state, {})
        self._journal = journal
        self._incoming: HttpRequestSaid | None = None
        """The request that is being read."""
        self._answering: Record | None = None
        """The call that is being answered."""
        self._first = b""
        """What came of a head that is not read yet."""
        self._begun = 0
        """The requests that have begun in what came last."""
        # Decided here and not by the logging set up around: an access log would show passwords.
        self.access_log = False
        self._limits = limits
        self._in_line = True
        """Whether the next octet belongs to a request line."""
        self._in_head = False
        self._is_whole = False
        self._head_size = 0
        self._body_size = 0
        self._refusal: RawAnswer | None = None
        self._is_deaf = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._corked = CorkedTransport(transport, self.loop)
        super().connection_made(self._corked)
        self._timer = self.loop.call_later(self._limits.patience, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)
        if self._answering is not None:
            self._answering.broke("the client left")

    def data_received(self, data: bytes) -> None:
        if self._is_deaf:
            return
        self._unset_keepalive_if_required()
        if self._in_line and not data.isascii():
            data = _escaped(data)
        self._begun = 0
        if self._in_head:
            # Few heads come in pieces, and of those the journal writes the headers anew.
            self._begun = 2
            if len(self._first) < _MOST_PIECES:
                self._first += data
        elif self._in_line:
            self._first = data
        was_in_head, rest = self._in_head, data
        while rest:
            try:
                self.parser.feed_data(rest)
            except httptools.HttpParserUpgrade as upgrade:
                if self.parser.get_method() == b"CONNECT":
                    self._refuse(json_answer(405, {"error": "the sandbox is no proxy"}))
                    return
                rest = self._head_without_offer() + rest[upgrade.args[0] :]
            except httptools.HttpParserError:
                self._refuse(self._refusal or json_answer(400, {"error": "this is not HTTP/1.1"}))
                return
            else:
                break
        if self._is_whole:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            return
        # Few requests come in pieces.
        if self._in_head:
            self._in_line = self._in_line and b"\n" not in data.lstrip(b"\r\n")
            self._head_size += len(data) if was_in_head else 0
            if self._head_size > _MAX_HEAD:
                too_long = {"error": f"the headers are longer than {_MAX_HEAD // 1024} KiB"}
                self._refuse(json_answer(431, too_long))
                return
        if self._timer is None:
            self._timer = self.loop.call_later(self._limits.patience, self._give_up)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begun += 1
        self._in_head, self._is_whole = True, False
        self._head_size = self._body_size = 0
        scope: Any = self.scope
        scope["extensions"] = {ABORT: self.transport.abort}

    def on_url(self, url: bytes) -> None:
        self.url += url
        if len(self.url) > _MAX_HEAD:
            self._stop(414, f"the request line is longer than {_MAX_HEAD // 1024} KiB")

    def on_headers_complete(self) -> None:
        self._in_line = False
        if self.parser.should_upgrade():
            return
        version = self.parser.get_http_version()
        if version not in ("1.1", "1.0"):
            self._stop(505, f"HTTP/{version} is not spoken here; write HTTP/1.1")
        raw = self._first
        if self._begun > 1 or len(raw) > _MOST_KEPT:
            # It came in pieces, behind another one, or before much of a body.
            raw = b"\r\n".join([b"-", *[b"%s: %s" % header for header in self.headers]])
        said = HttpRequestSaid(self.parser.get_method(), self.url, version, raw)
        self.url, _, query = self.url.partition(b"?")
        if len(self.url) > _MAX_PATH:
            self._stop(414, f"the path is longer than {_MAX_PATH} octets")
        self._incoming = said
        scope: Any = self.scope
        journal = self._journal
        scope["extensions"][CALL] = Record(journal, journal.clock.now(), perf_counter(), said)
        super().on_headers_complete()
        # httptools would refuse a longer one than a path may be. The request is not begun yet.
        scope["query_string"] = query.partition(b"#")[0]
        self._in_head = False
        if version == "1.0" and self.parser.should_keep_alive():
            self.cycle.keep_alive = True
            self.cycle.default_headers = [
                *self.cycle.default_headers,
                (b"connection", b"keep-alive"),
            ]

    # The two below are those of uvicorn without what is never so here, as most of the time goes
    # into calls.
    def on_body(self, body: bytes) -> None:
        cycle = self.cycle
        if cycle.response_complete:
            return
        self._body_size += len(body)
        if self._body_size > self._limits.max_body:
            self._stop(413, f"the body is larger than {self._limits.max_body} bytes")
        said = self._incoming
        if said is not None:
            if said.size < LONGEST:
                said.body += body
            said.size = self._body_size
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        # The head of an offered upgrade is still read as one.
        if self._in_head:
            return
        self._is_whole = self._in_line = True
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.more_body = False
            cycle.message_event.set()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        scope: Any = cycle.scope
        self._answering = scope["extensions"][CALL]
        self._corked.answer = []
        super()._start_asgi_task(cycle, app)

    def on_response_complete(self) -> None:
        record, self._answering = self._answering, None
        if record is not None:
            whole = b"".join(self._corked.answer)
            record.answer = HttpAnswerSaid(whole[:_MOST_KEPT], len(whole))
            # "HTTP/1.1 200 OK"
            status = whole[9:12]
            record.end(_STATUSES.get(status) or status.decode("latin-1"), failed=status >= b"4")
        super().on_response_complete()

    def _stop(self, status: int, error: str) -> None:
        """Leave httptools, which makes its own error of any."""
        self._refusal = json_answer(status, {"error": error})
        raise ValueError(error)

    def _head_without_offer(self) -> bytes:
        """The head that was read, for a parser that has read nothing."""
        version = self.parser.get_http_version().encode()
        lines = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, version)]
        for name, value in self.headers:
            if name == b"connection":
                kept = [one.strip() for one in value.lower().split(b",")]
                lines.append(
                    b"connection: " + b", ".join([o for o in kept if o not in _HOP_BY_HOP])
                )
            elif name not in _HOP_BY_HOP:
                lines.append(b"%s: %s" % (name, value))
        self.parser = httptools.HttpRequestParser(self)
        return b"\r\n".join([*lines, b"", b""])

    def _give_up(self) -> None:
        """End a connection whose request does not come, or not to its end."""
        self._timer = None
        if self.pipeline or (self._in_head and self._is_answering()):
            # Its next request waits for the answer to the one before, and may.
            self._timer = self.loop.call_later(self._limits.patience, self._give_up)
        elif not self._in_head and not self._is_answering():
            self.transport.close()
        else:
            seconds = f"{self._limits.patience:g} seconds"
            self._refuse(json_answer(408, {"error": f"the request was not whole in {seconds}"}))

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, answer: RawAnswer) -> None:
        """Answer in place of the application, and listen no more."""
        self._is_deaf = True
        head = b"HTTP/1.1 %d \r\ncontent-length: %d\r\nconnection: close\r\n"
        lines = [head % (answer.status, len(answer.body))]
        lines += [b"%s: %s\r\n" % header for header in answer.headers]
        said = b"".join([*lines, b"\r\n", answer.body])
        self._note_refusal(answer.status, said)
        if self.pipeline or (self._in_head and self._is_answering()):
            # It would be taken for the answer to a request before this one.
            self.transport.close()
            return
        if self._is_answering():
            if self.cycle.response_started:
                self.transport.abort()
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write(said)
        # What is not read when a connection closes takes the answer away from the client.
        self.transport.write_eof()
        self.flow.resume_reading()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(_FAREWELL, self.transport.close)

    def _note_refusal(self, status: int, answer: bytes) -> None:
        """Put what is refused into the journal."""
        record, outcome = self._answering, str(status)
        if self._in_head or self._incoming is None:
            came = UnreadSaid(self._first)
            record = self._journal.record(came)
            outcome = came.what("HTTP") if status == HTTPStatus.BAD_REQUEST else outcome
        if record is not None:
            record.answer = HttpAnswerSaid(answer, len(answer))
            record.enter("http", self.client or "")
            record.end(outcome, failed=True)


class CorkedTransport(asyncio.Transport):
    """Sends what is written in one turn of the loop at once.

    uvicorn writes the head and the body of an answer separately: two system calls, two packets and
    two wake-ups of the client, which is half of what a small answer costs.
    """

    def __init__(
        self,
        transport: asyncio.Transport,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self.answer: list[bytes | bytearray | memoryview] = []
        """What was written of the answer that is under way."""
        self._written: list[bytes | bytearray | memoryview] = []

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._written:
            self._loop.call_soon(self._flush)
        self._written.append(data)
        self.answer.append(data)

    def write_eof(self) -> None:
        """Say that nothing follows, where the transport can (TLS cannot)."""
        self._flush()
        if self._transport.can_write_eof():
            self._transport.write_eof()

    def close(self) -> None:
        self._flush()
        self._transport.close()

    def abort(self) -> None:
        self._written.clear()
        self._transport.abort()

    def get_extra_info(self, name: str, default: object = None) -> object:
        return self._transport.get_extra_info(name, default)

    def is_closing(self) -> bool:
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._transport.resume_reading()

    def _flush(self) -> None:
        if self._written:
            data = b"".join(self._written)
            self._written.clear()
            self._transport.write(data)


def _escaped(data: bytes) -> bytes:
    """With the request line, which comes first, in ASCII."""
    data = data.lstrip(b"\r\n")
    line, end, rest = data.partition(b"\n")
    return _NOT_ASCII.sub(lambda octet: b"%%%02X" % octet[0][0], line) + end + rest
