"""``decode viber``: a body of the interface for Viber or WhatsApp, either way, or a callback."""

from __future__ import annotations

from collections.abc import Mapping

from devino_plugins.kit.decoding import decode_command

__all__ = ["decode"]

_HELP = """Show what a body of the API for Viber or WhatsApp says.

FILE is the body of a request to /send or /status, of its answer, or of a callback; - reads standard
input.

\b
Examples:
  devino decode viber request.json
  devino decode viber - --json < callback.json
"""


def _decode(data: bytes) -> Mapping[str, object]:
    # `devino --help` loads this module too, and needs no codec.
    from ._reading import read

    return read(data)


decode = decode_command("viber", _decode, help_text=_HELP)
"""The command."""
