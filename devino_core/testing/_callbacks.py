"""What every source of callbacks promises, as tests that run over its author's examples."""

from __future__ import annotations

import asyncio
import itertools
import logging
from abc import ABC
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import msgspec
import pytest

from devino_core._events import Event, StatusChanged
from devino_core._secret import Secret
from devino_core._status import State
from devino_core.callbacks import (
    CallbackAnswer,
    CallbackRequest,
    Callbacks,
    CallbackSpec,
    Read,
    Source,
)

__all__ = ["CallbackConformance", "Readable"]

_SECRET = "secret-of-the-conformance-kit"  # noqa: S105 - it guards nothing
_NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Readable(msgspec.Struct, frozen=True):
    """An example: a request, and the events that it tells. Their ``raw`` is not compared."""

    request: CallbackRequest
    """Its path does not matter."""
    events: Sequence[Event]
    """If the request tells no time, give 2026-01-01T12:00:00Z."""
    unread: int = 0
    """How many of its items cannot be read."""


class CallbackConformance(ABC):
    """Inherit from it, and give the examples. The tests say which examples are missing.

    Run it with pytest; the tests are plain functions and need no asyncio plugin.
    """

    spec: ClassVar[CallbackSpec]
    readable: ClassVar[Sequence[Readable]]
    """Requests that can be read. They must include two states of one message, a status word that is
    in no manual, and a request that has both readable and unreadable items."""
    unreadable: ClassVar[Sequence[CallbackRequest]]
    """Requests in which nothing can be read."""
    repeats: ClassVar[Sequence[tuple[CallbackRequest, CallbackRequest]]]
    """Pairs of requests. The second repeats what the first tells, or a part of it: in another
    order, in another batch, or in another spelling."""
    canary: ClassVar[str]
    """A word that occurs as content in the examples, also in unreadable ones. Nothing that is shown
    or logged may hold it."""
    one_item: ClassVar[bool] = False
    """Whether a request holds only one item, so that a bad item cannot spoil others."""

    def test_manifest_tells_what_the_source_is(self) -> None:
        assert self.spec.summary
        assert self.spec.methods
        asked = [example.request for example in self.readable] + list(self.unreadable)
        assert {request.method for request in asked} <= self.spec.methods
        assert isinstance(self._read(self.readable[0].request), Read)

    def test_what_can_be_read_gives_its_events_in_order(self) -> None:
        for example in self.readable:
            events = self._read(example.request).events
            assert [_plain(event) for event in events] == [_plain(one) for one in example.events]

    def test_an_event_says_when_and_on_which_channel(self) -> None:
        for event in self._events():
            assert event.at.utcoffset() is not None
            assert event.channel == self.spec.name

    def test_an_id_is_made_of_the_item_and_not_of_the_request(self) -> None:
        for example in self.readable:
            first = self._read(example.request)
            again = self._read(
                msgspec.structs.replace(
                    example.request,
                    path=f"/elsewhere/{example.request.path}",
                    headers={**example.request.headers, "X-Request-Id": "another"},
                    peer="192.0.2.1",
                ),
                now=_NOW + timedelta(hours=1),
            )
            assert [event.id for event in again.events] == [event.id for event in first.events]

    def test_a_repeat_has_the_ids_of_the_first_time(self) -> None:
        assert self.repeats, "give `repeats`: a pair of requests that tell the same"
        for first, second in self.repeats:
            ids = {_what(event): event.id for event in self._read(first).events}
            told = {_what(event): event.id for event in self._read(second).events}
            assert told, "the second of a pair tells nothing"
            assert told.items() <= ids.items()

    def test_what_is_different_has_different_ids(self) -> None:
        reports = [event for event in self._events() if isinstance(event, StatusChanged)]
        if reports:
            states = {(event.message_id, event.status.state) for event in reports}
            messages = {event.message_id for event in reports}
            assert len(states) > len(messages), "give `readable` two states of one message"
        told: dict[str, object] = {}
        for event in self._events():
            assert told.setdefault(event.id, _what(event)) == _what(event)

    def test_a_status_word_that_is_not_known_is_read(self) -> None:
        reports = [event for event in self._events() if isinstance(event, StatusChanged)]
        if not reports:
            pytest.skip("this source reports no states")
        unknown = [event.status for event in reports if event.status.state is State.UNKNOWN]
        assert unknown, "give `readable` a status word that is in no manual"
        # The wire's own word is never thrown away.
        assert all(status.code not in (None, "") for status in unknown)

    def test_one_bad_item_costs_no_other_its_place(self) -> None:
        if self.one_item:
            pytest.skip("a request to this source holds one item")
        examples = [one for one in self.readable if one.unread and one.events]
        assert examples, "give `readable` a request with an item that cannot be read among others"
        for example in examples:
            read = self._read(example.request)
            assert len(read.unread) == example.unread
            assert all(read.unread), "it says why"
            assert len(read.events) == len(example.events)

    def test_what_cannot_be_read_is_a_value_error_with_a_reason(self) -> None:
        assert self.unreadable, "give `unreadable`: requests of which nothing can be read"
        for request in self.unreadable:
            assert _reason(self._source, request)

    def test_whatever_comes_is_read_or_refused(self) -> None:
        for request in self._requests():
            for broken in _broken(request):
                _reason(self._source, broken)

    def test_nothing_that_shows_holds_content(self) -> None:
        read = [example.request.query + example.request.body for example in self.readable]
        unread = [request.query + request.body for request in self.unreadable]
        assert any(self.canary.encode() in text for text in read), "put the canary into `readable`"
        assert any(self.canary.encode() in text for text in unread), "and into `unreadable`"
        shown = [repr(self._source)]
        for request in self._requests():
            shown += [repr(request), *(_reason(self._source, one) for one in _broken(request))]
        for example in self.readable:
            given = self._read(example.request)
            shown += [repr(given), *given.unread]
            shown.append(repr(self._answer([self.canary] * len(given.events))))
        hidden = {self.canary, *itertools.chain(*map(_content, self._events()))}
        assert not [(word, text) for word in hidden for text in shown if word in text]

    def test_all_of_it_is_taken_and_answered(self) -> None:
        for example in self.readable:
            taken, status, logged = self._handled(example.request)
            assert sorted(event.id for event in taken) == sorted({one.id for one in example.events})
            assert status == (400 if example.unread else 200)
            assert self.canary not in logged
        for request in self.unreadable:
            taken, status, logged = self._handled(request)
            assert (taken, status) == ([], 400)
            assert self.canary not in logged

    def test_an_answer_says_that_it_was_taken(self) -> None:
        for example in self.readable:
            for reply in (None, "Thank you"):
                answer = self._answer([reply] * len(example.events))
                assert 200 <= answer.status < 300

    @property
    def _source(self) -> Source:
        return self.spec.load()

    def _requests(self) -> Iterator[CallbackRequest]:
        yield from (example.request for example in self.readable)
        yield from self.unreadable

    def _events(self) -> Iterator[Event]:
        for example in self.readable:
            yield from self._read(example.request).events

    def _read(self, request: CallbackRequest, now: datetime = _NOW) -> Read:
        return self._source.read(request, now=now, channel=self.spec.name)

    def _answer(self, replies: Sequence[str | None]) -> CallbackAnswer:
        return self._source.answer(replies)

    def _handled(self, request: CallbackRequest) -> tuple[list[Event], int, str]:
        """The events taken, the status, and the text logged."""

        async def run() -> tuple[list[Event], int]:
            taken: list[Event] = []

            async def take(event: Event) -> str:
                taken.append(event)
                return self.canary

            callbacks = Callbacks(take, [self.spec], secrets=[Secret(_SECRET)])
            path = f"/{_SECRET}/{self.spec.name}"
            answer = await callbacks.handle(msgspec.structs.replace(request, path=path))
            return taken, answer.status

        with _logged() as lines:
            taken, status = asyncio.run(run())
        return taken, status, "\n".join(lines)


