"""JSON as it comes: with a byte order mark, with numbers that must stay exact, with broken text, or
not at all."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec.json

from devino_codecs._sizes import check_bytes
from devino_codecs.errors import DecodeError, EncodeError

__all__ = ["HALF_A_PAIR", "json_type", "parse_json", "quoted"]

HALF_A_PAIR = "has half a surrogate pair: UTF-8 has no surrogates"
"""What is wrong with a text that has no UTF-8."""


def parse_json(body: bytes, *, http_status: int | None = None, mend: bool = False) -> object:
    """The value of a body; numbers with a fraction are Decimal.

    With ``mend``, U+FFFD replaces what some writers let through into strings: bytes that are no
    UTF-8, halves of surrogate pairs, control characters. It is for answers, in which one SMS must
    not hide the others.

    Raises :exc:`DecodeError`, which says under which HTTP status it came, where one is told, and
    nothing of what the body holds.
    """
    check_bytes(body)
    body = body.removeprefix(b"\xef\xbb\xbf").strip()
    try:
        return _decode(body)
    except RecursionError:
        raise DecodeError("nested too deeply") from None
    except ValueError as error:
        reason = f"no JSON: {error}"
    if mend:
        # Hardly any program meets with such a body.
        from ._mending import mended

        whole = mended(body)
        if whole != body:
            return parse_json(whole, http_status=http_status)
    if not body:
        reason = "an empty body"
    elif body.startswith(b"<"):
        reason = "a page of HTML or XML: is the address right?"
    raise DecodeError(reason if http_status is None else f"HTTP {http_status} with {reason}")


def json_type(value: object) -> str:
    """Say what a JSON value is, without saying what it holds."""
    names = {dict: "an object", list: "an array", str: "a string", type(None): "nothing"}
    return names.get(type(value), "a boolean" if isinstance(value, bool) else "a number")


def quoted(text: str) -> str:
    """A string of JSON. Raises :exc:`EncodeError` for half a surrogate pair."""
    try:
        # msgspec writes nothing but a plain str, and a caller's text may be more.
        return _encode(text if type(text) is str else str.__str__(text)).decode()
    except UnicodeError:
        raise EncodeError(HALF_A_PAIR) from None


def _float(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:  # an exponent beyond all bounds
        return Decimal("NaN")


_encode = msgspec.json.Encoder().encode
_decode: Any = msgspec.json.Decoder(float_hook=_float).decode
