"""TLS at its ends: what a handshake that failed means, and how a connection is closed."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, NamedTuple

from .errors import Retry

if TYPE_CHECKING:
    import asyncio

__all__ = ["TlsFailure", "hang_up", "tls_failure"]


class TlsFailure(NamedTuple):
    """``reason`` says what is wrong, in words that follow a colon.

    ``retry`` is NEVER for what fails again until somebody mends it: a certificate that does not
    verify, a peer without TLS, no version in common. ``plain`` says that the peer speaks no TLS.
    """

    reason: str
    retry: Retry
    plain: bool = False


def tls_failure(error: Exception) -> TlsFailure:
    """What ``error`` says, which the standard library's :mod:`ssl` raised in a handshake."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return TlsFailure(
            f"its certificate does not verify: {error.verify_message or error}", Retry.NEVER
        )
    code = (error.reason or "") if isinstance(error, ssl.SSLError) else ""
    if code in _PLAIN:
        return TlsFailure("it speaks no TLS on this port", Retry.NEVER, plain=True)
    if any(word in code for word in _NOTHING_SHARED):
        return TlsFailure(
            "it and this machine have no version or cipher of TLS in common", Retry.NEVER
        )
    words = code.replace("_", " ").lower() or type(error).__name__
    return TlsFailure(f"TLS failed: {words}", Retry.SAFE)


def hang_up(transport: asyncio.WriteTransport) -> None:
    """Close a connection, encrypted or not, without waiting for the other end.

    A transport that closes TLS in good order waits until the peer does the same. Nobody waits for
    the transport: its event loop may end first, and the socket stays open. The peer is told that
    this is the end all the same. What was not yet written is lost.
    """
    # Closed twice, asyncio's TLS forgets what it would have to abort.
    if not transport.is_closing():
        transport.close()
    transport.abort()


_PLAIN = frozenset(
    {"HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE", "WRONG_VERSION_NUMBER"}
)
_NOTHING_SHARED = ("PROTOCOL", "VERSION_TOO_LOW", "SHARED", "HANDSHAKE_FAILURE")
