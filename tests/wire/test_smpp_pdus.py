"""PDUs to octets and back: against construct's interpreter, smpplib, and other suites' vectors."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from construct import Construct, FormatField, Int32ub
from hypothesis import example, given
from hypothesis import strategies as st
from smpplib.smpp import parse_pdu

from devino_codecs import DecodeError, EncodeError, smpp
from devino_codecs.smpp import (
    BindTransceiver,
    CommandId,
    DeliverSm,
    EnquireLink,
    GenericNack,
    NetworkErrorCode,
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
from devino_codecs.smpp._header import unpack_header
from devino_codecs.smpp._interpret import interpreted_decode, interpreted_encode
from devino_codecs.smpp._pdus import PDU_TYPES
from tests._vectors import ROOT
from tests.wire._smpp_values import CLASSES, pdus, pdus_of, quick

VECTORS = [
    (f"{suite}:{case}", bytes.fromhex(octets))
    for suite, case, octets in (
        line.split("\t") for line in (ROOT / "smpp" / "pdus.tsv").read_text().splitlines()
    )
]
BROKEN = {
    # The string's NUL is missing.
    "fizzed/cloudhopper-smpp:decodeSubmitSmRespWithNoNullByteForMessageId": "message_id",
    # sm_length is 3 less than the text has; the last letters are taken for a parameter.
    "fizzed/cloudhopper-smpp:decodeDeliverSmNetforsDeliveryReceiptTriggeredErrorIn"
    "LegacySmppLibrary": "tlvs",
    # sm_length is 16, 8 octets are there.
    "fizzed/cloudhopper-smpp:decodeDeliverSMWithCorrectTotalByteLengthButInvalidShortMessageLength"
    "": "short_message",
    # One octet too many in an unbind.
    "mozes/smpp.pdu:test_decode_command_length_too_long": "tlvs",
    "mozes/smpp.pdu:test_decode_bad_message_ends_in_middle_of_option": "tlvs",
}
WITHOUT_BODY = {
    # Accepted, though status 0 asks for a body, and written with one.
    "fizzed/cloudhopper-smpp:decodeSubmitSmRespWithNoMessageId",
    "fizzed/cloudhopper-smpp:decodeDeliverSmRespWithNoMessageId",
    "fizzed/cloudhopper-smpp:decodeDataSmRespWithNoMessageId",
}
WHOLE = [(name, octets) for name, octets in VECTORS if name not in BROKEN]


def ids(row: object) -> str | None:
    return row if isinstance(row, str) else None


def framed(command_id: int, body: bytes, *, status: int = 0, number: int = 7) -> bytes:
    header = (16 + len(body), command_id, status, number)
    return b"".join(each.to_bytes(4, "big") for each in header) + body


SUBMIT = SubmitSm(
    source_addr_ton=5,
    source_addr="Devino",
    dest_addr_ton=1,
    dest_addr_npi=1,
    destination_addr="79001234567",
    short_message=b"Hello",
    sequence_number=7,
)


@pytest.mark.parametrize(("name", "octets"), WHOLE, ids=ids)
def test_a_vector_is_read_and_written_back_as_it_was(name: str, octets: bytes) -> None:
    pdu = decode(octets)
    if name in WITHOUT_BODY:
        assert encode(pdu)[16:] == b"\0"
        assert decode(encode(pdu)) == pdu
    else:
        assert encode(pdu) == octets


@pytest.mark.parametrize(("name", "octets"), VECTORS, ids=ids)
def test_a_malformed_vector_says_which_field_is_broken(name: str, octets: bytes) -> None:
    if name not in BROKEN:
        decode(octets)
        return
    with pytest.raises(PduError) as caught:
        decode(octets)
    assert caught.value.path == BROKEN[name]
    assert caught.value.header == unpack_header(octets)


def test_the_list_of_malformed_vectors_names_only_vectors() -> None:
    assert {*BROKEN, *WITHOUT_BODY} <= {name for name, _ in VECTORS}


@given(pdus)
@quick()
def test_what_is_written_is_read_as_it_was(pdu: smpp.Pdu) -> None:
    octets = encode(pdu)
    assert decode(octets) == pdu
    assert encode(decode(octets)) == octets


@pytest.mark.parametrize("of", CLASSES, ids=lambda of: of.__name__)
@given(data=st.data())
@quick(20)
def test_generated_code_writes_and_reads_what_construct_does(of: type, data: st.DataObject) -> None:
    pdu = data.draw(pdus_of(of))
    octets = encode(pdu)
    assert octets == interpreted_encode(pdu, pdu.sequence_number)
    assert interpreted_decode(octets, of) == decode(octets) == pdu


def either(read: Callable[..., object], *arguments: object) -> Any:
    """What a function gives, or the error that it raises."""
    try:
        return read(*arguments)
    except (DecodeError, EncodeError) as error:
        return error


def alike(one: object, other: object) -> bool:
    """Equal values, or errors of the same class, path, offset and reason."""
    return one == other or (type(one) is type(other) and str(one) == str(other))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    octets = bytearray(draw(st.sampled_from([octets for _, octets in VECTORS])))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(16, max(16, len(octets))))
        match draw(st.sampled_from(["set", "cut", "insert", "append"])):
            case "set" if at < len(octets):
                octets[at] = draw(st.sampled_from([0, 1, 0x41, 0xFF]))
            case "cut":
                del octets[at:]
            case "insert":
                octets[at:at] = draw(st.binary(min_size=1, max_size=30))
            case _:
                octets += draw(
                    st.sampled_from(
                        [b"\x02\x04\0\2\0\7", b"\x02\x04\0\1\7", b"\x14\0\0\0", b"\x00\x1e\0\3ab\0"]
                    )
                )
    octets[:4] = len(octets).to_bytes(4, "big")
    return bytes(octets)


@given(damaged())
@quick(300)
@example(framed(CommandId.SUBMIT_SM, encode(SUBMIT)[16:-5] + b"Hell"))
def test_damaged_octets_give_the_same_value_or_error_by_both_readers(octets: bytes) -> None:
    of = PDU_TYPES.get(unpack_header(octets).command_id)
    if of is None:
        assert isinstance(decode(octets), UnknownPdu)
        return
    found = either(decode, octets)
    assert alike(found, either(interpreted_decode, octets, of))
    if isinstance(found, smpp.Pdu):
        written = either(encode, found)
        assert alike(written, either(interpreted_encode, found, found.sequence_number))
        if isinstance(written, bytes):
            assert decode(written) == found


@given(st.binary(max_size=80))
@quick()
@example(b"")
@example(framed(CommandId.SUBMIT_SM, b"")[:15])
def test_any_octets_give_a_value_or_a_decode_error(octets: bytes) -> None:
    assert isinstance(either(decode, octets), smpp.Pdu | UnknownPdu | DecodeError)


@given(st.sampled_from(CLASSES), st.binary(max_size=200), st.sampled_from([0, 0x58]))
@quick()
def test_any_body_gives_a_value_or_an_error_with_the_header(
    of: type[smpp.Pdu], body: bytes, status: int
) -> None:
    octets = framed(of.command_id, body, status=status)
    found = either(decode, octets)
    if isinstance(found, PduError):
        assert found.header == unpack_header(octets)
        assert found.offset is not None
        assert 16 <= found.offset <= len(octets)
    else:
        assert isinstance(found, of)


@pytest.mark.parametrize("size", range(16, len(encode(SUBMIT))))
def test_a_truncated_submit_sm_is_an_error_wherever_it_is_cut(size: int) -> None:
    with pytest.raises(PduError):
        decode(framed(CommandId.SUBMIT_SM, encode(SUBMIT)[16:size]))


def test_what_does_not_fit_its_command_length_is_an_error() -> None:
    octets = encode(SUBMIT)
    for wrong in (octets + b"\0", octets[:-1]):
        with pytest.raises(PduError) as caught:
            decode(wrong)
        assert caught.value.path == "command_length"
    with pytest.raises(PduError):
        decode(framed(0x77, b"")[:-1] + b"\0\0")


NO_TEXT = [None, 1.5, object(), ["a"], b"bytes", "\u0431", "a\0b"]
NO_OCTETS = [None, 1.5, object(), [1], "text", bytes(255), bytes(300)]
NO_LIST = [None, "text", (1,), ("x",), (None,), ()]


def misfits(field: Construct[Any, Any]) -> list[object]:
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
    filled = {"dest_address": (SmeAddress(),)} if of is SubmitMulti else {}
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
        encode(UnknownPdu(pdu.header, "text"))


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


def test_the_password_of_a_bind_is_in_no_text_but_on_the_wire() -> None:
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
        SUBMIT.source_addr = "other"
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
    for copied in (copy.deepcopy(pdu), pickle.loads(pickle.dumps(pdu))):
        assert copied == pdu
        copied.tlvs["user_message_reference"] = 1
    assert (pdu.tlvs | {"user_message_reference": 1}, SubmitSm().tlvs) == (
        {"user_message_reference": 1},
        {},
    )


def test_the_generated_source_can_be_printed_and_is_python() -> None:
    for of in CLASSES:
        compile(smpp.source(of), of.__name__, "exec")
    assert "def encode_in_full(pdu, sequence_number):" in smpp.source(SubmitSm)
    assert smpp.source(SubmitMulti) == ""


def test_the_layout_is_a_construct() -> None:
    body = encode(SUBMIT)[16:]
    assert smpp.layout(SubmitSm).parse(body).destination_addr == "79001234567"


def test_a_description_names_fields_codes_and_parameters() -> None:
    pdu = msgspec.structs.replace(
        SUBMIT,
        tlvs={"sar_msg_ref_num": 7, "network_error_code": NetworkErrorCode(3, 6)},
        raw_tlvs=((0x1400, b"\1"), (0x0427, b"\1\2")),
    )
    shown = " ".join(smpp.describe(pdu).split())
    for expected in (
        "submit_sm sequence_number 7, command_status ESME_ROK (0x00),",
        "source_addr_ton 5 ALPHANUMERIC",
        "destination_addr '79001234567'",
        "short_message 5 octets 48656c6c6f",
        "tlv sar_msg_ref_num 7",
        "tlv network_error_code NetworkErrorCode(network_type=3, error_code=6)",
        "tlv 0x1400 01",
        "tlv message_state 0102 (not typed)",
    ):
        assert expected in shown


def test_any_pdu_can_be_described() -> None:
    for _, octets in WHOLE:
        assert smpp.describe(octets).count("\n") >= 0
    assert "body" in smpp.describe(framed(0x77, b"\1"))
    assert "SmeAddress" in smpp.describe(SubmitMulti(dest_address=(SmeAddress(1, 1, "7900"),)))
    assert "0x00000400" in smpp.describe(GenericNack(command_status=0x400))
    with pytest.raises(DecodeError):
        smpp.describe(b"short")


# smpplib reads these, and these parameters of them.
SMPPLIB_KNOWS = {
    SubmitSm: {"sar_msg_ref_num", "sar_total_segments", "sar_segment_seqnum", "message_payload"},
    DeliverSm: {"receipted_message_id", "message_state", "user_message_reference"},
    SubmitSmResp: set(),
    smpp.BindTransmitter: set(),
    smpp.BindReceiver: set(),
    BindTransceiver: set(),
    smpp.QuerySm: set(),
}


class Numbers:
    """What smpplib asks its client for."""

    def next_sequence(self) -> int:
        return 1


def assert_smpplib_reads_the_same(octets: bytes) -> None:
    pdu = decode(octets)
    assert isinstance(pdu, smpp.Pdu)
    theirs = parse_pdu(octets, client=Numbers(), allow_unknown_opt_params=True)
    assert (theirs.status, theirs.sequence) == (pdu.command_status, pdu.sequence_number)
    read = {name: getattr(pdu, name) for name, _ in fields_of(type(pdu))}
    for name, value in {**read, **pdu.tlvs}.items():
        if name not in read and name not in SMPPLIB_KNOWS[type(pdu)]:
            continue
        mine = value.encode("latin-1") if isinstance(value, str) else value
        # What is not there it leaves at None.
        assert (getattr(theirs, name) or type(mine)()) == mine, name


@pytest.mark.parametrize(
    ("name", "octets"), [row for row in WHOLE if type(decode(row[1])) in SMPPLIB_KNOWS], ids=ids
)
def test_smpplib_reads_the_same_from_vectors(name: str, octets: bytes) -> None:
    assert_smpplib_reads_the_same(octets)


@given(pdus_of(SubmitSm) | pdus_of(DeliverSm))
@quick(50)
def test_smpplib_reads_the_same_of_what_is_written(pdu: smpp.MessagePdu) -> None:
    known = SMPPLIB_KNOWS[type(pdu)]
    tlvs = {name: value for name, value in pdu.tlvs.items() if name in known}
    assert_smpplib_reads_the_same(encode(msgspec.structs.replace(pdu, tlvs=tlvs, raw_tlvs=())))


def test_importing_the_codec_does_no_io_and_compiles_nothing() -> None:
    program = (
        "import sys; import devino_codecs.smpp as s; "
        "from devino_codecs.smpp._generate import compiled; "
        "assert compiled.cache_info().currsize == 0; "
        "assert not {'asyncio', 'socket', 'ssl', 'aiohttp', 'anyio'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parent)
