"""What stands around answers in ServiceStack's form, and how refusals look that carry no code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from ._json import quoted
from ._operation import Envelope, Refusal

__all__ = ["SERVICE_STACK", "RefusalForm", "by_status"]


SERVICE_STACK: Final = Envelope(result="Result")
"""``{"Result": ..., "Code": "ok", "Description": "ok"}``."""


class RefusalForm(msgspec.Struct, frozen=True):
    """How refusals look that carry no code.

    ``read`` gets the body's value, None if it is no JSON, and the HTTP status; it gives None for
    what is no refusal of this form. ``write`` gives JSON, None for a refusal of another form.
    """

    read: Callable[[object, int], Refusal | None]
    write: Callable[[Refusal], bytes | None] = lambda _: None


def by_status(description: str = "error") -> RefusalForm:
    """A refusal is an HTTP status of 400 and above, which is its code; the text is under a key.

    >>> by_status("error").read({"error": "no such number"}, 404)
    Refusal(code=404, description='no such number', http_status=404)
    """

    def read(body: object, http_status: int) -> Refusal | None:
        if http_status < 400:
            return None
        text = body.get(description) if isinstance(body, dict) else None
        return Refusal(http_status, text if isinstance(text, str) else "", http_status)

    def write(refusal: Refusal) -> bytes:
        return f"{{{quoted(description)}:{quoted(refusal.description)}}}".encode()

    return RefusalForm(read, write)
