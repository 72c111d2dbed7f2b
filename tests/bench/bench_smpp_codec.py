"""SMPP PDUs, values to octets and octets to all fields, against three libraries.

smpp34 is Rust. It has classes for submit_sm and deliver_sm only, and decodes fields on access, so
all of them are read. When aiosmpplib decodes, it converts the text too; for encoding it is given
octets. Before anything is measured, all contenders must give the same octets.
"""

from __future__ import annotations

import resource
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from devino_codecs import smpp
from devino_codecs.smpp._interpret import interpreted_decode, interpreted_encode
from tests.bench.conftest import Contender, Table

aiosmpplib = pytest.importorskip("aiosmpplib")
smpp34 = pytest.importorskip("smpp34")
smpplib_smpp = pytest.importorskip("smpplib.smpp")

from aiosmpplib import protocol, state  # noqa: E402

TEXT = ("Съешь ещё этих мягких французских булок, да выпей чаю. " * 2)[:70]
UCS2 = TEXT.encode("utf-16-be")
RECEIPT = (
    b"id:1234567890 sub:001 dlvrd:001 submit date:2601311200 done date:2601311201"
    b" stat:DELIVRD err:000 text:Hello"
)
FROM, TO = "79001234567", "79161234567"
NUMBER = 7
SAR = {"sar_msg_ref_num": 7, "sar_total_segments": 3, "sar_segment_seqnum": 1}
TAGS = {"sar_msg_ref_num": 0x020C, "sar_total_segments": 0x020E, "sar_segment_seqnum": 0x020F}
COMMON: dict[str, Any] = {
    "source_addr_ton": 5,
    "source_addr_npi": 1,
    "dest_addr_ton": 1,
    "dest_addr_npi": 1,
    "registered_delivery": 1,
}


class Numbers:
    """What smpplib asks its client for."""

    sequence = NUMBER

    def next_sequence(self) -> int:
        return NUMBER


NUMBERS = Numbers()


def smpplib_encode(name: str, **values: Any) -> bytes:
    octets: bytes = smpplib_smpp.make_pdu(name, client=NUMBERS, **values).generate()
    return octets


def smpplib_decode(octets: bytes) -> object:
    return smpplib_smpp.parse_pdu(octets, client=NUMBERS)


def aiosmpplib_decode(octets: bytes) -> object:
    header = protocol.SmppMessage.parse_header(octets)
    return aiosmpplib_classes[header.smpp_command].from_pdu(octets, header, "gsm0338", None)


aiosmpplib_classes = {
    state.SmppCommand.SUBMIT_SM: protocol.SubmitSm,
    state.SmppCommand.DELIVER_SM: protocol.DeliverSm,
    state.SmppCommand.SUBMIT_SM_RESP: protocol.SubmitSmResp,
}


def smpp34_decode(octets: bytes) -> tuple[object, ...]:
    pdu = smpp34.decode(octets)
    return (
        pdu.sequence_number,
        pdu.service_type,
        pdu.source_addr_ton,
        pdu.source_addr_npi,
        pdu.source_addr,
        pdu.dest_addr_ton,
        pdu.dest_addr_npi,
        pdu.destination_addr,
        pdu.esm_class,
        pdu.protocol_id,
        pdu.priority_flag,
        pdu.schedule_delivery_time,
        pdu.validity_period,
        pdu.registered_delivery,
        pdu.replace_if_present_flag,
        pdu.data_coding,
        pdu.sm_default_msg_id,
        pdu.short_message,
        [(tlv.tag, tlv.as_int()) for tlv in pdu.tlvs],
    )


