"""``decode incoming``: the form of an incoming SMS, or the reply to it."""

from __future__ import annotations

from collections.abc import Mapping

from devino_plugins.kit.decoding import decode_command, shown

__all__ = ["decode"]

_HELP = """Show what the form of an incoming SMS says, or the reply to it.

FILE is the query or the body of the request, or the body of the answer; - reads standard input.

\b
Examples:
  devino decode incoming form.txt
  devino decode incoming - --json < reply.txt
"""


def _decode(data: bytes) -> Mapping[str, object]:
    # `devino --help` loads this module too, and needs no codec.
    from devino_codecs import incoming

    reply = incoming.decode_reply(data)
    if reply is not None:
        return {"kind": "reply", "reply": shown(reply)}
    return {"kind": "push", "push": shown(incoming.decode_push(data.strip()))}


decode = decode_command("incoming", _decode, help_text=_HELP)
"""The command."""
