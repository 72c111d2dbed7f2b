"""PDUs to octets and back: against construct's interpreter, smpplib, and other suites' vectors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from smpplib.smpp import parse_pdu

from devino_codecs import DecodeError, smpp
from devino_codecs.smpp import (
    BindTransceiver,
    CommandId,
    DeliverSm,
    GenericNack,
    NetworkErrorCode,
    PduError,
    SmeAddress,
    SubmitMulti,
    SubmitSm,
    SubmitSmResp,
    UnknownPdu,
    decode,
    encode,
)
from devino_codecs.smpp._fields import fields_of
from devino_codecs.smpp._header import unpack_header
from devino_codecs.smpp._interpret import interpreted_decode, interpreted_encode
from devino_codecs.smpp._pdus import PDU_TYPES
from tests.wire._smpp_samples import SUBMIT, VECTORS, either, framed, ids
from tests.wire._smpp_values import CLASSES, pdus, pdus_of, quick

pytestmark = pytest.mark.pythons

BROKEN = {
    # The string's NUL is missing.
    "fizzed/cloudhopper-smpp:decodeSubmitSmRespWithNoNullByteForMessageId": "message_id",
    # sm_length is 3 too small, so the last letters are taken for a parameter.
    "fizzed/cloudhopper-smpp:decodeDeliverSmNetforsDeliveryReceiptTriggeredErrorIn"
    "LegacySmppLibrary": "tlvs",
    # sm_length is 16, but 8 octets follow.
    "fizzed/cloudhopper-smpp:decodeDeliverSMWithCorrectTotalByteLengthButInvalidShortMessageLength"
    "": "short_message",
    # One octet too many in an unbind.
    "mozes/smpp.pdu:test_decode_command_length_too_long": "tlvs",
    "mozes/smpp.pdu:test_decode_bad_message_ends_in_middle_of_option": "tlvs",
}


WITHOUT_BODY = {
    # It is accepted without a body, although status 0 needs one, and written with one.
    "fizzed/cloudhopper-smpp:decodeSubmitSmRespWithNoMessageId",
    "fizzed/cloudhopper-smpp:decodeDeliverSmRespWithNoMessageId",
    "fizzed/cloudhopper-smpp:decodeDataSmRespWithNoMessageId",
}


WHOLE = [(name, octets) for name, octets in VECTORS if name not in BROKEN]


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


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"short_message": "Привет".encode("utf-16-be"), "data_coding": 8}, "'Привет'"),
        ({"short_message": b"\x05\0\x03\7\2\1Hello", "esm_class": 0x40}, "'Hello'"),
        ({"short_message": b"Hi", "data_coding": 4}, "2 octets 4869"),
        ({"short_message": b""}, "0 octets"),
        ({"short_message": b"\xff\xff"}, "2 octets ffff"),
        ({"short_message": b"\x09", "esm_class": 0x40}, "1 octets 09"),
        ({"tlvs": {"message_payload": b"Hello"}}, "5 octets 48656c6c6f 'Hello'"),
    ],
)
def test_a_description_shows_a_text_where_the_octets_are_one(
    fields: dict[str, Any], expected: str
) -> None:
    pdu = msgspec.structs.replace(SUBMIT, **{"short_message": b"", **fields})
    name = "message_payload" if "tlvs" in fields else "short_message"
    (line,) = [line for line in smpp.describe(pdu).splitlines() if name in line]
    assert line.endswith(expected)


def test_any_pdu_can_be_described() -> None:
    for _, octets in WHOLE:
        assert smpp.describe(octets).count("\n") >= 0
    assert "body" in smpp.describe(framed(0x77, b"\1"))
    assert "SmeAddress" in smpp.describe(SubmitMulti(dest_address=(SmeAddress(1, 1, "7900"),)))
    assert "0x00000400" in smpp.describe(GenericNack(command_status=0x400))
    with pytest.raises(DecodeError):
        smpp.describe(b"short")


# The PDUs that smpplib reads, with the parameters that it reads.
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
    """The part of a client that smpplib needs."""

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
        # It leaves missing fields at None.
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
