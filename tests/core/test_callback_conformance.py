"""The kit finds the faults of a source, and says which examples are missing."""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec
import pytest

from devino_core import Event
from devino_core.callbacks import CallbackAnswer, CallbackRequest, Read, Source
from devino_core.testing import CallbackConformance
from tests.core import test_callback_source as right

Change = Callable[[Event, int, CallbackRequest, datetime], Event]
replace = msgspec.structs.replace


class Changed:
    """The right source, but something changes its events on the way."""

    def __init__(self, change: Change) -> None:
        self._change = change

    def read(self, request: CallbackRequest, *, now: datetime, channel: str) -> Read:
        read = right.REPORTS.source.read(request, now=now, channel=channel)
        events = [
            self._change(event, place, request, now) for place, event in enumerate(read.events)
        ]
        return Read(events, read.unread)

    def answer(self, replies: Sequence[str | None]) -> CallbackAnswer:
        return CallbackAnswer()


def message_alone(event: Event, place: int, request: CallbackRequest, now: datetime) -> Event:
    return replace(event, id=event.id.partition(":")[0])


def place_in_batch(event: Event, place: int, request: CallbackRequest, now: datetime) -> Event:
    return replace(event, id=f"{hashlib.md5(request.body).hexdigest()}-{place}")


def whole_request(event: Event, place: int, request: CallbackRequest, now: datetime) -> Event:
    return replace(event, id=f"{event.id}-{request.headers}{request.path}")


def when_it_came(event: Event, place: int, request: CallbackRequest, now: datetime) -> Event:
    return replace(event, id=f"{event.id}-{now}")


def anything(event: Event, place: int, request: CallbackRequest, now: datetime) -> Event:
    return replace(event, id=uuid.uuid4().hex)


def naive(event: Event, place: int, request: CallbackRequest, now: datetime) -> Event:
    return replace(event, at=event.at.replace(tzinfo=None))


def another_channel(event: Event, place: int, request: CallbackRequest, now: datetime) -> Event:
    return replace(event, channel="rest")


class Reversed(Changed):
    """Gives events in another order than the request."""

    def read(self, request: CallbackRequest, *, now: datetime, channel: str) -> Read:
        read = super().read(request, now=now, channel=channel)
        return Read(read.events[::-1], read.unread)


class Bare(Changed):
    """Gives bare events instead of a Read."""

    def read(self, request: CallbackRequest, *, now: datetime, channel: str) -> Read:
        return super().read(request, now=now, channel=channel).events  # type: ignore[return-value]


class KnownWordsOnly(Changed):
    """Takes an item with an unknown status word for unreadable."""

    def read(self, request: CallbackRequest, *, now: datetime, channel: str) -> Read:
        read = super().read(request, now=now, channel=channel)
        known = [event for event in read.events if event.id.partition(":")[2] != "canary"]
        return Read(known, [*read.unread, *["unknown"] * (len(read.events) - len(known))])


class AllOrNothing(Changed):
    """Refuses all items if one is bad."""

    def read(self, request: CallbackRequest, *, now: datetime, channel: str) -> Read:
        read = super().read(request, now=now, channel=channel)
        if read.unread:
            raise ValueError(read.unread[0])
        return read


class Silent(Changed):
    """Skips a bad item in silence."""

    def read(self, request: CallbackRequest, *, now: datetime, channel: str) -> Read:
        return Read(super().read(request, now=now, channel=channel).events)


class Quoting(Changed):
    """Quotes what it could not read in its reason."""

    def read(self, request: CallbackRequest, *, now: datetime, channel: str) -> Read:
        try:
            return super().read(request, now=now, channel=channel)
        except ValueError:
            raise ValueError(f"cannot read {request.body!r}") from None


class Crashing(Changed):
    """Raises another error than ValueError."""

    def read(self, request: CallbackRequest, *, now: datetime, channel: str) -> Read:
        try:
            return super().read(request, now=now, channel=channel)
        except ValueError:
            raise KeyError("id") from None


class Refusing(Changed):
    """Answers as if the events were not taken."""

    def answer(self, replies: Sequence[str | None]) -> CallbackAnswer:
        return CallbackAnswer(302)


def as_it_is(event: Event, place: int, request: CallbackRequest, now: datetime) -> Event:
    return event


