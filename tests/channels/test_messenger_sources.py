"""The sources ``viber``, ``whatsapp``, ``vk`` and ``sms``: what the platform posts, as events."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs import incoming, viber, vk
from devino_core import (
    Event,
    Incoming,
    Medium,
    Plugins,
    Secret,
    State,
    Status,
    StatusChanged,
)
from devino_core.callbacks import CallbackAnswer, CallbackRequest, Callbacks
from devino_core.testing import CallbackConformance, Readable
from tests._vectors import VECTORS
from tests.core._callbacks import SECRET

PLUGINS = Plugins(environ={})
FIRST, SECOND = 3158611117333282817, 3158611117333282818
AT = datetime(2018, 6, 1, 13, 55, 23, 68000, tzinfo=UTC)
MOSCOW = datetime(2017, 5, 31, 14, 51, 12, tzinfo=vk.MOSCOW)
WRITTEN = datetime(2007, 11, 29, tzinfo=UTC)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
CANARY = "canary-77"


def posted(body: object, method: str = "POST", query: bytes = b"") -> CallbackRequest:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return CallbackRequest(method=method, path="/", query=query, body=data)


def viber_item(number: object, word: str, reason: str | None = None) -> dict[str, object]:
    item: dict[str, object] = {"id": number, "receivedAt": "1527861323068", "status": word}
    return item if reason is None else {**item, "errorCode": reason}


def reply(number: int, text: str, **more: object) -> dict[str, object]:
    return {
        "id": number,
        "parentId": FIRST,
        "receivedAt": "2007-11-29 00:00:00",
        "subject": "Magazin",
        "address": "79161234567",
        "contentType": "text",
        "content": text,
        **more,
    }


def changed(
    source: str,
    medium: Medium,
    number: int,
    state: State,
    word: str,
    why: str = "",
    at: datetime = AT,
) -> StatusChanged:
    return StatusChanged(
        id=f"{number}:{word}",
        at=at,
        channel=source,
        message_id=str(number),
        medium=medium,
        status=Status(
            state=state,
            id=str(number),
            code=word,
            description=why,
            reported_at=at,
            medium=medium,
        ),
    )


def written(source: str, medium: Medium, number: int, text: str, to: str | None) -> Incoming:
    return Incoming(
        id=f"reply:{number}",
        at=WRITTEN,
        channel=source,
        sender="79161234567",
        to="Magazin",
        text=text,
        medium=medium,
        in_reply_to=to,
    )


class _Messenger(CallbackConformance):
    canary = CANARY
    unreadable = (posted(CANARY.encode()), posted({"id": CANARY}), posted(b""), posted(b"\xff"))
    repeats = (
        (
            posted([viber_item(FIRST, "READ"), viber_item(SECOND, "FAILED")]),
            posted([{**viber_item(str(FIRST), "read"), "receivedAt": 1527861323999}]),
        ),
        (posted([reply(5, CANARY), reply(6, "b")]), posted([reply(6, "b")])),
    )


def messenger(source: str, medium: Medium) -> tuple[Readable, ...]:
    def event(number: int, state: State, word: str, why: str = "") -> StatusChanged:
        return changed(source, medium, number, state, word, why)

    return (
        Readable(
            posted(
                [
                    viber_item(FIRST, "DELIVERED"),
                    viber_item(FIRST, "READ"),
                    viber_item(SECOND, "VISITED"),
                    viber_item(SECOND, "UNDELIVERED", "USER_BLOCKED"),
                    viber_item(3, "FAILED", "SUN_IN_THE_EYES"),
                    viber_item(4, "VP_EXPIRED", "ERROR_VP_EXPIRED"),
                    viber_item(5, "undelived", "error"),
                ]
            ),
            [
                event(FIRST, State.DELIVERED, "delivered"),
                event(FIRST, State.READ, "read"),
                event(SECOND, State.CLICKED, "visited"),
                event(SECOND, State.UNDELIVERABLE, "undelivered", "user-blocked"),
                event(3, State.UNDELIVERABLE, "failed", "SUN_IN_THE_EYES"),
                event(4, State.EXPIRED, "vp_expired", "error-vp-expired"),
                event(5, State.UNDELIVERABLE, "undelivered", "error"),
            ],
        ),
        Readable(
            posted([viber_item(FIRST, "telepathed")]),
            [event(FIRST, State.UNKNOWN, "telepathed")],
        ),
        Readable(
            posted(
                [
                    viber_item(1.5e18, CANARY),
                    viber_item(FIRST, "READ"),
                    {"parentId": CANARY},
                    reply(7, CANARY, parentId=0),
                ]
            ),
            [
                event(FIRST, State.READ, "read"),
                written(source, medium, 7, CANARY, None),
            ],
            unread=2,
        ),
        Readable(
            posted([reply(5, CANARY), reply(6, "balance", contentName=None)]),
            [
                written(source, medium, 5, CANARY, str(FIRST)),
                written(source, medium, 6, "balance", str(FIRST)),
            ],
        ),
        Readable(posted([]), []),
    )


class TestViber(_Messenger):
    spec = PLUGINS.callback_spec("viber")
    readable = messenger("viber", Medium.VIBER)


class TestWhatsApp(_Messenger):
    spec = PLUGINS.callback_spec("whatsapp")
    readable = messenger("whatsapp", Medium.WHATSAPP)


def vk_item(number: object, word: str, why: str = "") -> dict[str, object]:
    at = "2017-05-31 14:51:12"
    return {"messageId": number, "status": word, "receivedAt": at, "error": why}


def in_vk(number: int, state: State, word: str, why: str = "") -> StatusChanged:
    return changed("vk", Medium.VK, number, state, word, why, MOSCOW)


class TestVk(CallbackConformance):
    spec = PLUGINS.callback_spec("vk")
    canary = CANARY
    readable = (
        Readable(
            posted(
                [
                    vk_item(FIRST, "ENQUEUED"),
                    vk_item(FIRST, "SENT"),
                    vk_item(FIRST, "DELIVERED", "Доставлено"),
                    vk_item(SECOND, "FAILED", CANARY),
                    vk_item(1, "VP_EXPIRED"),
                ]
            ),
            [
                in_vk(FIRST, State.ACCEPTED, "enqueued"),
                in_vk(FIRST, State.ENROUTE, "sent"),
                in_vk(FIRST, State.DELIVERED, "delivered", "Доставлено"),
                in_vk(SECOND, State.UNDELIVERABLE, "failed", CANARY),
                in_vk(1, State.EXPIRED, "vp_expired"),
            ],
        ),
        Readable(posted([vk_item(1, "odd")]), [in_vk(1, State.UNKNOWN, "odd")]),
        Readable(
            posted([vk_item(CANARY, "READ"), vk_item(1, "READ"), {"id": 2, "time": CANARY}]),
            [in_vk(1, State.READ, "read")],
            unread=2,
        ),
    )
    unreadable = (posted(CANARY.encode()), posted({"messageId": CANARY}), posted(b"["))
    repeats = (
        (
            posted([vk_item(FIRST, "READ"), vk_item(1, "FAILED")]),
            posted([{"id": FIRST, "status": "read", "time": "2017-05-31 15:00:00"}]),
        ),
    )


FORM = {
    "sourcePhone": "79089876534",
    "number": "24350",
    "prefix": " loto",
    "text": f" {CANARY} да!",
    "messageId": "2355150",
}


def form(given: Mapping[str, str], charset: str = "utf-8") -> bytes:
    return "&".join(
        f"{name}={quote(text.encode(charset))}" for name, text in given.items()
    ).encode()


PUSHED = Incoming(
    id="2355150",
    at=NOON,
    channel="sms",
    sender="79089876534",
    to="24350",
    text=f"{CANARY} да!",
)


class TestSms(CallbackConformance):
    spec = PLUGINS.callback_spec("sms")
    canary = CANARY
    one_item = True
    readable = (
        Readable(posted(b"", "GET", form(FORM)), [PUSHED]),
        Readable(posted(form(FORM)), [PUSHED]),
        Readable(posted(form(FORM, "windows-1251")), [PUSHED]),
    )
    unreadable = (
        posted(form({**FORM, "messageId": ""})),
        posted(b"", "GET", f"text={CANARY}".encode()),
        posted(b""),
    )
    repeats = ((posted(form(FORM)), posted(b"", "GET", form(dict(reversed(FORM.items()))))),)


# Replies


async def handled(
    take: Callable[[Event], str | None], *requests: CallbackRequest, source: str = "sms"
) -> list[CallbackAnswer]:
    callbacks = Callbacks(take, [PLUGINS.callback_spec(source)], secrets=[Secret(SECRET)])
    path = f"/{SECRET}/{source}"
    return [
        await callbacks.handle(
            CallbackRequest(method=one.method, path=path, query=one.query, body=one.body)
        )
        for one in requests
    ]


async def test_a_repeat_gets_the_reply_again_and_is_taken_once() -> None:
    taken: list[Event] = []

    def take(event: Event) -> str:
        taken.append(event)
        return f"Спасибо {len(taken)}"

    request = posted(b"", "GET", form(FORM))
    first, second = await handled(take, request, request)
    assert (
        first
        == second
        == CallbackAnswer(200, "{sms=Спасибо 1}".encode(), "text/plain; charset=utf-8")
    )
    assert len(taken) == 1
    assert incoming.decode_reply(first.body) == incoming.Reply("Спасибо 1")


@pytest.mark.parametrize("nothing", [None, ""])
async def test_no_reply_is_an_empty_body(nothing: str | None) -> None:
    (answer,) = await handled(lambda _: nothing, posted(form(FORM)))
    assert (answer.status, answer.body, answer.content_type) == (200, b"", None)


@pytest.mark.parametrize("unfit", ["a\x00b", "  ", "\ud800"])
async def test_a_reply_that_no_sms_can_be_is_not_sent_and_not_asked_for_again(
    unfit: str, caplog: pytest.LogCaptureFixture
) -> None:
    (answer,) = await handled(lambda _: unfit, posted(form(FORM)))
    assert (answer.status, answer.body) == (200, b"")
    assert "a reply through sms cannot be sent" in caplog.text


@pytest.mark.parametrize("source", ["viber", "whatsapp", "vk"])
async def test_what_was_taken_is_answered_with_an_empty_body(source: str) -> None:
    body = VECTORS["15-007" if source == "vk" else "12-012"].data
    (answer,) = await handled(lambda _: "no reply goes here", posted(body), source=source)
    assert (answer.status, answer.body) == (200, b"")


def test_the_manuals_examples_are_events() -> None:
    def read(source: str, id_: str) -> Sequence[Event]:
        spec = PLUGINS.callback_spec(source)
        return spec.load().read(posted(VECTORS[id_].data), now=NOON, channel=source).events

    (status,) = read("viber", "12-012")
    assert status.id == "3158611117333282816:undelivered"
    (answered,) = read("viber", "12-013")
    assert isinstance(answered, Incoming)
    assert (answered.in_reply_to, answered.text, answered.to) == ("1", "balance", "test")
    (delivered,) = read("vk", "15-007")
    assert isinstance(delivered, StatusChanged)
    assert (delivered.at, delivered.status.description) == (MOSCOW, "Доставлено")


# Order


def reports(source: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Reports of one message, each a word and a time."""
    seconds = st.integers(0, 3600)
    if source == "vk":
        words = st.sampled_from([*(word.upper() for word in vk.VkStatus), "ODD"])
        return st.lists(
            st.builds(
                lambda word, second: {
                    **vk_item(FIRST, word),
                    "receivedAt": f"{MOSCOW + timedelta(seconds=second):%Y-%m-%d %H:%M:%S}",
                },
                words,
                seconds,
            ),
            min_size=1,
            max_size=7,
        )
    words = st.sampled_from([*(word.upper() for word in viber.DeliveryStatus), "ODD"])
    return st.lists(
        st.builds(
            lambda word, second: {
                **viber_item(FIRST, word),
                "receivedAt": str(1527861323068 + 1000 * second),
            },
            words,
            seconds,
        ),
        min_size=1,
        max_size=7,
    )


