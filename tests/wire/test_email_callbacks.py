"""What the platform posts about mails, in all the forms that were seen, and the odd ones."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given
from msgspec.structs import replace

from devino_codecs.email import (
    ClientInfo,
    Geolocation,
    MessageEvent,
    _callbacks,
    decode_callback,
    encode_callback,
)
from devino_codecs.errors import DecodeError, EncodeError
from devino_codecs.http import Unread

SENT: dict[str, Any] = {
    "messageId": "Ms1",
    "email": "a@b.ru",
    "event": "SENT",
    "dateTime": "2020-01-14T08:27:57.7377849",
}
EVENT = MessageEvent(
    message_id="Ms1",
    email="a@b.ru",
    event="SENT",
    date_time=datetime(2020, 1, 14, 8, 27, 57, 737785),  # noqa: DTZ001 - no zone on this wire
)


def body(value: object) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    "value",
    [
        {"messageEventDtos": [SENT]},
        {"MESSAGEEVENTDTOS": [SENT]},
        [SENT],
        SENT,
        {"messageEventDtos": [{**SENT, "taskId": "0", "more": 1, "clientInfo": None}]},
        {"messageEventDtos": [{key.upper(): item for key, item in SENT.items()}]},
        {"messageEventDtos": [{**SENT, "event": "Sent"}]},
    ],
)
def test_one_event_in_every_form(value: object) -> None:
    assert decode_callback(b"\xef\xbb\xbf \r\n" + body(value)) == (EVENT,)


def test_one_event_in_xml() -> None:
    data = encode_callback([EVENT], xml=True)
    assert decode_callback(b"\n" + data) == (EVENT,)
    alone = data.replace(b"<messageEventDtos>", b"").replace(b"</messageEventDtos>", b"")
    assert decode_callback(alone) == (EVENT,)


def test_an_event_that_cannot_be_read_costs_no_other_its_place() -> None:
    bad = [17, {**SENT, "messageId": ""}, {"event": "SENT"}, {"messageId": "Ms1"}]
    found = decode_callback(body({"messageEventDtos": [SENT, *bad, SENT]}))
    assert [found[0], found[-1]] == [EVENT, EVENT]
    paths = [each.path for each in found[1:-1] if isinstance(each, Unread)]
    assert paths == ["", "messageId", "messageId", "event"]


@pytest.mark.parametrize("odd", ["yesterday", "", None, 17, {}, "2020-13-14T08:27:57"])
@pytest.mark.parametrize("xml", [False, True])
def test_a_time_that_cannot_be_read_is_none_and_costs_no_event(odd: object, xml: bool) -> None:
    data = body([{**SENT, "dateTime": odd}])
    if xml:
        data = encode_callback([EVENT], xml=True)
        told = b"2020-01-14T08:27:57.7377850"
        assert told in data
        data = data.replace(told, str(odd or "").encode())
    (event,) = decode_callback(data)
    assert event == replace(EVENT, date_time=None)


@pytest.mark.parametrize(
    "name",
    ["taskId", "userMessageId", "userCampaignId", "url", "clientInfo", "isHardbounce", "reason"],
)
@pytest.mark.parametrize("odd", [{"x": 1}, [], 1.5, "odd", True])
def test_what_cannot_be_read_beside_the_event_costs_no_event(name: str, odd: object) -> None:
    told = {"messageId": "Ms", "email": "a@b.ru", "event": "BOUNCED", name: odd}
    (event,) = decode_callback(json.dumps([told]).encode())
    assert isinstance(event, MessageEvent)
    assert (event.message_id, event.event) == ("Ms", "BOUNCED")


def test_what_cannot_be_read_of_a_client_hides_nothing_around_it() -> None:
    client = {"platform": 5.5, "browser": "Opera", "geolocation": {"country": [], "city": "Omsk"}}
    told = {"messageId": "Ms", "email": "a@b.ru", "event": "OPENED", "clientInfo": client}
    (event,) = decode_callback(json.dumps(told).encode())
    assert isinstance(event, MessageEvent)
    assert event.client_info == ClientInfo(browser="Opera", geolocation=Geolocation(city="Omsk"))


def test_an_own_id_may_be_a_whole_number() -> None:
    told = {"messageId": "Ms", "email": "a@b.ru", "event": "SENT", "userMessageId": 2**60}
    (event,) = decode_callback(json.dumps(told).encode())
    assert isinstance(event, MessageEvent)
    assert event.user_message_id == str(2**60)


def test_a_time_that_is_not_told_costs_no_event() -> None:
    (event,) = decode_callback(body([{k: v for k, v in SENT.items() if k != "dateTime"}]))
    assert event == replace(EVENT, date_time=None)


def test_a_word_that_no_table_has_stays() -> None:
    (event,) = decode_callback(body([{**SENT, "event": "FROZEN", "reason": "cold"}]))
    assert isinstance(event, MessageEvent)
    assert (event.event, event.reason) == ("FROZEN", "cold")


def test_a_zone_that_is_said_counts() -> None:
    (event,) = decode_callback(body([{**SENT, "dateTime": "2020-01-14T11:27:57+03:00"}]))
    assert isinstance(event, MessageEvent)
    assert event.date_time == datetime(2020, 1, 14, 8, 27, 57, tzinfo=UTC)
    assert b'"2020-01-14T08:27:57.0000000Z"' in encode_callback([event])


@pytest.mark.parametrize(
    "data", [b"", b"17", b'"x"', b'{"messageEventDtos": 1}', b"<a", b"<!DOCTYPE a><a/>", b"["]
)
def test_what_is_no_callback_is_an_error(data: bytes) -> None:
    with pytest.raises(DecodeError):
        decode_callback(data)


def test_what_cannot_be_written_is_an_error() -> None:
    for value in ("\ud800", "\0"):
        event = MessageEvent(message_id="a", email=value, event="SENT", date_time=EVENT.date_time)
        with pytest.raises(EncodeError):
            encode_callback([event], xml=True)
    with pytest.raises(EncodeError):
        encode_callback(
            [MessageEvent(message_id="a", email="\ud800", event="S", date_time=EVENT.date_time)]
        )


words = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Cn")), min_size=1, max_size=20)
maybe = st.none() | words
events = st.builds(
    MessageEvent,
    message_id=words,
    task_id=st.integers(-(2**63) + 1, 2**63 - 1),
    user_message_id=maybe,
    user_campaign_id=maybe,
    email=words,
    event=words.map(str.upper),
    url=maybe,
    date_time=st.datetimes(),
    client_info=st.builds(
        ClientInfo,
        platform=maybe,
        user_agent=maybe,
        ip_address=maybe,
        geolocation=st.builds(Geolocation, country=maybe),
    ),
    is_hardbounce=st.none() | st.booleans(),
    reason=maybe,
)


@given(st.lists(events, max_size=3), st.booleans())
def test_what_is_written_is_read_back(items: list[MessageEvent], xml: bool) -> None:
    assert decode_callback(encode_callback(items, xml=xml)) == tuple(items)


@given(st.lists(events, max_size=3))
def test_the_quick_way_reads_what_the_long_one_reads(items: list[MessageEvent]) -> None:
    data = encode_callback(items)
    read = _callbacks._items_of_json(data)
    assert tuple(_callbacks._read(item) for item in read) == decode_callback(data)


@given(st.binary(max_size=200) | st.text('{"messageEventDtos":[]}<>/', max_size=60).map(str.encode))
def test_any_bytes_are_events_or_an_error(data: bytes) -> None:
    try:
        decode_callback(data)
    except DecodeError:
        return
