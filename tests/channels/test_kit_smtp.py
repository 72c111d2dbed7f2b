"""The kit's connections to a mail server: what a channel relies on that writes mails of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

import pytest

from devino_core import Body, DevinoError, InvalidMessage, Rejected, Throttled, Unavailable
from devino_core.testing import ManualClock
from devino_plugins.kit.settings import SmtpSettings
from devino_plugins.kit.smtp import Peer, Pool, Reply, refusal

pytestmark = pytest.mark.pythons

MAIL = Body(b"Subject: a\r\n\r\n.b\r\n")
LINES = ["Subject: a", "", "..b", "."]
"""As they travel."""


@asynccontextmanager
async def connected(
    answer: Callable[[str], bytes] = lambda _: b"",
    refused: Callable[[str, Reply], DevinoError] = refusal,
    *,
    in_pieces: bool = False,
) -> AsyncIterator[tuple[Pool, list[str]]]:
    """A pool, and the lines that its server hears; ``answer`` replaces what it would say."""
    heard: list[str] = []
    serving: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(cast("asyncio.Task[None]", asyncio.current_task()))
        writer.write(b"220 hello\r\n")
        in_mail = False
        async for raw in reader:
            line = raw.decode().rstrip("\r\n")
            heard.append(line)
            if in_mail and line != ".":
                continue
            usual = {"DATA": b"354 go\r\n", "QUIT": b"221 bye\r\n"}.get(line, b"250 OK\r\n")
            reply = answer(line) or usual
            in_mail = reply.startswith(b"354")
            size = 1 if in_pieces else len(reply)
            for at in range(0, len(reply), size):
                writer.write(reply[at : at + size])
                await asyncio.sleep(0)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    settings = SmtpSettings(
        host="127.0.0.1",
        port=server.sockets[0].getsockname()[1],
        tls="none",
        local_hostname="localhost",
    )
    pool = Pool(Peer(settings, channel="mail", refused=refused), clock=ManualClock())
    try:
        yield pool, heard
    finally:
        await pool.aclose()
        server.close()
        await asyncio.gather(*serving)


async def test_each_mail_has_a_sender_and_a_recipient_of_its_own() -> None:
    async with connected() as (pool, heard):
        for name in "ab":
            assert await pool.send(f"{name}@x.org", f"to-{name}@y.org", MAIL) == (250, "OK")
    mails = [
        [f"MAIL FROM:<{name}@x.org>", f"RCPT TO:<to-{name}@y.org>", "DATA", *LINES] for name in "ab"
    ]
    assert heard == ["EHLO localhost", *mails[0], *mails[1], "QUIT"]


@pytest.mark.parametrize(
    "address", ["a@x>\r\nRCPT TO:<b@x", "a@x> SIZE=1", "<a@x", "\0", "a\n@x", "ы@x.org", ""]
)
async def test_an_address_stays_within_its_command(address: str) -> None:
    async with connected() as (pool, heard):
        with pytest.raises(InvalidMessage, match="from_addr"):
            await pool.send(address, "b@x.org", MAIL)
        with pytest.raises(InvalidMessage, match="to_addr"):
            await pool.send("a@x.org", address, MAIL)
        await pool.send("c@x.org", "d@x.org", MAIL)
    commands = [line for line in heard if line.startswith(("MAIL", "RCPT"))]
    assert commands[-2:] == ["MAIL FROM:<c@x.org>", "RCPT TO:<d@x.org>"]
    assert commands[:-2] == ["MAIL FROM:<a@x.org>"]


async def test_a_mail_that_would_not_end_is_not_begun() -> None:
    async with connected() as (pool, heard):
        with pytest.raises(ValueError, match="CRLF"):
            await pool.send("a@x.org", "b@x.org", Body(b"a"))
    assert "DATA" not in heard


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "."])
async def test_a_channel_may_read_refusals_by_their_text(verb: str) -> None:
    def refused(said_to: str, reply: Reply) -> DevinoError:
        told.append((said_to, reply))
        return Rejected("sender") if "source address" in reply.text else refusal(said_to, reply)

    told: list[tuple[str, Reply]] = []
    said = b"554-Transaction failed\r\n554 Disallowed  source address: a@x.org\r\n"
    async with connected(lambda line: said if line.startswith(verb) else b"", refused) as (pool, _):
        with pytest.raises(Rejected) as caught:
            await pool.send("a@x.org", "b@x.org", MAIL)
    assert caught.value.description == "sender"
    text = "Transaction failed Disallowed source address: a@x.org"
    assert told == [("the mail" if verb == "." else verb, Reply(554, text))]


@pytest.mark.parametrize(("code", "error"), [(450, Throttled), (451, Unavailable), (554, Rejected)])
def test_without_such_a_channel_the_code_decides(code: int, error: type[DevinoError]) -> None:
    assert type(refusal("MAIL", Reply(code, "no"))) is error


async def test_a_reply_in_pieces_is_one_reply() -> None:
    def several_lines(line: str) -> bytes:
        return b"354-go\r\n354 on\r\n" if line == "DATA" else b"250-first\r\n250\r\n"

    async with connected(several_lines, in_pieces=True) as (pool, heard):
        for _ in range(2):
            assert await pool.send("a@x.org", "b@x.org", MAIL) == (250, "first")
    assert heard.count("EHLO localhost") == 1
