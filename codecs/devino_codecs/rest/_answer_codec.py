"""Answers to and from bytes, as .NET's JavaScriptSerializer writes them."""

from decimal import Decimal, InvalidOperation
from typing import TypeVar, cast

from msgspec.json import Decoder

from devino_codecs.errors import DecodeError, EncodeError

from ._answers import Answer, Ids, IncomingSms, RestError
from ._json import KINDS, json_type
from ._operations import OPERATIONS
from ._requests import Request

__all__ = ["ANSWER_TYPE", "decode_answer", "encode_answer"]

A = TypeVar("A")

ANSWER_TYPE = "application/json; charset=utf-8"
"""The Content-Type of every answer, refusals included."""


def encode_answer(answer: Answer) -> bytes:
    r"""Write an answer: compact JSON, keys in the platform's order, dates as ``\/Date(ms)\/``.

    A :class:`Session` gives the quoted id, a Decimal the bare balance, a tuple of str the ids of a
    send, a :class:`RestError` ``{"Code":4,"Desc":"..."}``; the HTTP status of the last is its
    ``http_status``, of the others 200. Dates are cut to milliseconds.

    Raises :exc:`EncodeError` with the key's path for what the wire cannot hold.
    """
    kind: object = type(answer)
    if isinstance(answer, tuple | list):
        kind = tuple[IncomingSms, ...] if answer and isinstance(answer[0], IncomingSms) else Ids
    if kind not in _WRITABLE:
        raise EncodeError(f"{type(answer).__name__} is no answer of this wire")
    return KINDS[kind].write(answer).encode()


def decode_answer(request: type[Request[A]], http_status: int, body: bytes) -> A | RestError:
    """Read the answer to a request of this type: what it promises, or the platform's refusal.

    Keys in any case and order, ids as strings or numbers, codes as numbers or digits all pass, and
    unknown keys are ignored. Prices and balances are exact. A code that the manual does not know
    stays a plain number.

    Raises :exc:`DecodeError` for a body that is neither, such as a proxy's HTML page.
    """
    try:
        kind = _ANSWERS[request]
    except (KeyError, TypeError):
        raise TypeError(f"{request!r} is no request type of this wire") from None
    ok = 200 <= http_status < 300
    if ok and kind is _IDS:
        # Nearly every answer of a busy client, so straight to its type; if not, go and say why.
        try:
            ids = _decode_ids(body)
        except (ValueError, RecursionError):
            ids = ("",)
        if "" not in ids:
            return cast("A", ids)
    value = _parse(body, http_status)
    if isinstance(value, dict) and any(key.lower() == "code" for key in value):
        return cast("RestError", KINDS[RestError].read(value))
    if not ok:
        raise DecodeError(f"HTTP {http_status}, but {json_type(value)} in place of the error code")
    return cast("A", kind.read(value))


def _parse(body: bytes, http_status: int) -> object:
    body = body.removeprefix(b"\xef\xbb\xbf").strip()
    if not body:
        raise DecodeError(f"HTTP {http_status} with an empty body")
    if body.startswith(b"<"):
        raise DecodeError(f"HTTP {http_status} with a page of HTML or XML: is the address right?")
    try:
        return _decode(body)
    except RecursionError:
        raise DecodeError("nested too deeply") from None
    except ValueError as error:
        raise DecodeError(f"HTTP {http_status} with no JSON: {error}") from None


def _float(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:  # an exponent beyond all bounds
        return Decimal("NaN")


_decode = Decoder(float_hook=_float).decode
_decode_ids = Decoder(Ids).decode
_ANSWERS = {operation.request: KINDS[operation.answer] for operation in OPERATIONS}
_WRITABLE = {operation.answer for operation in OPERATIONS} | {RestError}
_IDS = KINDS[Ids]