def submit_sm(tlvs: smpp.Tlvs) -> dict[str, Callable[[], bytes]]:
    def ours() -> bytes:
        return smpp.encode(
            smpp.SubmitSm(
                source_addr_ton=5,
                source_addr_npi=1,
                source_addr=FROM,
                dest_addr_ton=1,
                dest_addr_npi=1,
                destination_addr=TO,
                registered_delivery=1,
                data_coding=8,
                short_message=UCS2,
                sequence_number=NUMBER,
                tlvs={
                    "sar_msg_ref_num": 7,
                    "sar_total_segments": 3,
                    "sar_segment_seqnum": 1,
                },
            )
        )

    def ours_plain() -> bytes:
        return smpp.encode(
            smpp.SubmitSm(
                source_addr_ton=5,
                source_addr_npi=1,
                source_addr=FROM,
                dest_addr_ton=1,
                dest_addr_npi=1,
                destination_addr=TO,
                registered_delivery=1,
                data_coding=8,
                short_message=UCS2,
                sequence_number=NUMBER,
            )
        )

    def rust() -> bytes:
        octets: bytes = smpp34.SubmitSm(
            FROM,
            TO,
            UCS2,
            source_addr_ton=5,
            source_addr_npi=1,
            dest_addr_ton=1,
            dest_addr_npi=1,
            registered_delivery=1,
            data_coding=8,
            sequence_number=NUMBER,
            tlvs=[
                smpp34.Tlv(0x020C, b"\0\7"),
                smpp34.Tlv(0x020E, b"\3"),
                smpp34.Tlv(0x020F, b"\1"),
            ]
            if tlvs
            else [],
        ).encode()
        return octets

    def aio() -> bytes:
        pdu = protocol.SubmitSm(
            short_message=TEXT,
            source=state.PhoneNumber(FROM, state.TON.ALPHANUMERIC, state.NPI.ISDN),
            destination=state.PhoneNumber(TO, state.TON.INTERNATIONAL, state.NPI.ISDN),
            encoding="ucs2",
            sequence_num=NUMBER,
            optional_params=[state.OptionalParam(TAGS[name], SAR[name]) for name in tlvs],
        )
        pdu.set_encoded_message(UCS2)
        octets: bytes = pdu.pdu()
        return octets

    def lib() -> bytes:
        return smpplib_encode(
            "submit_sm",
            source_addr=FROM,
            destination_addr=TO,
            data_coding=8,
            short_message=UCS2,
            **COMMON,
            **tlvs,
        )

    ways = {"smpplib": lib, "aiosmpplib": aio, "smpp34": rust}
    return {"devino": ours if tlvs else ours_plain, **ways}


def measure(compare: Table, name: str, ways: dict[str, Callable[[], bytes]]) -> bytes:
    octets = {peer: way() for peer, way in ways.items()}
    assert set(octets.values()) == {octets["devino"]}, octets
    compare(f"{name}: values to octets", ways.pop("devino"), dict(ways), number=2000, rounds=15)
    return octets["devino"]


@pytest.mark.parametrize("tlvs", [{}, SAR], ids=["plain", "sar"])
def test_submit_sm(compare: Table, tlvs: Any) -> None:
    name = "submit_sm, 140 octets, SAR" if tlvs else "submit_sm, 140 octets"
    octets = measure(compare, name, submit_sm(tlvs))
    pdu = smpp.decode(octets)
    assert isinstance(pdu, smpp.SubmitSm)
    assert pdu.tlvs == tlvs
    peers: dict[str, Contender] = {
        "smpplib": lambda: smpplib_decode(octets),
        "aiosmpplib": lambda: aiosmpplib_decode(octets),
        "smpp34": lambda: smpp34_decode(octets),
    }
    compare(f"{name}: octets to fields", lambda: smpp.decode(octets), peers, number=2000, rounds=15)


def test_deliver_sm_receipt(compare: Table) -> None:
    def ours() -> bytes:
        return smpp.encode(
            smpp.DeliverSm(
                source_addr_ton=1,
                source_addr_npi=1,
                source_addr=TO,
                dest_addr_ton=1,
                dest_addr_npi=1,
                destination_addr=FROM,
                esm_class=4,
                short_message=RECEIPT,
                sequence_number=NUMBER,
            )
        )

    def aio() -> bytes:
        pdu = protocol.DeliverSm(
            short_message=RECEIPT.decode(),
            source=state.PhoneNumber(TO, state.TON.INTERNATIONAL, state.NPI.ISDN),
            destination=state.PhoneNumber(FROM, state.TON.INTERNATIONAL, state.NPI.ISDN),
            esm_class=4,
            registered_delivery=0,
            sequence_num=NUMBER,
        )
        pdu.set_encoded_message(RECEIPT)
        octets: bytes = pdu.pdu()
        return octets

    def lib() -> bytes:
        return smpplib_encode(
            "deliver_sm",
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr=TO,
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr=FROM,
            esm_class=4,
            short_message=RECEIPT,
        )

    def rust() -> bytes:
        octets: bytes = smpp34.DeliverSm(
            TO,
            FROM,
            RECEIPT,
            source_addr_ton=1,
            source_addr_npi=1,
            dest_addr_ton=1,
            dest_addr_npi=1,
            esm_class=4,
            sequence_number=NUMBER,
        ).encode()
        return octets

    ways = {"devino": ours, "smpplib": lib, "aiosmpplib": aio, "smpp34": rust}
    octets = measure(compare, "deliver_sm receipt", ways)
    peers: dict[str, Contender] = {
        "smpplib": lambda: smpplib_decode(octets),
        "aiosmpplib": lambda: aiosmpplib_decode(octets),
        "smpp34": lambda: smpp34_decode(octets),
    }
    name = "deliver_sm receipt: octets to fields"
    compare(name, lambda: smpp.decode(octets), peers, number=2000, rounds=15)


