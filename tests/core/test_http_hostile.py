"""Servers that do what they like: each call ends in time, in a typed error with the right words."""

from __future__ import annotations

import asyncio
import gzip
import time
import tracemalloc
from typing import Any

import pytest

from devino_core import DevinoError, OutcomeUnknown, ProtocolViolation, Unavailable
from devino_core.http import Body, FetchedAnswer, HttpSession
from tests.core._peer import Peer, answer, answering, serving

pytestmark = [pytest.mark.pythons, pytest.mark.attack]

HEAD = b"HTTP/1.1 200 OK\r\n"


def endlessly(data: bytes, *, first: bytes = b"") -> Peer:
    async def respond(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        while True:
            writer.write(data)
            await writer.drain()

    return respond


def dripping(data: bytes, *, first: bytes = b"") -> Peer:
    async def respond(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        while True:
            writer.write(data)
            await writer.drain()
            await asyncio.sleep(0.02)

    return respond


async def post(port: int, *, changes: bool = True, **options: Any) -> FetchedAnswer:
    limits: dict[str, Any] = {"timeout": 0.3, "connect_timeout": 0.2, **options}
    async with HttpSession(f"http://127.0.0.1:{port}", **limits) as session:
        return await session.request(
            "POST", ["x"], body=Body(b"x"), content_type="a/b", changes=changes
        )


DRIPS: dict[str, Peer] = {
    "a head, byte by byte": dripping(b"x", first=HEAD + b"X: "),
    "headers, one by one": dripping(b"X: 1\r\n", first=HEAD),
    "a body, byte by byte": dripping(b"x", first=HEAD + b"Content-Length: 100000\r\n\r\n"),
    "chunks": dripping(b"1\r\nx\r\n", first=HEAD + b"Transfer-Encoding: chunked\r\n\r\n"),
    "a body without an end": dripping(b"x", first=HEAD + b"\r\n"),
    "interim answers": dripping(b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@pytest.mark.parametrize("drip", DRIPS)
@pytest.mark.parametrize(("changes", "error"), [(True, OutcomeUnknown), (False, Unavailable)])
async def test_a_call_ends_in_time_though_bytes_keep_coming(
    drip: str, changes: bool, error: type[DevinoError]
) -> None:
    async with serving(DRIPS[drip]) as (port, _):
        async with asyncio.timeout(5):
            with pytest.raises(error, match=r"no answer within 0\.5 s") as caught:
                await post(port, changes=changes)
    assert type(caught.value) is error


FLOODS: dict[str, tuple[Peer, str]] = {
    "interim answers": (endlessly(b"HTTP/1.1 100 Continue\r\n\r\n" * 500), "interim answers"),
    "early hints": (
        endlessly(b"HTTP/1.1 103 Early\r\nLink: </a>\r\n\r\n" * 500),
        "interim answers",
    ),
    "headers": (endlessly(b"X-%s: 1\r\n" % (b"a" * 50) * 100, first=HEAD), "headers too long"),
    "a header": (endlessly(b"a" * 65536, first=HEAD + b"X: "), "headers too long"),
    "a status line": (endlessly(b"a" * 65536, first=b"HTTP/1.1 200 "), "not HTTP|too long"),
    "a body": (endlessly(b"a" * 65536, first=HEAD + b"\r\n"), "more than 1000000 bytes"),
    "chunks": (
        endlessly(b"1\r\nx\r\n" * 9999, first=HEAD + b"Transfer-Encoding: chunked\r\n\r\n"),
        "more than 1000000 bytes",
    ),
}


@pytest.mark.parametrize("flood", FLOODS)
async def test_a_flood_ends_before_the_time_is_up(flood: str) -> None:
    peer, says = FLOODS[flood]
    async with serving(peer) as (port, _):
        began = time.process_time()
        with pytest.raises(ProtocolViolation, match=says):
            await post(port, timeout=60, max_answer=1_000_000)
        assert time.process_time() - began < 5


async def test_some_interim_answers_are_no_flood() -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 100
    async with serving(answering(hints, HEAD + b"Content-Length: 2\r\n\r\nok")) as (port, _):
        assert (await post(port)).body == b"ok"


PLAIN = b"Content-Length: 5\r\n\r\nplain"
STRANGE: dict[str, tuple[Peer, str]] = {
    "another protocol": (answering(b"220 smtp.example.org ready\r\n"), "not HTTP"),
    "nothing known": (answering(b"\x00\x01\x02\x03\r\n\r\n"), "not HTTP"),
    "two lengths": (answering(HEAD + b"Content-Length: 2\r\n" + PLAIN), "not HTTP"),
    "a header of 20 kB": (answering(HEAD + b"X: " + b"a" * 20000 + b"\r\n" + PLAIN), "too long"),
    "no colon": (answering(HEAD + b"hello\r\n" + PLAIN), "not HTTP"),
    "a bad chunk": (answering(HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nok"), "not HTTP"),
    "plain for gzip": (answering(HEAD + b"Content-Encoding: gzip\r\n" + PLAIN), "not compressed"),
    "gzip for deflate": (
        answer("200 OK\r\nContent-Encoding: deflate", gzip.compress(b"x" * 99)),
        "not compressed",
    ),
}


@pytest.mark.parametrize("strange", STRANGE)
@pytest.mark.parametrize("changes", [True, False])
async def test_what_is_not_http_is_told_as_such_and_is_no_broken_connection(
    strange: str, changes: bool
) -> None:
    peer, says = STRANGE[strange]
    async with serving(peer) as (port, requests):
        with pytest.raises(ProtocolViolation, match=says) as caught:
            await post(port, changes=changes)
    assert "ask again" not in str(caught.value)
    assert str(caught.value).startswith("127.0.0.1 answered with")
    assert len(requests) == 1


CUTS: dict[str, bytes] = {
    "in the head": HEAD + b"Content-Le",
    "in the body": HEAD + b"Content-Length: 9\r\n\r\n[",
    "between chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
}


@pytest.mark.parametrize("cut", CUTS)
async def test_an_answer_that_was_cut_off_is_a_broken_connection(cut: str) -> None:
    async with serving(answering(CUTS[cut])) as (port, _):
        with pytest.raises(OutcomeUnknown, match="the connection broke"):
            await post(port)


async def test_a_longer_body_than_was_said_is_cut_to_its_length() -> None:
    async with serving(answering(HEAD + b"Content-Length: 2\r\n\r\nokHTTP")) as (port, _):
        assert (await post(port)).body == b"ok"


async def test_the_cap_of_a_call_takes_the_place_of_the_sessions() -> None:
    async with (
        serving(answer("200 OK", b"x" * 2000)) as (port, _),
        HttpSession(f"http://127.0.0.1:{port}") as session,
    ):
        with pytest.raises(ProtocolViolation, match="more than 1000 bytes"):
            await session.request("GET", ["x"], changes=False, max_answer=1000)


@pytest.mark.parametrize("status", [304, 399])
async def test_a_status_that_nobody_asked_for_is_no_redirect(status: int) -> None:
    async with serving(answer(f"{status} X")) as (port, _):
        with pytest.raises(ProtocolViolation, match=f"HTTP {status}, which nobody asked for"):
            await post(port)


BOMB = gzip.compress(bytes(250_000_000), 9)
COSTLY: dict[str, Peer] = {
    "a bomb": answer("200 OK\r\nContent-Encoding: gzip", BOMB),
    "a bomb in chunks": answering(
        HEAD + b"Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"%x\r\n%s\r\n0\r\n\r\n" % (len(BOMB), BOMB),
    ),
    "headers": endlessly(b"X-%s: 1\r\n" % (b"a" * 50) * 100, first=HEAD),
    "a header": endlessly(b"a" * 65536, first=HEAD + b"X: "),
    "a body": endlessly(b"a" * 65536, first=HEAD + b"\r\n"),
}


@pytest.mark.parametrize("costly", COSTLY)
async def test_no_answer_costs_much_more_memory_than_is_taken(costly: str) -> None:
    async with serving(COSTLY[costly]) as (port, _):
        tracemalloc.start()
        try:
            with pytest.raises(ProtocolViolation):
                await post(port, timeout=60, max_answer=1_000_000)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert peak < 40_000_000
