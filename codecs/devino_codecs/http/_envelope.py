"""What stands around answers and refusals of the usual forms."""

from __future__ import annotations

from typing import Final

from ._json import quoted
from ._operation import Envelope, Refusal, RefusalForm

__all__ = ["SERVICE_STACK", "by_status"]


SERVICE_STACK: Final = Envelope(result="Result")
"""``{"Result": ..., "Code": "ok", "Description": "ok"}``."""


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
