"""What the SMPP codec and session raise, all of them :exc:`~devino_codecs.CodecError`.

::

    EncodeError
    └── StateError      this session may not send that now
    DecodeError
    ├── PduError        the header is sound, the body is broken: answer it and live on
    └── FramingError    the stream's framing is lost: only closing the connection is left
"""

from __future__ import annotations

from devino_codecs.errors import DecodeError, EncodeError

from ._header import Header

__all__ = ["FramingError", "PduError", "StateError"]


class PduError(DecodeError):
    """The body of one PDU is broken. ``header`` is sound, so it can be answered by its number.

    ``offset`` counts from the PDU's first byte. The octets themselves are in no message: those of
    a bind hold the password.
    """

    def __init__(
        self, reason: str, header: Header, *, path: str = "", offset: int | None = None
    ) -> None:
        super().__init__(reason, path=path, offset=offset)
        self.header = header


class FramingError(DecodeError):
    """A ``command_length`` that cannot be true: nothing after it can be told apart."""

    def __init__(self, reason: str, header: Header) -> None:
        super().__init__(reason, path="command_length", offset=0)
        self.header = header


class StateError(EncodeError):
    """The session's state or role does not allow this PDU now (SMPP 3.4, 2.3)."""
