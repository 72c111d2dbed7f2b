"""What a body says, whichever it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from devino_codecs import vk
from devino_codecs.http import DecodeError, HttpAnswer, HttpRequest, Refusal, parse_json
from devino_plugins.kit.decoding import shown

__all__ = ["read"]


def read(data: bytes) -> Mapping[str, object]:
    value = parse_json(data)
    if isinstance(value, list):
        return {"kind": "callback", "items": shown(vk.decode_callback(data))}
    if not isinstance(value, dict):
        raise DecodeError("expected an object or an array")
    given = {key.lower(): item for key, item in value.items()}
    if "vk" in given:
        request = vk.API.decode_request(HttpRequest.of("POST", "/send/vk", body=data)).request
        return {"kind": "request", "request": shown(request)}
    result = given.get("result")
    told = result if isinstance(result, dict) else {}
    of: Any = vk.GetStatus if "providerid" in map(str.lower, told) else vk.Send
    answer = vk.API.decode_answer(of, HttpAnswer(200, data))
    kind = "refusal" if isinstance(answer, Refusal) else "answer"
    return {"kind": kind, "answer": shown(answer)}
