"""The receiver as an ASGI application: alone, mounted, and behind a server."""

from __future__ import annotations

import asyncio
import base64
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest
import uvicorn
from aiohttp import ClientSession
from starlette.applications import Starlette
from starlette.routing import Mount
from uvicorn.config import HTTPProtocolType

from tests.core._asgi import Answered, ask, scope
from tests.core._callbacks import SECRET, Receiving, settle

PATH = f"/hooks/{SECRET}/reports"


async def answered(receiving: Receiving, path: str, *chunks: bytes, **given: Any) -> Answered:
    answer = await ask(receiving.callbacks.asgi, scope(path, **given), chunks or (b"[]",))
    assert answer is not None
    return answer


async def test_a_request_is_taken_and_answered() -> None:
    receiving = Receiving()
    answer = await answered(receiving, PATH, b'["1"]')
    assert (answer.status, answer.body) == (200, b"")
    assert receiving.application.ids == ["1:READ"]


async def test_a_query_and_a_reply_pass() -> None:
    receiving = Receiving()
    receiving.application.replies = {"Hello": "Спасибо"}
    answer = await answered(receiving, f"/{SECRET}/messages", method="GET", query_string=b"Hello")
    assert answer.body == "{sms=Спасибо}".encode()
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


async def test_headers_and_the_peer_pass() -> None:
    receiving = Receiving(networks=["192.0.2.0/24"])
    known = b"Basic " + base64.b64encode(f"me:{SECRET}".encode())
    for client, status in ((("192.0.2.7", 1), 200), (("127.0.0.1", 1), 404), (None, 404)):
        answer = await answered(
            receiving, "/reports", headers=[(b"authorization", known)], client=client
        )
        assert answer.status == status


async def test_a_405_names_the_verbs_that_the_source_reads() -> None:
    answer = await answered(Receiving(), PATH, method="DELETE")
    assert (answer.status, answer.headers["allow"]) == (405, "HEAD, POST")


@pytest.mark.parametrize(
    ("root_path", "path"),
    [
        ("", PATH),
        ("/hooks", PATH),
        ("/hooks", f"/{SECRET}/reports"),
        (f"/hooks/{SECRET}", PATH),
        (f"/hooks/{SECRET}", "/reports"),
        (f"/hooks/{SECRET}/reports", "/"),
        (f"/hooks/{SECRET}/reports", ""),
        ("/another", PATH),
    ],
)
async def test_it_may_be_mounted_anywhere(root_path: str, path: str) -> None:
    receiving = Receiving()
    assert (await answered(receiving, path, root_path=root_path)).status == 200


async def test_a_body_comes_in_pieces() -> None:
    receiving = Receiving()
    assert (await answered(receiving, PATH, b'["', b"", b'1", ', b'"2"]')).status == 200
    assert receiving.application.ids == ["1:READ", "2:READ"]


async def test_a_body_is_read_only_up_to_its_limit() -> None:
    receiving = Receiving(max_body=10)
    answer = await answered(receiving, PATH, *[b"123456"] * 100)
    assert (answer.status, answer.read) == (413, 2)


@pytest.mark.parametrize("path", ["/hooks/wrong/reports", f"/{SECRET}/nothing"])
async def test_without_the_secret_no_body_is_read(path: str) -> None:
    answer = await answered(Receiving(), path, *[b"123456"] * 100)
    assert (answer.status, answer.body, answer.read) == (404, b"", 0)


@pytest.mark.parametrize("chunks", [(None,), (b'["1"]', None), (b'["1"', b"]", None)])
async def test_a_client_that_leaves_before_the_end_has_said_nothing(
    chunks: tuple[bytes | None],
) -> None:
    receiving = Receiving()
    assert await ask(receiving.callbacks.asgi, scope(PATH), (*chunks, b"")) is None
    assert not receiving.application.begun


async def test_a_server_that_cancels_a_request_does_not_cancel_the_take() -> None:
    receiving = Receiving()
    receiving.application.busy()
    asking = asyncio.create_task(ask(receiving.callbacks.asgi, scope(PATH), [b'["1"]']))
    await settle()
    asking.cancel()
    await asyncio.wait([asking])
    receiving.application.free()
    await settle()
    assert receiving.application.ids == ["1:READ"]


