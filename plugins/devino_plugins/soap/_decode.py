"""``decode soap``: an envelope, sent or answered."""

from __future__ import annotations

from collections.abc import Mapping

from devino_plugins.kit.decoding import decode_command

__all__ = ["decode"]

_HELP = """Show what a SOAP envelope says: a request, an answer or a fault.

FILE is the body of a request to one of the four services, or of its answer; - reads standard
input. Credentials are not shown.

\b
Examples:
  devino decode soap request.xml
  devino decode soap - --json < answer.xml
"""


def _decode(data: bytes) -> Mapping[str, object]:
    # `devino --help` loads this module too, and needs no codec.
    from ._reading import read

    return read(data)


decode = decode_command("soap", _decode, help_text=_HELP)
