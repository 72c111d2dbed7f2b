"""Mail servers that nobody would write, spoken to over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from typing import cast

import pytest

from devino_core import DevinoError, Message, Receipt, Retry, Unavailable
from devino_core.testing import ManualClock
from tests.channels._mailed import channel

pytestmark = [pytest.mark.pythons, pytest.mark.attack]

TO = "79031234567"


@pytest.mark.parametrize(
    ("name", "greeted"),
    [("mail.example.org", "mail.example.org"), ("ПК-Иван", "[127.0.0.1]"), ("pc", "[127.0.0.1]")],
)
async def test_this_machine_introduces_itself_by_its_full_name(
    monkeypatch: pytest.MonkeyPatch, name: str, greeted: str
) -> None:
    monkeypatch.setattr(socket, "getfqdn", lambda: name)
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 hello\r\n")
        heard.append(await reader.readline())
        writer.write(b"421 goodbye\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with channel(
        ManualClock(), host="127.0.0.1", port=port, local_hostname=None
    ) as introduced:
        with pytest.raises(Unavailable):
            await introduced.send([Message(TO, "a")])
    server.close()
    assert heard == [f"EHLO {greeted}\r\n".encode()]


JUNK = [
    b"",
    b"\r\n",
    b"hello\r\n",
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    b"250\r\n" * 3,
    b"199 what\r\n",
    b"999 what\r\n",
    b"-50 what\r\n",
    b"250-and so on\r\n" * 5_000,
    b"250 " + b"a" * 100_000,
    b"\xff\xfe\x00\r\n",
    b"554-\xd0\xbd\r\n554 \xff\r\n",
]


ORDERLY = [b"220 hello\r\n", b"250 hello\r\n", b"250 OK\r\n", b"250 OK\r\n", b"354 go\r\n"]


@pytest.mark.parametrize("junk", JUNK)
async def test_whatever_a_server_says_is_a_receipt_or_an_error_of_ours(junk: bytes) -> None:
    async def told(orderly: int) -> object:
        said = iter([*ORDERLY[:orderly], junk])

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(next(said))
            for line in said:
                if line is junk and orderly == len(ORDERLY):
                    await reader.readuntil(b"\r\n.\r\n")
                else:
                    await reader.readline()
                writer.write(line)
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        try:
            async with channel(ManualClock(), host="127.0.0.1", port=port) as sending:
                return (await sending.send([Message(TO, "a")]))[0]
        except DevinoError as error:
            return error
        finally:
            server.close()

    for outcome in await asyncio.gather(*map(told, range(len(ORDERLY) + 1))):
        assert isinstance(outcome, DevinoError | Receipt)
        if isinstance(outcome, DevinoError):
            assert len(str(outcome).encode()) < 500


AHEAD = {
    "the greeting": b"220 hello\r\n250 early\r\n",
    "EHLO": b"250 hello\r\n250 early\r\n",
    "DATA": b"354 go\r\n250 early\r\n",
    "half a line": b"354 go\r\n250",
    "RCPT": b"250 OK\r\n354 early\r\n",
    "the mail": b"250 taken\r\n554 one too many\r\n",
}


@pytest.mark.parametrize("when", AHEAD)
async def test_no_mail_gets_the_reply_to_another(when: str) -> None:
    """A server that says too much once: its replies are from then on one behind."""
    ends = {"RCPT": b"RCPT", "the mail": b".", "EHLO": b"EHLO"}
    faulty: list[bytes] = [AHEAD[when]]
    taken: list[bytes] = []
    serving: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(cast("asyncio.Task[None]", asyncio.current_task()))
        writer.write(faulty.pop() if when == "the greeting" and faulty else b"220 hello\r\n")
        async for line in reader:
            verb = line[:4].strip().upper()
            answer = {b"DATA": b"354 go\r\n", b"QUIT": b"221 bye\r\n"}.get(verb, b"250 OK\r\n")
            if faulty and verb == ends.get(when, b"DATA"):
                answer = faulty.pop()
            writer.write(answer)
            if verb == b"DATA":
                with contextlib.suppress(asyncio.IncompleteReadError):
                    taken.append(await reader.readuntil(b"\r\n.\r\n"))
                    told = faulty.pop() if faulty else b"250 taken\r\n"
                    writer.write(told)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    outcomes: list[object] = []
    async with channel(ManualClock(), host="127.0.0.1", port=port) as sending:
        for text in ("a", "b"):
            before = len(taken)
            try:
                (receipt,) = await sending.send([Message(TO, text)])
                outcomes.append((receipt.status.code, len(taken) - before))
            except DevinoError as error:
                outcomes.append((error.retry, len(taken) - before))
    server.close()
    await asyncio.gather(*serving)
    # What is said too much before the first mail is of no mail.
    first = (250, 1) if when in ("the greeting", "EHLO", "the mail") else (Retry.SAFE, 0)
    assert outcomes == [first, (250, 1)]
