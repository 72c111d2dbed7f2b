"""A client of VK's interface over plain HTTP, and the parts of its requests."""

from __future__ import annotations

import json
from typing import Any

from tests.sandbox._http import Answer, Http
from tests.sandbox._messengers import TO, basic

__all__ = ["Vk", "by_sms", "by_viber", "by_whatsapp", "message"]


def message(to: str = TO, /, **changes: object) -> dict[str, Any]:
    fields = {
        "subject": "TEST",
        "priority": "high",
        "routes": ["vk"],
        "validityPeriod": 180,
        "phone": to,
        "templateId": "123456",
        "templateData": {"param1": "value1"},
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def by_viber(to: str = TO, /, **changes: object) -> dict[str, Any]:
    fields = {
        "subject": "TEST",
        "priority": "high",
        "validityPeriodSec": 30,
        "type": "viber",
        "contentType": "text",
        "text": "By Viber",
        "dstAddress": to,
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


def by_whatsapp(to: str = TO, /, **changes: object) -> dict[str, Any]:
    return by_viber(to, **{"type": "whatsapp", "text": "By WhatsApp", **changes})


def by_sms(to: str = TO, /, **changes: object) -> dict[str, Any]:
    fields = {
        "srcAddress": "SHOP",
        "text": "By SMS",
        "validityPeriod": 60,
        "dstAddress": to,
        **changes,
    }
    return {name: value for name, value in fields.items() if value is not None}


class Vk:
    """A client."""

    def __init__(self, http: Http) -> None:
        self.http = http

    async def post(self, body: object, **headers: str) -> Answer:
        sent = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.http.raw("POST", "/send/vk", sent, {"Authorization": basic(), **headers})

    async def send(self, **legs: object) -> dict[str, Any]:
        """The result of a request."""
        answer = await self.post({"vk": message(), **legs})
        assert answer.status == 200
        assert (answer.json["code"], answer.json["description"]) == ("ok", "")
        result: dict[str, Any] = answer.json["result"]
        assert ("messageId" in result) is (result["code"] == "ok")
        return result

    async def code(self, **legs: object) -> str:
        code: str = (await self.send(**legs))["code"]
        return code

    async def sent(self, **legs: object) -> int:
        result = await self.send(**legs)
        assert result["code"] == "ok"
        number: int = result["messageId"]
        return number

    async def chain(self, to: str, *legs: str) -> int:
        """The id of a message with these legs, all to one number."""
        made = {"viber": by_viber, "whatsapp": by_whatsapp, "sms": by_sms}
        return await self.sent(vk=message(to), **{leg: made[leg](to) for leg in legs})

    async def ask(self, query: str) -> Any:
        headers = {"Authorization": basic()}
        answer = await self.http.raw("GET", f"/status/vk{query}", headers=headers)
        assert answer.status == 200
        return answer.json

    async def status(self, number: int) -> dict[str, Any]:
        answer = await self.ask(f"?message={number}")
        assert (answer["code"], answer["description"]) == ("ok", "")
        result: dict[str, Any] = answer["result"]
        return result
