"""``devino decode smpp``: PDUs for people and for programs."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from devino_codecs import smpp
from devino_codecs.smpp import EsmClass
from devino_core.cli._app import Devino


def decode(*args: str, given: str = "") -> Result:
    return CliRunner().invoke(Devino(), ["decode", "smpp", *args], input=given)


def in_hex(pdu: smpp.Pdu) -> str:
    return smpp.encode(pdu, 5).hex()


SUBMIT = smpp.SubmitSm(
    source_addr_ton=5,
    source_addr="DEVINO",
    destination_addr="79031234567",
    data_coding=8,
    short_message="Да".encode("utf-16-be"),
    tlvs={"user_message_reference": 7, "network_error_code": smpp.NetworkErrorCode(3, 99)},
    raw_tlvs=((0x1403, b"\x01\x02"),),
)
RECEIPT = smpp.DeliverSm(
    esm_class=EsmClass.DELIVERY_RECEIPT,
    short_message=b"id:17 done date:2601311200 stat:DELIVRD err:000 text:Hi",
)


def test_people_see_every_field_the_codes_by_name_and_the_text() -> None:
    lines = decode(in_hex(SUBMIT)).output.splitlines()
    size = len(smpp.encode(SUBMIT))
    assert lines[0] == (
        f"submit_sm  sequence_number 5, command_status ESME_ROK (0x00), {size} octets"
    )
    assert "  source_addr_ton             5 ALPHANUMERIC" in lines
    assert lines[-1] == "  text  Да"


def test_programs_get_an_object() -> None:
    assert json.loads(decode("--json", in_hex(SUBMIT)).output) == {
        "command": "submit_sm",
        "command_id": 4,
        "command_status": 0,
        "sequence_number": 5,
        "service_type": "",
        "source_addr_ton": 5,
        "source_addr_npi": 0,
        "source_addr": "DEVINO",
        "dest_addr_ton": 0,
        "dest_addr_npi": 0,
        "destination_addr": "79031234567",
        "esm_class": 0,
        "protocol_id": 0,
        "priority_flag": 0,
        "schedule_delivery_time": "",
        "validity_period": "",
        "registered_delivery": 0,
        "replace_if_present_flag": 0,
        "data_coding": 8,
        "sm_default_msg_id": 0,
        "short_message": "04140430",
        "tlvs": {
            "user_message_reference": 7,
            "network_error_code": {"network_type": 3, "error_code": 99},
        },
        "raw_tlvs": [[0x1403, "0102"]],
        "text": "Да",
    }


def test_a_receipt_is_read() -> None:
    lines = decode(in_hex(RECEIPT)).output.splitlines()
    assert "  receipt id  17" in lines
    assert "  receipt done_date  2026-01-31T12:00:00" in lines
    told = json.loads(decode("--json", in_hex(RECEIPT)).output)["receipt"]
    assert (told["id"], told["stat"], told["message_state"], told["done_date"]) == (
        "17", "DELIVRD", 2, "2026-01-31T12:00:00",
    )  # fmt: skip


def test_a_part_of_a_text_says_which_it_is() -> None:
    first, _ = smpp.compose(smpp.SubmitSm(), "я" * 71, reference=7)
    told = json.loads(decode("--json", in_hex(first)).output)
    assert told["segment"] == {"kind": "udh8", "reference": 7, "total": 2, "number": 1}
    assert told["text"] == "я" * 67
    assert "  segment number  1" in decode(in_hex(first)).output.splitlines()


def test_several_pdus_in_any_spelling() -> None:
    both = bytes.fromhex(in_hex(smpp.EnquireLink()) + in_hex(smpp.UnbindResp()))
    for spelt in (both.hex(), both.hex(" "), both.hex(":").upper()):
        lines = decode("--json", spelt).output.splitlines()
        assert [json.loads(line)["command"] for line in lines] == ["enquire_link", "unbind_resp"]
    assert len(decode(*both.hex(" ", 4).split()).output.splitlines()) == 2
    assert len(decode("-", given=both.hex("\n")).output.splitlines()) == 2


def test_a_password_is_not_shown() -> None:
    bind = in_hex(smpp.BindTransceiver(system_id="me", password="can-4d1f"))
    for shown in (decode(bind).output, decode("--json", bind).output):
        assert "me" in shown
        assert "***" in shown
        assert "can-4d1f" not in shown


def test_what_smpp_does_not_know_is_shown_as_octets() -> None:
    unknown = "00000012000009990000000000000005cafe"
    assert json.loads(decode("--json", unknown).output) == {
        "command": None,
        "command_id": 0x999,
        "command_status": 0,
        "sequence_number": 5,
        "body": "cafe",
    }
    assert "cafe" in decode(unknown).output
    # And binary data has no text.
    data = smpp.SubmitSm(data_coding=4, short_message=b"\x01")
    assert "text" not in json.loads(decode("--json", in_hex(data)).output)


def test_what_a_text_could_do_to_a_terminal_is_not_done() -> None:
    pdu = smpp.SubmitSm(data_coding=8, short_message="\x1b[2J".encode("utf-16-be"))
    assert "\x1b" not in decode(in_hex(pdu)).output


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("zz", "hex"),
        ("", "no whole PDU"),
        ("0000001000000015", "the last 8 of 8 octets"),
        ("00" * 40, "no PDU is in these 40 octets"),
    ],
)
def test_what_is_no_pdu_is_told(given: str, said: str) -> None:
    outcome = decode(given)
    assert outcome.exit_code == 2
    assert said in outcome.output
    assert outcome.stdout == ""


@pytest.mark.parametrize(
    ("given", "said", "command"),
    [
        (in_hex(SUBMIT)[:-2], "no whole PDU", "submit_sm"),
        ("0000000f000000150000000000000001", "command_length", "enquire_link"),
        ("00000015000000040000000000000001" + "41" * 5, "service_type", "submit_sm"),
    ],
)
def test_a_broken_pdu_is_shown_as_far_as_it_can_be_read(
    given: str, said: str, command: str
) -> None:
    outcome = decode(given)
    assert outcome.exit_code == 2
    assert said in outcome.stderr
    assert outcome.stdout.startswith(f"{command}  sequence_number {5 if len(given) > 42 else 1}")
    shown = json.loads(decode("--json", given).stdout.splitlines()[0])
    assert shown["command"] == command
    assert shown["defect"]["path"] in {said, "command_length"}


def test_a_broken_pdu_has_only_the_fields_that_were_read() -> None:
    cut = in_hex(SUBMIT)[: 2 * 40]
    shown = json.loads(decode("--json", cut).stdout.splitlines()[0])
    assert (shown["source_addr"], shown["destination_addr"]) == ("DEVINO", "79031234567")
    assert not {"registered_delivery", "short_message", "text"} & shown.keys()
    lines = decode(cut).stdout
    assert "'79031234567'" in lines
    assert "not there" in lines
    assert "short_message  " not in lines


@pytest.mark.parametrize("nul", [True, False])
@pytest.mark.parametrize("short", [0, 1])
def test_the_password_of_a_broken_bind_is_not_shown(nul: bool, short: int) -> None:
    body = b"somebody-named-me" + b"\0" * nul + b"can-4d1f\0\0"
    header = (16 + len(body) + short).to_bytes(4, "big") + bytes.fromhex("000000090000000000000005")
    for shown in (decode((header + body).hex()), decode("--json", (header + body).hex())):
        assert shown.exit_code == 2
        assert "bind_transceiver" in shown.stdout
        assert "can-4d1f" not in shown.output
