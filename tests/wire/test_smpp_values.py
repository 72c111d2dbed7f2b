"""Which values fields and parameters may have, and what happens to other values."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from construct import Construct, FormatField, Int32ub

from devino_codecs import EncodeError, smpp
from devino_codecs.smpp import (
    BindTransceiver,
    CommandId,
    DeliverSm,
    EnquireLink,
    PduError,
    QuerySmResp,
    SmeAddress,
    SubmitMulti,
    SubmitSm,
    SubmitSmResp,
    UnknownPdu,
    decode,
    encode,
)
from devino_codecs.smpp._fields import COctetString, Listed, ShortMessage, fields_of
from devino_codecs.smpp._pdus import PDU_TYPES
from tests.wire._smpp_samples import SUBMIT, either, framed
from tests.wire._smpp_values import CLASSES

pytestmark = pytest.mark.pythons

NO_TEXT = [None, 1.5, object(), ["a"], b"bytes", "\u0431", "a\0b"]
NO_OCTETS = [None, 1.5, object(), [1], "text", bytes(255), bytes(300)]
NO_LIST = [None, "text", (1,), ("x",), (None,), ()]


def misfits(field: Construct[Any, Any]) -> Sequence[object]:
    match field:
        case COctetString():
            return [*NO_TEXT, "x" * field.size, "x" * (field.size + 300)]
        case ShortMessage():
            return NO_OCTETS
        case Listed():
            return NO_LIST if field.least else NO_LIST[:-1]
        case FormatField():
            return [-1, 256**field.length, None, "1", 1.5]
    raise AssertionError(field)


@pytest.mark.parametrize("of", CLASSES, ids=lambda of: of.__name__)
def test_a_value_that_does_not_fit_is_an_encode_error_that_names_its_field(
    of: type[smpp.Pdu],
) -> None:
    filled: dict[str, Any] = {"dest_address": (SmeAddress(),)} if of is SubmitMulti else {}
    header = [(name, Int32ub) for name in ("command_status", "sequence_number")]
    for name, field in [*fields_of(of), *header]:
        for value in misfits(field):
            with pytest.raises(EncodeError) as caught:
                encode(of(**{**filled, name: value}))
            assert caught.value.path == name


@pytest.mark.parametrize(
    ("tlvs", "path"),
    [
        ({"sar_msg_ref_num": 65536}, "tlvs.sar_msg_ref_num"),
        ({"sar_msg_ref_num": None}, "tlvs.sar_msg_ref_num"),
        ({"sar_msg_ref_num": 1, "sar_total_segments": "2"}, "tlvs.sar_total_segments"),
        ({"receipted_message_id": "x" * 65}, "tlvs.receipted_message_id"),
        ({"receipted_message_id": "a\0b"}, "tlvs.receipted_message_id"),
        ({"message_payload": "text"}, "tlvs.message_payload"),
        ({"message_payload": bytes(65536)}, "tlvs.message_payload"),
        ({"callback_num": b"1234"}, "tlvs.callback_num"),
        ({"callback_num": (b"1",)}, "tlvs.callback_num"),
        ({"alert_on_message_delivery": False}, "tlvs.alert_on_message_delivery"),
        ({"network_error_code": 3}, "tlvs.network_error_code"),
        ({"network_error_code": (1, 65536)}, "tlvs.network_error_code"),
        ({"no_such_parameter": 1}, "tlvs.no_such_parameter"),
        ([("sar_msg_ref_num", 1)], "tlvs"),
    ],
    ids=str,
)
def test_an_optional_parameter_that_does_not_fit_is_named(tlvs: object, path: str) -> None:
    with pytest.raises(EncodeError) as caught:
        encode(msgspec.structs.replace(SUBMIT, tlvs=tlvs))
    assert caught.value.path == path


@pytest.mark.parametrize("raw", [((65536, b""),), ((1, bytes(65536)),), ((1, "x"),), (1,), (None,)])
def test_a_raw_parameter_that_does_not_fit_is_an_error(raw: object) -> None:
    with pytest.raises(EncodeError) as caught:
        encode(msgspec.structs.replace(SUBMIT, raw_tlvs=raw))
    assert caught.value.path == "raw_tlvs"


def test_bytes_like_messages_are_written_as_bytes() -> None:
    for message in (bytearray(b"Hello"), memoryview(b"Hello")):
        assert encode(msgspec.structs.replace(SUBMIT, short_message=message)) == encode(SUBMIT)


def test_bytes_like_octets_are_read_as_bytes() -> None:
    for octets in (bytearray(encode(SUBMIT)), memoryview(encode(SUBMIT))):
        pdu = decode(octets)
        assert pdu == SUBMIT
        assert isinstance(pdu, SubmitSm)
        assert type(pdu.short_message) is bytes


def test_only_pdus_of_the_specification_are_written() -> None:
    class Mine(smpp.Pdu, frozen=True):
        pass

    for pdu in (Mine(), smpp.Pdu(), smpp.MessagePdu()):
        with pytest.raises(EncodeError):
            encode(pdu)


def test_every_command_id_has_its_class() -> None:
    assert {int(command_id) for command_id in CommandId} == set(PDU_TYPES)
    for command_id, of in PDU_TYPES.items():
        assert decode(encode(of(dest_address=(SmeAddress(),)) if of is SubmitMulti else of()))
        assert of.command_id == command_id


def test_an_unknown_command_is_kept_with_header_and_body() -> None:
    octets = framed(0x00010203, b"\1\2\3", status=9)
    pdu = decode(octets)
    assert isinstance(pdu, UnknownPdu)
    assert (pdu.command_id, pdu.command_status, pdu.sequence_number) == (0x00010203, 9, 7)
    assert pdu.body == b"\1\2\3"
    assert encode(pdu) == octets
    with pytest.raises(EncodeError):
        encode(UnknownPdu(pdu.header, "text"))  # type: ignore[arg-type]


def test_an_answer_with_an_error_status_has_no_body() -> None:
    assert encode(SubmitSmResp(command_status=0x58, sequence_number=7)) == framed(
        CommandId.SUBMIT_SM_RESP, b"", status=0x58
    )
    assert encode(SubmitSmResp(sequence_number=7)) == framed(CommandId.SUBMIT_SM_RESP, b"\0")


def test_an_answer_with_an_error_status_keeps_what_it_says() -> None:
    for pdu in (
        SubmitSmResp(command_status=1, message_id="17"),
        SubmitSmResp(command_status=1, tlvs={"additional_status_info_text": "no money"}),
        QuerySmResp(command_status=1, raw_tlvs=((0x1400, b"vendor"),)),
        smpp.DataSmResp(command_status=0xFE, tlvs={"delivery_failure_reason": 1}),
    ):
        assert decode(encode(pdu)) == pdu


def test_an_answer_may_lack_its_body_whatever_its_status() -> None:
    for status in (0, 0x0E):
        octets = framed(CommandId.BIND_TRANSCEIVER_RESP, b"", status=status)
        assert decode(octets) == smpp.BindTransceiverResp(command_status=status, sequence_number=7)
    with pytest.raises(PduError):
        decode(framed(CommandId.SUBMIT_SM, b""))


def test_addresses_are_latin_1() -> None:
    pdu = msgspec.structs.replace(SUBMIT, source_addr="Caf\xe9\xff", destination_addr="\x80")
    assert decode(encode(pdu)) == pdu
    assert b"Caf\xe9\xff\0" in encode(pdu)


def test_a_parameter_of_the_wrong_size_is_kept_but_not_typed() -> None:
    octets = framed(
        CommandId.DELIVER_SM, encode(DeliverSm())[16:] + bytes.fromhex("0427 0002 0102")
    )
    pdu = decode(octets)
    assert isinstance(pdu, DeliverSm)
    assert pdu.tlvs == {}
    assert pdu.raw_tlvs == ((0x0427, b"\1\2"),)
    assert encode(pdu) == octets


def test_a_repeated_parameter_is_kept_as_octets_and_the_first_counts() -> None:
    twice = bytes.fromhex("0427 0001 02 0427 0001 03")
    pdu = decode(framed(CommandId.DELIVER_SM, encode(DeliverSm())[16:] + twice))
    assert isinstance(pdu, DeliverSm)
    assert pdu.tlvs == {"message_state": 2}
    assert pdu.raw_tlvs == ((0x0427, b"\3"),)


def test_callback_numbers_may_be_several() -> None:
    pdu = msgspec.structs.replace(SUBMIT, tlvs={"callback_num": (b"\1\1\1\x32", b"\1\1\1\x33")})
    assert decode(encode(pdu)) == pdu


def test_a_string_parameter_may_lack_its_nul_and_is_written_with_it() -> None:
    for value in (b"17", b"17\0"):
        tlv = b"\x00\x1e" + len(value).to_bytes(2, "big") + value
        pdu = decode(framed(CommandId.DELIVER_SM, encode(DeliverSm())[16:] + tlv))
        assert isinstance(pdu, DeliverSm)
        assert pdu.tlvs == {"receipted_message_id": "17"}
        assert encode(pdu).endswith(b"\x00\x1e\x00\x0317\0")


def test_the_order_of_parameters_is_kept() -> None:
    body = encode(SUBMIT)[16:]
    for tail in ("020f0001 01 020c0002 0007 020e0001 03", "020c0002 0007 020e0001 03 020f0001 01"):
        octets = framed(CommandId.SUBMIT_SM, body + bytes.fromhex(tail))
        assert encode(decode(octets)) == octets


def test_a_time_that_is_too_short_is_read_but_not_written() -> None:
    octets = encode(QuerySmResp(message_id="1", message_state=2)).replace(
        b"1\0\0", b"1\x00260131\0"
    )
    octets = framed(CommandId.QUERY_SM_RESP, octets[16:])
    pdu = decode(octets)
    assert isinstance(pdu, QuerySmResp)
    assert pdu.final_date == "260131"
    with pytest.raises(EncodeError):
        encode(pdu)


def test_a_sequence_number_given_to_encode_counts() -> None:
    assert decode(encode(SUBMIT, 9)).sequence_number == 9
    assert decode(encode(SUBMIT)).sequence_number == 7
    assert encode(EnquireLink(), 0xFFFFFFFF)[12:] == b"\xff" * 4


def test_more_layouts_than_are_kept_are_still_written_right() -> None:
    for one in range(0, 65, 3):
        for two in range(0, 21, 3):
            for three in range(21):
                pdu = smpp.CancelSm(
                    message_id="i" * one, source_addr="s" * two, destination_addr="d" * three
                )
                assert decode(encode(pdu)) == pdu


def test_the_password_of_a_bind_stands_only_on_the_wire() -> None:
    bind = BindTransceiver(system_id="login", password="c4n4ry", sequence_number=1)
    octets = encode(bind)
    assert b"c4n4ry\0" in octets
    broken = framed(CommandId.BIND_TRANSCEIVER, octets[16:-1])
    too_long = BindTransceiver(password="c4n4ry-c4n4ry")
    unreadable = BindTransceiver(password="c4n4ry\u0431")
    for shown in (
        repr(bind),
        str(bind),
        smpp.describe(bind),
        smpp.describe(octets),
        repr(either(decode, broken)),
        repr(either(encode, too_long)),
        repr(either(encode, unreadable)),
    ):
        assert "c4n4ry" not in shown
    assert "c4n4ry" in smpp.describe(bind, show_secrets=True)


def test_an_error_does_not_chain_to_one_that_holds_the_value() -> None:
    with pytest.raises(EncodeError) as caught:
        encode(BindTransceiver(password="c4n4ry\u0431"))
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_pdus_are_values() -> None:
    with pytest.raises(AttributeError):
        SUBMIT.source_addr = "other"  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(SUBMIT)) == SUBMIT
    assert msgspec.structs.replace(SUBMIT, sequence_number=8) != SUBMIT


def test_a_pdu_without_parameters_shares_none_and_lets_none_be_added() -> None:
    pdu = decode(encode(SUBMIT))
    assert isinstance(pdu, SubmitSm)
    assert pdu.tlvs == {}
    changes: list[Callable[[Any], object]] = [
        lambda tlvs: tlvs.__setitem__("user_message_reference", 1),
        lambda tlvs: tlvs.update(user_message_reference=1),
        lambda tlvs: tlvs.setdefault("user_message_reference", 1),
        lambda tlvs: tlvs.__ior__({"user_message_reference": 1}),
    ]
    for change in changes:
        with pytest.raises(TypeError, match="tlvs are given when a PDU is made"):
            change(pdu.tlvs)
    assert SubmitSm().tlvs == {}
    only_raw = msgspec.structs.replace(SUBMIT, raw_tlvs=((0x1400, b"vendor"),))
    assert repr(decode(encode(only_raw))) == repr(only_raw)
    for copied in (copy.deepcopy(pdu), pickle.loads(pickle.dumps(pdu))):
        assert copied == pdu
        copied.tlvs["user_message_reference"] = 1
    assert (pdu.tlvs | {"user_message_reference": 1}, SubmitSm().tlvs) == (
        {"user_message_reference": 1},
        {},
    )
