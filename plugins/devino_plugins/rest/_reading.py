"""What requests and answers say, for people and for programs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import SplitResult, parse_qsl, urlsplit

from devino_codecs import rest
from devino_codecs.http import Coded
from devino_core.suggest import did_you_mean
from devino_plugins.kit.decoding import shown

__all__ = ["OPERATIONS", "UnknownOperationError", "read"]

OPERATIONS: Final[Mapping[str, rest.Operation]] = {
    row.path.lower(): row for row in rest.V1.operations
}

_HEAD = re.compile(
    rb"(?:HTTP/[0-9.]+ (?P<status>[0-9]{3})|[A-Z]+ (?P<target>\S+) HTTP/)[^\n]*\n"
    rb"(?:[^\r\n]+\r?\n)*\r?\n"
)
_INTERIM = 200


class UnknownOperationError(ValueError):
    """No operation has this name."""


def read(operation: str, data: bytes) -> Mapping[str, object]:
    """A request, an answer or a refusal, without who asks. Raises UnknownOperationError and
    DecodeError."""
    address = _split(operation)
    row = _row(address.path)
    head, data = _without_head(data)
    status = int(head["status"]) if head and head["status"] else 200
    target = head["target"].decode("latin-1") if head and head["target"] else ""
    query = "&".join(filter(None, (address.query, _split(target).query)))
    if (head and head["status"]) or not (target or _is_form(data, query)):
        return _answer(row, rest.HttpAnswer(status, data))
    return _request(row, query, data.strip())


def _split(text: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError:
        # It is not shown: it may hold a password.
        raise UnknownOperationError("it is no URL and no name of a method") from None


def _row(path: str) -> rest.Operation:
    said = "/".join(path.strip("/").split("/")[-2:])
    row = OPERATIONS.get(said.lower())
    if row is None:
        known = [row.path for row in OPERATIONS.values()]
        near = did_you_mean(said, known) or f"known are {', '.join(known)}"
        raise UnknownOperationError(f"the HTTP API has no operation {said!r}: {near}")
    return row


def _without_head(data: bytes) -> tuple[re.Match[bytes] | None, bytes]:
    """The first line of a whole HTTP message, and its body."""
    head = _HEAD.match(data)
    while head is not None and head["status"] and int(head["status"]) < _INTERIM:
        data = data[head.end() :]
        head = _HEAD.match(data)
    return head, data if head is None else data[head.end() :]


def _is_form(data: bytes, query: str) -> bool:
    """Whether it is a request's. JSON begins neither with a letter nor with a name and ``=``."""
    body = data.strip()
    return re.match(rb"[\w%.\[\]-]+=", body) is not None or (not body and bool(query))


def _request(row: rest.Operation, query: str, form: bytes) -> Mapping[str, object]:
    names = {
        name.lower()
        for text in (query, form.decode("latin-1"))
        for name, _ in parse_qsl(text, keep_blank_values=True, max_num_fields=100_000)
    }
    has_login = "login" in names and row.request is not rest.GetSession
    api = rest.V2 if has_login else rest.V1
    if not {"login", "sessionid"} & names:
        # Whoever shows a request may have taken the session out.
        query = f"{query}&SessionID=unsaid".lstrip("&")
    http = rest.HttpRequest.of("POST", f"/{row.path}", query, {"content-type": _FORM}, form)
    call = api.decode_request(http)
    return {"kind": "request", "operation": row.path, "request": shown(call.request)}


_FORM = "application/x-www-form-urlencoded"


def _answer(row: rest.Operation, http: rest.HttpAnswer) -> Mapping[str, object]:
    value = rest.V1.decode_answer(row.request, http)
    if isinstance(value, rest.Refusal):
        told = {"code": value.code, "description": value.description}
        if isinstance(value.code, Coded):
            told |= {"meaning": value.code.meaning, "means": value.code.means}
        return {"kind": "refusal", "operation": row.path, "refusal": told}
    # A session is as good as a password.
    answer = "***" if row.request is rest.GetSession else shown(value)
    return {"kind": "answer", "operation": row.path, "answer": answer}
