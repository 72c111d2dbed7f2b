"""The receiver turns a request into an answer, and loses and doubles no event."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from devino_core._secret import Secret
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.errors import ConfigurationError
from devino_core.observe import Observers
from devino_core.remembered import Remembered, Seen

from ._admission import Admission
from ._asgi import (
    Application,
    Receive,
    Scope,
    Send,
    application,
    body_of,
    lifespan,
    request_of,
    send_answer,
)
from ._taking import Taking
from ._values import CallbackAnswer, CallbackRequest, CallbackSpec, Read, Source, Take

__all__ = ["Callbacks"]

_log = logging.getLogger("devino.callbacks")

_SEGMENT = re.compile(r"[A-Za-z0-9._~-]+")
_SHOWN = 3
"""At most so many reasons stand in one line of the log."""

_ALIVE = CallbackAnswer(200)
_UNREADABLE = CallbackAnswer(400)
_HIDDEN = CallbackAnswer(404)
_TOO_LARGE = CallbackAnswer(413)
_NOT_TAKEN = CallbackAnswer(500)
_LATER = CallbackAnswer(503)


class _Known(NamedTuple):
    """A source that requests may ask for."""

    name: str
    methods: frozenset[str]
    source: Source


class Callbacks:
    """Receives for ``sources``. It gives each event to ``take`` once, in a task of its own.

    ``secrets`` are the present secret and those that it replaces. Each has 16 or more characters.
    It stands in the URL before the source's name, or is the password of Basic authentication.
    Connections may come from ``networks``, such as ``"192.0.2.0/24"``; it does not look at what a
    proxy forwards. A body has at most ``max_body`` bytes. ``deadline`` is in seconds; the platform
    waits 30, so keep it below. ``seen`` remembers for 25 hours what was taken: one hour longer than
    the platform repeats.

    A receiver belongs to the event loop that uses it; one process may have several. Close it with
    :meth:`aclose`. Raises ConfigurationError for a secret, a network or a source that cannot be
    used.
    """

    asgi: Application
    """:meth:`handle` as an ASGI application, for a server or to mount in a framework.

    It reads a body only if the request has the secret. The end of a server's lifespan closes the
    receiver. If it is mounted in a framework, call :meth:`aclose`.
    """

    def __init__(
        self,
        take: Take,
        sources: Iterable[CallbackSpec],
        *,
        secrets: Iterable[Secret],
        networks: Iterable[str] = (),
        max_body: int = 8 * 1024 * 1024,
        deadline: float = 25.0,
        seen: Remembered | None = None,
        observers: Observers | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._sources = _known(sources)
        self._admission = Admission(secrets, networks)
        self._taking = Taking(take, seen if seen is not None else Seen(), clock, observers)
        self._max_body = max_body
        self._deadline = deadline
        self._clock = clock
        self._closed = False
        self.asgi = application(self._serve)

    async def handle(self, request: CallbackRequest) -> CallbackAnswer:
        """The answer to a request. If it is cancelled, it still takes the events that it has read.

        - 404, empty: a wrong secret, an unknown source, a foreign peer.
        - 200 to HEAD, 405 to a verb that the source does not read, 413 to a body that is too large.
        - 400: the request cannot be read, or an item of it cannot. The other items are taken.
        - 500: an event was not taken. The repeat brings all events; only that one is taken again.
        - 503: not all were taken by the deadline. The work goes on; the repeat finds the result.
        - 200: all were taken. The body is the source's answer.
        """
        known = self._admit(request)
        if isinstance(known, CallbackAnswer):
            return known
        return await self._receive(known, request)

    async def aclose(self) -> None:
        """Answer 503 from now on, and wait for events under way. Cancel them after the deadline.

        Safe to call twice.
        """
        self._closed = True
        await self._taking.finish(self._deadline)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await lifespan(receive, send, startup=self._reopen, shutdown=self.aclose)
            return
        if scope["type"] != "http":
            raise RuntimeError(f"callbacks come by HTTP, not {scope['type']}")
        request = request_of(scope)
        known = self._admit(request)
        if isinstance(known, CallbackAnswer):
            await send_answer(send, known)
            return
        body = await body_of(receive, self._max_body)
        # A client that left before the end has said nothing.
        if body is not None:
            request = msgspec.structs.replace(request, body=body)
            await send_answer(send, await self._receive(known, request))

    def _reopen(self) -> None:
        self._closed = False

    def _admit(self, request: CallbackRequest) -> _Known | CallbackAnswer:
        """The source that the request's head asks for, or the answer if it is not let in."""
        name = self._admission.asked_for(request)
        known = self._sources.get(name) if name is not None else None
        if known is None:
            _log.debug("404: a wrong secret, an unknown source, or a network that is not let in")
            return _HIDDEN
        if request.method == "HEAD":
            return _ALIVE
        if request.method not in known.methods:
            return CallbackAnswer(405, allow=", ".join(sorted({*known.methods, "HEAD"})))
        if self._closed:
            return _LATER
        return known

    async def _receive(self, known: _Known, request: CallbackRequest) -> CallbackAnswer:
        if len(request.body) > self._max_body:
            return _TOO_LARGE
        read = self._read(known, request)
        if isinstance(read, CallbackAnswer):
            return read
        tasks = [self._taking.start(event) for event in read.events]
        if not await self._taking.all_done_within(self._deadline, tasks):
            return _LATER
        replies: list[str | None] = []
        for task in tasks:
            taken = None if task.cancelled() else task.result()
            if taken is None:
                return _NOT_TAKEN
            replies.append(taken.value)
        if read.unread:
            return _UNREADABLE
        return _answer(known, replies)

    def _read(self, known: _Known, request: CallbackRequest) -> Read | CallbackAnswer:
        try:
            read = known.source.read(request, now=self._clock.now(), channel=known.name)
        except (ValueError, RecursionError) as error:
            # A body that nests too deep cannot be read either.
            _log.error("a callback to %s cannot be read: %s", known.name, error)
            return _UNREADABLE
        except Exception as error:  # noqa: BLE001 - a plugin may raise whatever it likes
            _log.error("a callback to %s cannot be read: %s", known.name, _bug(error))
            return _NOT_TAKEN
        if read.unread:
            _log.error(
                "%d of %d items of a callback to %s cannot be read: %s%s",
                len(read.unread),
                len(read.unread) + len(read.events),
                known.name,
                "; ".join(read.unread[:_SHOWN]),
                "; ..." if len(read.unread) > _SHOWN else "",
            )
        return read


def _known(sources: Iterable[CallbackSpec]) -> Mapping[str, _Known]:
    known: dict[str, _Known] = {}
    for spec in sources:
        if _SEGMENT.fullmatch(spec.name) is None:
            raise ConfigurationError(f"source {spec.name!r}: a name is a segment of a URL")
        if spec.name in known:
            raise ConfigurationError(f"two sources are named {spec.name!r}")
        known[spec.name] = _Known(spec.name, spec.methods, spec.load())
    if not known:
        raise ConfigurationError("callbacks need a source: one of a plugin, or your own")
    return known


def _answer(known: _Known, replies: list[str | None]) -> CallbackAnswer:
    try:
        return known.source.answer(replies)
    except ValueError as error:
        why = str(error)
    except Exception as error:  # noqa: BLE001 - a plugin may raise whatever it likes
        why = _bug(error)
    # The events were taken, and a repeat would bring the same reply.
    _log.error("a reply through %s cannot be sent: %s", known.name, why)
    return CallbackAnswer(200)


def _bug(error: Exception) -> str:
    """The type of the error and its place. Its text and its traceback may hold content."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
    return f"a bug of the source, {type(error).__name__}{where}"