@pytest.mark.parametrize("odd", ["yesterday", "", None, {}, [], "9" * 30, -5, 1e99])
@pytest.mark.parametrize("source", ["viber", "whatsapp", "vk"])
def test_an_event_whose_time_cannot_be_read_is_taken_all_the_same(source: str, odd: Any) -> None:
    # Refused, it would be repeated for ever.
    def read(items: Sequence[Mapping[str, Any]]) -> Sequence[Event]:
        found = PLUGINS.callback_spec(source).load().read(posted(items), now=NOON, channel=source)
        assert not found.unread
        return found.events

    item = vk_item(FIRST, "READ") if source == "vk" else viber_item(FIRST, "READ")
    untold = {name: value for name, value in item.items() if name != "receivedAt"}
    told = read([{**item, "receivedAt": odd}, untold, item])
    assert [event.at == NOON for event in told] == [True, True, False]
    # It is the same event that is told three times.
    assert len({event.id for event in told}) == 1
    statuses = [event.status for event in told if isinstance(event, StatusChanged)]
    assert [status.state for status in statuses] == [State.READ] * 3
    assert [status.reported_at for status in statuses[:2]] == [None, None]
    if source != "vk":
        (answer,) = read([reply(5, "hello", receivedAt=odd)])
        assert (answer.id, answer.at) == ("reply:5", NOON)


