"""How the outbox writes its values in a database: JSON, with the errors that receipts hold."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from devino_core import errors
from devino_core.errors import DevinoError, Retry

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
            decoder = _decoders[kind] = msgspec.json.Decoder(kind, dec_hook=_decode_error)
        value: T = decoder.decode(text)
    except UnicodeError as error:
        raise ValueError(f"not in UTF-8 at byte {error.args[2]}") from None
    return value


class _SavedError(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error of the library, without its traceback and cause."""

    kind: str
    args: tuple[str | int | float | bool | None, ...] = ()
    facts: dict[str, str | int | float | bool | list[str] | None] = {}


def _encode_error(value: object) -> object:
    if not isinstance(value, DevinoError):
        raise TypeError(f"an outbox cannot keep a {type(value).__name__}")
    # A class of a plugin is kept as the nearest one that every process knows.
    kind = next(one for one in type(value).__mro__ if one.__name__ in _KINDS)
    facts = {
        name: list(fact) if isinstance(fact, tuple) else fact
        for name, fact in vars(value).items()
        if isinstance(fact, _PLAIN) or (isinstance(fact, tuple) and _all_text(fact))
    }
    args = tuple(arg if isinstance(arg, _PLAIN) else str(arg) for arg in value.args)
    return _SavedError(kind.__name__, args, facts)


def _decode_error(target: type, value: object) -> object:
    if target is not DevinoError:
        raise TypeError(f"an outbox cannot keep a {target.__name__}")
    saved = msgspec.convert(value, _SavedError)
    kind = _KINDS.get(saved.kind, DevinoError)
    error = kind.__new__(kind, *saved.args)
    for name, fact in saved.facts.items():
        if name == "retry":
            error.retry = Retry(str(fact))
        else:
            setattr(error, name, tuple(fact) if isinstance(fact, list) else fact)
    return error


def _all_text(values: tuple[object, ...]) -> bool:
    return all(isinstance(value, str) for value in values)


_PLAIN = (str, int, float, bool, type(None))
_KINDS: dict[str, type[DevinoError]] = {
    name: getattr(errors, name)
    for name in errors.__all__
    if isinstance(getattr(errors, name), type) and issubclass(getattr(errors, name), DevinoError)
}
_ENCODER = msgspec.json.Encoder(enc_hook=_encode_error)

_decoders: dict[object, msgspec.json.Decoder[Any]] = {}
