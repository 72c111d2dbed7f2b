"""What something in front of the platform says, over each protocol on HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from devino_core import (
    AuthenticationFailed,
    Channel,
    ChannelSettings,
    ConfigurationError,
    ConnectFailed,
    DevinoError,
    Message,
    ProtocolViolation,
    Rejected,
    Secret,
    State,
    Throttled,
    Unavailable,
)
from devino_core.testing import ManualClock
from devino_plugins.rest import RestV2Channel
from devino_plugins.rest._settings import RestV2Settings
from devino_sandbox import AnswerHttp, Fault
from tests.channels._over_http import KINDS, SENDS, medium_of, message, text_of
from tests.core._peer import Peer, answer, request, serving

pytestmark = pytest.mark.attack

PAGE = "<!DOCTYPE html><html><body>Access denied</body></html>"
TO = "79031234567"
NOW = datetime(2026, 11, 28, 10, 0, tzinfo=UTC)

REFUSALS: dict[int, type[DevinoError]] = {
    400: Rejected,
    402: Rejected,
    403: ConnectFailed,
    404: ConfigurationError,
    406: Rejected,
    407: ConfigurationError,
    408: ConnectFailed,
    411: Rejected,
    413: Rejected,
    414: Rejected,
    415: Rejected,
    421: ConnectFailed,
    425: ConnectFailed,
    431: Rejected,
    451: ConnectFailed,
}


@pytest.mark.parametrize("status", REFUSALS)
@pytest.mark.parametrize("kind", KINDS)
async def test_no_refusal_in_front_may_have_been_sent(kind: str, status: int) -> None:
    async with KINDS[kind]() as wire:
        fault = Fault(operation=SENDS[kind], action=AnswerHttp(status, PAGE), times=None)
        wire.world.faults.add(fault)
        try:
            (receipt,) = await wire.channel.send([message(kind, TO, "a")])
        except DevinoError as raised:
            error: DevinoError | None = raised
        else:
            # A refusal is data.
            assert receipt.status.state is State.REJECTED
            error = receipt.error
        assert type(error) is REFUSALS[status]
        assert f"HTTP {status}" in str(error) or f"code {status}" in str(error)
        assert "JSON" not in str(error)
        assert list(wire.world.messages()) == []


@pytest.mark.parametrize("kind", KINDS)
async def test_a_gateway_whose_platform_is_down_is_told_so(kind: str) -> None:
    async with KINDS[kind]() as wire:
        wire.world.faults.add(Fault(operation=None, action=AnswerHttp(502, PAGE), times=None))
        with pytest.raises(Unavailable) as caught:
            await wire.channel.status(["123"], medium=medium_of(kind))
    assert caught.value.said == (
        "the platform, or something in front of it, failed (HTTP 502, a page of HTML); ask again"
    )


@pytest.mark.parametrize("kind", KINDS)
async def test_a_login_that_is_refused_without_words_is_told_so(kind: str) -> None:
    async with KINDS[kind]() as wire:
        wire.world.faults.add(Fault(operation=None, action=AnswerHttp(401, PAGE), times=None))
        with pytest.raises(AuthenticationFailed, match="in front of it, refused the login"):
            await wire.channel.status(["123"], medium=medium_of(kind))


@pytest.mark.parametrize("kind", KINDS)
async def test_a_page_in_place_of_an_answer_is_called_a_page(kind: str) -> None:
    async with KINDS[kind]() as wire:
        wire.world.faults.add(Fault(operation=None, action=AnswerHttp(200, PAGE), times=None))
        with pytest.raises(ProtocolViolation, match="a page of HTML: is the address right"):
            await wire.channel.status(["123"], medium=medium_of(kind))


@asynccontextmanager
async def asking(peer: Peer) -> AsyncIterator[Channel[ChannelSettings]]:
    """A channel that asks without logging in, before a server that always answers so."""
    async with serving(peer) as (port, _):
        settings = RestV2Settings(
            login="demo",
            password=Secret("demo"),
            sender="DEVINO",
            base_url=f"http://127.0.0.1:{port}",
        )
        async with RestV2Channel(settings, name="rest-v2", clock=ManualClock(NOW)) as channel:
            yield channel


LATER = "Date: Sat, 28 Nov 2026 10:00:00 GMT\r\nRetry-After: "
WAITS: dict[str, tuple[str, float | None]] = {
    "seconds": ("Retry-After: 7", 7),
    "a fraction": ("Retry-After: 1.5", 1.5),
    "a date": (LATER + "Sat, 28 Nov 2026 10:01:30 GMT", 90),
    "a date of long ago": (LATER + "Fri, 27 Nov 2026 10:00:00 GMT", 0),
    "two": ("Retry-After: 5\r\nRetry-After: 60", 60),
    "a date and seconds": (LATER + "Sat, 28 Nov 2026 10:00:09 GMT\r\nRetry-After: 8", 9),
    "one of two that says something": ("Retry-After: soon\r\nRetry-After: 3", 3),
    "nothing": ("X-Retry: 1", None),
    "a word": ("Retry-After: soon", None),
    "below nothing": ("Retry-After: -1", None),
    "without end": ("Retry-After: inf", None),
    "an impossible date": ("Retry-After: Sat, 99 Nov 2026 10:00:00 GMT", None),
}


@pytest.mark.parametrize("wait", WAITS)
@pytest.mark.parametrize(
    ("status", "error"), [("429 Too Many", Throttled), ("503 Later", Unavailable)]
)
async def test_retry_after_is_read_in_every_form(
    wait: str, status: str, error: type[DevinoError]
) -> None:
    header, seconds = WAITS[wait]
    async with asking(answer(f"{status}\r\n{header}", b"<html>")) as channel:
        with pytest.raises(error) as caught:
            await channel.balance()
    assert caught.value.retry_after == seconds


async def test_a_date_counts_from_this_machines_clock_where_the_answer_has_none() -> None:
    header = "Retry-After: Sat, 28 Nov 2026 10:01:00 GMT"
    async with asking(answer(f"429 Too Many\r\n{header}")) as channel:
        with pytest.raises(Throttled) as caught:
            await channel.balance()
    assert caught.value.retry_after == 60


IDS: dict[str, tuple[bytes, str]] = {
    "nothing": (b"[]", "gave no id"),
    "zero": (b'["0"]', "no id of a message"),
    "a number below zero": (b'["-1"]', "no id of a message"),
    "empty": (b'[""]', "gave no id"),
    "a control character": (b'["a\\u0000b"]', "no id of a message"),
    "two lines": (b'["1\\n2"]', "no id of a message"),
    "65 characters": (b'["%s"]' % (b"1" * 65), "no id of a message"),
    "more than a text has parts": (
        b"[%s]" % b",".join(b'"%d"' % (n + 1) for n in range(256)),
        "256 ids where 255 are possible",
    ),
    "no end": (b'["%s"]' % (b"1" * 100_000), "more than 81856 bytes"),
}


@pytest.mark.parametrize("ids", IDS)
async def test_what_is_no_id_is_no_success(ids: str) -> None:
    body, says = IDS[ids]
    async with asking(answer("200 OK", body)) as channel:
        with pytest.raises(ProtocolViolation, match=says):
            await channel.send([Message(TO, "a")])


@pytest.mark.parametrize("body", [b'["5755\\n"]', b'[" 5755 "]', b'["5755"]'])
async def test_white_space_around_an_id_is_no_part_of_it(body: bytes) -> None:
    async with asking(answer("200 OK", body)) as channel:
        (receipt,) = await channel.send([Message(TO, "a")])
    assert receipt.ids == ("5755",)


async def test_an_id_that_was_another_messages_is_no_success() -> None:
    async with asking(answer("200 OK", b'["5755"]')) as channel:
        await channel.send([Message(TO, "a")])
        with pytest.raises(ProtocolViolation, match="the id 5755, which is another message's"):
            await channel.send([Message(TO, "b")])


@pytest.mark.parametrize("body", [b'{"Code":0,"Desc":""}', b'{"Code":77,"Desc":" "}'])
async def test_a_code_that_says_nothing_is_no_refusal(body: bytes) -> None:
    async with asking(answer("200 OK", body)) as channel:
        with pytest.raises(ProtocolViolation, match="which no table has, in place of an answer"):
            await channel.send([Message(TO, "a")])


@asynccontextmanager
async def repeating(upstream: str) -> AsyncIterator[str]:
    """Something in front that gives each answer twice."""
    host, _, port = upstream.partition("//")[2].partition("/")[0].partition(":")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection(host, int(port))
        try:
            while True:
                to_writer.write(await request(reader))
                answered = await request(to_reader)
                writer.write(answered)
                await writer.drain()
                writer.write(answered)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
            to_writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()


@pytest.mark.parametrize("kind", KINDS)
async def test_an_answer_that_comes_twice_is_no_receipt_of_the_next_message(kind: str) -> None:
    async with KINDS[kind]() as wire:
        upstream = str(wire.channel.settings.base_url)  # type: ignore[attr-defined]
        async with repeating(upstream) as front:
            base_url = upstream.replace(upstream.partition("//")[2].partition("/")[0], front)
            async with KINDS[kind](world=wire.world, base_url=base_url) as second:
                receipts = [
                    (await second.channel.send([message(kind, TO, str(place))]))[0]
                    for place in range(20)
                ]
        assert len({receipt.ids for receipt in receipts}) == 20
        assert {receipt.status.state for receipt in receipts} == {State.ACCEPTED}
        texts = set(map(text_of, wire.world.messages()))
        assert texts == {str(place) for place in range(20)}
