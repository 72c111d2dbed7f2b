"""``decode smpp``: PDUs in hex."""

from __future__ import annotations

import sys

import rich_click as click

from devino_codecs import DecodeError
from devino_core.cli.toolkit import App, json_option, pass_app

__all__ = ["decode"]


@click.command(name="decode smpp")
@click.argument("hex_", metavar="HEX", nargs=-1, required=True)
@json_option
@pass_app
def decode(app: App, hex_: tuple[str, ...]) -> None:
    """Show what PDUs say: every field, known codes by name, the text or receipt in them.

    HEX is one PDU or several in a row, from command_length on. Blanks, colons and 0x do not
    matter; - reads HEX from standard input. Passwords are not shown. With --json, each PDU is an
    object on a line of its own.

    \b
    Examples:
      devino decode smpp 00000010000000150000000000000001
      devino decode smpp --json - < pdus.txt
    """
    # `devino --help` loads this module too, but needs no codec.
    from ._reading import as_lines, as_object, frames

    written = sys.stdin.read() if hex_ == ("-",) else "".join(hex_)
    try:
        for octets in frames(written):
            if app.json:
                app.show(as_object(octets))
                continue
            for line in as_lines(octets):
                app.line(line)
    except DecodeError as error:
        raise click.BadParameter(str(error), param_hint="'HEX'") from None
