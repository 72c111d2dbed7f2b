"""FTP servers as they are: without SIZE, MLSD, REST or EPSV, with lies, in any charset."""

from __future__ import annotations

import asyncio
import io
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme
from pyftpdlib.ioloop import AsyncChat

from devino_core import AuthenticationFailed, Message, OutcomeUnknown, Rejected, Unavailable
from devino_core.testing import ManualClock
from devino_plugins.ftp._server import Server
from devino_sandbox import AnswerError, Drop, DropAnswer, Hang
from devino_sandbox.services.ftp._conversation import Conversation
from devino_sandbox.services.ftp._folders import Folders
from tests.channels._ftp import SHORT, channel, ftp_of, lying, order, served, taken, until

TO = "79031234567"
HELLO = [Message(TO, "Hello")]
ARRIVED = [(TO, "Hello")]
NAME = "demo_20260101120000.zip"


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Take commands away from the sandbox's server."""

    def take(*commands: str) -> None:
        known = {k: v for k, v in Conversation.proto_cmds.items() if k not in commands}
        monkeypatch.setattr(Conversation, "proto_cmds", known)

    return take


@pytest.mark.parametrize(
    "missing",
    [("SIZE",), ("SIZE", "MLSD", "MLST"), ("EPSV",), ("EPSV", "SIZE", "MLSD", "MLST"), ("FEAT",)],
    ids=" ".join,
)
async def test_a_server_needs_no_command_that_is_an_extension(
    without: Any, missing: tuple[str, ...]
) -> None:
    without(*missing)
    async with served(**SHORT) as wire:
        order(wire, "data", Drop())
        await wire.channel.send(HELLO)
        # The second of the same second takes the next name.
        ftp_of(wire)._last = None
        await wire.channel.send(HELLO)
        assert lying(wire) == [NAME, NAME.replace("000.", "001.")]
        assert await taken(wire) == ARRIVED * 2


async def test_a_server_that_resumes_nothing_gets_the_file_again(without: Any) -> None:
    without("REST")
    async with served(**SHORT) as wire:
        order(wire, "data", Drop())
        await wire.channel.send(HELLO)
        assert await taken(wire) == ARRIVED


@pytest.mark.parametrize("answer", [AnswerError(502), AnswerError(500)])
async def test_a_lost_last_reply_is_settled_without_size_too(
    without: Any, answer: AnswerError
) -> None:
    without("SIZE", "MLSD", "MLST")
    async with served(**SHORT) as wire:
        order(wire, "RNTO", DropAnswer())
        await wire.channel.send(HELLO)
        assert await taken(wire) == ARRIVED


