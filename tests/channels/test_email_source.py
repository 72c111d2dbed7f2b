"""The source ``email``: what the platform posts about mails, as events."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs import email
from devino_core import ConsentChanged, Event, Medium, Plugins, Secret, State, Status, StatusChanged
from devino_core.callbacks import CallbackRequest, Callbacks
from devino_core.testing import CallbackConformance, Readable
from devino_plugins.email import EmailSource
from tests._vectors import VECTORS
from tests.core._callbacks import SECRET

AT = datetime(2020, 1, 14, 8, 27, 57, 737785, tzinfo=UTC)
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
CANARY = "canary-77"


def item(event: str, **more: object) -> dict[str, object]:
    return {
        "messageId": "MsA29aT4zJe",
        "taskId": 0,
        "userMessageId": "mine",
        "email": "a@b.ru",
        "event": event,
        "dateTime": "2020-01-14T08:27:57.7377849",
        **more,
    }


def posted(*items: object) -> CallbackRequest:
    body = json.dumps({"messageEventDtos": items}).encode()
    return CallbackRequest(method="POST", path="/", body=body)


def read(*items: object) -> Sequence[Any]:
    return EmailSource().read(posted(*items), now=NOW, channel="email").events


def changed(word: str, state: State, code: str = "", why: str = "", end: str = "") -> StatusChanged:
    return StatusChanged(
        id=f"MsA29aT4zJe:{word}{end}",
        at=AT,
        channel="email",
        message_id="MsA29aT4zJe",
        ref="mine",
        medium=Medium.EMAIL,
        status=Status(
            state=state,
            id="MsA29aT4zJe",
            code=code or word,
            description=why,
            reported_at=AT,
            medium=Medium.EMAIL,
        ),
    )


def consent(word: str, *, allowed: bool) -> ConsentChanged:
    return ConsentChanged(
        id=f"MsA29aT4zJe:{word}:2020-01-14T08:27:57.737785",
        at=AT,
        channel="email",
        address="a@b.ru",
        medium=Medium.EMAIL,
        allowed=allowed,
    )


class TestConformance(CallbackConformance):
    spec = Plugins(environ={}).callback_spec("email")
    canary = CANARY
    repeats = (
        (
            posted(item("SENT"), item("UNSUBSCRIBED")),
            CallbackRequest(
                method="POST",
                path="/",
                body=json.dumps([item("unsubscribed"), item("sent")]).encode(),
            ),
        ),
    )
    readable = (
        Readable(posted(item("SENT")), (changed("SENT", State.ENROUTE),)),
        Readable(posted(item("DELIVERED")), (changed("DELIVERED", State.DELIVERED),)),
        Readable(posted(item("OPENED")), (changed("OPENED", State.READ),)),
        Readable(
            posted(item("CLICKED", url="http://example.com")),
            (changed("CLICKED", State.CLICKED, why="http://example.com", end=":f0e6a6a9"),),
        ),
        Readable(
            posted(item("BOUNCED", isHardbounce=True, reason="bad-mailbox"), item("SENT")),
            (
                changed("BOUNCED", State.BOUNCED, "bad-mailbox", "hard"),
                changed("SENT", State.ENROUTE),
            ),
        ),
        Readable(posted(item("UNSUBSCRIBED")), (consent("UNSUBSCRIBED", allowed=False),)),
        Readable(posted(item("SUBSCRIBED")), (consent("SUBSCRIBED", allowed=True),)),
        Readable(posted(item("COMPLAINED")), (consent("COMPLAINED", allowed=False),)),
        Readable(posted(item("FROZEN")), (changed("FROZEN", State.UNKNOWN),)),
        Readable(
            posted({"messageId": CANARY}, item("SENT", url=CANARY), {"event": CANARY}),
            (changed("SENT", State.ENROUTE),),
            unread=2,
        ),
    )
    unreadable = (
        CallbackRequest(method="POST", path="/", body=CANARY.encode()),
        CallbackRequest(method="POST", path="/", body=f"<a>{CANARY}".encode()),
        CallbackRequest(method="POST", path="/", body=b""),
    )


@pytest.mark.parametrize(
    ("reason", "hard", "state"),
    [
        ("message-expired", True, State.BOUNCED),
        ("already_unsubscribed", False, State.REJECTED),
        ("overpackage-related", None, State.REJECTED),
        ("invalid-sender", None, State.REJECTED),
        ("quota-issues", False, State.BOUNCED),
        ("of-tomorrow", None, State.BOUNCED),
        (None, None, State.BOUNCED),
    ],
)
def test_why_a_mail_bounced_says_its_state(
    reason: str | None, hard: bool | None, state: State
) -> None:
    (event,) = read(item("BOUNCED", reason=reason, isHardbounce=hard))
    assert (event.status.state, event.status.code) == (state, reason or "BOUNCED")
    assert event.status.description == {True: "hard", False: "soft", None: ""}[hard]


def test_a_bounce_replaces_a_delivery_and_a_late_delivery_nothing() -> None:
    delivered, bounced = read(item("DELIVERED"), item("BOUNCED", reason="bad-mailbox"))
    status = delivered.status.advanced_by(bounced.status)
    assert status.state is State.BOUNCED
    assert not status.state.is_success
    assert status.advanced_by(delivered.status).state is State.BOUNCED


def test_every_callback_of_the_manual_is_an_event() -> None:
    for number in range(31, 42):
        request = CallbackRequest(method="POST", path="/", body=VECTORS[f"14-0{number}"].data)
        found = EmailSource().read(request, now=NOW, channel="email")
        assert len(found.events) == 1
        assert not found.unread


def test_a_repeat_has_the_id_of_the_first_and_another_link_has_its_own() -> None:
    ids = [
        event.id
        for event in read(
            item("CLICKED", url="http://a"),
            item("CLICKED", url="http://a", dateTime="2020-01-15T00:00:00"),
            item("CLICKED", url="http://b"),
            item("UNSUBSCRIBED"),
            item("UNSUBSCRIBED"),
            item("UNSUBSCRIBED", dateTime="2020-01-15T00:00:00"),
        )
    ]
    assert ids[0] == ids[1] != ids[2]
    assert ids[3] == ids[4] != ids[5]


@pytest.mark.parametrize("event", ["DELIVERED", "CLICKED", "UNSUBSCRIBED"])
def test_an_event_whose_time_cannot_be_read_is_taken_all_the_same(event: str) -> None:
    # Refused, it would be repeated for ever.
    found = EmailSource().read(posted(item(event, dateTime="soon")), now=NOW, channel="email")
    (told,) = found.events
    assert not found.unread
    assert told.at == NOW
    if isinstance(told, StatusChanged):
        assert told.status.reported_at is None
    (again,) = EmailSource().read(
        posted(item(event, dateTime="soon")), now=NOW + timedelta(hours=1), channel="email"
    ).events  # fmt: skip
    assert again.id == told.id


def test_another_clock_can_be_said() -> None:
    request = posted(item("SENT"))
    (event,) = EmailSource(utc_offset=3).read(request, now=NOW, channel="email").events
    assert event.at == AT - timedelta(hours=3)


@given(st.datetimes(), st.sampled_from([-12.0, 0.0, 14.0]))
def test_any_time_is_an_event(at: datetime, offset: float) -> None:
    request = posted(item("SENT", dateTime=at.isoformat()))
    (event,) = EmailSource(utc_offset=offset).read(request, now=NOW, channel="email").events
    assert event.at.utcoffset() is not None


def test_one_bad_item_costs_no_other_its_place() -> None:
    found = EmailSource().read(
        posted(item("SENT"), {"messageId": CANARY}, item("OPENED")), now=NOW, channel="email"
    )
    assert [event.status.state for event in found.events] == [State.ENROUTE, State.READ]  # type: ignore[attr-defined]
    (unread,) = found.unread
    assert unread.startswith("[1]: ")
    assert CANARY not in unread


async def test_a_callback_comes_twice_and_is_taken_once() -> None:
    taken: list[str] = []
    plugins = Plugins(environ={})
    callbacks = Callbacks(
        lambda event: taken.append(event.id),
        [plugins.callback_spec("email")],
        secrets=[Secret(SECRET)],
    )
    events = [
        email.MessageEvent(
            message_id=f"Ms{n}", email="a@b.ru", event="SENT", date_time=AT.replace(tzinfo=None)
        )
        for n in range(1000)
    ]
    for xml in (False, True, False):
        body = email.encode_callback(events, xml=xml)
        request = CallbackRequest(method="POST", path=f"/{SECRET}/email", body=body)
        answer = await callbacks.handle(request)
        assert answer.status == 200
    assert len(taken) == 1000


@pytest.mark.parametrize("xml", [False, True])
async def test_ten_thousand_events_may_come_at_once(xml: bool) -> None:
    taken: set[str] = set()

    async def take(event: Event) -> None:
        taken.add(event.id)

    callbacks = Callbacks(
        take, [Plugins(environ={}).callback_spec("email")], secrets=[Secret(SECRET)]
    )
    (opened,) = email.decode_callback(VECTORS["14-034"].data)
    assert isinstance(opened, email.MessageEvent)
    events = [msgspec.structs.replace(opened, message_id=f"Ms{n}") for n in range(10_000)]
    body = email.encode_callback(events, xml=xml)
    request = CallbackRequest(method="POST", path=f"/{SECRET}/email", body=body)
    assert (await callbacks.handle(request)).status == 200
    assert len(taken) == 10_000
