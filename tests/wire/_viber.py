"""What tests of the wire of Viber write and read with."""

from __future__ import annotations

import json
from typing import cast

from devino_codecs import viber
from devino_codecs.http import Api, HttpAnswer, HttpRequest, Login, Refusal, Unread
from tests._vectors import VECTORS

__all__ = ["APIS", "LOGIN", "answered", "posted", "sent", "told"]

LOGIN = Login("tester", "111111")
APIS = {"viber": viber.API, "whatsapp": viber.WHATSAPP_API}


def posted(target: str, body: bytes | str | object) -> HttpRequest:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Authorization": VECTORS["12-001"].text.removeprefix("Authorization: ")}
    headers["Content-Type"] = "application/json"
    return HttpRequest.of("POST", target, headers=headers, body=data)


def sent(body: object, *, api: Api = viber.API) -> viber.Send:
    path = "/send" if api is viber.API else "/send/whatsapp"
    return cast("viber.Send", api.decode_request(posted(path, body)).request)


def answered(body: object) -> viber.Sent | Refusal:
    return viber.API.decode_answer(viber.Send, HttpAnswer(200, json.dumps(body).encode()))


def told(*messages: object) -> tuple[viber.MessageStatus | Unread, ...]:
    body = json.dumps({"status": "ok", "messages": messages}).encode()
    answer = viber.API.decode_answer(viber.GetStatus, HttpAnswer(200, body))
    assert isinstance(answer, viber.Statuses)
    return answer.messages
