"""HTTP as clients speak it, and what the server does not put up with."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from devino_sandbox import Sandbox, World
from devino_sandbox._gate import Gate
from devino_sandbox._http import RawAnswer, RawRequest, answering
from devino_sandbox._server import HttpServer, Router, Served
from tests.sandbox._http import LOGIN, PASSWORD, Http

FORM = f"Login={LOGIN}&Password={PASSWORD}".encode()
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(FORM), FORM)
BALANCE = b"20015.3"


async def spoken(sandbox: Sandbox, *pieces: bytes) -> bytes:
    """All that the server answers to these pieces, until it closes."""
    host, port = sandbox.endpoints["rest"].removeprefix("http://").split("/")[0].split(":")
    return await spoken_to(host, int(port), *pieces)


async def spoken_to(host: str, port: int, *pieces: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            # Each piece comes to the server by itself.
            for _ in range(3):
                await asyncio.sleep(0)
        return await reader.read()
    finally:
        writer.close()


def post(*headers: bytes, body: bytes = FORM, target: bytes = b"/rest/v2/User/Balance") -> bytes:
    length = [] if b"transfer-encoding: chunked" in headers else [b"Content-Length: %d" % len(body)]
    lines = [b"POST %s HTTP/1.1" % target, b"Host: 127.0.0.1", *length, *headers, b"", body]
    return b"\r\n".join(lines)


class TestUpgrades:
    """RFC 9110, 7.8: a server may ignore the offer, and answers the request as it is."""

    @pytest.mark.parametrize(
        "offer",
        [
            [b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAMAAABk"],
            [b"Upgrade: websocket", b"Connection: keep-alive, Upgrade", b"Sec-WebSocket-Key: eA=="],
            [b"connection: upgrade", b"upgrade: TLS/1.2, HTTP/1.1"],
        ],
        ids=["h2c", "websocket", "tls"],
    )
    @pytest.mark.parametrize("chunked", [False, True])
    @pytest.mark.parametrize("cut", [0, 1, 40, 120, -1])
    async def test_a_post_that_offers_one_keeps_its_body(
        self,
        sandbox: Sandbox,
        caplog: pytest.LogCaptureFixture,
        offer: list[bytes],
        chunked: bool,
        cut: int,
    ) -> None:
        headers = [*offer, *([b"transfer-encoding: chunked"] if chunked else [])]
        asked = post(*headers, body=CHUNKED if chunked else FORM)
        last = post(b"Connection: close")
        with caplog.at_level(logging.DEBUG):
            answered = await spoken(sandbox, asked[:cut], asked[cut:], last)
        first, _, second = answered.partition(BALANCE)
        assert (first[:12], second[:12]) == (b"HTTP/1.1 200",) * 2
        assert second.endswith(BALANCE)
        assert b"upgrade" not in answered.lower()
        assert [record for record in caplog.records if record.name.startswith("uvicorn")] == []

    async def test_all_of_a_pipeline_is_answered_in_order(self, sandbox: Sandbox) -> None:
        offer = [b"Connection: Upgrade", b"Upgrade: h2c"]
        asked = post(*offer) + post(*offer) + post() + post(*offer[1:], b"Connection: close")
        assert (await spoken(sandbox, asked)).count(BALANCE) == 4

    async def test_a_tunnel_is_no_upgrade(self, sandbox: Sandbox) -> None:
        answered = await spoken(sandbox, b"CONNECT im.devinotele.com:443 HTTP/1.1\r\n\r\n")
        assert answered.startswith(b"HTTP/1.1 405")


class TestRequestLines:
    QUERY = (
        f"/rest/v2/Sms/Send?Login={LOGIN}&Password={PASSWORD}&SourceAddress=DEVINO"
        "&DestinationAddress=79161234567&Data="
    )

    @pytest.mark.parametrize("cut", [0, 3, 60, -4])
    async def test_raw_utf8_is_read_as_if_it_were_escaped(
        self, sandbox: Sandbox, http: Http, cut: int
    ) -> None:
        asked = f"GET {self.QUERY}Привет HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        assert b" 200 " in await spoken(sandbox, asked[:cut], asked[cut:])
        [message] = await http.messages()
        assert message["text"] == "Привет"

    async def test_raw_octets_that_are_no_utf8_are_refused_in_the_protocols_words(
        self, sandbox: Sandbox
    ) -> None:
        asked = f"GET {self.QUERY}Привет HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        answered = await spoken(sandbox, asked.encode("cp1251"))
        assert b" 400 " in answered
        assert b'{"Code":' in answered

    async def test_a_bulk_of_2999_numbers_fits_into_the_query(self, http: Http) -> None:
        numbers = "".join(f"&DestinationAddresses=%2B7916{n:07}" for n in range(2999))
        target = self.QUERY.replace("/Send?", "/SendBulk?").replace(
            "&DestinationAddress=79161234567", numbers
        )
        answer = await http.raw("GET", target + "x" * 100)
        assert answer.status == 200
        assert len(answer.json) == 2999

    @pytest.mark.parametrize("cut", [0, 100_000])
    async def test_one_beyond_256_kib_is_told_so(self, sandbox: Sandbox, cut: int) -> None:
        asked = f"GET {self.QUERY}{'x' * 400_000} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
        answered = await spoken(sandbox, asked[:cut], asked[cut:])
        assert answered.startswith(b"HTTP/1.1 414")
        assert b"256 KiB" in answered

    async def test_headers_without_end_are_told_so(self, sandbox: Sandbox) -> None:
        asked = b"GET / HTTP/1.1\r\n" + b"X-Header: value\r\n" * 30_000
        assert (await spoken(sandbox, asked)).startswith(b"HTTP/1.1 431")


class TestVersions:
    async def test_http_1_0_may_keep_its_connection(self, sandbox: Sandbox) -> None:
        old = post(b"Connection: keep-alive").replace(b"HTTP/1.1", b"HTTP/1.0")
        answered = await spoken(sandbox, old, post().replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert answered.count(BALANCE) == 2
        assert answered.lower().count(b"connection: keep-alive") == 1

    @pytest.mark.parametrize("line", [b"GET /_sandbox\r\n\r\n", b"GET /_sandbox HTTP/0.9\r\n\r\n"])
    async def test_http_0_9_is_not_answered_as_if_it_were_1_1(
        self, sandbox: Sandbox, line: bytes
    ) -> None:
        assert (await spoken(sandbox, line))[:10] in (b"HTTP/1.1 4", b"HTTP/1.1 5")


class TestBodies:
    @pytest.mark.parametrize(
        "target", ["/rest/v2/User/Balance", "/_sandbox/incoming", "/_sandbox/faults", "/Send.ashx"]
    )
    @pytest.mark.parametrize("chunked", [False, True])
    async def test_one_too_large_is_refused_by_every_route(
        self, world: World, target: str, chunked: bool
    ) -> None:
        async with Sandbox(world, max_body=200_000, discover=False) as sandbox:
            body = b"x" * 2_000_000
            headers = [b"Content-Type: application/json"]
            if chunked:
                headers.append(b"transfer-encoding: chunked")
                body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
            answered = await spoken(sandbox, post(*headers, body=body, target=target.encode()))
        assert answered.startswith(b"HTTP/1.1 413")
        assert b"200000 bytes" in answered

    async def test_4_mib_are_taken_and_no_more(self, sandbox: Sandbox) -> None:
        padding = b"&x=" + b"y" * (4 * 1024 * 1024 - len(FORM) - 3)
        for body, status in ((FORM + padding, b"200"), (FORM + padding + b"y", b"413")):
            answered = await spoken(sandbox, post(b"Connection: close", body=body))
            assert answered[9:12] == status

    async def test_a_form_of_nothing_but_pairs_is_not_read(self, http: Http) -> None:
        body = FORM + b"&a=b" * 20_000
        answer = await http.raw("POST", "/rest/v2/User/Balance", body)
        assert (answer.status, "10000" in answer.json["error"]) == (413, True)
        answer = await http.raw("GET", f"/rest/v2/User/Balance?{body.decode()}")
        assert answer.status == 413

    async def test_numbers_are_not_counted_as_pairs(self, http: Http) -> None:
        form = FORM + b"&SourceAddress=DEVINO&Data=test" + b"&destinationAddresses=7" * 20_000
        answer = await http.raw("POST", "/rest/v2/Sms/SendBulk", form)
        assert (answer.status, answer.json["Code"]) == (400, 2)  # above 2999


@asynccontextmanager
async def impatient() -> AsyncIterator[int]:
    """A server that waits for nobody."""

    def handle(request: RawRequest) -> RawAnswer:
        return RawAnswer(200, request.body)

    server = HttpServer(
        Router({"/x": Served(answering(handle))}, {}, Gate("127.0.0.1")), patience=0.05
    )
    port = await server.start("127.0.0.1", 0, None)
    try:
        yield port
    finally:
        await server.stop()


class TestPatience:
    @pytest.mark.parametrize(
        "half",
        [
            b"POST /x",
            b"POST /x HTTP/1.1\r\nHost:",
            b"POST /x HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf",
            b"GET /x HTTP/1.1\r\n\r\nGET /x HT",
        ],
    )
    async def test_a_request_that_does_not_come_to_its_end_is_given_up(self, half: bytes) -> None:
        async with impatient() as port:
            answered = await spoken_to("127.0.0.1", port, half)
        assert answered.split(b"HTTP/1.1 ")[-1].startswith(b"408")

    @pytest.mark.parametrize("nothing", [[], [b"\r\n"]])
    async def test_a_connection_that_asks_nothing_is_closed(self, nothing: list[bytes]) -> None:
        async with impatient() as port:
            assert await spoken_to("127.0.0.1", port, *nothing) == b""

    async def test_one_that_has_asked_may_rest(self) -> None:
        async with impatient() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for _ in range(2):
                writer.write(b"GET /x HTTP/1.1\r\n\r\n")
                assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(reader.read(1), 0.15)
            writer.close()


class TestPagesOfOthers:
    """Any page that a developer visits can have the browser ask this machine."""

    CROSS = (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example", "Origin": "http://evil.example"},
    )

    @pytest.mark.parametrize("headers", CROSS)
    @pytest.mark.parametrize(
        ("method", "target"),
        [
            ("GET", "/_sandbox/messages"),
            ("POST", "/_sandbox/faults"),
            ("DELETE", "/_sandbox/sessions"),
            ("GET", f"/rest/v2/User/Balance?{FORM.decode()}"),
            ("POST", "/Send.ashx"),
            ("POST", "/SmsService.asmx"),
            ("GET", "/nothing"),
        ],
    )
    async def test_what_they_ask_is_refused(
        self, http: Http, method: str, target: str, headers: dict[str, str]
    ) -> None:
        answer = await http.raw(method, target, headers=headers)
        assert answer.status == 403
        assert answer.json["error"]

    @pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example"])
    async def test_a_name_that_is_not_the_sandboxs_sees_nothing(
        self, http: Http, host: str
    ) -> None:
        answer = await http.raw("GET", "/_sandbox/messages", headers={"Host": host})
        assert answer.status == 403
        assert "--allow-host" in answer.json["error"]

    @pytest.mark.parametrize(
        "host",
        ["localhost", "LOCALHOST:8080", "box.localhost", "127.0.0.1:80", "[::1]:80", "127.1.2.3"],
    )
    async def test_loopback_is_the_sandboxs(self, http: Http, host: str) -> None:
        assert (await http.raw("GET", "/_sandbox", headers={"Host": host})).status == 200

    async def test_a_name_can_be_allowed(self, world: World) -> None:
        async with Sandbox(world, allow_hosts=["Sandbox.test"], discover=False) as sandbox:
            asked = b"GET /_sandbox HTTP/1.1\r\nHost: sandbox.test:80\r\nConnection: close\r\n\r\n"
            assert b" 200 " in await spoken(sandbox, asked)

    async def test_the_address_that_the_client_came_to_is_the_sandboxs(self, world: World) -> None:
        async with Sandbox(world, host="0.0.0.0", discover=False) as sandbox:
            asked = b"GET /_sandbox HTTP/1.1\r\nHost: 127.0.0.1:1\r\nConnection: close\r\n\r\n"
            assert b" 200 " in await spoken(sandbox, asked)
        gate = Gate("0.0.0.0")
        scope: dict[str, object] = {"headers": [(b"host", b"192.0.2.7:80")]}
        for server, known in (("192.0.2.7", True), ("192.0.2.8", False)):
            scope["server"] = (server, 80)
            assert (gate.refusal(scope, known_hosts_only=True) is None) is known

    async def test_programs_use_a_protocol_under_any_name(self, http: Http) -> None:
        target = f"/rest/v2/User/Balance?{FORM.decode()}"
        answer = await http.raw("GET", target, headers={"Host": "platform.container"})
        assert answer.status == 200

    @pytest.mark.parametrize("site", ["none", "same-origin"])
    async def test_an_address_that_was_typed_is_shown(self, http: Http, site: str) -> None:
        answer = await http.raw("GET", "/_sandbox", headers={"Sec-Fetch-Site": site})
        assert answer.status == 200

    async def test_a_page_of_its_own_may_ask(self, http: Http) -> None:
        headers = {"Origin": http.root, "Content-Type": "application/json"}
        fault = json.dumps({"action": {"do": "drop"}}).encode()
        assert (await http.raw("POST", "/_sandbox/faults", fault, headers)).status == 200

    @pytest.mark.parametrize("declared", ["text/plain", "application/x-www-form-urlencoded", ""])
    async def test_a_body_must_be_declared_as_json(self, http: Http, declared: str) -> None:
        headers = {"Content-Type": declared}
        answer = await http.raw("POST", "/_sandbox/incoming", b"{}", headers)
        assert answer.status == 415
