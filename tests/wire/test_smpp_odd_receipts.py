"""Receipts of forms that centres publish or were seen to write, and parts that come again."""

from __future__ import annotations

from typing import Any

import pytest

from devino_codecs.smpp import (
    DeliverSm,
    DeliveryReceipt,
    IdForm,
    Incomplete,
    MessageState,
    NetworkErrorCode,
    Reassembler,
    ReceiptStyle,
    Segment,
    Whole,
    canonical_id,
    compose,
    receipt_of,
    user_data,
)

TEXT = "id:101 stat:DELIVRD err:000 text:Да"


def receipt(octets: bytes = b"", esm_class: int = 4, **fields: Any) -> DeliveryReceipt:
    found = receipt_of(DeliverSm(esm_class=esm_class, short_message=octets, **fields))
    assert found is not None
    return found


@pytest.mark.parametrize("data_coding", [8, 0])
@pytest.mark.parametrize("codec", ["utf-16-be", "utf-16-le", "utf-16"])
def test_a_receipt_in_ucs2_is_read_whatever_its_data_coding(data_coding: int, codec: str) -> None:
    octets = TEXT.encode(codec)
    for fields in ({"octets": octets}, {"tlvs": {"message_payload": octets}}):
        read = receipt(**fields, data_coding=data_coding)
        assert (read.id, read.message_state) == ("101", MessageState.DELIVERED)
        assert read.text == "Да"


def test_ascii_under_the_data_coding_of_ucs2_is_read_as_ascii() -> None:
    assert receipt(b"id:101 stat:DELIVRD", data_coding=8).id == "101"


@pytest.mark.parametrize(
    ("stat", "state", "expected"),
    [
        ("UNDELIV", 0, 5), ("UNDELIV", 9, 5), ("UNDELIV", 2, 2), ("odd", 9, 9), ("odd", 2, 2),
    ],
)  # fmt: skip
def test_a_state_that_no_table_has_does_not_hide_a_readable_one(
    stat: str, state: int, expected: int
) -> None:
    octets = f"id:1 stat:{stat} err:255".encode()
    assert receipt(octets, tlvs={"message_state": state}).message_state == expected


def test_a_state_is_enough_of_a_receipt() -> None:
    assert receipt(tlvs={"message_state": 2}) == DeliveryReceipt(message_state=2)


@pytest.mark.parametrize("header", ["050003070101", "022400", "0605040b8423f0"])
def test_a_header_before_a_receipt_is_passed_over(header: str) -> None:
    assert receipt(bytes.fromhex(header) + b"id:101 stat:EXPIRED", esm_class=0x44).id == "101"


def test_a_broken_header_before_a_receipt_is_read_with_it() -> None:
    assert receipt(b" id:101 stat:EXPIRED", esm_class=0x44).id == "101"


def test_the_error_code_of_the_network_is_kept_as_written() -> None:
    read = receipt(b"id:1 err:000", tlvs={"network_error_code": NetworkErrorCode(0x30, 0x3030)})
    assert read.network_error_code == NetworkErrorCode(0x30, 0x3030)


@pytest.mark.parametrize(
    ("answer", "written", "form"),
    [
        ("812FC7470000001B", "9308878062554710043", IdForm.DECIMAL),
        ("0A000000A3D323A1", "720575943127802785", IdForm.DECIMAL),
        ("0d2d3844", "0221067332", IdForm.DECIMAL),
        ("0000029095", "71a7", IdForm.HEX),
        ("29095", "0071A7", IdForm.HEX),
        ("29095", "0000029095", IdForm.VERBATIM),
        ("0000029095", "29095", IdForm.VERBATIM),
        ("1101C1-C9D03D-F000", "1101c1-c9d03d-f000", IdForm.VERBATIM),
        ("39f99dd5", "0972660181", IdForm.DECIMAL),
        ("281605133", "10C8F40D", IdForm.HEX),
        ("0", "000", IdForm.VERBATIM),
    ],
)
def test_ids_that_mean_the_same_have_one_canonical_spelling(
    answer: str, written: str, form: IdForm
) -> None:
    octets = f"id:{written} stat:DELIVRD".encode()
    read = receipt_of(DeliverSm(esm_class=4, short_message=octets), ReceiptStyle(ids=form))
    assert read is not None
    assert canonical_id(read.id) == canonical_id(answer)


