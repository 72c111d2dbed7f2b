"""Messages as PDUs: what is on the wire, and what is refused before it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs.smpp import (
    MessagePdu,
    Npi,
    Reassembler,
    SubmitSm,
    Ton,
    Whole,
    encode,
    parse_time,
)
from devino_core import InvalidMessage, Message, Secret, State
from devino_core._takes import check_takes
from devino_core.testing import ManualClock
from devino_plugins.kit.checks import number_of
from devino_plugins.smpp import SmppSettings
from devino_plugins.smpp._channel import SmppChannel
from devino_plugins.smpp._plan import Outgoing, Planner
from devino_plugins.smpp._rules import PLATFORM

TO = "79031234567"
NOW = ManualClock().now()


def plan(message: Message, **settings: object) -> Outgoing:
    check_takes([message], SmppChannel.takes, "smpp")
    given = SmppSettings(login="me", password=Secret("secret"), **settings)  # type: ignore[arg-type]
    planner = Planner(given, PLATFORM, ManualClock())
    return planner.plan(message, message.sender or "DEVINO", number_of(message))


def pdus_of(planned: Outgoing) -> list[SubmitSm]:
    return [pdu for submit in planned.submits if isinstance(pdu := submit.pdu, SubmitSm)]


def only(message: Message, **settings: object) -> SubmitSm:
    (pdu,) = pdus_of(plan(message, **settings))
    return pdu


def test_a_message_has_the_numbering_that_the_manual_wants() -> None:
    pdu = only(Message("+7 903 123-45-67", "Hello"))
    assert pdu == SubmitSm(
        source_addr_ton=5,
        source_addr_npi=1,
        source_addr="DEVINO",
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr=TO,
        registered_delivery=1,
        short_message=b"Hello",
    )


@pytest.mark.parametrize(
    ("sender", "address", "ton"),
    [
        ("DEVINO", "DEVINO", Ton.ALPHANUMERIC),
        ("24/7", "24/7", Ton.ALPHANUMERIC),
        ("2435", "2435", Ton.NETWORK_SPECIFIC),
        ("123456", "123456", Ton.NETWORK_SPECIFIC),
        ("1234567", "1234567", Ton.INTERNATIONAL),
        ("+79160000000", "79160000000", Ton.INTERNATIONAL),
        ("123456789012345", "123456789012345", Ton.INTERNATIONAL),
    ],
)
def test_the_type_of_number_follows_from_the_sender(sender: str, address: str, ton: Ton) -> None:
    pdu = only(Message(TO, "a", sender=sender))
    assert (pdu.source_addr, pdu.source_addr_ton, pdu.source_addr_npi) == (address, ton, Npi.ISDN)
    assert only(Message(TO, "a", sender=sender), source_ton=5).source_addr_ton == 5


def test_no_receipt_is_asked_for_where_none_is_wanted() -> None:
    assert only(Message(TO, "a"), receipts=False).registered_delivery == 0


@pytest.mark.parametrize(("char", "alone", "part"), [("a", 160, 153), ("я", 70, 67), ("€", 80, 76)])
def test_a_text_is_cut_where_it_no_longer_fits(char: str, alone: int, part: int) -> None:
    assert len(plan(Message(TO, char * alone)).submits) == 1
    cut = plan(Message(TO, char * (alone + 1)))
    assert (len(cut.submits), cut.parts) == (2, 2)
    assert len(plan(Message(TO, char * (2 * part))).submits) == 2
    assert len(plan(Message(TO, char * (2 * part + 1))).submits) == 3


def test_parts_begin_with_a_header_of_six_octets_and_are_as_long_as_the_manual_says() -> None:
    first, *_ = pdus_of(plan(Message(TO, "я" * 200)))
    assert first.short_message[:3] == b"\x05\x00\x03"
    assert len(first.short_message) - 6 == 134
    assert first.esm_class & 0x40


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=400).filter(str.strip)
)
def test_any_text_can_be_put_together_again(text: str) -> None:
    for concatenation in ("udh", "sar", "payload"):
        planned = plan(Message(TO, text), concatenation=concatenation)
        reassembler = Reassembler()
        results: list[object] = []
        for pdu in reversed(pdus_of(planned)):
            assert isinstance(pdu, MessagePdu)
            assert encode(pdu)
            results += reassembler.add(pdu, 0.0)
        (whole,) = results
        assert isinstance(whole, Whole)
        assert whole.text() == text


def test_texts_that_follow_each_other_have_references_of_their_own() -> None:
    settings = SmppSettings(login="me", password=Secret("secret"))
    planner = Planner(settings, PLATFORM, ManualClock())
    seen = {
        pdus_of(planner.plan(Message(TO, "я" * 100), "DEVINO", TO))[0].short_message[3]
        for _ in range(256)
    }
    assert len(seen) == 256


def test_more_parts_than_can_be_numbered_are_refused_but_not_in_a_payload() -> None:
    text = "a" * (153 * 255 + 1)
    with pytest.raises(InvalidMessage, match="256 parts") as caught:
        plan(Message(TO, text))
    assert caught.value.field == "text"
    assert plan(Message(TO, text), concatenation="payload").parts == 256
    with pytest.raises(InvalidMessage) as caught:
        plan(Message(TO, "a" * 65536), concatenation="payload")
    assert caught.value.field == "text"


MSK = timezone(timedelta(hours=3))
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("times", "send_at", "validity", "schedule", "expiry"),
    [
        ("natural", NOW + HOUR, None, NOW + HOUR, None),
        ("natural", None, HOUR, None, HOUR),
        # A span counts from now, so it holds the time until then too.
        ("natural", NOW + HOUR, HOUR, NOW + HOUR, 2 * HOUR),
        ("absolute", (NOW + HOUR).astimezone(MSK), HOUR, NOW + HOUR, NOW + 2 * HOUR),
        ("absolute", None, HOUR, None, NOW + HOUR),
        ("relative", NOW + HOUR, HOUR, HOUR, 2 * HOUR),
        # What should have been sent is sent now.
        ("natural", NOW - HOUR, HOUR, None, HOUR),
    ],
)
def test_times_on_the_wire(
    times: str,
    send_at: datetime | None,
    validity: timedelta | None,
    schedule: datetime | timedelta | None,
    expiry: datetime | timedelta | None,
) -> None:
    planned = plan(Message(TO, "a", send_at=send_at, validity=validity), times=times)
    (pdu,) = pdus_of(planned)
    assert parse_time(pdu.schedule_delivery_time) == schedule
    assert parse_time(pdu.validity_period) == expiry
    assert planned.state is (State.SCHEDULED if schedule else State.ACCEPTED)


def test_a_validity_is_as_long_where_clocks_are_turned_back_meanwhile() -> None:
    at = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    pdu = only(Message(TO, "a", send_at=at, validity=timedelta(hours=2)), times="absolute")
    assert parse_time(pdu.validity_period) == at.astimezone(UTC) + timedelta(hours=2)


def test_a_validity_is_rounded_up_to_whole_seconds() -> None:
    pdu = only(Message(TO, "a", validity=timedelta(seconds=60, microseconds=1)))
    assert parse_time(pdu.validity_period) == timedelta(seconds=61)


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (Message(TO, "a", validity=timedelta(seconds=59)), "validity"),
        (Message(TO, "a", validity=timedelta(days=100)), "validity"),
        (Message(TO, "a", validity=timedelta.max), "validity"),
        (Message(TO, "a", send_at=datetime(2100, 1, 1, tzinfo=UTC)), "send_at"),
        (Message(TO, "a", send_at=datetime.max.replace(tzinfo=MSK)), "send_at"),
        (Message(TO, "a", send_at=datetime.max.replace(tzinfo=timezone(-3 * HOUR))), "send_at"),
        (Message(TO, ""), "text"),
        (Message(TO, "\ud800"), "text"),
        (Message("soon", "a"), "to"),
        (Message(TO, "a", sender="ДЕВИНО"), "sender"),
        (Message(TO, "a", sender="TOO LONG A NAME"), "sender"),
        (Message(TO, "a", options={"priority": 1}), "options"),
    ],
)
def test_what_cannot_be_sent_says_which_field_is_to_be_mended(message: Message, field: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        plan(message)
    assert caught.value.field == field
    assert caught.value.refs == (message.ref,)


def test_a_long_way_off_can_be_written_as_an_instant() -> None:
    at = NOW + timedelta(days=1000)
    assert parse_time(only(Message(TO, "a", send_at=at)).schedule_delivery_time) == at
    with pytest.raises(InvalidMessage, match="99 days"):
        plan(Message(TO, "a", send_at=at), times="relative")
    pdu = only(Message(TO, "a", validity=timedelta(days=200)), times="absolute")
    assert parse_time(pdu.validity_period) == NOW + timedelta(days=200)
