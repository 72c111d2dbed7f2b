"""Which requests a list of messages becomes, and what is refused before any I/O."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs.rest import (
    V1,
    Ids,
    Request,
    SendSms,
    SendSmsBulk,
    SendSmsByTimeZone,
    SendSmsByTimeZoneToAddresses,
    SendViber,
    SendViberBulk,
    SendViberWithResend,
    SendViberWithResendBulk,
    Session,
)
from devino_core import DevinoError, InvalidMessage, Medium, Message, Unsupported
from devino_core._takes import check_takes
from devino_plugins.kit.batches import TAKES, plan_batches
from devino_plugins.rest._requests import request_of

TO, OTHER = "79031234567", "79031234568"
WALL_CLOCK = datetime(2026, 12, 31, 9, 30)  # noqa: DTZ001 - the recipient's
INSTANT = datetime(2026, 12, 31, 9, 30, tzinfo=UTC)


class Planned(NamedTuple):
    positions: Sequence[int]
    request: Request[Ids]


def planned(*messages: Message, bulk_size: int = 1000) -> list[Planned]:
    check_takes(messages, TAKES, "rest")
    batches = plan_batches(
        messages, lambda m: m.sender or "DEFAULT", bulk_size=bulk_size, optional_each=True
    )
    return [Planned(batch.positions, request_of(batch)) for batch in batches]


def viber(to: str = TO, text: str = "a", **more: object) -> Message:
    return Message(to, text, medium=Medium.VIBER, **more)  # type: ignore[arg-type]


def test_one_message_is_a_single_send() -> None:
    (one,) = planned(Message("+7 903 123-45-67", "a", sender="DEVINO"))
    assert one.request == SendSms("DEVINO", TO, "a")


def test_an_hour_that_the_clocks_repeat_is_two_times() -> None:
    first = datetime(2030, 10, 27, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    calls = planned(
        Message(TO, "a", send_at=first), Message(OTHER, "a", send_at=first.replace(fold=1))
    )
    assert [call.request for call in calls] == [
        SendSms("DEFAULT", TO, "a", send_date=datetime(2030, 10, 27, 0, 30, tzinfo=UTC)),
        SendSms("DEFAULT", OTHER, "a", send_date=datetime(2030, 10, 27, 1, 30, tzinfo=UTC)),
    ]


def test_one_time_in_two_zones_is_one_time() -> None:
    there = INSTANT.astimezone(timezone(timedelta(hours=3)))
    (one,) = planned(Message(TO, "a", send_at=INSTANT), Message(OTHER, "a", send_at=there))
    assert one.request == SendSmsBulk("DEFAULT", (TO, OTHER), "a", send_date=INSTANT)


def test_same_content_goes_as_one_bulk() -> None:
    (one,) = planned(Message(TO, "a"), Message(OTHER, "a"))
    assert one.request == SendSmsBulk("DEFAULT", (TO, OTHER), "a")
    assert one.positions == [0, 1]


@pytest.mark.parametrize(
    "other",
    [
        Message(OTHER, "b"),
        Message(OTHER, "a", sender="OTHER"),
        Message(OTHER, "a", validity=timedelta(minutes=5)),
        Message(OTHER, "a", send_at=INSTANT),
        Message(OTHER, "a", medium=Medium.VIBER),
    ],
)
def test_what_differs_in_content_goes_apart(other: Message) -> None:
    assert [one.positions for one in planned(Message(TO, "a"), other)] == [[0], [1]]


def test_a_number_that_occurs_twice_goes_into_different_calls() -> None:
    calls = planned(Message(TO, "a"), Message("+" + TO, "a"), Message(OTHER, "a"))
    assert [one.positions for one in calls] == [[0, 2], [1]]


def test_a_bulk_is_cut_at_its_limit() -> None:
    messages = [Message(f"7903{n:07}", "a") for n in range(7)]
    assert [list(one.positions) for one in planned(*messages, bulk_size=3)] == [
        [0, 1, 2],
        [3, 4, 5],
        [6],
    ]


@pytest.mark.parametrize(
    ("message", "single", "bulk"),
    [
        (Message(TO, "a", send_at=INSTANT), SendSms, SendSmsBulk),
        (Message(TO, "a", send_at=WALL_CLOCK), SendSmsByTimeZone, SendSmsByTimeZoneToAddresses),
        (viber(), SendViber, SendViberBulk),
        (viber(fallback=Message(TO, "a")), SendViberWithResend, SendViberWithResendBulk),
    ],
)
def test_each_kind_of_message_has_its_operations(
    message: Message, single: type, bulk: type
) -> None:
    fallback = Message(OTHER, "a") if message.fallback else None
    other = Message(OTHER, "a", medium=message.medium, send_at=message.send_at, fallback=fallback)
    assert type(planned(message)[0].request) is single
    assert type(planned(message, other)[0].request) is bulk


def test_validity_is_rounded_up_to_whole_minutes() -> None:
    (one,) = planned(Message(TO, "a", validity=timedelta(seconds=61)))
    assert one.request == SendSms("DEFAULT", TO, "a", 2)


def test_a_viber_option_is_handed_through_for_each_recipient() -> None:
    (one,) = planned(viber(TO, options={"optional": "x"}), viber(OTHER, options={"optional": "y"}))
    assert one.request == SendViberBulk("DEFAULT", (TO, OTHER), "a", optionals=("x", "y"))


REFUSED = [
    (Message(TO, ""), "text"),
    (Message(TO, "a" * 2001), "text"),
    (Message(TO, "😀" * 1001), "text"),
    (viber(text="я" * 1001), "text"),
    (Message(TO, "half \ud83d pair"), "text"),
    (Message("DEVINO", "a"), "to"),
    (Message("12345", "a"), "to"),
    (Message(TO, "a", sender="A" * 12), "sender"),
    (Message(TO, "a", sender="1" * 16), "sender"),
    (Message(TO, "a", sender="Привет"), "sender"),
    (viber(sender="1" * 12), "sender"),
    (viber(validity=timedelta(minutes=1441)), "validity"),
    (viber(options={"optinal": "x"}), "options"),
    (viber(options={"optional": 5}), "options"),
    (viber(options={"optional": "\ud800"}), "options"),
    (Message(TO, "a", validity=timedelta.max), "validity"),
    (
        Message(TO, "a", send_at=datetime.max.replace(tzinfo=timezone(-timedelta(hours=5)))),
        "send_at",
    ),
    (Message(TO, "a", options={"optional": "x"}), "options"),
]


@pytest.mark.parametrize(("message", "field"), REFUSED)
def test_what_is_beyond_a_limit_is_refused_by_field(message: Message, field: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        planned(Message(TO, "fine"), message)
    assert (caught.value.field, caught.value.refs) == (field, (message.ref,))


@pytest.mark.parametrize(
    "message",
    [
        Message(TO, "a" * 2000, sender="A" * 11),
        Message(TO, "😀" * 1000, sender="1" * 15),
        viber(text="я" * 1000, validity=timedelta(minutes=1440)),
        Message(TO, "a", validity=timedelta(days=3)),
    ],
)
def test_what_is_at_a_limit_passes(message: Message) -> None:
    assert len(planned(message)) == 1


@pytest.mark.parametrize(
    "message",
    [
        Message(TO, "a", medium=Medium.VK),
        Message(TO, "a", fallback=Message(TO, "a")),
        viber(send_at=INSTANT),
        viber(fallback=Message(TO, "another text")),
        viber(fallback=Message(OTHER, "a")),
        viber(fallback=Message(TO, "a", sender="OTHER")),
        viber(fallback=viber()),
        viber(fallback=Message(TO, "a", validity=timedelta(minutes=1))),
    ],
)
def test_what_the_wire_cannot_say_is_unsupported(message: Message) -> None:
    with pytest.raises(Unsupported):
        planned(message)


@given(
    st.lists(
        st.builds(
            Message,
            st.sampled_from([TO, OTHER, "79031234569", "+" + TO]),
            st.text(min_size=1, max_size=5),
            sender=st.sampled_from(["ONE", "TWO"]),
            medium=st.sampled_from([Medium.SMS, Medium.VIBER]),
            validity=st.none() | st.timedeltas(min_value=timedelta(microseconds=1)),
            send_at=st.none() | st.datetimes(timezones=st.none() | st.just(UTC)),
            options=st.just({}) | st.fixed_dictionaries({"optional": st.text(max_size=3)}),
        ),
        max_size=20,
    ),
    st.integers(1, 5),
)
def test_every_message_is_in_exactly_one_request_that_can_be_written(
    messages: list[Message], bulk_size: int
) -> None:
    try:
        calls = planned(*messages, bulk_size=bulk_size)
    except DevinoError:
        return
    assert sorted(p for one in calls for p in one.positions) == list(range(len(messages)))
    for one in calls:
        assert len(one.positions) <= bulk_size
        V1.encode_request(one.request, Session("A" * 36))
