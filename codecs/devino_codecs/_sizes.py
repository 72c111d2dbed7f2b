"""How much a decoder takes unless told otherwise.

A decoder works for longer the more it is given, and nothing else runs meanwhile.
"""

from __future__ import annotations

from typing import Final

from .errors import DecodeError

__all__ = ["MAX_ANSWER", "MAX_REQUEST", "check_size"]

MAX_REQUEST: Final = 4 * 2**20
"""Bytes of a request: those of a hundred thousand numbers are 3 MB."""
MAX_ANSWER: Final = 16 * 2**20
"""Bytes of an answer, which may list what a month brought."""


def check_size(size: int, most: int) -> None:
    """Raise :exc:`DecodeError` for more bytes than are taken."""
    if size > most:
        raise DecodeError(f"{size} bytes, and at most {most} are taken")
