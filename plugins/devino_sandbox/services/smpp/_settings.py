"""What can be chosen about the SMSC."""

from __future__ import annotations

import msgspec

from devino_codecs.smpp import ReceiptStyle

__all__ = ["SmppSettings"]


class SmppSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How the SMSC behaves. Times are in seconds, above 0.

    :class:`SmppService` raises ValueError for a time or a window that lets a session hang.
    """

    system_id: str = "devino"
    """What it calls itself in the answer to a bind, in at most 15 characters."""
    sessions: int = 4
    """Of one account, at a time."""
    reconnect_after: float = 60.0
    """How long to wait after the end of a session; in a strict World only."""
    reconnect_after_failure: float = 90.0
    """How long to wait after a refused bind; in a strict World only."""
    window: int = 10
    """``deliver_sm`` that a session may leave unacknowledged."""
    queue: int | None = None
    """Deliveries that wait for an account; beyond, the oldest are lost. None: ``World.keep``."""
    retry_after: float = 5.0
    """When to deliver again what a client answered with an error."""
    response_timeout: float = 30.0
    """When to deliver again what a client did not answer."""
    bind_timeout: float = 30.0
    enquire_after: float | None = 120.0
    """Silence after which the client is asked whether it is there; None: never."""
    minimal_validity: float = 60.0
    """In a strict World only."""
    alphabet: str = "gsm7"
    """What ``data_coding`` 0 is: ``gsm7`` or an encoding of Python's."""
    receipts: ReceiptStyle = ReceiptStyle()
    """How receipts are written, in UTC unless it has a zone. None of the platform's is public.

    With ``IdForm.HEX`` they write ids in hex that answers have in decimal, and the reverse with
    ``IdForm.DECIMAL``.
    """
    receipt_parameters: bool = True
    """Whether receipts have ``receipted_message_id`` and ``message_state`` beside the text."""
