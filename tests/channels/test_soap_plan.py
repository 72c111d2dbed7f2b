"""Which requests a list of messages becomes, and what is refused before any I/O."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs import soap
from devino_core import DevinoError, InvalidMessage, Medium, Message, Unsupported
from devino_core._takes import check_takes
from devino_plugins.kit.batches import TAKES
from devino_plugins.soap._plan import Send, plan, request_of

TO, OTHER = "79031234567", "79031234568"
WALL_CLOCK = datetime.fromisoformat("2026-12-31T09:30")
INSTANT = datetime(2026, 12, 31, 9, 30, tzinfo=UTC)


class Planned(NamedTuple):
    positions: Sequence[int]
    request: Send


def planned(*messages: Message, bulk_size: int = 1000) -> list[Planned]:
    check_takes(messages, TAKES, "soap")
    batches = plan(messages, lambda message: message.sender or "DEVINO", bulk_size=bulk_size)
    return [Planned(batch.positions, request_of(batch)) for batch in batches]


def viber(to: str = TO, text: str = "a", **more: object) -> Message:
    return Message(to, text, medium=Medium.VIBER, **more)  # type: ignore[arg-type]


def test_an_sms_asks_for_its_report() -> None:
    (one,) = planned(Message("+7 903 123-45-67", "a", sender="ME", send_at=INSTANT))
    assert one.request == soap.SendMessage(
        message=soap.SmsMessage(
            data="a",
            delay_until_utc=INSTANT,
            destination_addresses=(TO,),
            source_address="ME",
            receipt_requested=True,
        )
    )


def test_same_content_goes_as_one_call() -> None:
    (one,) = planned(Message(TO, "a"), Message(OTHER, "a"))
    assert isinstance(one.request, soap.SendMessage)
    assert one.request.message.destination_addresses == (TO, OTHER)
    assert one.positions == [0, 1]


def test_the_recipients_clock_has_operations_of_its_own() -> None:
    (single,) = planned(Message(TO, "a", send_at=WALL_CLOCK, validity=timedelta(seconds=61)))
    assert single.request == soap.SendMessageByTimeZone(
        source_address="DEVINO", destination_address=TO, data="a", send_date=WALL_CLOCK, validity=2
    )
    (bulk,) = planned(*[Message(to, "a", send_at=WALL_CLOCK) for to in (TO, OTHER)])
    assert bulk.request == soap.SendMessageByTimeZoneToAddresses(
        source_address="DEVINO",
        destination_addresses=(TO, OTHER),
        data="a",
        send_date=WALL_CLOCK,
    )


def test_viber_says_a_validity_and_the_longest_where_none_is_given() -> None:
    whole, short = planned(viber(), viber(validity=timedelta(minutes=5)))
    for one, minutes in ((whole, 1440), (short, 5)):
        assert one.request == soap.SendViberMessage(
            message=soap.ViberMessage(
                data="a", destination_addresses=(TO,), source_address="DEVINO", validity=minutes
            )
        )


def test_viber_with_a_fallback_is_resent() -> None:
    (one,) = planned(viber(fallback=Message(TO, "a")))
    assert isinstance(one.request, soap.SendViberMessageWithResend)


def test_one_optional_holds_for_all_of_a_call() -> None:
    calls = planned(*[viber(f"790312345{n:02}", options={"optional": o}) for n, o in OPTIONALS])
    assert [one.positions for one in calls] == [[0, 2], [1], [3]]
    said = [one.request.message.optional for one in calls]  # type: ignore[union-attr]
    assert said == ["x", "y", ""]


OPTIONALS = list(enumerate(["x", "y", "x", ""]))

REFUSED = [
    (Message(TO, ""), "text"),
    (Message(TO, "a" * 2001), "text"),
    (Message(TO, "bell \a"), "text"),
    (viber(text="я" * 1001), "text"),
    (viber(text="bell \a"), "text"),
    (Message("12345", "a"), "to"),
    (Message(TO, "a", sender="A" * 12), "sender"),
    (viber(validity=timedelta(minutes=1441)), "validity"),
    (Message(TO, "a", validity=timedelta(days=9999999)), "validity"),
    (viber(options={"optional": "bell \a"}), "options"),
    (Message(TO, "a", options={"optional": "x"}), "options"),
]


@pytest.mark.parametrize(("message", "field"), REFUSED)
def test_what_cannot_be_sent_is_refused_by_field(message: Message, field: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        planned(Message(TO, "fine"), message)
    assert (caught.value.field, caught.value.refs) == (field, (message.ref,))


@pytest.mark.parametrize(
    "message",
    [
        Message(TO, "a", medium=Medium.VK),
        Message(TO, "a", fallback=Message(TO, "a")),
        viber(send_at=INSTANT),
        viber(fallback=Message(TO, "another text")),
    ],
)
def test_what_the_wire_cannot_say_is_unsupported(message: Message) -> None:
    with pytest.raises(Unsupported):
        planned(message)


@given(
    st.lists(
        st.builds(
            Message,
            st.sampled_from([TO, OTHER, "+" + TO]),
            st.text(min_size=1, max_size=5),
            sender=st.sampled_from(["ONE", "TWO"]),
            medium=st.sampled_from([Medium.SMS, Medium.VIBER]),
            validity=st.sampled_from([None, timedelta(minutes=5)]),
        ),
        max_size=12,
    ),
    st.integers(1, 4),
)
def test_every_message_is_in_exactly_one_request_that_can_be_written(
    messages: list[Message], bulk_size: int
) -> None:
    try:
        calls = planned(*messages, bulk_size=bulk_size)
    except DevinoError:
        return
    assert sorted(p for one in calls for p in one.positions) == list(range(len(messages)))
    login = soap.Login(login="a", password="b")
    for one in calls:
        assert len(one.positions) <= bulk_size
        service = soap.SMS_V2 if type(one.request) in soap.SMS_V2.requests else soap.VIBER_V2
        soap.encode_request(service, login, one.request)