async def test_an_address_that_a_reply_names_is_not_followed(
    without: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    without("EPSV")
    told: list[str] = []
    respond = Conversation.respond

    def lie(self: Conversation, resp: str, *args: Any) -> None:
        if resp.startswith("227"):
            # Nobody listens there.
            resp = resp.replace("127,0,0,1", "127,0,0,77")
            told.append(resp)
        respond(self, resp, *args)

    monkeypatch.setattr(Conversation, "respond", lie)
    async with served(**SHORT) as wire:
        await wire.channel.send(HELLO)
        assert await taken(wire) == ARRIVED
    assert told
    assert all("127,0,0,77" in reply for reply in told)


@pytest.mark.skipif(not hasattr(socket, "TCP_KEEPIDLE"), reason="this system cannot be asked")
async def test_a_control_connection_is_kept_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []
    leave = Server.leave

    def looking(self: Server) -> None:
        control = self._control
        seen.append(
            (
                control.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
                control.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
            )
        )
        leave(self)

    monkeypatch.setattr(Server, "leave", looking)
    async with served() as wire:
        await wire.channel.send(HELLO)
    assert seen == [(1, 60)]


async def test_a_goodbye_that_is_not_answered_costs_little() -> None:
    async with served(timeout=60) as wire:
        order(wire, "QUIT", Hang())
        async with asyncio.timeout(30):
            await wire.channel.send(HELLO)
        assert await taken(wire) == ARRIVED


# What becomes of an archive after the reply to the last command was lost.


async def test_a_second_rename_that_comes_too_late_is_no_refusal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The server carries the first RNTO out while the client looks."""
    async with served(**SHORT) as wire:
        folder = wire.world.of(Folders).of(wire.world.accounts["demo"])
        order(wire, "RNTO", Drop())

        def late(self: Conversation, path: str) -> None:
            (folder / f"{NAME}.part").rename(folder / NAME)
            self.respond("550 No such file.")

        async with asyncio.timeout(20):
            monkeypatch.setattr(Conversation, "ftp_RNTO", late)
            receipts = await wire.channel.send(HELLO)
        assert [receipt.error for receipt in receipts] == [None]
        assert await taken(wire) == ARRIVED


@pytest.mark.parametrize("verb", ["CONNECT", "USER", "PASS", "SIZE"])
async def test_whatever_is_refused_while_it_looks_the_outcome_is_not_known(verb: str) -> None:
    async with served(**SHORT) as wire:
        order(wire, "RNTO", DropAnswer())
        # The first conversation says SIZE four times, and everything else once.
        nth = 5 if verb == "SIZE" else 2
        order(wire, verb, AnswerError(530), nth=nth, times=None)
        with pytest.raises(OutcomeUnknown, match=NAME):
            await wire.channel.send(HELLO)


async def test_a_name_that_is_refused_leaves_nothing() -> None:
    async with served(**SHORT) as wire:
        order(wire, "RNTO", Drop())
        order(wire, "RNTO", AnswerError(553), nth=2)
        (receipt,) = await wire.channel.send(HELLO)
        assert isinstance(receipt.error, Rejected)
        assert receipt.error.code == 553
        assert lying(wire) == []


# Words.


async def test_what_a_server_says_may_be_of_any_charset(monkeypatch: pytest.MonkeyPatch) -> None:
    async with served(**SHORT) as wire:
        monkeypatch.setattr(
            Conversation, "push", lambda self, text: _push(self, text.encode("cp1251"))
        )
        order(wire, "PASS", AnswerError(530, "Неверный пароль"))
        with pytest.raises(AuthenticationFailed, match="530") as caught:
            await wire.channel.send(HELLO)
        assert str(caught.value).isprintable()
        await wire.channel.send(HELLO)
        assert await taken(wire) == ARRIVED


def _push(conversation: Conversation, data: bytes) -> None:
    AsyncChat.push(conversation, data)


async def test_a_refusal_to_resume_the_session_is_named(
    monkeypatch: pytest.MonkeyPatch, context: ssl.SSLContext
) -> None:
    stock = ssl.SSLContext.wrap_socket

    def forgetful(self: ssl.SSLContext, sock: socket.socket, **options: Any) -> ssl.SSLSocket:
        return stock(self, sock, **{**options, "session": None})

    monkeypatch.setattr(ssl.SSLContext, "wrap_socket", forgetful)
    async with served(context=context, tls="explicit", **SHORT) as wire:
        with pytest.raises(Unavailable, match="TLS session of the control connection"):
            await wire.channel.send(HELLO)


# Many data connections.


@pytest.fixture
def context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize(("endpoint", "mode"), [("ftp", "explicit"), ("ftps", "implicit")])
async def test_thirty_data_connections_of_one_conversation_resume_its_session(
    context: ssl.SSLContext, endpoint: str, mode: str, version: ssl.TLSVersion
) -> None:
    context.minimum_version = context.maximum_version = version
    async with served(context=context, endpoint=endpoint, tls=mode) as wire:
        channel = ftp_of(wire)
        settings = channel.settings
        assert settings.port is not None

        def converse() -> None:
            control = socket.create_connection((settings.host, settings.port), 10)
            server = Server(settings, control, channel._context)
            try:
                server.enter()
                for nth in range(30):
                    server.store("x.part", io.BytesIO(b"x" * nth * 1000), 0, lambda octets: None)
                    assert server.size_of("x.part") == nth * 1000
                server.leave()
            finally:
                server.close()

        await asyncio.to_thread(converse)
        assert lying(wire) == ["x.part"]


async def test_what_is_written_as_a_conversation_is_cut_stays_encrypted(
    monkeypatch: pytest.MonkeyPatch, context: ssl.SSLContext
) -> None:
    ends: list[str | None] = []
    shutdown = socket.socket.shutdown

    async with served(context=context, endpoint="ftps", tls="implicit") as wire:
        settings = ftp_of(wire).settings

        def converse() -> None:
            control = socket.create_connection((settings.host, settings.port or 0), 10)
            server = Server(settings, control, ftp_of(wire)._context)

            def shut(self: socket.socket, how: int) -> None:
                # Now its thread may write its password.
                assert isinstance(self, ssl.SSLSocket)
                ends.append(self.version())
                shutdown(self, how)

            try:
                server.enter()
                with monkeypatch.context() as patched:
                    patched.setattr(socket.socket, "shutdown", shut)
                    server.cut()
                with pytest.raises((OSError, EOFError)):
                    server.voidcmd("NOOP")
            finally:
                server.close()

        await asyncio.to_thread(converse)
    assert ends == ["TLSv1.3"]


async def test_a_handshake_that_hangs_ends_when_the_send_is_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    silent = socket.create_server(("127.0.0.1", 0))
    with silent:
        port = silent.getsockname()[1]
        entered: list[str] = []
        use = Server._use

        def using(self: Server, control: socket.socket) -> None:
            use(self, control)
            entered.append(type(control).__name__)

        monkeypatch.setattr(Server, "_use", using)
        settings = {"host": "127.0.0.1", "port": port, "tls": "implicit", "connect_timeout": 60}
        async with channel(ManualClock(), **settings) as made:
            sending = asyncio.create_task(made.send(HELLO))
            await until(lambda: "SSLSocket" in entered)
            sending.cancel()
            async with asyncio.timeout(10):
                with pytest.raises(asyncio.CancelledError):
                    await sending
