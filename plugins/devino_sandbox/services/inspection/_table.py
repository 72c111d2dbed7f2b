"""The table of the inspection API: each route with what it takes and gives, and how it is read."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar, cast

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from devino_core.misfit import misfit
from devino_core.suggest import did_you_mean

__all__ = ["EMPTY", "Asked", "Nothing", "Page", "Row", "answer", "as_json"]

Q = TypeVar("Q", bound=msgspec.Struct)
B = TypeVar("B")

EMPTY = Response(status_code=204)


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """No parameters, or an empty body."""


class Asked(msgspec.Struct, Generic[Q, B], frozen=True):
    """A request as it was read."""

    query: Q
    body: B
    path: Mapping[str, str]
    """The parts of the path that have names."""
    http: Request


class Page(msgspec.Struct, frozen=True):
    """A list, and how many there are in all."""

    items: Sequence[object]
    total: int


class Row(msgspec.Struct, Generic[Q, B], frozen=True, kw_only=True):
    """One route."""

    method: str
    path: str
    """Below ``/_sandbox``."""
    about: str
    """One line for people."""
    handle: Callable[[Asked[Q, B]], Awaitable[object]]
    """Gives a Response, a :class:`Page`, or anything that msgspec writes as JSON."""
    query: type[Q] = cast("type[Q]", Nothing)
    body: type[B] | None = None
    """None: it takes none."""
    answer: Any = None
    """The type of what it gives, for the description."""
    refuses: Mapping[int, str] = {}
    """What else it may answer, for the description."""

    @property
    def name(self) -> str:
        """As the index lists it: ``GET /messages/ID``."""
        segments = [
            part[1:-1].upper() if part.startswith("{") else part for part in self.path.split("/")
        ]
        return f"{self.method} {'/'.join(segments)}"


async def answer(row: Row[Any, Any], request: Request) -> Response:
    """Carry out a request of this route. Raises HTTPException for what cannot be."""
    asked = Asked(
        _query(request, row.query), await _body(request, row), request.path_params, request
    )
    found = await row.handle(asked)
    if isinstance(found, Response):
        return found
    if isinstance(found, Page):
        return as_json(found.items, headers={"X-Total": str(found.total)})
    return as_json(found)


def _query(request: Request, kind: type[Q]) -> Q:
    known = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    given: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name not in known:
            there = ", ".join(known) or "none"
            hint = did_you_mean(name, known) or f"there are {there}" if known else "there are none"
            raise HTTPException(400, f"no query parameter {name[:100]!r} here: {hint}")
        if name in given:
            raise HTTPException(400, f"{name}: is given twice")
        given[name] = value
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        where, said = misfit(error, table="an object")
        raise HTTPException(400, f"{where or 'query'}: {said}") from None


async def _body(request: Request, row: Row[Any, B]) -> B:
    if row.method in ("GET", "DELETE"):
        return cast("B", Nothing())
    # What a page of another site may post without asking first is declared as anything else.
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared != "application/json":
        raise HTTPException(415, "body: declare it as Content-Type: application/json")
    try:
        body = await request.body()
        if not body and row.body is None:
            return cast("B", Nothing())
        return msgspec.json.decode(body, type=cast("type[B]", row.body or Nothing))
    except ClientDisconnect:
        raise HTTPException(400, "body: it did not come to its end") from None
    except msgspec.MsgspecError as error:
        raise HTTPException(400, f"body: {misfit(error, table='an object')}") from None


def as_json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer of JSON."""
    try:
        body = msgspec.json.encode(value)
    except UnicodeEncodeError:
        # A text with a lone surrogate was refused, and is on record.
        body = json.dumps(msgspec.to_builtins(value)).encode()
    return Response(body, status, headers=headers, media_type="application/json")
