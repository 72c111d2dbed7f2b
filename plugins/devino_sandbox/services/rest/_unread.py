"""What can still be told of a send that cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import parse_qsl

from devino_sandbox._http import RawRequest

__all__ = ["Unread", "unread"]


class Unread(NamedTuple):
    """As it came; what is not there is empty."""

    to: Sequence[str]
    sender: str
    text: str


def unread(request: RawRequest) -> Unread:
    """Names in any case and number, as :func:`devino_codecs.rest.decode_request` takes them."""
    found: dict[str, list[str]] = {}
    for part in (request.query, request.body):
        for name, value in parse_qsl(part.decode(errors="replace"), errors="replace"):
            singular = name.strip().lower().partition("[")[0].removesuffix("es")
            found.setdefault(singular, []).append(value.strip())
    sender, text = (found.get(name, [""])[0] for name in ("sourceaddress", "data"))
    return Unread(found.get("destinationaddress", [""]), sender, text)
