"""The sixteen octets that begin every PDU (SMPP 3.4, 3.2)."""

from __future__ import annotations

import struct

import msgspec

from devino_codecs.errors import DecodeError

__all__ = ["HEADER_SIZE", "RESPONSE", "Header", "pack_header", "unpack_header"]

HEADER_SIZE = 16
RESPONSE = 0x80000000
"""The bit of ``command_id`` that tells an answer from a request."""

_HEADER = struct.Struct(">4I")
pack_header = _HEADER.pack


class Header(msgspec.Struct, frozen=True):
    """``command_length``, ``command_id``, ``command_status`` and ``sequence_number``."""

    command_length: int
    command_id: int
    command_status: int
    sequence_number: int

    @property
    def is_response(self) -> bool:
        return self.command_id >= RESPONSE

    @property
    def octets(self) -> bytes:
        """The sixteen octets."""
        return pack_header(*msgspec.structs.astuple(self))


def unpack_header(data: bytes, at: int = 0) -> Header:
    """The header at this offset."""
    if len(data) - at < HEADER_SIZE:
        raise DecodeError(f"{len(data) - at} octets, a header has {HEADER_SIZE}", offset=at)
    return Header(*_HEADER.unpack_from(data, at))
