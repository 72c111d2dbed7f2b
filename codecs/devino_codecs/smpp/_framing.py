"""A stream of octets cut into PDUs."""

from __future__ import annotations

import struct

from devino_codecs._sizes import check_bytes

from ._errors import FramingError
from ._header import HEADER_SIZE, Header, unpack_header

__all__ = ["MAX_COMMAND_LENGTH", "Framer"]

MAX_COMMAND_LENGTH = 70_000
"""A ``message_payload`` of 65535 octets, and room for all other fields."""


_length_at = struct.Struct(">I").unpack_from


class Framer:
    """Takes chunks and gives whole PDUs, each as the octets that :func:`decode` takes.

    The work is linear in the number of octets, however small the chunks are. When
    ``command_length`` is below 16 or above ``max_command_length``, the stream is lost: the PDUs
    before it are still given, :attr:`error` says why, and feeding more raises it.
    """

    def __init__(self, max_command_length: int = MAX_COMMAND_LENGTH) -> None:
        self.max_command_length = max_command_length
        self.error: FramingError | None = None
        """Set once the stream is lost."""
        self._buffer = bytearray()
        self._needed = HEADER_SIZE

    @property
    def pending(self) -> int:
        """How many octets of an unfinished PDU are here. At the stream's end this should be 0."""
        return len(self._buffer)

    def feed(self, chunk: bytes | bytearray | memoryview) -> list[bytes]:
        """The PDUs that end in this chunk. Raises :exc:`FramingError` once the stream is lost."""
        if self.error:
            raise self.error
        if type(chunk) is not bytes:
            check_bytes(chunk)
            chunk = bytes(chunk)
        if self._buffer:
            self._buffer += chunk
            if len(self._buffer) < self._needed:
                return []
            chunk = bytes(self._buffer)
            self._buffer.clear()
        frames: list[bytes] = []
        at, end = 0, len(chunk)
        while end - at >= HEADER_SIZE:
            (length,) = _length_at(chunk, at)
            if not HEADER_SIZE <= length <= self.max_command_length:
                self.error = self._lost(unpack_header(chunk, at))
                return frames
            stop = at + length
            if stop > end:
                self._needed = length
                break
            frames.append(chunk[at:stop])
            at = stop
        else:
            self._needed = HEADER_SIZE
        if at < end:
            self._buffer += chunk[at:]
        return frames

    def _lost(self, header: Header) -> FramingError:
        return FramingError(
            f"{header.command_length} is not {HEADER_SIZE} to {self.max_command_length}", header
        )
