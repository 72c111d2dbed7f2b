"""Texts as message PDUs: cut into parts, and put together again."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs import DecodeError, EncodeError, smpp
from devino_codecs.smpp import (
    Concatenation,
    DataCoding,
    DataSm,
    DeliverSm,
    EsmClass,
    Incomplete,
    Reassembler,
    Segment,
    SubmitSm,
    Whole,
    compose,
    decode,
    decode_text,
    encode,
    user_data,
)
from devino_codecs.text import Alphabet
from tests.wire._smpp_values import quick

TEMPLATE = SubmitSm(
    source_addr="Devino", destination_addr="79001234567", registered_delivery=1, esm_class=0x80
)
LONG = {"gsm7": "Hello, world! " * 20, "ucs2": "Привет, мир! " * 12}


def assembled(pdus: Sequence[Any]) -> Whole:
    reassembler = Reassembler()
    *nothing, last = [reassembler.add(pdu, 0.0) for pdu in pdus]
    assert not any(nothing)
    assert len(reassembler) == 0
    [whole] = last
    assert isinstance(whole, Whole)
    return whole


def test_a_short_text_is_one_pdu_in_the_alphabet_that_can_write_it() -> None:
    [latin] = compose(TEMPLATE, "10 €")
    assert (latin.data_coding, latin.short_message) == (0, b"10 \x1be")
    [cyrillic] = compose(TEMPLATE, "Я")
    assert (cyrillic.data_coding, cyrillic.short_message) == (8, b"\x04\x2f")
    [forced] = compose(TEMPLATE, "A", alphabet=Alphabet.UCS2)
    assert (forced.data_coding, forced.short_message) == (8, b"\0A")
    assert cyrillic.esm_class == TEMPLATE.esm_class
    assert cyrillic.destination_addr == TEMPLATE.destination_addr


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_parts_by_header_begin_with_its_six_octets(text: str) -> None:
    parts = compose(TEMPLATE, text, reference=0x1FF)
    total = len(parts)
    assert total > 1
    for number, part in enumerate(parts, 1):
        assert part.esm_class == TEMPLATE.esm_class | EsmClass.UDHI
        assert part.short_message[:6] == bytes([5, 0, 3, 0xFF, total, number])
        assert user_data(part).segment == Segment("udh8", 0xFF, total, number)
        assert decode(encode(part)) == part
    assert [len(part.short_message) - 6 for part in parts[:-1]] == [
        153 if parts[0].data_coding == 0 else 134
    ] * (total - 1)


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_parts_by_parameters_have_the_three_of_them(text: str) -> None:
    template = msgspec.structs.replace(TEMPLATE, tlvs={"user_message_reference": 1})
    parts = compose(template, text, concatenation=Concatenation.SAR, reference=0x1FFFF)
    for number, part in enumerate(parts, 1):
        assert part.esm_class == TEMPLATE.esm_class
        assert part.tlvs == {
            "user_message_reference": 1,
            "sar_msg_ref_num": 0xFFFF,
            "sar_total_segments": len(parts),
            "sar_segment_seqnum": number,
        }
        assert decode(encode(part)) == part


def test_a_payload_is_one_pdu_however_long() -> None:
    [pdu] = compose(TEMPLATE, LONG["ucs2"] * 50, concatenation=Concatenation.PAYLOAD)
    assert pdu.short_message == b""
    assert pdu.tlvs == {"message_payload": (LONG["ucs2"] * 50).encode("utf-16-be")}
    assert decode(encode(pdu)) == pdu
    [short] = compose(TEMPLATE, "Hello", concatenation=Concatenation.PAYLOAD)
    assert short.short_message == b"Hello"


def test_a_text_of_more_than_255_parts_is_an_error() -> None:
    assert len(compose(TEMPLATE, "x" * 153 * 255)) == 255
    for way in (Concatenation.UDH, Concatenation.SAR):
        with pytest.raises(EncodeError):
            compose(TEMPLATE, "x" * 153 * 256, concatenation=way)


def test_a_text_that_cannot_be_written_is_an_error() -> None:
    with pytest.raises(EncodeError):
        compose(TEMPLATE, "Я", alphabet=Alphabet.GSM7)
    with pytest.raises(EncodeError):
        compose(TEMPLATE, "\ud83d")


@given(
    st.text(st.sampled_from("aЯ€[😀 "), max_size=500),
    st.sampled_from(Concatenation),
    st.sampled_from([SubmitSm(), DeliverSm()]),
    st.randoms(use_true_random=False),
)
@quick()
def test_a_text_comes_back_whole_from_its_parts_in_any_order(
    text: str, way: Concatenation, template: SubmitSm | DeliverSm, order: random.Random
) -> None:
    parts = compose(template, text, concatenation=way, reference=order.randrange(65536))
    shuffled = [decode(encode(part)) for part in parts]
    order.shuffle(shuffled)
    whole = assembled(shuffled)
    assert whole.text() == text
    assert list(whole.pdus) == parts


def part(number: int, total: int = 3, octets: bytes = b"x", reference: int = 1) -> DeliverSm:
    return DeliverSm(
        source_addr="7900",
        esm_class=EsmClass.UDHI,
        short_message=bytes([5, 0, 3, reference, total, number]) + octets,
    )


def test_sixteen_bit_references_are_read() -> None:
    parts = [
        DeliverSm(
            esm_class=EsmClass.UDHI,
            data_coding=3,
            short_message=bytes([6, 8, 4, 1, 2, 2, number]) + octets,
        )
        for number, octets in ((1, b"one "), (2, b"two"))
    ]
    assert user_data(parts[0]).segment == Segment("udh16", 0x0102, 2, 1)
    assert assembled(parts).text() == "one two"


def test_a_character_cut_in_two_by_the_sender_is_whole_again() -> None:
    octets = "😀".encode("utf-16-be")
    parts = [
        msgspec.structs.replace(part(number, 2, half), data_coding=8)
        for number, half in ((1, octets[:2]), (2, octets[2:]))
    ]
    assert assembled(parts).text() == "😀"


def test_each_part_is_read_in_its_own_alphabet() -> None:
    one = msgspec.structs.replace(part(1, 2, "Я".encode("utf-16-be")), data_coding=8)
    assert assembled([one, part(2, 2, b"A")]).text() == "ЯA"


def test_a_part_that_comes_twice_counts_once() -> None:
    reassembler = Reassembler()
    for pdu in (part(1), part(1), part(2), part(2)):
        assert reassembler.add(pdu, 0.0) == []
    [whole] = reassembler.add(part(3), 0.0)
    assert isinstance(whole, Whole)
    assert len(whole.pdus) == 3


def test_another_text_under_the_same_reference_gives_the_first_one_up() -> None:
    reassembler = Reassembler()
    reassembler.add(part(1, 2, b"old"), 0.0)
    assert reassembler.add(part(1, 2, b"new"), 0.0) == [Incomplete((part(1, 2, b"old"),), 2)]
    [whole] = reassembler.add(part(2, 2, b"!"), 0.0)
    assert isinstance(whole, Whole)
    assert whole.text() == "new!"


def test_texts_of_different_senders_recipients_and_references_do_not_mix() -> None:
    first = part(1, 2)
    others = [
        msgspec.structs.replace(part(2, 2), source_addr="7901"),
        msgspec.structs.replace(part(2, 2), destination_addr="1"),
        part(2, 2, reference=2),
        part(2, 3),
        DeliverSm(source_addr="7900", tlvs={"sar_msg_ref_num": 1, "sar_total_segments": 2,
                                            "sar_segment_seqnum": 2}),
    ]  # fmt: skip
    reassembler = Reassembler()
    for pdu in (first, *others):
        assert reassembler.add(pdu, 0.0) == []
    assert len(reassembler) == 6


def test_old_texts_are_given_up() -> None:
    reassembler = Reassembler(max_age=10.0)
    reassembler.add(part(1, reference=1), 0.0)
    reassembler.add(part(1, reference=2), 5.0)
    assert reassembler.deadline() == 10.0
    assert reassembler.expire(9.9) == []
    assert reassembler.expire(10.0) == [Incomplete((part(1, reference=1),), 3)]
    assert reassembler.deadline() == 15.0
    assert reassembler.add(part(1, reference=3), 15.0) == [Incomplete((part(1, reference=2),), 3)]


def test_memory_is_bounded_by_texts_and_by_octets() -> None:
    reassembler = Reassembler(max_texts=2)
    for reference in (1, 2):
        assert reassembler.add(part(1, reference=reference), 0.0) == []
    assert reassembler.add(part(1, reference=3), 0.0) == [Incomplete((part(1, reference=1),), 3)]
    reassembler = Reassembler(max_octets=2200)
    assert reassembler.add(part(1, 3, bytes(60), reference=1), 0.0) == []
    assert reassembler.add(part(1, 3, bytes(60), reference=2), 0.0) == []
    [given_up] = reassembler.add(part(1, 3, bytes(60), reference=3), 0.0)
    assert given_up == Incomplete((part(1, 3, bytes(60), reference=1),), 3)
    assert len(reassembler) == 2


@pytest.mark.parametrize(
    "parameters",
    [
        {"raw_tlvs": ((0x1400, bytes(60_000)),)},
        {"raw_tlvs": ((0x1400, b""),) * 3_000},
        {"tlvs": {"message_payload": bytes(60_000)}},
        {"tlvs": {"callback_num": (bytes(19),) * 3_000}},
    ],
    ids=["unknown", "unknown and empty", "message_payload", "one that may be repeated"],
)
def test_parameters_count_towards_the_octets_that_are_kept(parameters: dict[str, Any]) -> None:
    reassembler = Reassembler(max_octets=1_000_000)
    for reference in range(40):
        pdu = msgspec.structs.replace(part(1, 2, b"x", reference=reference), **parameters)
        if "message_payload" in pdu.tlvs:
            payload = pdu.short_message + pdu.tlvs["message_payload"]
            pdu = msgspec.structs.replace(pdu, short_message=b"", tlvs={"message_payload": payload})
        reassembler.add(pdu, 0.0)
    assert 0 < len(reassembler) <= 16
    while len(reassembler):
        assert reassembler.expire(100_000.0)
    assert reassembler.add(part(1, 2, bytes(100)), 100_000.0) == []
    # Texts that were given up no longer count.
    assert isinstance(reassembler.add(part(2, 2), 100_000.0)[0], Whole)


def test_parts_of_one_octet_are_bounded_too() -> None:
    reassembler = Reassembler(max_octets=100_000)
    for reference in range(200):
        reassembler.add(part(1, 2, b"x", reference=reference), 0.0)
    assert len(reassembler) < 100


@pytest.mark.parametrize(
    "parameters",
    [
        {"sar_msg_ref_num": 1},
        {"sar_msg_ref_num": 1, "sar_total_segments": 2, "sar_segment_seqnum": 3},
        {"sar_msg_ref_num": 1, "sar_total_segments": 0, "sar_segment_seqnum": 0},
        {"sar_total_segments": 2, "sar_segment_seqnum": 1},
    ],
)
def test_a_number_outside_its_total_is_no_part(parameters: smpp.Tlvs) -> None:
    assert user_data(DeliverSm(tlvs=parameters)).segment is None
    assert user_data(part(4, 3)).segment is None


@pytest.mark.parametrize("octets", [b"", b"\5\0\3\1\2", b"\3\0\3\1\2\1", b"\1\0", b"\2\0\5abc"])
def test_a_header_that_overruns_is_an_error(octets: bytes) -> None:
    pdu = DeliverSm(esm_class=EsmClass.UDHI, short_message=octets)
    with pytest.raises(DecodeError):
        user_data(pdu)
    with pytest.raises(DecodeError):
        Reassembler().add(pdu, 0.0)


def test_other_information_elements_are_given() -> None:
    pdu = DeliverSm(
        esm_class=EsmClass.UDHI,
        short_message=bytes.fromhex("0b 0504 0b84 23f0 0003 2a 02 01") + b"wap",
    )
    data = user_data(pdu)
    assert data.header == ((5, bytes.fromhex("0b8423f0")), (0, bytes.fromhex("2a0201")))
    assert data.octets == b"wap"
    assert data.segment == Segment("udh8", 0x2A, 2, 1)


def test_a_payload_is_the_content_of_a_data_sm() -> None:
    pdu = DataSm(tlvs={"message_payload": b"Hello"})
    assert assembled([pdu]).text() == "Hello"


@pytest.mark.parametrize(
    ("octets", "data_coding", "text"),
    [
        (b"\x1be\x00", DataCoding.SMSC_DEFAULT, "€@"),
        (b"Hi", DataCoding.IA5, "Hi"),
        (b"\xe9", DataCoding.LATIN_1, "é"),
        (b"\xbf", DataCoding.CYRILLIC, "П"),
        (b"\xe0", DataCoding.LATIN_HEBREW, "א"),
        (b"\x04\x1f", DataCoding.UCS2, "П"),
        (b"\x04\x1f", 0xE0, "П"),
        (b"\x00", 0xC8, "@"),
        (b"\x00", 0xF2, "@"),
    ],
)
def test_octets_are_read_by_their_data_coding(octets: bytes, data_coding: int, text: str) -> None:
    assert decode_text(octets, data_coding) == text


@pytest.mark.parametrize("data_coding", [2, 4, 9, 0x14, 0xF5, 0x80])
def test_binary_data_is_no_text(data_coding: int) -> None:
    with pytest.raises(DecodeError):
        decode_text(b"x", data_coding)
    with pytest.raises(DecodeError):
        decode_text(b"x", data_coding, errors="replace")


def test_the_centres_default_alphabet_can_be_another() -> None:
    assert decode_text(b"\xe9", 0, default="latin-1") == "é"
    with pytest.raises(DecodeError):
        decode_text(b"\xe9", 0)
    assert decode_text(b"\xe9", 0, errors="replace") == "\ufffd"
    assert decode_text(b"\xe9", 1, errors="replace") == "\ufffd"


@given(st.binary(max_size=30), st.integers(0, 255))
@quick()
def test_any_octets_in_any_coding_give_a_text_or_a_decode_error(octets: bytes, coding: int) -> None:
    try:
        text = decode_text(octets, coding)
    except DecodeError:
        return
    assert isinstance(text, str)
