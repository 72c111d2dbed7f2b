"""Texts as the platform counts them."""

from __future__ import annotations

__all__ = ["length"]


def length(text: str) -> int:
    """Characters of .NET, which are UTF-16 units: an emoji has two."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2
