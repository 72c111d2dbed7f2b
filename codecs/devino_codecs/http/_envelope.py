"""What stands around answers and refusals of the usual forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from devino_codecs._coded import CodedInt, Verdict
from devino_codecs.errors import DecodeError

from ._json import quoted
from ._operation import Envelope, Refusal, RefusalForm
from ._rowless import read_value, write_json

__all__ = ["SERVICE_STACK", "HttpCode", "by_status", "refusals_of"]

T = TypeVar("T")
_NOT_FOUND: Final = 404


SERVICE_STACK: Final = Envelope(result="Result")
"""``{"Result": ..., "Code": "ok", "Description": "ok"}``."""


class HttpCode(CodedInt):
    """What a status of HTTP means where it is the code of a refusal (RFC 9110, RFC 6585)."""

    BAD_REQUEST = 400, "The request is not in order", Verdict.REFUSED
    UNAUTHORIZED = 401, "The caller is not known", Verdict.LOGIN
    PAYMENT_REQUIRED = 402, "The balance does not cover it", Verdict.FUNDS
    FORBIDDEN = 403, "The caller may not do this", Verdict.REFUSED
    NOT_FOUND = 404, "There is no such thing", Verdict.NOT_FOUND
    TOO_MANY_REQUESTS = 429, "Too many requests", Verdict.BUSY
    INTERNAL_SERVER_ERROR = 500, "The server failed", Verdict.FAILED
    BAD_GATEWAY = 502, "What is behind the gateway failed", Verdict.FAILED
    SERVICE_UNAVAILABLE = 503, "The server is out of service", Verdict.FAILED
    GATEWAY_TIMEOUT = 504, "What is behind the gateway did not answer", Verdict.FAILED

    @property
    def http_status(self) -> int:
        """What a refusal with this code is written under: the code."""
        return self.value


def by_status(description: str = "error", codes: type[CodedInt] = HttpCode) -> RefusalForm:
    """A refusal is an HTTP status of 400 and above, which is its code; the text is under a key.

    ``codes`` says what each status means; one that it lacks stays a plain number. So does a 404
    whose body is no JSON: a wrong address is answered with one, too.

    >>> no = by_status("error").read({"error": "top up first"}, 402)
    >>> no
    Refusal(code=<HttpCode.PAYMENT_REQUIRED: 402>, description='top up first', http_status=402)
    >>> no.means
    <Verdict.FUNDS: 'funds'>
    """
    known = {int(code): code for code in codes}

    def read(body: object, http_status: int) -> Refusal | None:
        if http_status < 400:
            return None
        text = body.get(description) if isinstance(body, dict) else None
        may_be_the_address = http_status == _NOT_FOUND and body is None
        code = http_status if may_be_the_address else known.get(http_status, http_status)
        return Refusal(code, text if isinstance(text, str) else "", http_status)

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
