"""URLs that people write into settings and options."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from urllib.parse import SplitResult

__all__ = ["web_url"]


def web_url(text: str) -> SplitResult | None:
    """The parts of a URL that begins with http:// or https:// and names a host; None for what is
    none. All of its parts can be read: ``port`` raises nothing, and is not 0."""
    # Not above: few commands need it.
    from urllib.parse import urlsplit

    # It passes over blanks and the ends of lines.
    if " " in text or not text.isprintable():
        return None
    try:
        parts = urlsplit(text)
        is_one = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return parts if is_one else None
