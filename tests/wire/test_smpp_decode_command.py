"""``devino decode smpp``: ways to write octets, and errors for what is not octets."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from devino_core.cli._app import Devino

ENQUIRE_LINK = "00000010000000150000000000000001"


def decode(*args: str, given: str = "") -> Result:
    return CliRunner().invoke(Devino(), ["decode", "smpp", *args], input=given)


@pytest.mark.parametrize(
    "args",
    [
        ("0x" + ENQUIRE_LINK,),
        ("0X" + ENQUIRE_LINK,),
        ("0x00000010", "0x00000015", "0x00000000", "0x00000001"),
        (" ".join(f"0x{octet:02X}" for octet in bytes.fromhex(ENQUIRE_LINK)),),
        (bytes.fromhex(ENQUIRE_LINK).hex(":"),),
        (f" {bytes.fromhex(ENQUIRE_LINK).hex(' ', 2)}\n",),
        (ENQUIRE_LINK[:7], ENQUIRE_LINK[7:]),
    ],
)
def test_octets_may_have_prefixes_blanks_and_colons(args: tuple[str, ...]) -> None:
    assert json.loads(decode("--json", *args).output)["command"] == "enquire_link"


@pytest.mark.parametrize("empty", ["", "  ", "0x", ":"])
def test_an_empty_argument_is_told_what_to_give(empty: str) -> None:
    for outcome in (decode(empty), decode("-", given=empty)):
        assert outcome.exit_code == 2
        assert "give the PDU in hexadecimal" in outcome.output


@pytest.mark.parametrize(("given", "said"), [("00zz", "'z'"), ("000", "odd"), ("x00", "'x'")])
def test_what_is_not_hexadecimal_is_named(given: str, said: str) -> None:
    outcome = decode(given)
    assert outcome.exit_code == 2
    assert said in outcome.output
    assert "give the PDU in hexadecimal" in outcome.output
    assert "fromhex" not in outcome.output


@pytest.mark.parametrize("name", ["dump.txt", "./pdus/one", "C:\\pdus"])
def test_a_file_that_is_not_there_is_named(name: str) -> None:
    outcome = decode(name)
    assert outcome.exit_code == 2
    assert f"there is no file {name!r}" in outcome.output.replace("\n", "")
