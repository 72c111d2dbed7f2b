"""What a codec may raise: :exc:`EncodeError` or :exc:`DecodeError`, and nothing else.

::

    CodecError (ValueError)
    ├── EncodeError    the value cannot be written on this wire
    └── DecodeError    the bytes are not what this wire allows
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

__all__ = ["CodecError", "DecodeError", "EncodeError"]


E = TypeVar("E", bound="CodecError")


class CodecError(ValueError):
    """A value and the wire do not fit each other.

    ``path`` names the field in the wire's own words (``"dest_addr"``, ``"[3].ID"``); ``""`` means
    the whole value.
    """

    def __init__(self, reason: str, *, path: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}" if self.path else self.reason

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...], Mapping[str, object]]:
        # Python copies an exception by a call with its args, here only the reason. That call would
        # fail for classes that need more arguments.
        return _blank, (type(self), *self.args), self.__dict__


def _blank(cls: type[E], *args: object) -> E:
    """The beginning of a pickled or copied error; its attributes follow."""
    return cls.__new__(cls, *args)


class EncodeError(CodecError):
    """The value cannot be written: fix the value that ``path`` names."""


class DecodeError(CodecError):
    """The bytes are malformed. ``offset`` is the place in bytes from the start, if known."""

    def __init__(self, reason: str, *, path: str = "", offset: int | None = None) -> None:
        super().__init__(reason, path=path)
        self.offset = offset

    def __str__(self) -> str:
        text = super().__str__()
        return text if self.offset is None else f"{text} (at byte {self.offset})"