async def test_a_callback_whose_time_cannot_be_read_is_acknowledged() -> None:
    taken: list[Event] = []

    async def take(event: Event) -> None:
        taken.append(event)

    callbacks = Callbacks(take, [PLUGINS.callback_spec("viber")], secrets=[Secret(SECRET)])
    item = {**viber_item(FIRST, "READ"), "receivedAt": "yesterday"}
    answers = [
        await callbacks.handle(msgspec.structs.replace(posted([item]), path=f"/{SECRET}/viber"))
        for _ in range(2)
    ]
    assert [answer.status for answer in answers] == [200, 200]
    assert [event.id for event in taken] == [f"{FIRST}:read"]


def ends(source: str, items: Sequence[Mapping[str, Any]]) -> Status:
    status = Status(state=State.ACCEPTED)
    read = PLUGINS.callback_spec(source).load().read(posted(items), now=NOON, channel=source)
    assert not read.unread
    for event in read.events:
        assert isinstance(event, StatusChanged)
        status = status.advanced_by(event.status)
    return status


@pytest.mark.parametrize("source", ["viber", "whatsapp", "vk"])
def test_the_reports_of_a_message_end_in_the_same_state_in_any_order(source: str) -> None:
    @given(st.data())
    def check(data: st.DataObject) -> None:
        items = data.draw(reports(source))
        repeated = items + data.draw(st.lists(st.sampled_from(items), max_size=4))
        shuffled = data.draw(st.permutations(repeated))
        one, other = ends(source, items), ends(source, shuffled)
        assert (one.state, one.reported_at) == (other.state, other.reported_at)

    check()
