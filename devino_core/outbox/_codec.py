"""How the outbox writes its values in a database: JSON, with the errors that receipts hold."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from devino_core._plain import decode_error, encode_error

__all__ = ["decode", "encode"]

T = TypeVar("T")


def encode(value: object) -> str:
    """The value as JSON."""
    return _ENCODER.encode(value).decode()


def decode(text: str | bytes, kind: type[T]) -> T:
    """The value that :func:`encode` wrote. Raises ValueError for anything else."""
    try:
        decoder = _decoders.get(kind)
        if decoder is None:
            decoder = _decoders[kind] = msgspec.json.Decoder(kind, dec_hook=decode_error)
        value: T = decoder.decode(text)
    except UnicodeError as error:
        raise ValueError(f"not in UTF-8 at byte {error.args[2]}") from None
    return value


_ENCODER = msgspec.json.Encoder(enc_hook=encode_error)

_decoders: dict[object, msgspec.json.Decoder[Any]] = {}
