"""What is read of a PDU whose body is broken, and what is no reason to call it broken."""

from __future__ import annotations

from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs import DecodeError
from devino_codecs.smpp import (
    AnyPdu,
    BindTransceiver,
    BindTransceiverResp,
    DeliverSm,
    EnquireLink,
    Pdu,
    PduError,
    SubmitSm,
    SubmitSmResp,
    UnknownPdu,
    _fields,
    decode,
    describe,
    encode,
    salvage,
)
from devino_codecs.smpp._codec import check_strictly
from devino_codecs.smpp._pdus import PDU_TYPES
from tests.wire._smpp_broken import BROKEN, NUL_BEHIND, Broken
from tests.wire._smpp_samples import VECTORS, either, framed, ids
from tests.wire._smpp_values import pdus, quick


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_a_broken_delivery_is_read_as_far_as_it_goes(broken: Broken) -> None:
    with pytest.raises(PduError) as caught:
        decode(broken.octets)
    pdu = salvage(broken.octets)
    assert isinstance(pdu, DeliverSm)
    text = pdu.short_message or pdu.tlvs.get("message_payload")
    assert (pdu.source_addr, text or b"", pdu.sequence_number) == (broken.sender, broken.text, 7)
    assert pdu.defect is not None
    assert pdu.defect.octets == broken.octets
    assert pdu.defect.path == caught.value.path == broken.path
    assert "48656c6c6f" not in repr(pdu.defect)


def test_a_parameter_that_is_cut_is_not_taken_for_a_shorter_one() -> None:
    [cut] = [salvage(each.octets) for each in BROKEN if each.name == "a parameter that is too long"]
    assert isinstance(cut, DeliverSm)
    assert cut.tlvs == {}
    assert cut.raw_tlvs == ((0x001E, b"101\0\0"),)


def test_the_parameters_before_the_fault_are_kept() -> None:
    octets = encode(DeliverSm(short_message=b"x", tlvs={"message_state": 2}), 1) + b"\4\x27\0\1"
    pdu = salvage(len(octets).to_bytes(4, "big") + octets[4:])
    assert isinstance(pdu, DeliverSm)
    assert pdu.tlvs == {"message_state": 2}


@pytest.mark.parametrize(
    ("body", "message_id", "tlvs"),
    [
        (b"1234567890", "1234567890", {}),
        (b"12\0\x04\x27\0\1", "12", {}),
        (b"9" * 70 + b"\0", "9" * 70, {}),
        # No id, not even an empty one.
        (b"\0\x1d\0\4busy", "", {"additional_status_info_text": "busy"}),
    ],
)
@pytest.mark.parametrize("status", [0, 0x45])
def test_an_odd_answer_gives_its_id_and_its_parameters(
    body: bytes, message_id: str, tlvs: dict[str, object], status: int
) -> None:
    pdu = salvage(framed(SubmitSmResp.command_id, body, status=status))
    assert isinstance(pdu, SubmitSmResp)
    assert (pdu.command_status, pdu.message_id, pdu.tlvs) == (status, message_id, tlvs)


def test_the_answer_to_a_bind_may_have_a_name_that_is_too_long() -> None:
    octets = bytes.fromhex(
        "0000002580000009000000000000000154656c65636f6d534d534347617465776179303100"
    )
    pdu = salvage(octets)
    assert isinstance(pdu, BindTransceiverResp)
    assert pdu.system_id == "TelecomSMSCGateway01"


def test_a_bind_that_was_salvaged_does_not_show_its_password() -> None:
    octets = encode(BindTransceiver(system_id="me", password="s3cret"), 1) + b"\1"
    pdu = salvage(len(octets).to_bytes(4, "big") + octets[4:])
    assert "s3cret" not in repr(pdu)
    assert "defect" in repr(pdu)


