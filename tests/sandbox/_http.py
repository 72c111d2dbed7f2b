"""Plain HTTP to a sandbox: no client of ours, so that what is tested is on the wire."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import aiohttp
from yarl import URL

LOGIN = "demo"
PASSWORD = "canary-7b1e"


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Http:
    def __init__(self, session: aiohttp.ClientSession, endpoints: Mapping[str, str]) -> None:
        self.session = session
        self.endpoints = endpoints
        self.root = endpoints["rest"].removesuffix("/rest")

    async def raw(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Exactly this request line; ``target`` starts at the host's root."""
        if headers is None and body is not None and target.startswith("/_sandbox"):
            headers = {"Content-Type": "application/json"}
        url = URL(self.root + target, encoded=True)
        async with self.session.request(method, url, data=body, headers=headers) as response:
            return Answer(response.status, dict(response.headers), await response.read())

    async def v2(
        self, resource: str, pairs: Iterable[tuple[str, str]] = (), /, **more: str
    ) -> Answer:
        """A call of version 2, all in a form; ``pairs`` for repeated names."""
        form = [("Login", LOGIN), ("Password", PASSWORD), *pairs, *more.items()]
        async with self.session.post(f"{self.root}/rest/v2/{resource}", data=form) as response:
            return Answer(response.status, dict(response.headers), await response.read())

    async def v1(self, resource: str, session: str, **more: str) -> Answer:
        """A call of version 1, all in the query."""
        query = {"SessionID": session, **more}
        async with self.session.get(f"{self.root}/rest/{resource}", params=query) as response:
            return Answer(response.status, dict(response.headers), await response.read())

    async def login(self) -> str:
        answer = await self.raw("GET", f"/rest/user/sessionid?login={LOGIN}&password={PASSWORD}")
        assert answer.status == 200
        session: str = answer.json
        return session

    async def send(self, to: str = "79161234567", **more: str) -> list[str]:
        """The ids of an SMS sent by version 2, which must be taken."""
        form = {"SourceAddress": "DEVINO", "DestinationAddress": to, "Data": "test", **more}
        answer = await self.v2("Sms/Send", **form)
        assert answer.status == 200, answer.body
        ids: list[str] = answer.json
        return ids

    async def state(self, message_id: str, resource: str = "Sms/State") -> Any:
        answer = await self.v2(resource, messageId=message_id)
        assert answer.status == 200, answer.body
        return answer.json

    async def messages(self, query: str = "") -> Any:
        answer = await self.raw("GET", f"/_sandbox/messages{query}")
        assert answer.status == 200
        return answer.json
