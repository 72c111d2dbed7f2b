"""The sandbox, or a bare Starlette that answers a send alike, in a process of its own.

It can run as a file, over the code of another checkout.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from decimal import Decimal
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from devino_core import Secret
from devino_sandbox import Account, Sandbox, World

LOGIN, PASSWORD = "demo", "demo"


async def _serve_sandbox(**settings: Any) -> None:
    account = Account(login=LOGIN, password=Secret(PASSWORD), balance=Decimal(10**9))
    async with Sandbox(World([account], **settings), discover=False) as sandbox:
        print(sandbox.endpoints["rest_v2"].split(":")[2].partition("/")[0], flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def _send(request: Request) -> Response:
    await request.body()
    return Response(b'["579700854169272358"]', media_type="application/json; charset=utf-8")


async def _serve_starlette() -> None:
    app = Starlette(routes=[Route("/rest/v2/Sms/Send", _send, methods=["POST"])])
    config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    serving = asyncio.create_task(server.serve([listening]))
    print(listening.getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    server.should_exit = True
    await serving


if __name__ == "__main__":
    match sys.argv[1]:
        case "sandbox":
            asyncio.run(_serve_sandbox())
        case "no-journal":
            asyncio.run(_serve_sandbox(calls=0))
        case _:
            asyncio.run(_serve_starlette())
