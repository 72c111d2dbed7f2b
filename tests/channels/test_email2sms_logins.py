"""How often a mail server is asked to let in a name with a wrong password: it bans for a few."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest

from devino_core import AuthenticationFailed, ConnectFailed, Message
from devino_core.testing import ManualClock
from devino_plugins.email2sms._channel import Email2SmsChannel
from tests.channels._mailed import channel

pytestmark = pytest.mark.pythons

MESSAGES = [Message(f"7903123{n:04}", f"Hello {n}") for n in range(12)]


@asynccontextmanager
async def server(refusals: dict[str, bytes]) -> AsyncIterator[tuple[Email2SmsChannel, list[str]]]:
    """A channel before a server that answers each mechanism so, and the mechanisms tried."""
    tried: list[str] = []
    serving: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(cast("asyncio.Task[None]", asyncio.current_task()))
        writer.write(b"220 hello\r\n")
        async for raw in reader:
            verb, _, rest = raw.decode().strip().partition(" ")
            if verb == "EHLO":
                writer.write(b"250-hello\r\n250 AUTH CRAM-MD5 PLAIN LOGIN\r\n")
            elif verb == "AUTH":
                mechanism = rest.partition(" ")[0].lower()
                tried.append(mechanism)
                writer.write(refusals.get(mechanism, b"235 welcome\r\n"))
            elif verb == "DATA":
                writer.write(b"354 go\r\n")
                await reader.readuntil(b"\r\n.\r\n")
                writer.write(b"250 OK\r\n")
            else:
                writer.write(b"250 OK\r\n")
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        async with channel(
            ManualClock(),
            host="127.0.0.1",
            port=port,
            smtp_username="me",
            smtp_password="hunter2",
            connections=4,
        ) as made:
            yield made, tried
    finally:
        listening.close()
        await asyncio.gather(*serving)


WRONG = b"535 5.7.8 wrong password\r\n"


@pytest.mark.parametrize("count", [1, 12])
async def test_a_wrong_password_is_tried_once(count: int) -> None:
    refusals = dict.fromkeys(("plain", "login", "cram-md5"), WRONG)
    async with server(refusals) as (made, tried):
        with pytest.raises(AuthenticationFailed):
            await made.send(MESSAGES[:count])
    assert len(tried) == 1


async def test_a_mechanism_that_the_server_only_claims_leads_to_the_next() -> None:
    async with server({"cram-md5": b"504 not here\r\n"}) as (made, tried):
        (receipt,) = await made.send(MESSAGES[:1])
    assert receipt.error is None
    assert tried == ["cram-md5", "plain"]


async def test_after_one_login_mails_go_on_connections_of_their_own() -> None:
    async with server({"cram-md5": b"504 not here\r\n", "login": b"504 not here\r\n"}) as (
        made,
        tried,
    ):
        receipts = await made.send(MESSAGES)
    assert [receipt.error for receipt in receipts] == [None] * len(MESSAGES)
    assert tried.count("plain") <= 4


async def test_mails_that_wait_for_a_dead_server_share_its_failure() -> None:
    listening = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    listening.close()
    await listening.wait_closed()
    async with channel(ManualClock(), host="127.0.0.1", port=port, connections=4) as made:
        with pytest.raises(ConnectFailed):
            await made.send(MESSAGES)
