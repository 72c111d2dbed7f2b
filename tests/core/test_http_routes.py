"""What stands between a call and the platform: proxies, TLS, the name server."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import threading
import time
from typing import Any

import pytest
import trustme

from devino_core import ConfigurationError, ConnectFailed, DevinoError, Retry
from devino_core.http import Body, FetchedAnswer, HttpSession
from tests.core._peer import Peer, answer, answering, hang, request, serving

pytestmark = [pytest.mark.pythons, pytest.mark.attack]

PLATFORM = "https://sms.example.org/rest"


async def post(base_url: str = PLATFORM, **options: Any) -> FetchedAnswer:
    limits: dict[str, Any] = {"timeout": 0.5, "connect_timeout": 0.5, **options}
    async with HttpSession(base_url, **limits) as session:
        return await session.request(
            "POST", ["x"], body=Body(b"hunter2"), content_type="a/b", changes=True
        )


PROXIES: dict[str, tuple[Peer, type[DevinoError], str]] = {
    "closes": (answering(b""), ConnectFailed, "the proxy 127.0.0.1 broke off before it had conn"),
    "speaks no HTTP": (answering(b"220 smtp\r\n"), ConnectFailed, "speaks no HTTP: check `proxy`"),
    "wants a password": (answer("407 Auth"), ConfigurationError, "the proxy 127.0.0.1 wants a l"),
    "refuses": (answer("403 No"), ConnectFailed, r"refused to connect to sms\.example\.org \(HTT"),
    "fails": (answer("503 Later"), ConnectFailed, r"the proxy 127\.0\.0\.1 refused .*HTTP 503"),
    "redirects": (answer("302 Found\r\nLocation: /login"), ConnectFailed, "HTTP 302"),
    "hangs": (hang, ConnectFailed, r"no connection to the proxy 127\.0\.0\.1 within 0\.5 s"),
    "connects to no TLS": (
        answering(b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        ConnectFailed,
        "sms.example.org: it",
    ),
}


@pytest.mark.parametrize("proxy", PROXIES)
async def test_of_a_call_that_a_proxy_does_not_connect_nothing_was_sent(proxy: str) -> None:
    peer, error, says = PROXIES[proxy]
    async with serving(peer) as (port, requests):
        with pytest.raises(error, match=says) as caught:
            await post(proxy=f"http://me:hunter2@127.0.0.1:{port}")
    assert type(caught.value) is error
    assert "hunter2" not in str(caught.value)
    assert [one.split(b" ")[0] for one in requests] == [b"CONNECT"]


async def test_a_proxy_that_is_down_is_named() -> None:
    with pytest.raises(ConnectFailed, match=r"no connection to the proxy 127\.0\.0\.1: "):
        await post(proxy="http://127.0.0.1:1")


async def test_a_proxy_without_an_address_is_named_and_so_is_the_name_server() -> None:
    with pytest.raises(ConnectFailed, match=r"to the proxy nowhere\.invalid: the name server"):
        await post(proxy="http://nowhere.invalid:3128")


async def test_a_host_without_an_address_is_told_by_the_name_server() -> None:
    with pytest.raises(ConnectFailed, match=r"to nowhere\.invalid: the name server told no addr"):
        await post("https://nowhere.invalid")


def test_a_name_server_that_is_silent_is_named_and_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told = threading.Event()

    def silent(*_: object, **__: object) -> None:
        told.wait(60)
        raise socket.gaierror(socket.EAI_NONAME, "too late")

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    began = time.monotonic()
    try:
        with pytest.raises(ConnectFailed, match=r"the name server told no address within 0\.2 s"):
            asyncio.run(post("https://slow.example.org", connect_timeout=0.2))
        assert time.monotonic() - began < 10
    finally:
        told.set()


async def test_a_name_server_that_knows_a_host_leads_to_it() -> None:
    async with serving(answer("200 OK", b"ok")) as (port, _):
        assert (await post(f"http://localhost:{port}")).body == b"ok"


async def closing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def resetting(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.close()


def alerting(number: int) -> Peer:
    return answering(b"\x15\x03\x01\x00\x02\x02" + bytes([number]))


HANDSHAKES: dict[str, tuple[Peer, str, Retry]] = {
    "plain HTTP": (
        answer("400 Bad Request"),
        "speaks no TLS on this port: check the address; is it http://?",
        Retry.NEVER,
    ),
    "another protocol": (answering(b"220 smtp ready\r\n"), "speaks no TLS on t", Retry.NEVER),
    "closed": (closing, "broke off when TLS began; perhaps", Retry.SAFE),
    "reset": (resetting, "broke off when TLS began; perhaps", Retry.SAFE),
    "no common version": (alerting(70), "have no version or cipher of TLS in c", Retry.NEVER),
    "no common cipher": (alerting(40), "have no version or cipher of TLS in c", Retry.NEVER),
    "an error inside": (alerting(80), "TLS failed: tlsv1 alert internal error", Retry.SAFE),
}


@pytest.mark.parametrize("handshake", HANDSHAKES)
async def test_a_handshake_that_fails_says_why_and_whether_to_try_again(handshake: str) -> None:
    respond, says, retry = HANDSHAKES[handshake]

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        await respond(reader, writer)
        await reader.read()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        port = listening.sockets[0].getsockname()[1]
        with pytest.raises(ConnectFailed, match=says) as caught:
            await post(f"https://127.0.0.1:{port}")
    finally:
        listening.close()
    assert caught.value.retry is retry
    assert "no connection to 127.0.0.1: " in str(caught.value)


async def test_a_certificate_that_does_not_verify_is_not_tried_again() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    async with serving(answer("200 OK"), context) as (port, requests):
        with pytest.raises(ConnectFailed, match="SSL_CERT_FILE") as caught:
            await post(f"https://localhost:{port}")
    assert caught.value.retry is Retry.NEVER
    assert requests == []


@pytest.mark.parametrize("host", ["127.0.0.2", "localhost", "api.localhost", "[::1]"])
def test_plain_http_to_this_machine_is_allowed_by_each_of_its_names(host: str) -> None:
    HttpSession(f"http://{host}:8080")


@pytest.mark.parametrize("host", ["10.0.0.1", "localhost.example.org", "[::2]"])
def test_plain_http_to_another_machine_is_not(host: str) -> None:
    with pytest.raises(ConfigurationError, match="unencrypted"):
        HttpSession(f"http://{host}:8080")


async def test_a_session_that_was_opened_in_another_loop_says_so() -> None:
    def elsewhere() -> HttpSession:
        async def opened() -> HttpSession:
            session = HttpSession("http://127.0.0.1:1")
            await session.open()
            return session

        return asyncio.run(opened())

    session = await asyncio.to_thread(elsewhere)
    with pytest.raises(RuntimeError, match="opened in another event loop"):
        await session.request("GET", (), changes=False)
    await session.aclose()


async def test_a_tunnel_carries_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("sms.example.org").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    monkeypatch.setattr(HttpSession, "_tls", lambda _: client)

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert (await request(reader)).startswith(b"CONNECT sms.example.org:443 ")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await writer.start_tls(server)
        for _ in range(2):
            await request(reader)
            await answer("200 OK", b"ok")(reader, writer)
        await reader.read()
        writer.close()

    listening = await asyncio.start_server(tunnel, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        async with HttpSession(PLATFORM, proxy=f"http://127.0.0.1:{port}") as session:
            for _ in range(2):
                got = await session.request("GET", ["x"], changes=True)
                assert got.body == b"ok"
    finally:
        listening.close()
