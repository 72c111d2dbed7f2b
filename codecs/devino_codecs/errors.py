"""What a codec may raise: :exc:`EncodeError` or :exc:`DecodeError`, and nothing else.

::

    CodecError (ValueError)
    ├── EncodeError    the value cannot be written on this wire
    └── DecodeError    the bytes are not what this wire allows
"""

from __future__ import annotations

__all__ = ["CodecError", "DecodeError", "EncodeError"]


class CodecError(ValueError):
    """A value and the wire do not fit each other.

    ``path`` names the field in the wire's own words (``"dest_addr"``, ``"[3].ID"``), ``""`` for
    the whole.
    """

    def __init__(self, reason: str, *, path: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}" if self.path else self.reason


class EncodeError(CodecError):
    """The value cannot be written: fix the value that ``path`` names."""


class DecodeError(CodecError):
    """The bytes are malformed. ``offset`` is where, in bytes from the start, when known."""

    def __init__(self, reason: str, *, path: str = "", offset: int | None = None) -> None:
        super().__init__(reason, path=path)
        self.offset = offset

    def __str__(self) -> str:
        text = super().__str__()
        return text if self.offset is None else f"{text} (at byte {self.offset})"
