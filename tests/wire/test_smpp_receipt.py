"""Delivery receipts: the customary text in its variants, and the parameters beside it."""

# ruff: noqa: DTZ001 - a naive time is what a receipt holds
from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs import DecodeError, EncodeError
from devino_codecs.smpp import (
    DataSm,
    DateForm,
    DeliverSm,
    DeliveryReceipt,
    IdForm,
    MessageState,
    NetworkErrorCode,
    ReceiptStyle,
    build_receipt,
    decode,
    parse_receipt,
    receipt_of,
)
from tests.wire._smpp_samples import VECTORS
from tests.wire._smpp_values import quick

TEXT = (
    b"id:1234567890 sub:001 dlvrd:001 submit date:2601311200 done date:2601311201"
    b" stat:DELIVRD err:000 text:Hello"
)
RECEIPT = DeliveryReceipt(
    id="1234567890",
    sub=1,
    dlvrd=1,
    submit_date=datetime(2026, 1, 31, 12, 0),
    done_date=datetime(2026, 1, 31, 12, 1),
    stat="DELIVRD",
    err="000",
    text="Hello",
    message_state=MessageState.DELIVERED,
)


def test_the_customary_text_is_read_and_written() -> None:
    assert parse_receipt(TEXT) == RECEIPT
    assert parse_receipt(TEXT.decode()) == RECEIPT
    assert build_receipt(RECEIPT) == TEXT


@pytest.mark.parametrize(
    "text",
    [
        (
            b"stat:DELIVRD id:1234567890 done date:2601311201 submit date:2601311200 dlvrd:1 sub:1"
            b" err:000 text:Hello"
        ),
        (
            b"ID:1234567890 SUB:001 DLVRD:001 SUBMIT DATE:2601311200 DONE DATE:2601311201"
            b" STAT:DELIVRD ERR:000 TEXT:Hello"
        ),
        (
            b"id:1234567890 sub:001 dlvrd:001 submit_date:2601311200 done_date:2601311201"
            b" stat:DELIVRD err:000 text:Hello"
        ),
        (
            b"id: 1234567890 sub: 001 dlvrd: 001 submit date: 2601311200 done date: 2601311201"
            b" stat: DELIVRD err: 000 text:Hello"
        ),
        (
            b"id:1234567890  sub:001\ndlvrd:001\nsubmit date:260131120000 done date:20260131120100"
            b" stat:DELIVRD err:000 text:Hello"
        ),
        (
            b"text:Hello id:1234567890 sub:001 dlvrd:001 submit date:202601311200"
            b" done date:2601311201 stat:DELIVRD err:000"
        ),
    ],
)
def test_order_case_blanks_and_forms_of_dates_do_not_matter(text: bytes) -> None:
    assert parse_receipt(text) == RECEIPT


def test_missing_fields_are_missing_and_further_ones_are_kept() -> None:
    receipt = parse_receipt(b"id:17 stat:EXPIRED seg:2 region:ru")
    assert receipt == DeliveryReceipt(
        id="17",
        stat="EXPIRED",
        message_state=MessageState.EXPIRED,
        extra={"seg": "2", "region": "ru"},
    )
    assert parse_receipt(build_receipt(receipt)) == receipt


def test_a_text_that_looks_like_fields_stays_a_text() -> None:
    text = TEXT + b" id:5 stat:REJECTD http://x"
    assert parse_receipt(text).text == "Hello id:5 stat:REJECTD http://x"
    assert parse_receipt(b"id:1 " + text[14:]).text == "Hello id:5 stat:REJECTD http://x"


def test_what_cannot_be_read_is_left_as_it_was() -> None:
    receipt = parse_receipt(
        b"id:17 sub:many submit date:0000000000 done date: stat:DELIVRD err:a b"
    )
    assert (receipt.sub, receipt.submit_date, receipt.done_date) == (None, None, None)
    assert receipt.err == "a"
    assert receipt.extra == {"sub": "many", "submit date": "0000000000", "err": "a b"}


@pytest.mark.parametrize("state", MessageState)
def test_each_state_has_its_word(state: MessageState) -> None:
    word = state.text
    assert parse_receipt(f"id:1 stat:{word}").message_state is state
    assert parse_receipt(f"id:1 stat:{word.lower()}").message_state is state
    assert len(word) == 7


def test_an_unknown_word_gives_no_state() -> None:
    assert parse_receipt("id:1 stat:PAUSED").message_state is None


def test_ids_can_be_in_hex_or_decimal() -> None:
    in_hex, in_decimal = ReceiptStyle(ids=IdForm.HEX), ReceiptStyle(ids=IdForm.DECIMAL)
    assert parse_receipt("id:0FF stat:DELIVRD", in_hex).id == "255"
    assert parse_receipt("id:255 stat:DELIVRD", in_decimal).id == "ff"
    assert build_receipt(DeliveryReceipt(id="255"), in_hex) == b"id:ff text:"
    assert build_receipt(DeliveryReceipt(id="ff"), in_decimal) == b"id:255 text:"
    assert parse_receipt("id:GW-17 stat:DELIVRD", in_hex).id == "GW-17"
    with pytest.raises(EncodeError):
        build_receipt(DeliveryReceipt(id="GW-17"), in_hex)


