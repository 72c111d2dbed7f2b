"""A handler of incoming SMS under PHP's own server: a few lines, as a customer would write it."""

from __future__ import annotations

import asyncio
import shutil
import socket
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest

from devino_core import Secret
from devino_sandbox import Account, Sandbox, StoredMessage, World
from devino_sandbox.services.incoming import IncomingService

PHP = shutil.which("php")
HANDLER = """<?php
header('Content-Type: text/plain; charset=utf-8');
echo '{sms=' . $_REQUEST['prefix'] . ': ' . $_REQUEST['text'] . '}';
"""
TEXT = "Играйте & выигрывайте + 100% {лото}"


@asynccontextmanager
async def php(folder: Path) -> AsyncIterator[str]:
    """The URL of the handler."""
    (folder / "handler.php").write_text(HANDLER)
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        where = f"127.0.0.1:{sock.getsockname()[1]}"
    server = await asyncio.create_subprocess_exec(
        str(PHP), "-S", where, "-t", str(folder), stdout=DEVNULL, stderr=PIPE
    )
    try:
        assert server.stderr is not None
        async with asyncio.timeout(60):
            while b"started" not in (line := await server.stderr.readline()):
                assert line, "the server did not start"
        yield f"http://{where}/handler.php"
    finally:
        server.terminate()
        await server.communicate()


@pytest.mark.skipif(PHP is None, reason="php is not installed")
@pytest.mark.parametrize("verb", ["GET", "POST"])
async def test_a_handler_in_php_reads_the_sms_and_answers_it(
    tmp_path: Path, verb: Literal["GET", "POST"]
) -> None:
    gone = asyncio.get_running_loop().create_future()

    def changed(message: StoredMessage) -> None:
        if not gone.done():
            gone.set_result((message.submission.sender, message.to, message.submission.text))

    async with php(tmp_path) as url:
        account = Account(login="me", password=Secret("secret"), callbacks={"sms": Secret(url)})
        world = World([account])
        services = [lambda world: IncomingService(world, verb=verb)]
        async with Sandbox(world, discover=False, services=services):
            world.subscribe(changed=changed)
            world.receive(sender="79089876534", to="2435", text=TEXT, prefix="loto")
            async with asyncio.timeout(60):
                assert await gone == ("2435", "79089876534", f"loto: {TEXT}")
