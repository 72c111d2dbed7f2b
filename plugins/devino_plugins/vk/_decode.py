"""``decode vk``: a body of the interface for VK, either way, or a callback."""

from __future__ import annotations

from collections.abc import Mapping

from devino_plugins.kit.decoding import decode_command

__all__ = ["decode"]

_HELP = """Show what a body of the API for VK says.

FILE is the body of a request to /send/vk, of an answer, or of a callback; - reads standard
input.

\b
Examples:
  devino decode vk request.json
  devino decode vk - --json < callback.json
"""


def _decode(data: bytes) -> Mapping[str, object]:
    # `devino --help` loads this module too, and needs no codec.
    from ._reading import read

    return read(data)


decode = decode_command("vk", _decode, help_text=_HELP)
"""The command."""
