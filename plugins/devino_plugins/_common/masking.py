"""What a server repeats of what it was sent."""

from __future__ import annotations

__all__ = ["masked"]


def masked(text: str, *secrets: str) -> str:
    """``text`` with ``***`` for each of these: no server should repeat a password, and some do."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return text