async def test_the_end_of_the_lifespan_waits_for_takes_under_way() -> None:
    receiving = Receiving()
    told: asyncio.Queue[str] = asyncio.Queue()
    events: asyncio.Queue[dict[str, object]] = asyncio.Queue()

    async def send(event: dict[str, object]) -> None:
        told.put_nowait(str(event["type"]))

    async def lived() -> None:
        await receiving.callbacks.asgi({"type": "lifespan"}, events.get, send)  # type: ignore[arg-type]

    for _ in range(2):
        living = asyncio.create_task(lived())
        events.put_nowait({"type": "lifespan.startup"})
        assert await told.get() == "lifespan.startup.complete"
        receiving.application.busy()
        posting = receiving.posting("1")
        await settle()
        events.put_nowait({"type": "lifespan.shutdown"})
        await settle()
        receiving.application.free()
        assert await told.get() == "lifespan.shutdown.complete"
        await living
        assert await posting == 200
    assert await receiving.post("2") == 503


async def test_a_websocket_is_refused() -> None:
    with pytest.raises(RuntimeError, match="not websocket"):
        await ask(Receiving().callbacks.asgi, scope(PATH, type="websocket"))


@pytest.mark.parametrize("mounted", ["/", "/hooks", f"/hooks/{SECRET}"])
async def test_starlette_mounts_it(mounted: str) -> None:
    receiving = Receiving()
    app = Starlette(routes=[Mount(mounted, app=receiving.callbacks.asgi)])
    path = mounted.rstrip("/") + ("" if SECRET in mounted else f"/{SECRET}") + "/reports"
    answer = await ask(app, scope(path), [b'["1"]'])
    assert answer is not None
    assert answer.status == 200
    assert receiving.application.ids == ["1:READ"]
    wrong = await ask(app, scope(path.replace(SECRET, SECRET[::-1])), [b"[]"])
    assert wrong is not None
    assert wrong.status == 404


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield


@asynccontextmanager
async def served(receiving: Receiving, http: HTTPProtocolType) -> AsyncIterator[str]:
    """Behind uvicorn; the URL before the source's name."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = _Server(
        uvicorn.Config(receiving.callbacks.asgi, http=http, log_config=None, access_log=False)
    )
    serving = asyncio.create_task(server.serve([listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/hooks/{SECRET}"
    finally:
        server.should_exit = True
        await serving


@pytest.mark.parametrize("http", ["h11", "httptools"])
async def test_a_server_serves_it(http: HTTPProtocolType) -> None:
    receiving = Receiving(max_body=1000)

    async def pieces(count: int) -> AsyncIterator[bytes]:
        yield b'["1"'
        for _ in range(count):
            yield b" " * 100
        yield b"]"

    async with served(receiving, http) as url, ClientSession() as session:
        async with session.head(f"{url}/reports") as answer:
            assert answer.status == 200
        async with session.post(f"{url}/reports", data=pieces(3)) as answer:
            assert (answer.status, await answer.read()) == (200, b"")
        async with session.post(f"{url}/reports", data=pieces(11)) as answer:
            assert answer.status == 413
        async with session.post(f"{url}/reports", data=b"[" * 1000) as answer:
            assert answer.status == 400
        async with session.post(f"{url}x/reports", data=b"[]") as answer:
            assert answer.status == 404
        async with session.get(f"{url}/messages", params="Hello") as answer:
            assert answer.status == 200
    assert receiving.application.ids == ["1:READ", "Hello"]


async def test_a_server_that_ends_waits_for_takes_under_way() -> None:
    receiving = Receiving()
    receiving.application.busy()
    async with ClientSession() as session:

        async def post(url: str) -> int:
            async with session.post(f"{url}/reports", data=b'["1"]') as answer:
                return answer.status

        async with served(receiving, "httptools") as url:
            posting = asyncio.create_task(post(url))
            async with asyncio.timeout(10):
                await receiving.application.has_begun.wait()
            asyncio.get_running_loop().call_later(0.05, receiving.application.free)
        assert await posting == 200
