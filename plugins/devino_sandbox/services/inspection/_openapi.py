"""The inspection API described as OpenAPI 3.1, from the types of its table."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from devino_core import __version__

from ._table import Nothing, Row

__all__ = ["described"]

_REF = "#/components/schemas/{name}"
_PART = re.compile(r"\{(\w+)\}")


class ErrorView(msgspec.Struct, frozen=True, kw_only=True):
    """Why something was not done."""

    error: str
    routes: Mapping[str, str]
    """What there is."""


def described(rows: Sequence[Row[Any, Any]]) -> Mapping[str, object]:
    """The description of these routes."""
    queries = [field.type for row in rows for field in msgspec.structs.fields(row.query)]
    types = [ErrorView, *queries, *[kind for row in rows for kind in _kinds(row)]]
    schemas, components = msgspec.json.schema_components(types, ref_template=_REF)
    schema_of = dict(zip(map(str, types), schemas, strict=True))
    paths: dict[str, dict[str, object]] = {}
    for row in rows:
        path = paths.setdefault(f"/_sandbox{row.path}", {})
        path[row.method.lower()] = _operation(row, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {"title": "The sandbox's inspection API", "version": __version__},
        "paths": paths,
        "components": {"schemas": components},
    }


def _kinds(row: Row[Any, Any]) -> Iterator[Any]:
    if row.body is not None:
        yield row.body
    if row.answer is not None:
        yield row.answer


def _operation(row: Row[Any, Any], schema_of: Mapping[str, object]) -> Mapping[str, object]:
    refused = {"application/json": {"schema": schema_of[str(ErrorView)]}}
    refuses = {400: "it cannot be read", **row.refuses}
    operation: dict[str, object] = {
        "summary": row.about,
        "parameters": list(_parameters(row, schema_of)),
        "responses": {
            **dict([_done(row, schema_of)]),
            **{str(n): {"description": why, "content": refused} for n, why in refuses.items()},
        },
    }
    if row.method not in ("GET", "DELETE"):
        body = {} if row.body is None else schema_of[str(row.body)]
        operation["requestBody"] = {
            "required": row.body is not None,
            "content": {"application/json": {"schema": body}},
        }
    return operation


def _done(row: Row[Any, Any], schema_of: Mapping[str, object]) -> tuple[str, object]:
    if row.answer is None:
        return ("200" if row.method == "GET" else "204"), {"description": "done"}
    content = {"application/json": {"schema": schema_of[str(row.answer)]}}
    answer: dict[str, object] = {"description": "done", "content": content}
    if "limit" in row.query.__struct_fields__:
        total = {"description": "how many fit in all", "schema": {"type": "integer"}}
        answer["headers"] = {"X-Total": total}
    return "200", answer


def _parameters(row: Row[Any, Any], schema_of: Mapping[str, object]) -> Iterator[object]:
    for name in _PART.findall(row.path):
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
    if row.query is not Nothing:
        for field in msgspec.structs.fields(row.query):
            schema = schema_of[str(field.type)]
            yield {"name": field.encode_name, "in": "query", "schema": schema}
