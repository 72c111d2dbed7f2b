"""``decode smpp``: PDUs in hex, in a dump, in source code, or as they are."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import rich_click as click

from devino_codecs import DecodeError
from devino_core.cli.toolkit import App, json_option, pass_app
from devino_core.files import read_whole

__all__ = ["decode"]


@click.command(name="decode smpp")
@click.argument("hex_", metavar="HEX|FILE|-", nargs=-1, required=True)
@json_option
@pass_app
def decode(app: App, hex_: tuple[str, ...]) -> None:
    """Show what PDUs say: every field, known codes by name, the text or receipt in them.

    HEX is one PDU or several in a row, from command_length on. Blanks, colons, dashes, commas and
    0x do not matter. FILE, or standard input (-), may also be a dump with offsets (Wireshark, xxd,
    hexdump, tcpdump), an array in C, a string with escapes, or the octets themselves. Of a whole
    frame it says where the PDU begins.

    Of a broken PDU it shows what can be read, and exits with 2. Passwords are not shown. With
    --json, each PDU is an object on a line of its own.

    \b
    Examples:
      devino decode smpp 00000010000000150000000000000001
      tcpdump -X -r smpp.pcap | devino decode smpp -
      devino decode smpp --json dump.txt
    """
    # `devino --help` loads this module too, but needs no codec.
    from devino_codecs import smpp

    from ._reading import as_lines, as_object
    from ._search import find
    from ._written import read_written

    broken: list[str] = []
    try:
        for octets in read_written(_given(hex_)):
            for found in find(octets):
                try:
                    pdu = smpp.salvage(found.octets)
                except DecodeError as error:
                    broken.append(found.told(str(error), len(octets)))
                    continue
                if isinstance(pdu, smpp.Pdu) and pdu.defect is not None:
                    broken.append(found.told(str(pdu.defect), len(octets)))
                if app.json:
                    begins = {"offset": found.offset} if found.skipped else {}
                    app.show({**begins, **as_object(pdu)})
                    continue
                if found.skipped:
                    app.line(f"at octet {found.offset} of {len(octets)}:")
                for line in as_lines(pdu):
                    app.line(line)
    except OSError as error:
        broken.append(f"{hex_[0]}: {error.strerror}")
    except DecodeError as error:
        is_name = len(hex_) == 1 and re.search(r"[/\\]|\.\w+$", hex_[0])
        is_missing = is_name and not Path(hex_[0]).exists()
        broken.append(f"there is no file {hex_[0]!r}" if is_missing else str(error))
    if broken:
        raise click.BadParameter("; ".join(broken[:_MOST_TOLD]), param_hint="'HEX'") from None


_MOST_TOLD = 5


def _given(words: tuple[str, ...]) -> bytes:
    if words == ("-",):
        return read_whole(sys.stdin.buffer)
    # What names a file is hardly hex.
    if len(words) == 1 and len(words[0]) < 256 and "\n" not in words[0] and _is_file(words[0]):
        with Path(words[0]).open("rb") as file:
            return read_whole(file)
    return " ".join(words).encode(errors="replace")


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):
        return False
