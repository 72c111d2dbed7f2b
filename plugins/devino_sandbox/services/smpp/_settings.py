"""The choices that the SMSC leaves."""

from __future__ import annotations

import msgspec

from devino_codecs.smpp import ReceiptStyle

__all__ = ["SmppSettings"]


class SmppSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the SMSC behaves. Times are in seconds, above 0.

    :class:`SmppService` raises ValueError for a time or a window that lets a session hang.
    """

    system_id: str = "devino"
    """Its own name in the answer to a bind: at most 15 characters."""
    sessions: int = 4
    """How many sessions one account may have at a time."""
    reconnect_after: float = 60.0
    """How long a client must wait after the end of a session. Only in a strict World."""
    reconnect_after_failure: float = 90.0
    """How long a client must wait after a refused bind. Only in a strict World."""
    window: int = 10
    """How many ``deliver_sm`` a session may leave unacknowledged."""
    queue: int | None = None
    """How many deliveries wait for an account. Beyond that the oldest are lost. None:
    ``World.keep``."""
    retry_after: float = 5.0
    """How long to wait before a delivery that a client refused, or did not answer, is tried again
    over the same session."""
    response_timeout: float = 30.0
    """How long to wait for the answer to a delivery."""
    bind_timeout: float = 30.0
    enquire_after: float | None = 120.0
    """After how much silence the client is asked whether it is there. None: never."""
    refusals_have_bodies: bool = False
    """Whether refusals have a body. SMPP 3.4 says no (4.1.2, 4.4.2). But aiosmpplib, gosmpp and
    libsmpp34 cannot tell a refused bind from a broken one without it."""
    max_nonsense: int | None = 1000
    """How many PDUs a second of a client may say nothing: enquiries, and what is unknown, broken or
    out of place. Beyond that the connection is closed. None: any number."""
    minimal_validity: float = 60.0
    """The shortest validity. Only in a strict World."""
    alphabet: str = "gsm7"
    """The alphabet of ``data_coding`` 0: ``gsm7``, or an encoding of Python."""
    receipts: ReceiptStyle = ReceiptStyle()
    """How receipts are written. Dates are in UTC unless the style has a zone. How the platform
    writes its own is not public.

    With ``IdForm.HEX`` receipts write ids in hex, while answers have them in decimal;
    ``IdForm.DECIMAL`` is the reverse.
    """
    receipt_parameters: bool = True
    """Whether receipts have ``receipted_message_id`` and ``message_state`` beside the text."""
