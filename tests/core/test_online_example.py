"""devino-online, the plugin of a stranger: what installing it brings, and what it cannot do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

import pytest

from devino_core import AsyncClient, Message, Unsupported
from devino_sandbox import Pace, Sandbox, World
from tests.core._examples import EXAMPLES

PLUGIN = EXAMPLES / "devino-online"
MANIFEST = """
import sys, devino_online
list(devino_online.devino_channels())
assert not {"aiohttp", "devino_codecs.http", "devino_online.wire"} & set(sys.modules)
"""


def devino(*arguments: str, **environ: str) -> tuple[Sequence[str], Mapping[str, str]]:
    path = {"DEVINO_CONFIG": "", "DEVINO_PLUGINS": "devino_online", "PYTHONPATH": str(PLUGIN)}
    return (sys.executable, "-m", "devino_core.cli", *arguments), {**os.environ, **path, **environ}


def endpoints(**environ: str) -> Mapping[str, str]:
    """What ``devino sandbox --json`` tells."""
    command, all_environ = devino("sandbox", "--json", **environ)
    with subprocess.Popen(command, env=all_environ, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            told: Mapping[str, str] = json.loads(process.stdout.readline())
        finally:
            process.kill()
    return told


def test_the_sandbox_has_its_api_where_it_is_installed() -> None:
    assert endpoints()["online"].endswith("/online")
    assert "online" not in endpoints(DEVINO_PLUGINS="")


def test_its_manifest_needs_no_http_library() -> None:
    _, environ = devino()
    subprocess.run([sys.executable, "-c", MANIFEST], env=environ, check=True, timeout=60)


async def test_follow_refuses_a_channel_that_tells_of_no_state(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.syspath_prepend(str(PLUGIN))
    monkeypatch.setenv("DEVINO_PLUGINS", "devino_online")
    async with Sandbox(World(pace=Pace.instant())) as sandbox:
        settings = {"base_url": sandbox.endpoints["online"], "key": "demo", "sender": "DEVINO"}
        async with AsyncClient({"online-sms": settings}) as client:
            receipt = await client.send(Message("79031234567", "Hello"))
            assert receipt.ids
            with pytest.raises(Unsupported, match="cannot report a status"):
                await anext(client.follow(receipt))


async def test_what_shall_be_waited_for_is_not_sent_where_nobody_tells_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import asyncio

    monkeypatch.syspath_prepend(str(PLUGIN))
    monkeypatch.setenv("DEVINO_PLUGINS", "devino_online")
    world = World(pace=Pace.instant())
    async with Sandbox(world) as sandbox:
        command, environ = devino(
            "send",
            "79031234567",
            "Hello",
            "--wait",
            DEVINO__ONLINE_SMS__BASE_URL=sandbox.endpoints["online"],
            DEVINO__ONLINE_SMS__KEY="demo",
            DEVINO__ONLINE_SMS__SENDER="DEVINO",
        )
        process = await asyncio.create_subprocess_exec(
            *command, env=environ, stderr=asyncio.subprocess.PIPE
        )
        _, told = await process.communicate()
        assert process.returncode
        assert b"cannot report a status on request, so nothing was sent" in told
        assert not list(world.messages())
