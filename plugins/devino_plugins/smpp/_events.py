"""From what the centre delivers to events."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
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
    receipt_of,
)
from devino_core import Incoming, Medium, StatusChanged
from devino_core.push import Origin

from ._answers import receipt_status

__all__ = ["digest", "incoming", "octets_of", "receipt_in", "status_changed", "unread"]

Delivery = DeliverSm | DataSm

_HEADER_SIZE = 16


def receipt_in(pdu: Delivery, style: ReceiptStyle) -> DeliveryReceipt | None:
    """The receipt in a delivery; None for a message of a subscriber.

    A delivery that calls itself a receipt and cannot be read gives a receipt that says nothing.
    """
    try:
        return receipt_of(pdu, style)
    except DecodeError:
        return DeliveryReceipt(text=octets_of(pdu).decode("latin-1"))


def status_changed(
    pdu: Delivery,
    receipt: DeliveryReceipt,
    origin: Origin | None,
    *,
    now: datetime,
    channel: str,
) -> StatusChanged:
    """The event for a receipt. The same receipt gives the same event ``id``.

    If the PDU was broken, ``raw`` is the PDU, whose ``defect`` has the octets.
    """
    status = receipt_status(receipt)
    done = receipt.done_date.isoformat() if receipt.done_date else ""
    said = receipt.id and status.description
    return StatusChanged(
        id=f"{receipt.id}:{status.description}:{done}" if said else digest([pdu]),
        at=status.reported_at or now,
        channel=channel,
        raw=receipt if pdu.defect is None else pdu,
        message_id=receipt.id,
        status=status,
        medium=Medium.SMS,
        ref=origin.ref if origin else None,
    )


def incoming(
    message: Whole | Incomplete, event_id: str, *, now: datetime, channel: str, alphabet: str
) -> Incoming:
    """The event for a message. If its text has gaps, ``raw`` is an
    :class:`~devino_codecs.smpp.Incomplete`. PDUs in it that were broken have a ``defect``."""
    return _incoming(message.pdus[0], message, event_id, _text(message, alphabet), now, channel)


def unread(pdu: Delivery, *, now: datetime, channel: str) -> Incoming:
    """The event for a delivery that nothing can be made of. ``raw`` is the PDU."""
    return _incoming(pdu, pdu, f"{digest([pdu])}-{now:%Y%m%d%H%M%S%f}", "", now, channel)


def _incoming(
    pdu: Delivery | MessagePdu, raw: object, event_id: str, text: str, now: datetime, channel: str
) -> Incoming:
    return Incoming(
        id=event_id,
        at=now,
        channel=channel,
        raw=raw,
        sender=pdu.source_addr,
        to=pdu.destination_addr,
        text=text,
        medium=Medium.SMS,
    )


def digest(pdus: Sequence[Delivery | MessagePdu]) -> str:
    """A digest of all but the sequence number: the same when the centre delivers again.

    It is made from the values. Octets cannot be made from everything that can be read.
    """
    said = "".join(repr(replace(pdu, sequence_number=0, defect=None)) for pdu in pdus)
    made = hashlib.blake2b(said.encode("utf-8", "backslashreplace"), digest_size=12)
    for pdu in pdus:
        if pdu.defect is not None:
            made.update(pdu.defect.octets[_HEADER_SIZE:])
    return made.hexdigest()


def _text(message: Whole | Incomplete, alphabet: str) -> str:
    """The text. Octets that the alphabet lacks become U+FFFD, and binary data becomes hex."""
    try:
        return message.text(errors="replace", default=alphabet)
    except DecodeError:
        return b" ".join(octets_of(pdu) for pdu in message.pdus).hex()


def octets_of(pdu: Delivery | MessagePdu) -> bytes:
    """The whole content of a PDU, headers included."""
    short = b"" if isinstance(pdu, DataSm) else pdu.short_message
    return short or pdu.tlvs.get("message_payload", b"")
