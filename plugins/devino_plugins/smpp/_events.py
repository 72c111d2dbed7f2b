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
    DeliveryReceipt,
    Incomplete,
    MessagePdu,
    ReceiptStyle,
    Whole,
    decode_text,
    receipt_of,
    user_data,
)
from devino_core import Incoming, Medium, StatusChanged
from devino_core.push import Origin

from ._answers import receipt_status

__all__ = ["digest", "incoming", "octets_of", "receipt_in", "status_changed"]

Delivery = DeliverSm | DataSm


def receipt_in(pdu: Delivery, style: ReceiptStyle) -> DeliveryReceipt | None:
    """The receipt in a delivery; None for a message of a subscriber.

    A delivery that calls itself a receipt and cannot be read gives a receipt that says nothing.
    """
    try:
        return receipt_of(pdu, style)
    except DecodeError:
        return DeliveryReceipt(text=octets_of(pdu).decode("latin-1"))


def status_changed(
    receipt: DeliveryReceipt, origin: Origin | None, *, now: datetime, channel: str
) -> StatusChanged:
    """The event for a receipt. The same receipt gives the same event ``id``."""
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
    """The event for a message. If its text has gaps, ``raw`` is an
    :class:`~devino_codecs.smpp.Incomplete`."""
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
    """A digest of all but the sequence number: the same when the centre delivers again.

    It is made from the values. Octets cannot be made from everything that can be read.
    """
    said = "".join(repr(replace(pdu, sequence_number=0)) for pdu in pdus)
    return hashlib.blake2b(said.encode("utf-8", "backslashreplace"), digest_size=12).hexdigest()


def _text(message: Whole | Incomplete) -> str:
    """The text. Octets that the alphabet lacks become U+FFFD, and binary data becomes hex."""
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
    """The whole content of a PDU, headers included."""
    short = b"" if isinstance(pdu, DataSm) else pdu.short_message
    return short or pdu.tlvs.get("message_payload", b"")
