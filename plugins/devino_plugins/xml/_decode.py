"""``decode xml``: a package, sent or answered."""

from __future__ import annotations

from collections.abc import Mapping

from devino_plugins.kit.decoding import decode_command, shown

__all__ = ["decode"]

_HELP = """Show what an XML package says: messages, status requests, results or an error.

FILE is the body of a request to Send.ashx or Statistics.ashx, or of its answer; - reads standard
input. Login and password are not shown.

\b
Examples:
  devino decode xml package.xml
  devino decode xml - --json < answer.xml
"""


def _decode(data: bytes) -> Mapping[str, object]:
    # `devino --help` loads this module too, and needs no codec.
    from devino_codecs import xmlpackage as xml

    request = xml.decode_request(data)
    # Only a request says who asks, and it must.
    if request.login or request.password:
        return {"kind": "request", "package": shown(request)}
    return {"kind": "answer", "package": shown(xml.decode_answer(data))}


decode = decode_command("xml", _decode, help_text=_HELP)
