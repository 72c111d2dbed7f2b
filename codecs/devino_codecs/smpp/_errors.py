"""What the SMPP codec and machine raise. All of them are :exc:`~devino_codecs.CodecError`.

::

    EncodeError
    └── StateError      this session may not send that now
    DecodeError
    ├── PduError        the header is sound, the body is broken: answer it and go on
    └── FramingError    the stream's framing is lost: close the connection
"""

from __future__ import annotations

from devino_codecs.errors import DecodeError, EncodeError

from ._header import Header

__all__ = ["FramingError", "PduError", "StateError"]


class PduError(DecodeError):
    """The body of one PDU is broken. ``header`` is sound, so it can be answered by its number.

    ``offset`` counts from the first octet of the PDU. The error never quotes the octets, because
    those of a bind hold the password.
    """

    def __init__(
        self, reason: str, header: Header, *, path: str = "", offset: int | None = None
    ) -> None:
        super().__init__(reason, path=path, offset=offset)
        self.header = header


class FramingError(DecodeError):
    """A ``command_length`` that cannot be true. Nobody can tell where the next PDU begins."""

    def __init__(self, reason: str, header: Header) -> None:
        super().__init__(reason, path="command_length", offset=0)
        self.header = header


class StateError(EncodeError):
    """The session's state or role does not allow this PDU now (SMPP 3.4, 2.3)."""
