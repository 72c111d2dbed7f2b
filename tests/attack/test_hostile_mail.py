"""Mail servers that do what none should: every channel over mail survives them, and says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple, TypeAlias

import pytest

from devino_core import Retry
from tests.attack._channels import MAIL, attempt, by_turns, client, message, redirected, target
from tests.attack._memory import bounded
from tests.attack._serving import served

MEGABYTES = 60
LONG = 20.0
PASSWORD = "pass"

Say: TypeAlias = Callable[[bytes], Awaitable[None]]


class Step(NamedTuple):
    """What a server says at one place of the conversation in place of what is usual."""

    at: str
    """A verb, GREETING, or MAIL-DATA for the end of a mail."""
    says: bytes
    for_ever: bool = False
    closes: bool = False


_LINE = b"x" * 500
_TAKEN = frozenset({Retry.MAY_DUPLICATE})
_UNTAKEN = frozenset({Retry.SAFE, Retry.NEVER})
# What may be told: that a mail may have been taken, only where all of it was sent.
ZOO: Mapping[str, tuple[Step, frozenset[Retry]]] = {
    "a greeting without end": (Step("GREETING", b"220-%s\r\n" % _LINE, for_ever=True), _UNTAKEN),
    "a greeting of one line": (Step("GREETING", b"2" * 65536, for_ever=True), _UNTAKEN),
    "no greeting": (Step("GREETING", b""), _UNTAKEN),
    "a refused greeting": (Step("GREETING", b"554 go away\r\n", closes=True), _UNTAKEN),
    "another protocol": (Step("GREETING", b"HTTP/1.1 200 OK\r\n\r\n"), _UNTAKEN),
    "octets of no charset": (Step("GREETING", b"\x00\xff\xfe\r\n"), _UNTAKEN),
    "extensions without end": (Step("EHLO", b"250-%s\r\n" % _LINE, for_ever=True), _UNTAKEN),
    "extensions of one line": (Step("EHLO", b"2" * 65536, for_ever=True), _UNTAKEN),
    "354 to MAIL": (Step("MAIL", b"354 go\r\n"), _UNTAKEN),
    "replies ahead": (Step("MAIL", b"250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n"), _UNTAKEN),
    "a refused sender": (Step("MAIL", b"550 no\r\n"), _UNTAKEN),
    "a refused recipient": (Step("RCPT", b"550 no\r\n"), _UNTAKEN),
    "250 to DATA": (Step("DATA", b"250 ok\r\n"), _UNTAKEN),
    "closed at DATA": (Step("DATA", b"", closes=True), _UNTAKEN),
    "a last reply without end": (Step("MAIL-DATA", b"250-%s\r\n" % _LINE, for_ever=True), _TAKEN),
    "a last reply of no charset": (Step("MAIL-DATA", b"\x00\xff\xfe garbage\r\n"), _TAKEN),
    "354 to a mail": (Step("MAIL-DATA", b"354 again\r\n"), _TAKEN),
    "no last reply": (Step("MAIL-DATA", b""), _TAKEN),
    "closed after a mail": (Step("MAIL-DATA", b"", closes=True), _TAKEN),
    "an unknown last reply": (Step("MAIL-DATA", b"999 what\r\n"), _TAKEN),
    "a mail refused for now": (Step("MAIL-DATA", b"450 later\r\n"), _UNTAKEN),
    "a mail refused and closed": (Step("MAIL-DATA", b"421 closing\r\n", closes=True), _UNTAKEN),
    "a mail refused": (Step("MAIL-DATA", b"552 no\r\n"), _UNTAKEN),
}
# Where the client wants STARTTLS: nothing of a message or a login in the clear.
STRIPPED: Mapping[str, Step] = {
    "not offered": Step("EHLO", b"250-x\r\n250 SIZE 1000000\r\n"),
    "refused": Step("STARTTLS", b"454 no\r\n"),
    "answered ahead": Step(
        "STARTTLS", b"220 go\r\n250-x\r\n250 ok\r\n250 ok\r\n354 go\r\n250 queued\r\n"
    ),
    "answered ahead in part": Step("STARTTLS", b"220 go\r\n250 inj"),
    "answered without a handshake": Step("STARTTLS", b"220 go\r\n"),
}


class Seen:
    def __init__(self) -> None:
        self.clear = b""
        """All that the client wrote."""
        self.mails = 0


@asynccontextmanager
async def serving(odd: Step, *, offers_tls: bool = False) -> AsyncIterator[tuple[int, Seen]]:
    seen = Seen()
    usual = {
        "GREETING": b"220 x ESMTP\r\n",
        "EHLO": b"250-x\r\n" + b"250-STARTTLS\r\n" * offers_tls + b"250 AUTH PLAIN\r\n",
        "AUTH": b"235 welcome\r\n",
        "DATA": b"354 go\r\n",
        "MAIL-DATA": b"250 queued\r\n",
        "QUIT": b"221 bye\r\n",
    }

    async def say(writer: asyncio.StreamWriter, at: str) -> bool:
        if at != odd.at:
            writer.write(usual.get(at, b"250 ok\r\n"))
        else:
            writer.write(odd.says)
            while odd.for_ever:
                writer.write(odd.says)
                await writer.drain()
        await writer.drain()
        return at == odd.at and odd.closes

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        in_mail = False
        closes = await say(writer, "GREETING")
        while not closes and (line := await reader.readline()):
            seen.clear += line
            if in_mail:
                if line == b".\r\n":
                    in_mail = False
                    seen.mails += 1
                    closes = await say(writer, "MAIL-DATA")
                continue
            words = line.split(None, 1)
            verb = words[0].decode("latin-1").upper() if words else ""
            closes = await say(writer, verb)
            in_mail = verb == "DATA"

    async with served(serve) as port:
        yield port, seen


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    by_turns(metafunc, MAIL, STRIPPED if "starttls" in metafunc.function.__name__ else ZOO)


async def test_a_hostile_server_is_survived(kind: str, name: str) -> None:
    step, possible = ZOO[name]
    began = asyncio.get_running_loop().time()
    async with target(kind) as found, serving(step) as (port, seen):
        settings = redirected(found.settings(0), port)
        async with bounded(MEGABYTES), client(kind, settings) as opened:
            outcome = await attempt(opened, message(kind, 1, "hello"))
    assert asyncio.get_running_loop().time() - began < LONG
    assert not outcome.accepted, outcome
    assert outcome.retry in possible, outcome
    # Nothing is sent twice by itself.
    assert seen.mails <= 1


@pytest.mark.parametrize("reply", [b"250 ok\r\n250 ok again\r\n", b"250-a\r\n250 queued\r\n"])
@pytest.mark.parametrize("channel", MAIL)
async def test_an_odd_server_takes_the_mail(channel: str, reply: bytes) -> None:
    async with target(channel) as found, serving(Step("MAIL-DATA", reply)) as (port, seen):
        settings = redirected(found.settings(0), port)
        async with client(channel, settings) as opened:
            outcomes = [await attempt(opened, message(channel, n, f"text {n}")) for n in range(3)]
    # A reply too many is never the answer to the next mail.
    assert all(outcome.accepted for outcome in outcomes), outcomes
    assert seen.mails == len(outcomes)


async def test_without_starttls_nothing_is_said(kind: str, name: str) -> None:
    step = STRIPPED[name]
    async with target(kind) as found, serving(step, offers_tls=True) as (port, seen):
        settings = redirected(found.settings(0), port) | {"tls": "starttls"}
        async with client(kind, settings) as opened:
            outcome = await attempt(opened, message(kind, 1, "hello"))
    assert not outcome.accepted
    assert outcome.retry in _UNTAKEN, outcome
    said = seen.clear.upper()
    assert all(word not in said for word in (b"HELLO", PASSWORD.upper().encode(), b"MAIL FROM"))
