"""Tests Acme's channel against a stand-in for the gateway, with devino's suite and own cases."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

import devino_acme
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

import devino_core as devino
from devino_core.testing import ChannelConformance


@asynccontextmanager
async def acme(token: str = "open-sesame") -> AsyncIterator[devino_acme.Acme]:
    """The channel, connected to a gateway that knows one token and delivers everything."""
    taken: list[object] = []

    async def send(request: web.Request) -> web.Response:
        question = await request.json()
        if question["token"] != "open-sesame":
            return web.Response(status=403, text="unknown token")
        taken.extend(question["items"])
        first = len(taken) - len(question["items"])
        return web.json_response([[f"acme-{n}", "queued"] for n in range(first, len(taken))])

    async def status(request: web.Request) -> web.Response:
        return web.json_response([[id, "done"] for id in (await request.json())["items"]])

    gateway = web.Application()
    gateway.add_routes([web.post("/send", send), web.post("/status", status)])
    async with TestServer(gateway) as server:
        settings = devino_acme.AcmeSettings(
            token=devino.Secret(token), base_url=str(server.make_url("/"))
        )
        async with devino_acme.Acme(settings, name="acme") as channel:
            yield channel


class TestAcme(ChannelConformance):
    spec = next(iter(devino_acme.devino_channels()))
    carries = (devino.Message("79160000001", "Hello", sender="ACME"),)
    faults = ((partial(acme, "guess"), devino.Rejected),)

    def connected(self) -> AbstractAsyncContextManager[devino_acme.Acme]:
        return acme()


def test_a_wrong_token_is_a_refusal() -> None:
    async def run() -> None:
        async with acme(token="guess") as channel:
            message = devino.Message("79160000001", "Hello", sender="ACME")
            with pytest.raises(devino.Rejected, match="unknown token"):
                await channel.send([message])

    asyncio.run(run())


def test_the_plugin_is_found() -> None:
    assert devino.Plugins(strict=True).channels()["acme"].settings is devino_acme.AcmeSettings
