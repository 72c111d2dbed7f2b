"""The ways in which people have octets of PDUs at hand, and PDUs among other octets."""

from __future__ import annotations

import contextlib
import json
from collections import deque
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs import DecodeError, smpp
from devino_core.cli._app import Devino
from devino_plugins.smpp._search import find
from devino_plugins.smpp._written import read_written
from tests._quick import assert_quick

PDU = smpp.encode(
    smpp.SubmitSm(
        source_addr_ton=5,
        source_addr="DEVINO",
        destination_addr="79031234567",
        data_coding=8,
        short_message="Да".encode("utf-16-be"),
    ),
    5,
)
# Ethernet, IP and TCP on the loopback.
BEFORE = bytes.fromhex(
    "0000000000000000000000000800"
    "4500006a1c4640004006b1e67f0000017f000001"
    "c0010ad7000000010000000180180200fe5a00000101080a0000000100000001"
)
FRAME = BEFORE + PDU

# As the tools print it. Of Wireshark: "...as Hex + ASCII Dump", "...as C Array", "...as Escaped
# String". The text beside the octets looks like hex where it can.
XXD = """\
00000000: 0000 0036 0000 0004 0000 0000 0000 0005  ...6............
00000010: 0005 0044 4556 494e 4f00 0000 3739 3033  ...DEVINO...7903
00000020: 3132 3334 3536 3700 0000 0000 0000 0008  1234567.........
00000030: 0004 0414 0430                           .....0
"""
HEXDUMP = """\
00000000  00 00 00 36 00 00 00 04  00 00 00 00 00 00 00 05  |...6............|
00000010  00 05 00 44 45 56 49 4e  4f 00 00 00 37 39 30 33  |...DEVINO...7903|
00000020  31 32 33 34 35 36 37 00  00 00 00 00 00 00 00 08  |1234567.........|
00000030  00 04 04 14 04 30                                 |.....0|
00000036
"""
OD = """\
000000 00 00 00 36 00 00 00 04 00 00 00 00 00 00 00 05  >...6............<
000010 00 05 00 44 45 56 49 4e 4f 00 00 00 37 39 30 33  >...DEVINO...7903<
000020 31 32 33 34 35 36 37 00 00 00 00 00 00 00 00 08  >1234567.........<
000030 00 04 04 14 04 30                                >.....0<
000036
"""
WIRESHARK = """\
0000   00 00 00 36 00 00 00 04 00 00 00 00 00 00 00 05   ...6............
0010   00 05 00 44 45 56 49 4e 4f 00 00 00 37 39 30 33   ...DEVINO...7903
0020   31 32 33 34 35 36 37 00 00 00 00 00 00 00 00 08   1234567.........
0030   00 04 04 14 04 30                                 .....0
"""
TCPDUMP = """\
12:00:00.000001 IP 127.0.0.1.49153 > 127.0.0.1.2775: Flags [P.], seq 1:55, ack 1, length 54
\t0x0000:  4500 006a 1c46 4000 4006 b1e6 7f00 0001  E..j.F@.@.......
\t0x0010:  7f00 0001 c001 0ad7 0000 0001 0000 0001  ................
\t0x0020:  8018 0200 fe5a 0000 0101 080a 0000 0001  .....Z..........
\t0x0030:  0000 0001 0000 0036 0000 0004 0000 0000  .......6........
\t0x0040:  0000 0005 0005 0044 4556 494e 4f00 0000  .......DEVINO...
\t0x0050:  3739 3033 3132 3334 3536 3700 0000 0000  79031234567.....
\t0x0060:  0000 0008 0004 0414 0430                 .........0
"""
C_ARRAY = "\n".join(
    [
        "/* Frame (54 bytes), and 0x99, which is none of them */",
        "static const unsigned char pkt1[54] = {",
        *(
            f"{', '.join(f'0x{octet:02x}' for octet in PDU[at : at + 8])}, /* ...6, 0x12 */"
            for at in range(0, len(PDU), 8)
        ),
        "};\nunsigned int pkt1_len = 54;\n",
    ]
)
ESCAPED = " \\\n".join(
    '"' + "".join(f"\\x{octet:02x}" for octet in PDU[at : at + 16]) + '"'
    for at in range(0, len(PDU), 16)
)

SPELLINGS = {
    "raw octets": PDU,
    "xxd": XXD,
    "xxd of Windows": XXD.replace("\n", "\r\n"),
    "in UTF-16, as PowerShell saves it": XXD.encode("utf-16"),
    "xxd -p": PDU.hex(),
    "hexdump -C": HEXDUMP,
    "od -A x -t x1z": OD,
    "Wireshark's dump": WIRESHARK,
    "Wireshark's dump without text": "\n".join(line[:54] for line in WIRESHARK.splitlines()),
    "a C array": C_ARRAY,
    "short octets of an array": "{" + ", ".join(map(hex, PDU)) + "}",
    "an escaped string": ESCAPED,
    "Python's bytes": repr(PDU),
    "escapes without quotes": "".join(f"\\x{octet:02X}" for octet in PDU),
    "octal escapes": '"' + "".join(f"\\{octet:03o}" for octet in PDU) + '"',
    "a string of JSON": json.dumps(PDU.decode("latin-1")),
    "dashes of .NET": PDU.hex("-").upper(),
    "commas": ",".join(f"{octet:02X}" for octet in PDU),
    "words": PDU.hex(" ", 4),
    "a column": PDU.hex("\n"),
}


