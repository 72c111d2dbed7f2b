"""HTTP/1 on one connection: uvicorn's protocol, and what clients of the platform need beside it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus
from time import perf_counter
from typing import Any, NoReturn

import httptools
import msgspec
import uvicorn
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from ._corked import CorkedTransport
from ._http import ABORT, ASGIApp, AtOnce, Broken, Event, Outcome, RawAnswer, json_answer
from ._http_answer import FAILED, octets_of
from ._http_said import CALL, HttpAnswerSaid, HttpRequestSaid, UnreadSaid
from ._journal import LONGEST, Journal, Record
from ._request_line import cut, escaped, paths

__all__ = ["Limits", "Protocol"]

_log = logging.getLogger(__name__)

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
_STATUSES = {str(status.value).encode(): str(status.value) for status in HTTPStatus}
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_HOP_BY_HOP = frozenset({b"upgrade", b"http2-settings"})


class _Asked(msgspec.Struct, eq=False):
    """A request that is going to be answered at once, as soon as it is whole."""

    app: AtOnce
    scope: Any
    record: Record
    keep_alive: bool
    body: bytearray


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
    - Where ``route`` finds a plain function, that is called without a task and without ASGI, which
      would take longer than most services do.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        state: ServerState,
        limits: Limits,
        journal: Journal,
        route: Callable[[Event], ASGIApp] | None,
    ) -> None:
        super().__init__(config, state, {})
        self._journal = journal
        self._route = route
        self._asked: _Asked | None = None
        """The request that is going to be answered at once."""
        self._incoming: HttpRequestSaid | None = None
        """The request that is being read."""
        self._answering: Record | None = None
        """The call that is being answered."""
        self._running: RequestResponseCycle | None = None
        """The latest that an app of ASGI was called for; uvicorn's ``cycle`` may wait behind it."""
        self._first = b""
        """What came of a head that is not read yet."""
        self._begun = 0
        """The requests that have begun in what came last."""
        self._limits = limits
        self._in_line = True
        """Whether the next octet belongs to a request line."""
        self._in_head = False
        self._is_whole = False
        self._head_size = 0
        self._body_size = 0
        self._refusal: RawAnswer | None = None
        self._refused: tuple[Record, str, bytes] | None = None
        """A call, its outcome, and what is said to it after the answers to those before it."""
        self._is_deaf = False
        self._timer: asyncio.TimerHandle | None = None
        self._rests_since = 0.0
        """By the loop's clock."""
        self._rest_ends: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._corked = CorkedTransport(transport, self.loop, _MOST_KEPT)
        super().connection_made(self._corked)
        self._timer = self.loop.call_later(self._limits.patience, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._timer, self._rest_ends):
            if timer is not None:
                timer.cancel()
        super().connection_lost(exc)
        if self._answering is not None:
            self._answering.broke("the client left")
        if self._running is not None:
            self._running.disconnected = True
            self._running.message_event.set()

    def eof_received(self) -> None:
        # asyncio closes now: who says no more looks like who leaves, whose app must not wait on.
        # What one has said in this turn of the loop still goes out.
        self._corked.flush()

    def data_received(self, data: bytes) -> None:
        if data.isascii():
            self._receive(data)
            return
        for piece in cut(data, begins=self._in_line and not self._in_head):
            self._receive(piece)

    def _receive(self, data: bytes) -> None:
        if self._is_deaf:
            return
        was_in_head = self._in_head
        if self._in_line and not data.isascii():
            data = escaped(data if was_in_head else data.lstrip(b"\r\n"))
        self._begun = 0
        if was_in_head:
            # Few heads come in pieces, and of those the journal writes the headers anew.
            self._begun = 2
            if len(self._first) < _MOST_PIECES:
                self._first += data
        else:
            self._first = data
            if not self._in_line:
                # What begins here comes behind the rest of a body.
                self._begun = 1
        refusal = self._feed(data)
        if refusal is not None:
            self._refuse(refusal)
        elif not self._is_whole:
            self._wait(data, was_in_head=was_in_head)

    def _wait(self, data: bytes, *, was_in_head: bool) -> None:
        """Few requests come in pieces, or several at once."""
        if self._in_head:
            # A line that is not whole ends with what there is of its URL.
            line = b"%s %s" % (self.parser.get_method(), self.url)
            is_open = self._in_line and b"\n" not in data
            self._in_line = is_open or not self.url or data.endswith(line)
            self._head_size += len(data) if was_in_head else 0
            if self._head_size > _MAX_HEAD:
                too_long = {"error": f"the headers are longer than {_MAX_HEAD // 1024} KiB"}
                self._refuse(json_answer(431, too_long))
                return
        if self._timer is None:
            self._timer = self.loop.call_later(self._limits.patience, self._give_up)

    def _feed(self, data: bytes) -> RawAnswer | None:
        """Let the parser read. Gives the answer to what cannot be read."""
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                if self.parser.get_method() == b"CONNECT":
                    return json_answer(405, {"error": "the sandbox is no proxy"})
                data = self._head_without_offer() + data[upgrade.args[0] :]
            except httptools.HttpParserError as error:
                if isinstance(error.__context__, _Left):
                    return None
                if not isinstance(error.__context__, Exception | None):
                    raise error.__context__ from None  # an interrupt, which httptools has wrapped
                return self._refusal or json_answer(400, {"error": "this is not HTTP/1.1"})
            else:
                break
        return None

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
        if version != "1.1":
            if version != "1.0":
                self._stop(505, f"HTTP/{version} is not spoken here; write HTTP/1.1")
            self.expect_100_continue = False
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
        record = Record(journal, journal.clock.now(), perf_counter(), said)
        scope["extensions"][CALL] = record
        scope["method"], scope["http_version"] = said.method.decode("ascii"), version
        scope["path"], scope["raw_path"] = paths(self.url)
        scope["query_string"] = query.partition(b"#")[0]
        keep_alive, self._in_head = self.parser.should_keep_alive(), False
        self.headers = []  # those behind the chunks of a body are none
        app: Any = self.app
        if self._route is not None and self._is_free():
            app = self._route(scope)
            if isinstance(app, AtOnce):
                self._asked = _Asked(app, scope, record, keep_alive, bytearray())
                self._answering = record
                if self.expect_100_continue:
                    self._corked.send(_CONTINUE)
                return
        self._queue(app, keep_alive=keep_alive)

    def _queue(self, app: Any, *, keep_alive: bool) -> None:
        """Call an app of ASGI as soon as all before this request is answered."""
        before, said = self.cycle, []
        if not keep_alive:
            said.append((b"connection", b"close"))
        elif self.scope["http_version"] == "1.0":
            said.append((b"connection", b"keep-alive"))
        self.cycle = RequestResponseCycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            # An access log would show passwords.
            access_log=False,
            default_headers=said,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            keep_alive=keep_alive,
            on_response=self.on_response_complete,
        )
        if before is None or before.response_complete:
            self._start(self.cycle, app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((self.cycle, app))

    def _start(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering, self._running = _call_of(cycle.scope), cycle
        task = self.loop.create_task(cycle.run_asgi(app))
        task.add_done_callback(self.tasks.discard)
        self.tasks.add(task)

    # The two below are those of uvicorn without what is never so here, as most of the time goes
    # into calls.
    def on_body(self, body: bytes) -> None:
        asked, cycle = self._asked, self.cycle
        if asked is None and cycle.response_complete:
            return
        self._body_size += len(body)
        if self._body_size > self._limits.max_body:
            self._stop(413, f"the body is larger than {self._limits.max_body} bytes")
        said = self._incoming
        if said is not None:
            if said.size < LONGEST:
                said.body += body
            said.size = self._body_size
        if asked is not None:
            asked.body += body
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        # The head of an offered upgrade is still read as one.
        if self._in_head:
            return
        self._is_whole = self._in_line = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        asked, self._asked = self._asked, None
        if asked is not None:
            self._answer(asked)
            return
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.more_body = False
            cycle.message_event.set()

    def on_response_complete(self) -> None:
        corked = self._corked
        answer = corked.answer.removeprefix(_CONTINUE)
        self._note(answer, corked.size - len(corked.answer) + len(answer))
        corked.begin()
        if self.transport.is_closing():
            self._is_deaf = True
        elif self.pipeline:
            self.flow.resume_reading()
            self._start(*self.pipeline.pop())
        elif self._refused is not None:
            self._say_refusal(*self._refused)
        else:
            self.flow.resume_reading()
            self._rest()

    def _is_free(self) -> bool:
        """Nothing is before this request, and the client reads."""
        cycle = self.cycle
        return (cycle is None or cycle.response_complete) and not self.flow.write_paused

    def _answer(self, asked: _Asked) -> None:
        """Ask a service that answers at once. Leaves the parser if nothing more is to be read."""
        keep_alive = asked.keep_alive
        try:
            outcome: Outcome = asked.app.outcome(asked.scope, bytes(asked.body))
            octets = b""
            if not isinstance(outcome, Broken):
                octets, keep_alive = octets_of(outcome, asked.scope, keep_alive=keep_alive)
        except Exception:  # noqa: BLE001 - whatever a service fails with, its client is told
            _log.exception("a service of the sandbox failed")
            outcome = FAILED
            octets, keep_alive = octets_of(FAILED, asked.scope, keep_alive=False)
        if octets:
            self._corked.send(octets)
            self._note(octets, len(octets))
            if keep_alive:
                self._rest()
                return
            self.transport.close()
        elif outcome is Broken.DROP:
            self.transport.abort()
        self._leave()

    def _note(self, answer: bytes, size: int) -> None:
        """Put the answer into the journal. ``size``: octets of the whole."""
        record, self._answering = self._answering, None
        if record is not None:
            record.answer = HttpAnswerSaid(answer[:_MOST_KEPT], size)
            # "HTTP/1.1 200 OK"
            status = answer[9:12]
            record.end(_STATUSES.get(status) or status.decode("latin-1"), failed=status >= b"4")

    def _rest(self) -> None:
        """All is answered. The connection may rest for a while; its timer is not set anew for each
        request, which would take longer than all else here."""
        self._rests_since = self.loop.time()
        if self._rest_ends is None:
            self._rest_ends = self.loop.call_later(self.timeout_keep_alive, self._end_rest)

    def _end_rest(self) -> None:
        self._rest_ends = None
        if self._in_head or self._answering is not None or self._is_deaf:
            return  # it rests again after the answer, or ends
        left = self._rests_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._rest_ends = self.loop.call_later(left, self._end_rest)
        else:
            self.transport.close()

    def _leave(self) -> NoReturn:
        """Leave httptools, and read no more."""
        self._is_deaf = True
        raise _Left

    def _stop(self, status: int, error: str) -> NoReturn:
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
        if self._asked is not None:
            return True
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, answer: RawAnswer) -> None:
        """Answer in place of the application, and listen no more."""
        self._is_deaf = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        scope: Any = self.scope
        outcome = str(answer.status)
        if self._in_head or self._is_whole or self._incoming is None:
            came = UnreadSaid(self._first)
            record = self._journal.record(came)
            outcome = came.what("HTTP") if answer.status == HTTPStatus.BAD_REQUEST else outcome
            waits = self._is_answering()
        else:
            record = _call_of(scope)
            if self._asked is None and self.cycle.response_started:
                # What an app has begun to say cannot be taken back.
                record.end(outcome, failed=True)
                if self.cycle.response_complete:
                    self.transport.close()
                else:
                    self.transport.abort()
                return
            waits = self._withdraw()
        octets, _ = octets_of(answer, scope or {}, keep_alive=False)
        self._refused = record, outcome, octets
        if not waits:
            self._say_refusal(*self._refused)

    def _withdraw(self) -> bool:
        """Nobody answers the request that is being read. Whether others are before it."""
        if self._asked is not None:
            self._asked = None
        elif self.pipeline:
            self.pipeline.popleft()
            return True
        else:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._answering = None
        return False

    def _say_refusal(self, record: Record, outcome: str, octets: bytes) -> None:
        """All before it is answered."""
        record.answer = HttpAnswerSaid(octets, len(octets))
        record.enter("http", self.client or "")
        record.end(outcome, failed=True)
        self.transport.write(octets)
        # What is not read when a connection closes takes the answer away from the client.
        self.transport.write_eof()
        self.flow.resume_reading()
        self._timer = self.loop.call_later(_FAREWELL, self.transport.close)


class _Left(Exception):
    """Nothing more of this connection is read."""


def _call_of(scope: Any) -> Record:
    record: Record = scope["extensions"][CALL]
    return record
