"""From what the centre delivers to events."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from devino_codecs import DecodeError
from devino_codecs.smpp import (
    DataSm,
    DeliverSm,
    Incomplete,
    MessagePdu,
    Receipt,
    ReceiptStyle,
    Whole,
    decode_text,
    receipt_of,
    user_data,
)
from devino_core import Incoming, Medium, StatusChanged
from devino_core._correlator import Origin

from ._answers import receipt_status

__all__ = ["digest", "incoming", "octets_of", "receipt_in", "status_changed"]

Delivery = DeliverSm | DataSm


def receipt_in(pdu: Delivery, style: ReceiptStyle) -> Receipt | None:
    """The receipt that it is, None for a message of a subscriber.

    What calls itself a receipt and cannot be read is one that says nothing.
    """
    try:
        return receipt_of(pdu, style)
    except DecodeError:
        return Receipt(text=octets_of(pdu).decode("latin-1"))


def status_changed(
    receipt: Receipt, origin: Origin | None, *, now: datetime, channel: str
) -> StatusChanged:
    """The same receipt gives the same event ``id``."""
    status = receipt_status(receipt)
    done = receipt.done_date.isoformat() if receipt.done_date else ""
    return StatusChanged(
        id=f"{receipt.id}:{status.description}:{done}",
        at=status.reported_at or now,
        channel=channel,
        raw=receipt,
        message_id=receipt.id,
        status=status,
        medium=Medium.SMS,
        ref=origin.ref if origin else None,
    )


def incoming(
    message: Whole | Incomplete, event_id: str, *, now: datetime, channel: str
) -> Incoming:
    """``raw`` tells a text with gaps, an :class:`~devino_codecs.smpp.Incomplete`, from a whole."""
    first = message.pdus[0]
    return Incoming(
        id=event_id,
        at=now,
        channel=channel,
        raw=message,
        sender=first.source_addr,
        to=first.destination_addr,
        text=_text(message),
        medium=Medium.SMS,
    )


def digest(pdus: Iterable[Delivery | MessagePdu]) -> str:
    """The same for what is delivered again: all but the sequence number.

    It is of the values and not of octets made anew: much can be read that may not be written.
    """
    said = "".join(repr(replace(pdu, sequence_number=0)) for pdu in pdus)
    return hashlib.blake2b(said.encode("utf-8", "backslashreplace"), digest_size=12).hexdigest()


def _text(message: Whole | Incomplete) -> str:
    """Octets that the alphabet lacks are U+FFFD; binary data is hex."""
    try:
        if isinstance(message, Whole):
            return message.text(errors="replace")
        return "".join(
            decode_text(user_data(pdu).octets, pdu.data_coding, errors="replace")
            for pdu in message.pdus
        )
    except DecodeError:
        return b" ".join(octets_of(pdu) for pdu in message.pdus).hex()


def octets_of(pdu: Delivery | MessagePdu) -> bytes:
    """All content of it, headers included."""
    short = b"" if isinstance(pdu, DataSm) else pdu.short_message
    return short or pdu.tlvs.get("message_payload", b"")
