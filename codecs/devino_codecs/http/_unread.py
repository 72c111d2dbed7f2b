"""What stands in the place of a value that could not be read."""

from __future__ import annotations

import msgspec

__all__ = ["Unread"]


class Unread(msgspec.Struct, frozen=True):
    """Why a value could not be read, in a place whose type allows for it, such as ``int | Unread``.

    So one bad item costs no other its place: ``tuple[Report | Unread, ...]``. It cannot be written.
    """

    reason: str
    """Without any of the content."""
    path: str = ""
    """The field below that place, in the wire's words; ``""`` is the place itself."""

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}" if self.path else self.reason
