"""What the platform posts about Viber messages, and what recipients answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from devino_codecs import viber
from devino_codecs.http import DecodeError, EncodeError, Unread
from devino_codecs.viber import _callbacks
from tests._vectors import VECTORS

AT = datetime(2018, 6, 1, 13, 55, 23, 68000, tzinfo=UTC)
READ = {"id": 17, "receivedAt": "1527861323068", "status": "READ"}


def decode(*items: object) -> tuple[Any, ...]:
    return viber.decode_callback(json.dumps(items).encode())


@pytest.mark.parametrize("id_", ["12-012", "12-013"])
def test_a_callback_of_the_manual_is_read_and_written_the_same(id_: str) -> None:
    items = viber.decode_callback(VECTORS[id_].data)
    assert not any(isinstance(item, Unread) for item in items)
    written = viber.encode_callback(items)  # type: ignore[arg-type]
    assert json.loads(written) == json.loads(VECTORS[id_].data)


def test_the_examples_mean_what_they_say() -> None:
    (status,) = viber.decode_callback(VECTORS["12-012"].data)
    assert status == viber.StatusCallback(
        id="3158611117333282816",
        received_at=AT,
        status=viber.DeliveryStatus.UNDELIVERED,
        error_code=viber.Reason.USER_BLOCKED,
    )
    (reply,) = viber.decode_callback(VECTORS["12-013"].data)
    assert reply == viber.Reply(
        id="2",
        parent_id="1",
        received_at=datetime(2007, 11, 29, tzinfo=UTC),
        subject="test",
        address="7916123456789",
        content_type=viber.ContentType.TEXT,
        content="balance",
    )


def test_the_example_of_whatsapp_is_read() -> None:
    (item,) = decode(
        {
            "id": 3158611117333282816,
            "receivedAt": "1527861323068",
            "status": "undelived",
            "errorCode": "error",
        }
    )
    assert item == viber.StatusCallback(
        id="3158611117333282816",
        received_at=AT,
        status=viber.DeliveryStatus.UNDELIVERED,
        error_code="error",
    )


@pytest.mark.parametrize(
    "received_at",
    ["1527861323068", 1527861323068, "2018-06-01 13:55:23.068", " 1527861323068 "],
)
def test_times_in_any_notation(received_at: object) -> None:
    (item,) = decode({**READ, "receivedAt": received_at})
    assert item.received_at == AT


@pytest.mark.parametrize(
    "item",
    [
        {**READ, "status": "read"},
        {"ID": "17", "RECEIVEDAT": 1527861323068, "Status": "Read", "extra": 1},
        {**READ, "errorCode": None},
    ],
)
def test_names_and_words_in_any_case(item: object) -> None:
    assert decode(item) == decode(READ)


@pytest.mark.parametrize("word", ["NOT_VIBER_USER", "not-viber-user", "Not_Viber-User"])
def test_reasons_in_any_notation(word: str) -> None:
    for name in ("errorCode", "error"):
        (item,) = decode({**READ, name: word})
        assert item.error_code is viber.Reason.NOT_VIBER_USER


def test_words_that_the_tables_lack_survive() -> None:
    (item,) = decode({**READ, "status": "TELEPATHED", "errorCode": "MIND_CLOSED"})
    assert (item.status, item.error_code) == ("TELEPATHED", "MIND_CLOSED")
    written = json.loads(viber.encode_callback([item]))[0]
    assert (written["status"], written["errorCode"]) == ("TELEPATHED", "MIND_CLOSED")


@pytest.mark.parametrize("no_parent", [0, "0", None])
def test_a_reply_to_no_message_has_no_parent(no_parent: object) -> None:
    reply = json.loads(VECTORS["12-013"].data)[0]
    (item,) = decode({**reply, "parentId": no_parent, "contentName": "a.png"})
    assert (item.parent_id, item.content_name) == (None, "a.png")
    assert json.loads(viber.encode_callback([item]))[0]["parentId"] == 0


@pytest.mark.parametrize("odd", ["yesterday", "9" * 15, -1, None])
def test_a_time_that_cannot_be_read_is_none_and_costs_nothing_beside_it(odd: object) -> None:
    reply = json.loads(VECTORS["12-013"].data)[0]
    for item in (READ, reply):
        (found,), (whole,) = decode({**item, "receivedAt": odd}), decode(item)
        assert found == replace(whole, received_at=None)


@pytest.mark.parametrize(
    ("item", "path"),
    [
        ({**READ, "id": 1.5e18}, "id"),
        ({**READ, "id": 0}, "id"),
        ({**READ, "id": 2**63}, "id"),
        ({**READ, "status": 5.5}, "status"),
        ({"id": 5}, "status"),
        ({"parentId": 5}, "id"),
        (17, ""),
        (None, ""),
    ],
)
def test_an_unread_item_costs_no_other_its_place(item: object, path: str) -> None:
    before, unread, after = decode(READ, item, {**READ, "id": 2**63 - 1})
    assert (before.id, after.id) == ("17", "9223372036854775807")
    assert isinstance(unread, Unread)
    assert unread.path == path


@pytest.mark.parametrize("body", [b"", b"{}", b"[", b"[" * 100_000, b"\xff", b"17", b'[{"id":1}'])
def test_what_is_no_array_is_a_decode_error(body: bytes) -> None:
    with pytest.raises(DecodeError):
        viber.decode_callback(body)


def test_an_empty_array_says_nothing() -> None:
    assert viber.decode_callback(b"[]") == ()


def test_a_naive_time_cannot_be_written() -> None:
    item = viber.StatusCallback(
        id="1",
        received_at=datetime(2018, 6, 1),  # noqa: DTZ001
        status=viber.DeliveryStatus.READ,
    )
    with pytest.raises(EncodeError, match="receivedAt: a naive datetime"):
        viber.encode_callback([item])


texts = st.text(st.characters(exclude_categories=["Cs"]))
ids = st.integers(1, 2**63 - 1).map(str)
instants = st.integers(0, 253402300799999).map(
    lambda ms: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)
)
statuses = st.builds(
    viber.StatusCallback,
    id=ids,
    received_at=instants,
    status=st.sampled_from(viber.DeliveryStatus) | st.just("ODD"),
    error_code=st.none() | st.sampled_from(viber.Reason) | st.just("ODD"),
)
replies = st.builds(
    viber.Reply,
    id=ids,
    parent_id=st.none() | ids,
    received_at=instants.map(lambda at: at.replace(microsecond=0)),
    subject=texts,
    address=texts.map(str.strip),
    content_type=st.sampled_from(viber.ContentType) | st.just("odd"),
    content_name=st.none() | texts,
    content=texts,
)


@given(st.lists(statuses | replies).map(tuple))
def test_a_callback_is_read_as_it_was_written(items: tuple[viber.CallbackItem, ...]) -> None:
    assert viber.decode_callback(viber.encode_callback(items)) == items


@given(st.lists(statuses, min_size=1).map(tuple))
def test_the_short_way_and_the_long_one_read_the_same(
    items: tuple[viber.StatusCallback, ...],
) -> None:
    parsed = json.loads(viber.encode_callback(items))
    assert tuple(_callbacks._read(item) for item in parsed) == items


odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["id", "parentId", "receivedAt", "status", "errorCode", "content"]),
            inner,
        )
    ),
)


@given(st.binary(max_size=60) | st.lists(odd).map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_items_or_a_decode_error(body: bytes) -> None:
    try:
        items = viber.decode_callback(body)
    except DecodeError:
        return
    # The standard library agrees about how many there are.
    assert len(items) == len(json.loads(body))


def test_an_odd_side_field_does_not_hide_an_item() -> None:
    reply = json.loads(VECTORS["12-013"].data)[0]
    status, answered = decode({**READ, "errorCode": [1]}, {**reply, "contentName": {}})
    assert (status.id, status.error_code) == ("17", None)
    assert (answered.id, answered.content_name) == (str(reply["id"]), None)


@pytest.mark.parametrize("odd", [1.5e18, "x", [], {}, True, -1, 2**70])
def test_a_reply_is_read_where_what_it_answers_cannot_be(odd: object) -> None:
    reply = json.loads(VECTORS["12-013"].data)[0]
    (whole,) = decode(reply)
    (item,) = decode({**reply, "parentId": odd, "subject": [odd]})
    assert item == replace(whole, parent_id=None, subject="")