def _plain(event: Event) -> Event:
    return msgspec.structs.replace(event, raw=None)


def _what(event: Event) -> object:
    """What happened, without the details in which two reports of it may differ."""
    if isinstance(event, StatusChanged):
        return event.message_id, event.status.state
    fields = msgspec.structs.asdict(event)
    return tuple(str(fields[name]) for name in fields if name not in ("id", "at", "raw"))


def _content(event: Event) -> Iterator[str]:
    """Words of an event that may occur only in the event itself, not in any text about it."""
    for name, value in msgspec.structs.asdict(event).items():
        if name != "channel" and type(value) is str and len(value) > 4:
            yield value


def _reason(source: Source, request: CallbackRequest) -> str:
    """Why the request cannot be read; ``""`` if it can. Any other exception is a failure."""
    try:
        source.read(request, now=_NOW, channel="")
    except (ValueError, RecursionError) as error:
        return f"{error} {error!r}"
    return ""


def _broken(request: CallbackRequest) -> Iterator[CallbackRequest]:
    """The request itself, cut short, and with a byte changed."""
    yield request
    for field in ("body", "query"):
        whole: bytes = getattr(request, field)
        for text in _spoilt(whole):
            yield msgspec.structs.replace(request, **{field: text})


def _spoilt(whole: bytes) -> Iterable[bytes]:
    for place in range(0, len(whole), 1 + len(whole) // 200):
        yield whole[:place]
        yield whole[:place] + b"\xff" + whole[place + 1 :]
        yield whole[:place] + b'"' + whole[place + 1 :]
    yield b"\0" + whole
    yield whole * 2


@contextmanager
def _logged() -> Iterator[list[str]]:
    """What any logger says in this block, at any level."""
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    root, handler = logging.getLogger(), Keep()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
