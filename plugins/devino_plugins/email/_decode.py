"""``decode email``: a body of the HTTP interface, either way, a callback, or a mail."""

from __future__ import annotations

from collections.abc import Mapping

from devino_plugins.kit.decoding import decode_command

__all__ = ["decode"]

_HELP = """Show what a body of the API for e-mail says, or a mail.

FILE is the body of a request, of its answer, or of a callback (JSON or XML), or a whole mail as
programs save it (.eml); - reads standard input.

\b
Examples:
  devino decode email callback.json
  devino decode email - --json < mail.eml
"""


def _decode(data: bytes) -> Mapping[str, object]:
    # `devino --help` loads this module too, and needs no codec.
    from ._reading import read

    return read(data)


decode = decode_command("email", _decode, help_text=_HELP)
"""The command."""
