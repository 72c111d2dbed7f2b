"""FTP servers that do what none should: the channel survives them, and says what is true."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

import pytest

from devino_core import Retry
from devino_sandbox._listening import stop_listening
from tests.attack._channels import FTP, attempt, by_turns, client, message, redirected, target
from tests.attack._memory import bounded
from tests.attack._serving import served

MEGABYTES = 60
LONG = 25.0


class Step(NamedTuple):
    """What a server says at one place of the conversation in place of what is usual."""

    at: str
    """A verb, GREETING, or DATA for the end of a transfer."""
    says: bytes
    for_ever: bool = False
    closes: bool = False


_LINE = b"x" * 500
_NOTHING = frozenset({Retry.SAFE, Retry.NEVER})
_MAYBE = frozenset({Retry.MAY_DUPLICATE})
ZOO: Mapping[str, tuple[Step, frozenset[Retry]]] = {
    "a greeting without end": (Step("GREETING", b"220-%s\r\n" % _LINE, for_ever=True), _NOTHING),
    "a greeting of one line": (Step("GREETING", b"2" * 65536, for_ever=True), _NOTHING),
    "no greeting": (Step("GREETING", b""), _NOTHING),
    "a refused greeting": (Step("GREETING", b"500 go away\r\n", closes=True), _NOTHING),
    "another protocol": (Step("GREETING", b"SSH-2.0-OpenSSH\r\n", closes=True), _NOTHING),
    "octets of no charset": (Step("USER", b"530 \xcd\xe5\xf2\xff\r\n"), _NOTHING),
    "an account is wanted": (Step("PASS", b"332 account\r\n"), _NOTHING),
    "replies ahead": (Step("TYPE", b"200 ok\r\n213 9\r\n226 ok\r\n250 ok\r\n250 ok\r\n"), _NOTHING),
    "a size that is none": (Step("SIZE", b"213 many\r\n"), _NOTHING),
    "every name is taken": (Step("SIZE", b"213 5\r\n"), _NOTHING),
    "no place for data": (Step("PASV", b"227 nonsense\r\n"), _NOTHING),
    "a port of nobody": (Step("PASV", b"227 (127,0,0,1,0,1)\r\n"), _NOTHING),
    "a refused file": (Step("STOR", b"553 no\r\n"), _NOTHING),
    "a full disk": (Step("STOR", b"452 no\r\n"), _NOTHING),
    "a transfer refused for good": (Step("DATA", b"552 no\r\n"), _NOTHING),
    "a temporary name that is gone": (Step("RNFR", b"550 no such file\r\n"), _NOTHING),
    "a final name refused": (Step("RNTO", b"553 no\r\n"), _NOTHING),
    "a busy final name": (Step("RNTO", b"450 busy\r\n"), _NOTHING),
    "a last reply without end": (Step("RNTO", b"250-%s\r\n" % _LINE, for_ever=True), _MAYBE),
    "a last reply of no charset": (Step("RNTO", b"\x00\xff\xfe garbage\r\n"), _MAYBE),
    "no last reply": (Step("RNTO", b""), _MAYBE),
    "closed at the last reply": (Step("RNTO", b"", closes=True), _MAYBE),
}


class Disk:
    """What such a server holds."""

    def __init__(self) -> None:
        self.files: dict[bytes, int] = {}
        self.renamed = 0
        self.asked_again = False


@asynccontextmanager
async def serving(odd: Step) -> AsyncIterator[tuple[int, Disk]]:
    disk = Disk()
    usual = {
        "GREETING": b"220 x\r\n",
        "USER": b"331 password\r\n",
        "PASS": b"230 in\r\n",
        "FEAT": b"211-x\r\n SIZE\r\n211 end\r\n",
        "STOR": b"150 go\r\n",
        "DATA": b"226 done\r\n",
        "REST": b"350 go\r\n",
        "RNFR": b"350 go\r\n",
        "RNTO": b"250 done\r\n",
        "QUIT": b"221 bye\r\n",
        "DELE": b"250 done\r\n",
    }

    async def say(writer: asyncio.StreamWriter, at: str, said: bytes = b"200 ok\r\n") -> bool:
        if at != odd.at:
            writer.write(usual.get(at, said))
        else:
            writer.write(odd.says)
            while odd.for_ever:
                writer.write(odd.says)
                await writer.drain()
        await writer.drain()
        return at == odd.at and odd.closes

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        waiting: asyncio.Server | None = None
        connected: list[asyncio.StreamWriter] = []

        async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connected.append(writer)
            await came.put((reader, writer))

        source = b""
        with suppress(OSError, ValueError, asyncio.CancelledError):
            # After a lost last reply nobody can look.
            if odd.at == "RNTO" and disk.asked_again:
                raise OSError
            closes = await say(writer, "GREETING")
            while not closes and (line := await reader.readline()):
                word, _, name = line.strip().partition(b" ")
                verb = word.decode("latin-1").upper()
                said = b"200 ok\r\n"
                if verb == "SIZE":
                    size = disk.files.get(name)
                    said = b"550 none\r\n" if size is None else b"213 %d\r\n" % size
                elif verb == "PASV":
                    if waiting is not None:
                        await stop_listening(waiting)
                    waiting = await asyncio.start_server(connect, "127.0.0.1", 0)
                    port = waiting.sockets[0].getsockname()[1]
                    said = b"227 (127,0,0,1,%d,%d)\r\n" % divmod(port, 256)
                elif verb == "RNFR":
                    source = name
                elif verb == "RNTO":
                    disk.asked_again = odd.says[:1] not in (b"4", b"5")
                    disk.renamed += odd.at != "RNTO"
                    disk.files[name] = disk.files.pop(source)
                closes = await say(writer, verb, said)
                if verb == "STOR" and odd.at != "STOR":
                    data, back = await came.get()
                    disk.files[name] = len(await data.read())
                    back.close()
                    closes = await say(writer, "DATA")
        if waiting is not None:
            await stop_listening(waiting)
        for each in (writer, *connected):
            each.transport.abort()

    async with served(serve) as port:
        yield port, disk


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    by_turns(metafunc, FTP, ZOO)


async def test_a_hostile_server_is_survived(kind: str, name: str) -> None:
    step, possible = ZOO[name]
    began = asyncio.get_running_loop().time()
    async with target(kind) as found, serving(step) as (port, disk):
        settings = redirected(found.settings(0), port)
        async with bounded(MEGABYTES), client(kind, settings, patience=0.5) as opened:
            outcome = await attempt(opened, message(kind, 1, "hello"))
    assert asyncio.get_running_loop().time() - began < LONG
    assert not outcome.accepted, outcome
    assert outcome.retry in possible, outcome
    assert disk.renamed == 0


@pytest.mark.parametrize(
    "step",
    [
        Step("FEAT", b"500 what?\r\n"),
        Step("QUIT", b"", closes=True),
        Step("QUIT", b""),
        Step("TYPE", b"200-\xe0\xe1\r\n200 \xff\r\n"),
        # The archive is there, so what is said of the transfer does not count.
        Step("DATA", b"426 no\r\n"),
        Step("DATA", b""),
        Step("DATA", b"", closes=True),
        Step("DATA", b"250 \xcf\xf0\xe8\xed\xff\xf2\r\n"),
    ],
    ids=lambda step: f"{step.at} {step.says!r}",
)
@pytest.mark.parametrize("channel", FTP)
async def test_an_odd_server_gets_the_archive(channel: str, step: Step) -> None:
    async with target(channel) as found, serving(step) as (port, disk):
        settings = redirected(found.settings(0), port)
        async with client(channel, settings) as opened:
            outcome = await attempt(opened, message(channel, 1, "hello"))
    assert outcome.accepted, outcome
    assert disk.renamed == 1