@given(pdus, st.integers(1, 3))
@quick(60)
def test_up_to_three_nuls_at_the_end_are_overlooked_but_strictly(pdu: Pdu, count: int) -> None:
    octets = encode(pdu, 1)
    if len(octets) == 16 and pdu.command_id >> 31:
        return  # An answer without a body: the NULs may be its id.
    padded = (len(octets) + count).to_bytes(4, "big") + octets[4:] + bytes(count)
    assert decode(padded) == decode(octets)
    check_strictly(octets, type(pdu))
    with pytest.raises(PduError, match="octets are left"):
        check_strictly(padded, type(pdu))


def test_other_octets_at_the_end_are_not_overlooked() -> None:
    assert decode(NUL_BEHIND) == decode(NUL_BEHIND[:3] + b"\x37" + NUL_BEHIND[4:-1])
    with pytest.raises(PduError):
        decode(framed(EnquireLink.command_id, b"\0\1"))
    with pytest.raises(PduError):
        decode(framed(EnquireLink.command_id, bytes(4) + b"\1"))


@pytest.mark.parametrize(
    ("octets", "value"),
    [(b"\7", 7), (b"\0\7", 7), (b"\1\0", 256), (b"\0\0\1\0", 256), (b"\0\0\7", 7)],
)
def test_an_integer_of_another_length_is_read_if_its_value_fits(octets: bytes, value: int) -> None:
    head = encode(SubmitSm(), 1)[16:]
    block = b"\x02\x0c" + len(octets).to_bytes(2, "big") + octets
    for _ in range(2):  # The second time, parameters of this size are known.
        pdu = decode(framed(SubmitSm.command_id, head + block))
        assert isinstance(pdu, SubmitSm)
        assert pdu.tlvs == {"sar_msg_ref_num": value}


@pytest.mark.parametrize("octets", [b"", b"\1\0\0", b"\0\0\0\0\1"])
def test_an_integer_that_does_not_fit_stays_raw(octets: bytes) -> None:
    head = encode(SubmitSm(), 1)[16:]
    block = b"\x02\x0c" + len(octets).to_bytes(2, "big") + octets
    pdu = decode(framed(SubmitSm.command_id, head + block))
    assert isinstance(pdu, SubmitSm)
    assert pdu.raw_tlvs == ((0x020C, octets),)


def test_what_follows_the_nul_of_a_parameter_is_padding() -> None:
    block = b"\0\x1e\0\x06" + b"101\0\0\0"
    pdu = decode(framed(DeliverSm.command_id, encode(DeliverSm(), 1)[16:] + block))
    assert isinstance(pdu, DeliverSm)
    assert pdu.tlvs == {"receipted_message_id": "101"}


@given(st.sampled_from(sorted(PDU_TYPES)), st.binary(max_size=120))
@quick(400)
def test_any_body_is_salvaged(command_id: int, body: bytes) -> None:
    octets = framed(command_id, body)
    pdu = salvage(octets)
    assert isinstance(pdu, PDU_TYPES[command_id])
    assert pdu.sequence_number == 7
    sound = either(decode, octets)
    if isinstance(sound, PduError):
        assert pdu.defect is not None
        assert pdu.defect.octets == octets
        assert pdu.defect.reason == sound.reason
    else:
        assert pdu == sound


@given(st.binary(max_size=200))
@quick(200)
def test_any_octets_are_a_pdu_or_a_decode_error(octets: bytes) -> None:
    read = either(salvage, octets)
    assert isinstance(read, AnyPdu | DecodeError)


@pytest.mark.parametrize(("name", "octets"), VECTORS, ids=ids)
def test_what_can_be_read_is_not_salvaged(name: str, octets: bytes) -> None:
    read = either(decode, octets)
    if isinstance(read, Pdu | UnknownPdu):
        assert salvage(octets) == read


def test_a_broken_pdu_does_not_have_its_class_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    octets = framed(DeliverSm.command_id, b"x" * 60)
    first = salvage(octets)

    def read(*_: object, **__: object) -> NoReturn:
        raise AssertionError("to read the annotations takes twenty times as long as the PDU")

    monkeypatch.setattr(_fields, "get_type_hints", read)
    assert salvage(octets) == first
    assert describe(first)
