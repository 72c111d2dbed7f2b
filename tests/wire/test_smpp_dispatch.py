"""Two octets of a command_id find the decoder, and the decoder checks the others."""

from __future__ import annotations

import itertools
import struct

import pytest

from devino_codecs import DecodeError, EncodeError, smpp
from devino_codecs.smpp import _codec
from tests.wire._smpp_values import CLASSES

SHARED = [
    smpp.QuerySm(message_id="17", source_addr="7900"),
    smpp.DataSm(source_addr="7900", tlvs={"message_payload": b"Hi"}),
    smpp.UnknownPdu(smpp.Header(18, 0x00010003, 0, 0), b"17"),
]
ANSWERS = [
    smpp.QuerySmResp(message_id="17", message_state=2),
    smpp.DataSmResp(message_id="17"),
    smpp.UnknownPdu(smpp.Header(19, 0x80010003, 0, 0), b"17\0"),
]
NOTICES = [
    smpp.BindTransmitter(system_id="me"),
    smpp.AlertNotification(source_addr="7900"),
    smpp.UnknownPdu(smpp.Header(16, 0x00010002, 0, 0), b""),
]

EXAMPLES: dict[type[smpp.Pdu], smpp.Pdu] = {
    smpp.SubmitMulti: smpp.SubmitMulti(dest_address=(smpp.SmeAddress(),))
}


@pytest.mark.parametrize("pdus", [SHARED, ANSWERS, NOTICES])
@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_pdus_that_share_a_place_are_told_apart_whichever_came_first(
    monkeypatch: pytest.MonkeyPatch, pdus: list[smpp.AnyPdu], order: tuple[int, ...]
) -> None:
    unlearned = [list(_codec.DECODERS[0x01]) for _ in range(256)]
    monkeypatch.setattr(_codec, "DECODERS", unlearned)
    for at in (*order, *order):
        assert smpp.decode(smpp.encode(pdus[at])) == pdus[at]


@pytest.mark.parametrize("first", [0x00, 0x01, 0x7F, 0x80, 0x81, 0xFF])
@pytest.mark.parametrize("last", [0x03, 0x04, 0x15, 0xEE])
def test_an_octet_between_makes_another_command(first: int, last: int) -> None:
    body = smpp.encode(smpp.SubmitSmResp(message_id="17"))[16:]
    for middle in (0x0100, 0x0001, 0x0200, 0xFFFF):
        command_id = first << 24 | middle << 8 | last
        if command_id in {of.command_id for of in CLASSES}:
            continue
        octets = struct.pack(">4I", 16 + len(body), command_id, 0, 7) + body
        pdu = smpp.decode(octets)
        assert isinstance(pdu, smpp.UnknownPdu)
        assert (pdu.command_id, pdu.body) == (command_id, body)
        assert smpp.encode(pdu) == octets


@pytest.mark.parametrize("of", CLASSES)
def test_a_header_that_is_cut_is_an_error_that_says_so(of: type[smpp.Pdu]) -> None:
    octets = smpp.encode(EXAMPLES.get(of) or of())
    for size in range(16):
        with pytest.raises(DecodeError, match=f"{size} octets, a header has 16") as caught:
            smpp.decode(octets[:size])
        assert not isinstance(caught.value, smpp.PduError)


@pytest.mark.parametrize("text", ["", "1", "a" * 64, "\xff", "1234567890"])
@pytest.mark.parametrize("of", [smpp.SubmitSmResp, smpp.DeliverSmResp, smpp.DataSmResp])
@pytest.mark.parametrize("status", [0, 0x58, 0xFFFFFFFF])
@pytest.mark.parametrize("tlvs", [{}, {"sar_msg_ref_num": 7}])
def test_an_answer_with_an_id_of_any_length_is_written_and_read(
    of: type[smpp.SubmitSmResp], text: str, status: int, tlvs: smpp.Tlvs
) -> None:
    pdu = of(message_id=text, command_status=status, sequence_number=0xFFFFFFFF, tlvs=tlvs)
    octets = smpp.encode(pdu)
    assert smpp.decode(octets) == pdu
    assert len(octets) == int.from_bytes(octets[:4], "big")
    assert (len(octets) == 16) == bool(status and not text and not tlvs)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("message_id", "a" * 65),
        ("message_id", "a\0"),
        ("message_id", "я"),
        ("message_id", b"17"),
        ("message_id", None),
        ("command_status", -1),
        ("command_status", 2**32),
        ("command_status", 0.0),
        ("command_status", None),
        ("sequence_number", -1),
        ("sequence_number", 2**32),
        ("sequence_number", "1"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused_by_its_field(field: str, value: object) -> None:
    values: dict[str, object] = {"message_id": "17", field: value}
    with pytest.raises(EncodeError, match=field):
        smpp.encode(smpp.SubmitSmResp(**values))  # type: ignore[arg-type]
