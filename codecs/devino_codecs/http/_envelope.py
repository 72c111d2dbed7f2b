"""What stands around an answer, and what a refusal looks like."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from ._json import quoted
from ._operation import Refusal

__all__ = ["SERVICE_STACK", "Envelope", "RefusalForm", "by_status"]


class Envelope(msgspec.Struct, frozen=True):
    """The keys of an answer's object. A refusal has ``code`` and ``description``.

    An answer stands under ``result``, beside them; None: it is the whole body. ``result`` may be
    the same key as ``code``, where the answer is its code. It is written before them, or after them
    if ``result_last``; where it stands in what is read does not matter.
    """

    code: str = "Code"
    description: str = "Description"
    result: str | None = None
    result_last: bool = False


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