def test_submit_sm_resp(compare: Table) -> None:
    ways: dict[str, Callable[[], bytes]] = {
        "devino": lambda: smpp.encode(
            smpp.SubmitSmResp(message_id="1234567890", sequence_number=NUMBER)
        ),
        "smpplib": lambda: smpplib_encode("submit_sm_resp", message_id="1234567890"),
        "aiosmpplib": lambda: protocol.SubmitSmResp(
            message_id="1234567890", sequence_num=NUMBER
        ).pdu(),
    }
    octets = measure(compare, "submit_sm_resp", ways)
    peers: dict[str, Contender] = {
        "smpplib": lambda: smpplib_decode(octets),
        "aiosmpplib": lambda: aiosmpplib_decode(octets),
    }
    name = "submit_sm_resp: octets to fields"
    compare(name, lambda: smpp.decode(octets), peers, number=2000, rounds=15)


def test_receipt_parse(compare: Table) -> None:
    """smpplib and smpp34 cannot read receipts."""
    pdu = protocol.DeliverSm(short_message=RECEIPT.decode(), esm_class=4)

    def theirs() -> object:
        pdu._parsed_receipt = None  # it remembers
        return pdu.parse_receipt()

    receipt = smpp.parse_receipt(RECEIPT)
    assert receipt.done_date == datetime(2026, 1, 31, 12, 1)  # noqa: DTZ001
    pdu._parsed_receipt = None
    assert pdu.parse_receipt()["id"] == receipt.id
    compare(
        "receipt text to fields",
        lambda: smpp.parse_receipt(RECEIPT),
        {"aiosmpplib": theirs},
        number=2000,
    )


def test_construct_itself(compare: Table) -> None:
    """What the generator gains: the same annotations, interpreted."""
    octets = submit_sm({})["devino"]()
    pdu = smpp.decode(octets)
    assert isinstance(pdu, smpp.SubmitSm)
    for name, ours, theirs in (
        ("write", lambda: smpp.encode(pdu), lambda: interpreted_encode(pdu, NUMBER)),
        ("read", lambda: smpp.decode(octets), lambda: interpreted_decode(octets, smpp.SubmitSm)),
    ):
        compare(f"{name} submit_sm, generated", ours, {"interpreted": theirs}, number=300)


def both_ends(window: int) -> Callable[[], None]:
    """A function that sends a window of submits from one end to the other, and answers back."""
    esme: smpp.SessionMachine[int] = smpp.SessionMachine(
        smpp.Role.ESME, 0.0, smpp.SessionSettings(window=window)
    )
    smsc: smpp.SessionMachine[int] = smpp.SessionMachine(smpp.Role.SMSC, 0.0)
    answers: dict[type[smpp.Pdu], smpp.Pdu] = {
        smpp.BindTransceiver: smpp.BindTransceiverResp(),
        smpp.SubmitSm: smpp.SubmitSmResp(message_id="1234567890"),
    }

    def carry() -> int:
        for event in smsc.receive(esme.data_to_send(), 1.0):
            if isinstance(event, smpp.Received):
                smsc.reply(event.pdu, answers[type(event.pdu)])
        return len(esme.receive(smsc.data_to_send(), 1.0))

    esme.send(smpp.BindTransceiver(), 0.0, 0)
    carry()
    pdu = smpp.SubmitSm(source_addr=FROM, destination_addr=TO, data_coding=8, short_message=UCS2)

    def round_trip() -> None:
        for context in range(window):
            esme.send(pdu, 1.0, context)
        assert carry() == window

    return round_trip


def test_session_in_memory(compare: Table) -> None:
    """No peer has a session machine to compare with."""
    compare("session, both ends, 100 submits", both_ends(100), {}, number=20)


def test_memory_of_a_million_messages(compare: Table) -> None:
    round_trip = both_ends(100)
    for _ in range(100):
        round_trip()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(10_000):
        round_trip()
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    compare.note(f"a million submits through both ends of a session: {grown} KB more at the peak")