@pytest.mark.parametrize("form", IdForm)
@pytest.mark.parametrize("written", ["1_0", "0x1f", "+5", "-5", "²", "zz", "1" * 5000])
def test_an_id_that_is_no_number_is_left_as_it_is(written: str, form: IdForm) -> None:
    octets = f"id:{written} stat:DELIVRD".encode("latin-1")
    read = receipt_of(
        DeliverSm(esm_class=4, tlvs={"message_payload": octets}), ReceiptStyle(ids=form)
    )
    assert read is not None
    assert read.id == written


def part(number: int, octets: bytes = b"", reference: int = 7, **fields: Any) -> DeliverSm:
    header = bytes([5, 0, 3, reference, 2, number])
    content = octets or f"part {number}, ".encode()
    return DeliverSm(**{"esm_class": 0x40, **fields}, short_message=header + content)


def test_a_part_that_comes_again_after_its_text_was_whole_is_no_message() -> None:
    parts = Reassembler(max_age=86_400)
    parts.add(part(1), 0)
    [whole] = parts.add(part(2), 1)
    assert isinstance(whole, Whole)
    assert parts.add(part(1), 2) == []
    assert parts.expire(86_402) == []
    assert len(parts) == 0


def test_a_text_that_comes_again_whole_is_a_message_again() -> None:
    parts = Reassembler()
    for now in (0, 10, 20):
        parts.add(part(2), now)
        [whole] = parts.add(part(1), now)
        assert isinstance(whole, Whole)


def test_another_text_of_the_same_reference_is_not_taken_for_a_repeat() -> None:
    parts = Reassembler(max_age=100)
    parts.add(part(1), 0)
    parts.add(part(2), 1)
    parts.add(part(1), 2)
    [whole] = [*parts.add(part(1, b"other"), 3), *parts.add(part(2, b"one"), 4)]
    assert isinstance(whole, Whole)
    assert whole.text() == "otherone"
    parts.add(part(2, b"third"), 5)
    assert [type(each) for each in parts.expire(105)] == [Incomplete]


def test_what_is_remembered_of_whole_texts_is_bounded_and_forgotten() -> None:
    parts = Reassembler(max_age=10, max_texts=3)
    for reference in range(10):
        parts.add(part(1, reference=reference), 0)
        parts.add(part(2, reference=reference), 0)
    assert len(parts._finished) == 3
    parts.expire(20)
    assert not parts._finished


@pytest.mark.parametrize(
    ("octets", "esm_class", "segment", "content"),
    [
        ("050003b40201", 0, Segment("udh8", 180, 2, 1), b"Hello"),
        ("050003b40201", 1, Segment("udh8", 180, 2, 1), b"Hello"),
        ("06080412340201", 0, Segment("udh16", 0x1234, 2, 1), b"Hello"),
        # The header says 6 octets after its length, and has 5.
        ("060003b40202", 0x40, Segment("udh8", 180, 2, 2), b"Hello"),
    ],
)
def test_a_header_that_nothing_announces_is_found_leniently(
    octets: str, esm_class: int, segment: Segment, content: bytes
) -> None:
    pdu = DeliverSm(esm_class=esm_class, short_message=bytes.fromhex(octets) + content)
    data = user_data(pdu, lenient=True)
    assert (data.segment, data.octets) == (segment, content)
    parts = Reassembler(lenient=True)
    assert parts.add(pdu, 0) == []
    if esm_class < 0x40:
        assert user_data(pdu).octets == pdu.short_message


@pytest.mark.parametrize("octets", ["050003b40101", "050003b40203", "050003b40200", "050003"])
def test_a_text_that_only_begins_like_a_header_is_a_text(octets: str) -> None:
    pdu = DeliverSm(short_message=bytes.fromhex(octets))
    assert user_data(pdu, lenient=True).octets == pdu.short_message


def test_the_texts_that_compose_writes_are_read_alike_leniently() -> None:
    for pdu in compose(DeliverSm(), "Привет, мир! " * 20):
        assert user_data(pdu, lenient=True) == user_data(pdu)
