"""Keyed hashes of messages and recipients: the same content is known again, and nothing is told.

Without a key the hash of a number and a known text could be reversed by trying all numbers.
"""

from __future__ import annotations

from datetime import UTC
from hashlib import blake2b

import msgspec

from devino_core._message import Message
from devino_core.phone import normalize

__all__ = ["content_hash", "recipient_hash"]

_ENCODE = msgspec.json.Encoder(order="sorted").encode


def content_hash(message: Message, key: bytes) -> int:
    """Of all fields but ``ref``, also those of the fallbacks; 64 bits, signed."""
    return _hash(_ENCODE(_canonical(message)), key)


def recipient_hash(to: str, key: bytes) -> int:
    """Of a number in any notation, or an address."""
    try:
        plain = normalize(to)
    except ValueError:
        plain = to.strip().casefold()
    return _hash(plain.encode("utf-8", "surrogatepass"), key)


def _hash(data: bytes, key: bytes) -> int:
    return int.from_bytes(blake2b(data, digest_size=8, key=key).digest(), "big", signed=True)


def _canonical(message: Message) -> list[object]:
    at = message.send_at
    if at is not None and at.tzinfo is not None:
        at = at.astimezone(UTC)
    return [
        message.to,
        message.content,
        message.sender,
        message.medium,
        at,
        message.validity,
        message.priority,
        None if message.fallback is None else _canonical(message.fallback),
        message.options,
    ]