class Shown(Changed):
    def __repr__(self) -> str:
        return "Shown(canary)"


WRONG: dict[str, tuple[Source, str]] = {
    "id of the message alone": (
        Changed(message_alone),
        "test_what_is_different_has_different_ids",
    ),
    "id of the batch": (Changed(place_in_batch), "test_a_repeat_has_the_ids_of_the_first_time"),
    "id of the request": (
        Changed(whole_request),
        "test_an_id_is_made_of_the_item_and_not_of_the_request",
    ),
    "id of the time": (
        Changed(when_it_came),
        "test_an_id_is_made_of_the_item_and_not_of_the_request",
    ),
    "id of nothing": (
        Changed(anything),
        "test_an_id_is_made_of_the_item_and_not_of_the_request",
    ),
    "in another order": (
        Reversed(as_it_is),
        "test_what_can_be_read_gives_its_events_in_order",
    ),
    "bare events": (Bare(as_it_is), "test_manifest_tells_what_the_source_is"),
    "naive time": (Changed(naive), "test_an_event_says_when_and_on_which_channel"),
    "a channel of its own": (
        Changed(another_channel),
        "test_an_event_says_when_and_on_which_channel",
    ),
    "known words only": (
        KnownWordsOnly(as_it_is),
        "test_a_status_word_that_is_not_known_is_read",
    ),
    "all or nothing": (AllOrNothing(as_it_is), "test_one_bad_item_costs_no_other_its_place"),
    "silent": (Silent(as_it_is), "test_one_bad_item_costs_no_other_its_place"),
    "quoting": (Quoting(as_it_is), "test_nothing_that_shows_holds_content"),
    "quoting in the log": (Quoting(as_it_is), "test_all_of_it_is_taken_and_answered"),
    "crashing": (Crashing(as_it_is), "test_what_cannot_be_read_is_a_value_error_with_a_reason"),
    "crashing on garbage": (Crashing(as_it_is), "test_whatever_comes_is_read_or_refused"),
    "refusing": (Refusing(as_it_is), "test_an_answer_says_that_it_was_taken"),
    "shown": (Shown(as_it_is), "test_nothing_that_shows_holds_content"),
}


@pytest.mark.parametrize(("source", "test"), WRONG.values(), ids=WRONG)
def test_a_wrong_source_is_found_out(source: Source, test: str) -> None:
    class Wrong(right.TestReports):
        spec = replace(right.REPORTS, source=source)

    with pytest.raises((AssertionError, ValueError, KeyError)):
        getattr(Wrong(), test)()


LACKING: dict[str, tuple[dict[str, object], str, str]] = {
    "repeats": ({"repeats": ()}, "test_a_repeat_has_the_ids_of_the_first_time", "give `repeats`"),
    "unreadable": (
        {"unreadable": ()},
        "test_what_cannot_be_read_is_a_value_error_with_a_reason",
        "give `unreadable`",
    ),
    "two states": (
        {"readable": right.TestReports.readable[:1]},
        "test_what_is_different_has_different_ids",
        "two states of one message",
    ),
    "an unknown word": (
        {"readable": right.TestReports.readable[:2]},
        "test_a_status_word_that_is_not_known_is_read",
        "a status word that is in no manual",
    ),
    "a bad item": (
        {"readable": right.TestReports.readable[:3]},
        "test_one_bad_item_costs_no_other_its_place",
        "an item that cannot be read among others",
    ),
    "the canary": (
        {"canary": "nowhere"},
        "test_nothing_that_shows_holds_content",
        "put the canary into",
    ),
}


@pytest.mark.parametrize(("examples", "test", "said"), LACKING.values(), ids=LACKING)
def test_examples_that_prove_too_little_are_found_out(
    examples: dict[str, object], test: str, said: str
) -> None:
    poor = type("Poor", (right.TestReports,), examples)
    with pytest.raises(AssertionError, match=said):
        getattr(poor(), test)()


def test_the_kit_leaves_no_event_loop_behind() -> None:
    right.TestReports().test_all_of_it_is_taken_and_answered()
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()


def test_every_test_of_the_kit_is_failed_by_some_source() -> None:
    tests = {name for name in vars(CallbackConformance) if name.startswith("test_")}
    failed = {test for _, test in WRONG.values()}
    assert tests == failed
