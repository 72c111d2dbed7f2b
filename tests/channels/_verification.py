"""A service of two-factor codes, wired to a platform that answers as a test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from devino_core.settings import convert_settings
from devino_core.testing import ManualClock
from devino_plugins.verification import Verification, VerificationSettings
from tests.core._peer import Peer, answer, serving

KEY = "canary-4d1f"
NUMBER, OTHER = "79031234567", "79031234568"

Asked = tuple[str, dict[str, str]]
"""An operation and its arguments."""


class Wired(NamedTuple):
    service: Verification
    asked: list[Asked]
    """The requests that left."""
    clock: ManualClock


def settings(**given: object) -> VerificationSettings:
    values = {"api_key": KEY, "base_url": "http://127.0.0.1:1", **given}
    return convert_settings(values, VerificationSettings, name="codes")


def said(code: object, description: str = "", status: str = "200 OK") -> Peer:
    return answer(status, json.dumps({"Code": code, "Description": description}).encode())


@asynccontextmanager
async def wired(answered: Callable[[Asked], Peer], **given: object) -> AsyncIterator[Wired]:
    """A service with these settings, and a platform that does about each request what this says."""
    asked: list[Asked] = []

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head, _, body = requests[-1].partition(b"\r\n\r\n")
        asked.append((head.split(b" ")[1].decode().removeprefix("/"), json.loads(body)))
        await answered(asked[-1])(reader, writer)

    async with serving(respond, answers=1_000_000) as (port, requests):
        clock = ManualClock()
        made = settings(base_url=f"http://127.0.0.1:{port}", **given)
        async with Verification(made, name="codes", clock=clock) as service:
            yield Wired(service, asked, clock)


def always(code: int) -> Callable[[Asked], Peer]:
    return lambda _: said(code)


async def breaks(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


class Platform:
    """One that uses a code up, but looks and writes apart: two checks at once would both pass."""

    def __init__(self, code: str = "01234") -> None:
        self.code: str | None = code

    def __call__(self, asked: Asked) -> Peer:
        operation, arguments = asked
        if operation == "GenerateCode":
            return said(0)
        right = arguments["Code"] == self.code

        async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asyncio.sleep(0.01)
            if right:
                self.code = None
            await said(0 if right else 5)(reader, writer)

        return respond
