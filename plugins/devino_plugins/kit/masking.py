"""What a server repeats of what it was sent."""

from __future__ import annotations

from html import escape
from urllib.parse import quote, quote_plus

__all__ = ["masked"]


def masked(text: str, *secrets: str) -> str:
    """``text`` with ``***`` for each of these: no server should repeat a password, and some do.

    They are known also as they stand in a form, a URL and XML.
    """
    spellings = {
        spelling
        for secret in secrets
        for spelling in (
            secret,
            quote_plus(secret),
            quote(secret, safe=""),
            escape(secret, quote=False),
            escape(secret),
        )
    }
    # The longest first, or what another ends with would be left over.
    for spelling in sorted(spellings - {""}, key=len, reverse=True):
        text = text.replace(spelling, "***")
    return text
