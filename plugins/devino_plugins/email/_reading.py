"""What some bytes of these interfaces say, whichever they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devino_codecs import email
from devino_codecs.email import v1
from devino_codecs.http import (
    Api,
    DecodeError,
    HttpAnswer,
    HttpRequest,
    Page,
    Refusal,
    Request,
    parse_json,
)
from devino_plugins.kit.decoding import shown

__all__ = ["read"]

# A key that only this request has, or the next ones lack; the first that fits counts.
_REQUESTS: tuple[tuple[str, Api, str, str], ...] = (
    ("recipients", email.API, "POST", "/messages"),
    ("recipient", v1.API, "POST", "/Messages"),
    ("sourceaddress", email.API, "POST", "/UserSettings/SourceAddresses"),
    ("senderaddress", v1.API, "POST", "/UserSettings/SenderAddresses"),
    ("state", email.API, "PUT", "/Tasks/1/State"),
    ("contactgroups", email.API, "POST", "/Tasks"),
    ("contacts", email.API, "POST", "/Tasks"),
    ("startdatetime", email.API, "POST", "/Tasks"),
    ("type", email.API, "POST", "/Tasks"),
    ("name", email.API, "POST", "/Templates"),
)
# The same of what stands under Result, or of the first of its elements.
_ANSWERS: tuple[tuple[str, Api, type[Request[Any]]], ...] = (
    ("destinationemail", email.API, email.ListDetails),
    ("index", email.API, email.Send),
    ("email", email.API, email.GetStatus),
    ("messageid", email.API, email.Send),
    ("templateid", email.API, email.GetTemplate),
    ("counters", email.API, email.GetTask),
    ("taskid", email.API, email.CreateTask),
    ("id", email.API, email.ListTasks),
    ("isdefault", email.API, email.ListSenders),
    ("notsent", email.API, email.GetStatistics),
)


def read(data: bytes) -> Mapping[str, object]:
    begins = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if begins in {b"[", b"<"}:
        return _callback(data)
    if begins != b"{":
        return {"kind": "mail", "mail": shown(email.decode_mail(data, max_size=2**26))}
    value = parse_json(data)
    keys = _keys(value)
    if "messageeventdtos" in keys or {"messageid", "event"} <= keys:
        return _callback(data)
    if "code" in keys:
        return _answer(value, data)
    for key, api, method, path in _REQUESTS:
        if key in keys:
            http = HttpRequest.of(method, path, body=data)
            request = api.decode_request(http).request
            return {"kind": "request", "path": path, "request": shown(request)}
    raise DecodeError("neither a request, nor an answer, a callback or a mail of this interface")


def _callback(data: bytes) -> Mapping[str, object]:
    return {"kind": "callback", "items": shown(email.decode_callback(data))}


def _answer(value: object, data: bytes) -> Mapping[str, object]:
    result = next((item for key, item in _items(value) if key == "result"), None)
    first = result[0] if isinstance(result, list) and result else result
    keys = _keys(first)
    api, request = next(
        ((api, request) for key, api, request in _ANSWERS if key in keys),
        (email.API, email.DeleteSender),
    )
    if request is email.GetTemplate and isinstance(result, list):
        request = email.ListTemplates
    if isinstance(result, str):
        api, request = v1.API, v1.Send
    elif isinstance(result, int):
        request = email.CreateTemplate
    answer = api.decode_answer(request, HttpAnswer(200, data))
    if isinstance(answer, Refusal):
        return {"kind": "refusal", "answer": shown(answer)}
    return {"kind": "answer", "answer": shown(answer.items if isinstance(answer, Page) else answer)}


def _keys(value: object) -> set[str]:
    return {key for key, _ in _items(value)}


def _items(value: object) -> list[tuple[str, object]]:
    return [(key.lower(), item) for key, item in value.items()] if isinstance(value, dict) else []