def test_the_style_decides_about_twelve_digits_that_could_be_two_dates() -> None:
    text = "id:1 done date:201012101112"
    assert parse_receipt(text).done_date == datetime(2020, 10, 12, 10, 11, 12)
    style = ReceiptStyle(dates=DateForm.YEAR_MINUTES)
    assert parse_receipt(text, style).done_date == datetime(2010, 12, 10, 11, 12)


def test_a_zone_makes_dates_aware() -> None:
    style = ReceiptStyle(zone=timezone(timedelta(hours=3)))
    receipt = parse_receipt(TEXT, style)
    assert receipt.done_date == datetime(2026, 1, 31, 9, 1, tzinfo=UTC)
    assert build_receipt(receipt, style) == TEXT
    utc = DeliveryReceipt(id="1", done_date=datetime(2026, 1, 31, 9, 1, tzinfo=UTC))
    assert b"done date:2601311201" in build_receipt(utc, style)
    with pytest.raises(EncodeError):
        build_receipt(utc)


words = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=20)
dates = st.none() | st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)).map(
    lambda when: when.replace(second=0, microsecond=0)
)
receipts = st.builds(
    DeliveryReceipt,
    id=st.integers(0, 10**18).map(str),
    sub=st.none() | st.integers(0, 999_999_999),
    dlvrd=st.none() | st.integers(0, 999_999_999),
    submit_date=dates,
    done_date=dates,
    stat=st.sampled_from(["", "PAUSED"]),
    err=st.just("") | words,
    text=st.text(st.characters(max_codepoint=0xFF), max_size=30),
    extra=st.dictionaries(st.sampled_from(["seg", "region", "a1"]), words, max_size=2),
)


@given(receipts, st.sampled_from(DateForm), st.sampled_from([IdForm.VERBATIM, IdForm.HEX]))
@quick(200)
def test_what_is_written_is_read_as_it_was(
    receipt: DeliveryReceipt, dates: DateForm, ids: IdForm
) -> None:
    style = ReceiptStyle(dates=dates, ids=ids)
    assert parse_receipt(build_receipt(receipt, style), style) == receipt


@pytest.mark.parametrize(
    "receipt",
    [
        DeliveryReceipt(id="1 2"),
        DeliveryReceipt(id="1", stat="\n"),
        DeliveryReceipt(id="1", err="a\tb"),
        DeliveryReceipt(id="1", sub=-1),
        DeliveryReceipt(id="1", dlvrd=10**9),
        DeliveryReceipt(id="1", text="Привет"),
        DeliveryReceipt(id="1", extra={"two words": "x"}),
        DeliveryReceipt(id="1", extra={"id": "2"}),
        DeliveryReceipt(id="1", extra={"text": "2"}),
        DeliveryReceipt(id="1", done_date=datetime(1999, 1, 1)),
    ],
)
def test_what_the_text_cannot_hold_is_an_error(receipt: DeliveryReceipt) -> None:
    with pytest.raises(EncodeError):
        build_receipt(receipt)


@given(st.binary(max_size=100) | st.text(max_size=100))
@quick(200)
def test_any_text_gives_a_receipt_or_a_decode_error(text: bytes | str) -> None:
    try:
        receipt = parse_receipt(text)
    except DecodeError:
        return
    assert isinstance(receipt, DeliveryReceipt)


def test_parameters_count_more_than_the_text() -> None:
    pdu = DeliverSm(
        esm_class=4,
        short_message=TEXT,
        tlvs={
            "receipted_message_id": "real-id",
            "message_state": MessageState.REJECTED,
            "network_error_code": NetworkErrorCode(3, 6),
        },
    )
    receipt = receipt_of(pdu)
    assert receipt is not None
    assert receipt.id == "real-id"
    assert receipt.message_state == MessageState.REJECTED
    assert receipt.network_error_code == NetworkErrorCode(3, 6)
    assert receipt.stat == "DELIVRD"


def test_parameters_alone_are_a_receipt() -> None:
    pdu = DeliverSm(tlvs={"receipted_message_id": "17", "message_state": 2})
    assert receipt_of(pdu) == DeliveryReceipt(id="17", message_state=2)
    data = DataSm(esm_class=4, tlvs={"receipted_message_id": "17", "message_payload": TEXT})
    receipt = receipt_of(data)
    assert receipt is not None
    assert (receipt.id, receipt.stat) == ("17", "DELIVRD")


def test_an_incoming_message_is_no_receipt() -> None:
    assert receipt_of(DeliverSm(short_message=TEXT)) is None
    assert receipt_of(DeliverSm(esm_class=0x40, short_message=TEXT)) is None


def test_an_intermediate_notification_is_read_as_a_receipt() -> None:
    assert receipt_of(DeliverSm(esm_class=0x20, short_message=TEXT)) == RECEIPT


def test_a_receipt_that_says_nothing_is_an_error() -> None:
    with pytest.raises(DecodeError):
        receipt_of(DeliverSm(esm_class=4, short_message=b"hello"))


def test_receipts_of_other_suites_are_read() -> None:
    read = {}
    for name, octets in VECTORS:
        try:
            pdu = decode(octets)
        except DecodeError:
            continue
        if isinstance(pdu, DeliverSm) and pdu.esm_class == 4 and pdu.short_message[:3] == b"id:":
            receipt = receipt_of(pdu)
            assert receipt is not None
            read[name.rpartition(":")[2]] = receipt
    assert len(read) == 4
    assert all(receipt.message_state and receipt.done_date for receipt in read.values())
    assert read["decodeDeliveryReceipt0"].id == "126e85a6edeac1a02020099312479564"
