"""What stands around answers and refusals of the usual forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from devino_codecs.errors import DecodeError

from ._json import quoted
from ._operation import Envelope, Refusal, RefusalForm
from ._rowless import read_value, write_json

__all__ = ["SERVICE_STACK", "by_status", "refusals_of"]

T = TypeVar("T")


SERVICE_STACK: Final = Envelope(result="Result")
"""``{"Result": ..., "Code": "ok", "Description": "ok"}``."""


def by_status(description: str = "error") -> RefusalForm:
    """A refusal is an HTTP status of 400 and above, which is its code; the text is under a key.

    >>> by_status("error").read({"error": "no such number"}, 404)
    Refusal(code=404, description='no such number', http_status=404)
    """

    def read(body: object, http_status: int) -> Refusal | None:
        if http_status < 400:
            return None
        text = body.get(description) if isinstance(body, dict) else None
        return Refusal(http_status, text if isinstance(text, str) else "", http_status)

    def write(refusal: Refusal) -> bytes:
        return f"{{{quoted(description)}:{quoted(refusal.description)}}}".encode()

    return RefusalForm(read, write)


def refusals_of(
    body: type[T],
    read: Callable[[T, int], Refusal | None],
    write: Callable[[Refusal], T | None],
) -> RefusalForm:
    """A refusal is a struct of this type, whose annotations say its form.

    ``read`` gets one and the HTTP status, and gives None where it refuses nothing. ``write`` gives
    None for a refusal of another form. A body that is no object is read as an empty one. What is no
    such struct is no refusal of this form.

    >>> from msgspec import Struct
    >>> class Trouble(Struct, frozen=True):
    ...     error: str
    >>> form = refusals_of(
    ...     Trouble,
    ...     lambda it, status: Refusal(it.error, "", status),
    ...     lambda no: Trouble(str(no.code)),
    ... )
    >>> form.read({"Error": "locked"}, 403), form.write(Refusal("locked"))
    (Refusal(code='locked', description='', http_status=403), b'{"error":"locked"}')
    """

    def read_body(value: object, http_status: int) -> Refusal | None:
        try:
            told = read_value(body, value if isinstance(value, dict) else {})
        except DecodeError:
            return None
        return read(told, http_status)

    def write_body(refusal: Refusal) -> bytes | None:
        told = write(refusal)
        return None if told is None else write_json(body, told)

    return RefusalForm(read_body, write_body)
