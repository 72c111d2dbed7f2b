"""What was said in lines, as the journal keeps it: mail and FTP."""

from __future__ import annotations

from collections.abc import Callable

from devino_codecs.masking import Kinds

from ._journal import LONGEST, Wire, wire_of

__all__ = ["TextSaid"]


class TextSaid:
    """Lines. ``masked`` takes the credentials out of them, when somebody looks."""

    __slots__ = ("chunks", "masked", "size")
    call_id: str | None = None

    def __init__(self, masked: Callable[[bytes], bytes] = bytes) -> None:
        self.chunks: list[bytes] = []
        self.masked = masked
        self.size = 0

    def add(self, chunk: bytes) -> None:
        """More of them."""
        if self.size < LONGEST:
            self.chunks.append(chunk)
        self.size += len(chunk)

    def wire(self, kinds: Kinds, path: str) -> Wire:
        return wire_of(self.masked(b"".join(self.chunks)[:LONGEST]), self.size)
