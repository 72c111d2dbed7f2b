"""The address book of a sandbox by plain HTTP: no client of ours."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.sandbox._http import LOGIN, PASSWORD, Answer, Http

__all__ = ["IMPORT", "Shelf"]

IMPORT = "50210B41-1C4E-4E48-9837-FB382A9BAE01"


class Shelf(NamedTuple):
    """Asks for one account."""

    http: Http
    login: str = LOGIN
    password: str = PASSWORD

    async def ask(
        self,
        method: str,
        target: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """``target`` is below the interface's address; what is no bytes is written as JSON."""
        pair = base64.b64encode(f"{self.login}:{self.password}".encode()).decode()
        given = {"Authorization": f"Basic {pair}", **(headers or {})}
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if data is not None:
            given.setdefault("Content-Type", "application/json")
        return await self.http.raw(method, f"/addressbook/v2{target}", data, given)

    async def done(self, method: str, target: str, body: object = None, **headers: str) -> Any:
        """The Result of a call that must be carried out."""
        answer = await self.ask(method, target, body, headers)
        assert answer.status in (200, 201, 206), answer.body
        told = answer.json
        assert (told["Code"], told["Description"]) == ("ok", "ok")
        return told.get("Result")

    async def no(self, method: str, target: str, body: object = None, **headers: str) -> Any:
        """Status and description of a call that must be refused."""
        answer = await self.ask(method, target, body, headers)
        told = answer.json
        assert told["Code"] == "validation_error"
        assert "Result" not in told
        return answer.status, told["Description"]

    async def add(self, **contact: object) -> int:
        given = {"ContactGroupId": 252, **contact}
        added: int = await self.done("POST", "/Contacts", given)
        return added

    async def imports(self, *contacts: Mapping[str, object], **more: object) -> Any:
        given = {"ContactGroupId": 252, "Contacts": list(contacts), **more}
        return await self.done("POST", "/ContactsImport/", given)

    async def find(self, key: str, items: str = "1-100") -> Any:
        return await self.done("GET", f"/Contacts?Query={key}", Range=f"items={items}")

    async def phones(self, key: str) -> list[str]:
        return [one["PhoneNumber"] for one in await self.find(key)]
