"""What a body says, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devino_codecs import viber
from devino_codecs.http import DecodeError, HttpAnswer, HttpRequest, Refusal, parse_json
from devino_plugins.kit.decoding import shown

__all__ = ["read"]


def read(data: bytes) -> Mapping[str, object]:
    value = parse_json(data)
    if isinstance(value, list):
        return {"kind": "callback", "items": shown(viber.decode_callback(data))}
    if not isinstance(value, dict):
        raise DecodeError("expected an object or an array")
    given = {key.lower(): item for key, item in value.items()}
    messages = given.get("messages")
    elements = messages if isinstance(messages, list) else []
    objects = [element for element in elements if isinstance(element, dict)]
    if "status" in given:
        told = {key.lower() for element in objects for key in element} - {"providerid", "code"}
        return _answer(viber.GetStatus if told else viber.Send, data)
    target = "/status" if elements and not objects else "/send"
    request = viber.API.decode_request(HttpRequest.of("POST", target, body=data)).request
    found: dict[str, object] = {"kind": "request", "path": target, "request": shown(request)}
    if isinstance(request, viber.Send) and request.common_data is not None:
        found["messages"] = shown(request.complete())
    return found


def _answer(request: Any, data: bytes) -> Mapping[str, object]:
    answer = viber.API.decode_answer(request, HttpAnswer(200, data))
    kind = "refusal" if isinstance(answer, Refusal) else "answer"
    return {"kind": kind, "answer": shown(answer)}