@pytest.mark.parametrize("written", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_a_pdu_in_any_spelling(written: str | bytes) -> None:
    given = written if isinstance(written, bytes) else written.encode()
    assert read_written(given) == [PDU]


@pytest.mark.parametrize("written", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_from_stdin_and_from_a_file(written: str | bytes, tmp_path: Path) -> None:
    given = written if isinstance(written, bytes) else written.encode()
    (tmp_path / "dump").write_bytes(given)
    for outcome in (decode("-", given=given), decode(str(tmp_path / "dump"))):
        assert outcome.exit_code == 0, outcome.output
        assert outcome.stdout.startswith("submit_sm  sequence_number 5,")
        assert outcome.stdout.endswith("  text  Да\n")


def test_a_frame_says_at_which_octet_the_pdu_begins() -> None:
    assert [found.offset for found in find(FRAME)] == [66]
    for frame, offset, size in ((FRAME, 66, 120), (TCPDUMP.encode(), 52, 106)):
        outcome = decode("-", given=frame)
        assert outcome.exit_code == 0
        assert outcome.stdout.startswith(f"at octet {offset} of {size}:\nsubmit_sm ")
        assert json.loads(decode("--json", "-", given=frame).stdout)["offset"] == offset


def test_what_stands_at_the_beginning_has_no_offset() -> None:
    assert "offset" not in json.loads(decode("--json", PDU.hex()).stdout)


def test_several_frames_in_one_file() -> None:
    trailer = b"\0\0\0\0\x55\xaa"
    found = list(find(b"\xd4\xc3\xb2\xa1" + FRAME + trailer + FRAME + PDU + trailer))
    assert [one.octets for one in found] == [PDU, PDU, PDU]
    assert [one.skipped > 0 for one in found] == [True, True, False]


def test_several_packets_in_one_dump() -> None:
    assert read_written((WIRESHARK + "\n" + WIRESHARK).encode()) == [PDU, PDU]
    assert read_written((C_ARRAY + C_ARRAY).encode()) == [PDU, PDU]


def test_lines_that_a_dump_leaves_out_are_those_before() -> None:
    dump = "00000000  00 00 00 40 00 00 00 04  00 00 00 00 00 00 00 05  |...@|\n"
    dump += "00000010  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |....|\n*\n00000040\n"
    assert read_written(dump.encode()) == [PDU[:3] + b"@" + PDU[4:16] + bytes(48)]


def test_a_line_that_is_missing_is_told() -> None:
    lines = XXD.splitlines()
    with pytest.raises(DecodeError, match=r"goes on at 0x0020, and not at 0x0010"):
        read_written("\n".join([lines[0], *lines[2:]]).encode())
    with pytest.raises(DecodeError, match="goes on at"):
        read_written(f"{HEXDUMP.splitlines()[0]}\n*\nffffffffff\n".encode())


def test_a_pdu_that_a_frame_cuts_is_shown_and_told() -> None:
    outcome = decode("-", given=FRAME[:-4])
    assert outcome.exit_code == 2
    assert "'79031234567'" in outcome.stdout
    assert "the last 50 of 116 octets are no whole PDU" in outcome.stderr


def test_a_command_that_smpp_lacks_is_believed_at_the_beginning_only() -> None:
    unknown = bytes.fromhex("00000012000009990000000000000005cafe")
    assert [found.octets for found in find(unknown)] == [unknown]
    with pytest.raises(DecodeError, match="no PDU is in these 84 octets"):
        list(find(BEFORE + unknown))


@given(
    st.binary(min_size=1, max_size=100),
    st.sampled_from([1, 2, 4]),
    st.sampled_from([8, 16, 32]),
    st.sampled_from(["{:08x}: ", "{:04x}   ", "0x{:04x}:  ", "{:08X}  "]),
)
def test_any_dump_is_read_back(octets: bytes, group: int, width: int, offset: str) -> None:
    lines = []
    for at in range(0, len(octets), width):
        line = octets[at : at + width]
        shown = "".join(chr(octet) if 32 < octet < 127 else "." for octet in line)
        column = width * 2 + width // group
        lines.append(f"{offset.format(at)}{line.hex(' ', -group):{column}}  {shown}")
    assert read_written("\n".join(lines).encode()) == [octets]


@given(st.text(max_size=200) | st.text(alphabet='\\x0123abf"{}, :\n*', max_size=200))
def test_any_text_is_octets_or_an_error(text: str) -> None:
    try:
        found = read_written(text.encode())
    except DecodeError:
        return
    assert all(isinstance(one, bytes) for one in found)


@given(st.binary(max_size=300) | st.binary(max_size=80).map(lambda some: some + PDU + some))
def test_any_octets_are_pdus_or_an_error(octets: bytes) -> None:
    try:
        found = list(find(octets))
    except DecodeError:
        return
    assert found
    for one in found:
        assert octets[one.offset :].startswith(one.octets)


def decode(*args: str, given: bytes = b"") -> Result:
    return CliRunner().invoke(Devino(), ["decode", "smpp", *args], input=given)


@pytest.mark.attack
@pytest.mark.parametrize(
    "heap",
    [
        b"00000010 00000015 " * 3600,
        b"0x00, " * 10_000,
        b"\\x00" * 16_000,
        b'"\\x' * 20_000,
        b"/*" * 32_000 + b"0x00,",
        b"{" * 32_000 + b"0x00,",
        b"0000: 00\n" * 7000,
        (PDU[:12] + b"\0") * 5000,
        b"\x80\0\0\4" * 16_000,
    ],
    ids=range(9),
)
def test_heaps_of_one_piece_take_no_longer_than_others(heap: bytes) -> None:
    def read() -> None:
        with contextlib.suppress(DecodeError):
            for octets in read_written(heap):
                deque(find(octets), maxlen=0)

    assert_quick(read, heap)
