"""What a decoder takes: bytes, and how many unless told otherwise.

A decoder works for longer the more it is given, and nothing else runs meanwhile.
"""

from __future__ import annotations

from typing import Final

from .errors import DecodeError

__all__ = ["MAX_ANSWER", "MAX_REQUEST", "check_bytes", "check_size"]

MAX_REQUEST: Final = 4 * 2**20
"""Bytes of a request: those of a hundred thousand numbers are 3 MB."""
MAX_ANSWER: Final = 16 * 2**20
"""Bytes of an answer, which may list what a month brought."""


def check_size(data: bytes, most: int) -> None:
    """Raise :exc:`DecodeError` for more bytes than are taken, and TypeError for a text."""
    if type(data) is not bytes:
        check_bytes(data)
    if len(data) > most:
        raise DecodeError(f"{len(data)} bytes, and at most {most} are taken")


def check_bytes(data: object) -> None:
    """Raise TypeError for a text: what came over a wire is bytes, and a text has lost some."""
    if isinstance(data, str):
        raise TypeError("expected bytes, not str: give what was received before it was decoded")
