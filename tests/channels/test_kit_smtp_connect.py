"""How a connection to a mail server begins, and what is said where none comes about."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
import trustme

from devino_core import (
    AuthenticationFailed,
    ConnectFailed,
    DevinoError,
    Message,
    Receipt,
    Rejected,
    State,
    Unavailable,
)
from devino_core.resolving import resolve
from devino_core.testing import ManualClock
from devino_plugins.kit.dialing import dial
from devino_sandbox import Hang, Sandbox
from tests.channels._canary import reported, shows, spellings
from tests.channels._mailed import channel, mailed, order
from tests.channels._sandboxed import PASSWORD as CANARY

pytestmark = pytest.mark.pythons

TO = "79031234567"
NAME, PASSWORD = "mailer", "canary-77ab"
LOGIN = {"smtp_username": NAME, "smtp_password": PASSWORD}
Answer = Callable[[bytes], bytes]


class Mouth:
    """A mail server that says what it is told to, and the lines that it heard."""

    def __init__(self, said: dict[bytes, bytes], *, greeting: bytes = b"220 hello\r\n") -> None:
        self.heard: list[bytes] = []
        self.connections = 0
        self._said = {b"DATA": b"354 go\r\n", b"QUIT": b"221 bye\r\n", **said}
        self._greeting = greeting

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.write(self._greeting)
        with contextlib.suppress(ConnectionError):
            in_mail = False
            async for line in reader:
                line = line.rstrip(b"\r\n")
                if not in_mail:
                    self.heard.append(line)
                elif line != b".":
                    continue
                reply = next(
                    (reply for word, reply in self._said.items() if line.startswith(word)),
                    b"250 OK\r\n",
                )
                in_mail = reply.startswith(b"354")
                writer.write(reply)
                if line == b"QUIT":
                    break
        writer.close()


@asynccontextmanager
async def listening(
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], object],
) -> AsyncIterator[int]:
    tasks: list[asyncio.Task[object]] = []

    async def remembered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(cast("asyncio.Task[object]", asyncio.current_task()))
        await serve(reader, writer)  # type: ignore[misc]

    server = await asyncio.start_server(remembered, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*tasks)


async def sent(
    port: int, texts: Sequence[str] = ("a",), *, host: str = "127.0.0.1", **settings: object
) -> list[Receipt]:
    async with channel(ManualClock(), host=host, port=port, **settings) as sending:
        return await sending.send([Message(TO, text) for text in texts])


async def refused(port: int, **settings: Any) -> DevinoError:
    with pytest.raises(DevinoError) as caught:
        await sent(port, **settings)
    return caught.value


# Names and addresses


def _answers(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    def getaddrinfo(_: str, port: int, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@contextlib.contextmanager
def black_hole(host: str, port: int) -> Iterator[None]:
    """An address that answers no attempt to connect: its queue is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(0)
        for _ in range(3):
            filling = stack.enter_context(socket.socket())
            filling.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filling.connect((host, port))
        yield


async def test_an_address_that_swallows_connections_does_not_hide_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with Sandbox(discover=False) as sandbox:
        host, _, port = sandbox.endpoints["smtp"].rpartition(":")
        _answers(monkeypatch, "127.0.0.2", host)
        with black_hole("127.0.0.2", int(port)):
            (receipt,) = await sent(
                int(port), host="mail.example.org", password="demo", connect_timeout=5.0
            )
    assert receipt.status.state is State.ACCEPTED


async def test_an_address_that_refuses_does_not_hide_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with listening(Mouth({})) as port:
        _answers(monkeypatch, "127.0.0.3", "127.0.0.2", "127.0.0.1")
        (receipt,) = await sent(port, host="mail.example.org")
        assert receipt.status.state is State.ACCEPTED
        _answers(monkeypatch, "127.0.0.3", "127.0.0.2")
        error = await refused(port, host="mail.example.org")
    assert error.said == "no connection to mail.example.org: Connection refused"


async def test_addresses_that_all_swallow_connections_are_given_up_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with listening(Mouth({})) as port:
        _answers(monkeypatch, "127.0.0.2")
        with black_hole("127.0.0.2", port):
            error = await refused(port, host="mail.example.org", connect_timeout=0.3)
    assert isinstance(error, ConnectFailed)
    assert "no answer of its addresses within 0.3 s" in str(error)


def test_a_name_server_that_is_silent_holds_up_neither_the_error_nor_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answered.wait(60))
    monkeypatch.setattr(socket, "getfqdn", lambda: answered.wait(60) and "")
    monkeypatch.setattr("devino_plugins.kit.smtp._peer._OWN_NAME", 0.05)
    before = time.monotonic()
    try:
        error = asyncio.run(
            refused(25, host="mail.example.org", connect_timeout=0.2, local_hostname=None)
        )
        # Not even the loop's end waits for it.
        assert time.monotonic() - before < 30
    finally:
        answered.set()
    assert isinstance(error, ConnectFailed)
    assert "no answer of the name server within 0.2 s" in str(error)


async def test_a_name_that_nobody_has_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody)
    error = await refused(25, host="mail.example.org")
    assert isinstance(error, ConnectFailed)
    assert error.said == (
        "no connection to mail.example.org: its name has no address: Name or service not known"
    )


# What the server says of the connection


REFUSED = {
    "busy": Mouth({}, greeting=b"421 Too many connections\r\n"),
    "blacklisted": Mouth({}, greeting=b"554 blacklisted\r\n"),
    "no ESMTP": Mouth({b"EHLO": b"502 what?\r\n"}),
    "EHLO refused": Mouth({b"EHLO": b"550 not you\r\n"}),
}


@pytest.mark.parametrize("how", REFUSED)
async def test_a_refused_connection_fails_the_call_and_refuses_no_message(how: str) -> None:
    mouth = REFUSED[how]
    async with listening(mouth) as port:
        error = await refused(port)
    assert isinstance(error, ConnectFailed)
    assert not isinstance(error, Rejected)
    assert "the mail server refused the connection" in str(error)


async def test_those_who_wait_for_the_first_connection_fail_with_it() -> None:
    mouth = Mouth({}, greeting=b"554 blacklisted\r\n")
    async with (
        listening(mouth) as port,
        channel(ManualClock(), host="127.0.0.1", port=port, connections=4) as sending,
    ):
        outcomes = await asyncio.gather(
            *[sending.send([Message(TO, text)]) for text in "abcd"], return_exceptions=True
        )
        assert mouth.connections == 1
        assert {type(outcome) for outcome in outcomes} == {ConnectFailed}
        assert len({id(outcome) for outcome in outcomes}) == 4
        # What was refused once is asked again by whoever comes later.
        with pytest.raises(ConnectFailed):
            await sending.send([Message(TO, "e")])
        assert mouth.connections == 2


# Logging in


def offering(*methods: bytes, **said: bytes) -> dict[bytes, bytes]:
    return {
        b"EHLO": b"250-hello\r\n250 AUTH " + b" ".join(methods) + b"\r\n",
        **{name.encode().replace(b"_", b" "): reply for name, reply in said.items()},
    }


def attempts(mouth: Mouth) -> list[bytes]:
    return [line.split(b" ")[1] for line in mouth.heard if line.startswith(b"AUTH")]


async def test_a_wrong_password_is_tried_once_whatever_the_mechanisms_and_connections() -> None:
    mouth = Mouth(offering(b"CRAM-MD5", b"PLAIN", b"LOGIN", AUTH=b"535 5.7.8 wrong\r\n"))
    async with listening(mouth) as port:
        with pytest.raises(AuthenticationFailed) as caught:
            await sent(port, "abcdefgh", **LOGIN)
    assert len(attempts(mouth)) == 1
    assert (caught.value.code, caught.value.description) == (
        535,
        "the mail server refused the login: 5.7.8 wrong",
    )


@pytest.mark.parametrize("code", [b"501", b"504"])
async def test_a_mechanism_that_is_offered_and_not_known_gives_way_to_the_next(code: bytes) -> None:
    mouth = Mouth(
        {
            b"AUTH LOGIN": b"334 VXNlcm5hbWU6\r\n",
            base64.b64encode(NAME.encode()): b"334 UGFzc3dvcmQ6\r\n",
            base64.b64encode(PASSWORD.encode()): b"235 welcome\r\n",
            **offering(b"CRAM-MD5", b"PLAIN", b"LOGIN", AUTH=code + b" what?\r\n"),
        }
    )
    async with listening(mouth) as port:
        (receipt,) = await sent(port, **LOGIN)
    assert receipt.status.state is State.ACCEPTED
    assert attempts(mouth) == [b"CRAM-MD5", b"PLAIN", b"LOGIN"]
    # The name goes in a line of its own, which every server takes.
    assert b"AUTH LOGIN" in mouth.heard


async def test_cram_md5_is_the_manuals_example() -> None:
    """RFC 2195, 2."""
    challenge = base64.b64encode(b"<1896.697170952@postoffice.reston.mci.net>")
    digest = base64.b64encode(b"tim b913a602c7eda7a495b4e6e7334d3890")
    mouth = Mouth(
        {digest: b"235 welcome\r\n", **offering(b"CRAM-MD5", AUTH=b"334 " + challenge + b"\r\n")}
    )
    async with listening(mouth) as port:
        (receipt,) = await sent(port, smtp_username="tim", smtp_password="tanstaaftanstaaf")
    assert receipt.status.state is State.ACCEPTED
    assert digest in mouth.heard


async def test_a_refused_login_is_told_in_the_servers_words_without_the_password() -> None:
    plain = base64.b64encode(f"\0{NAME}\0{PASSWORD}".encode())
    said = (
        b"534-5.7.9 Application-specific password required.\r\n"
        b"534 5.7.9 you said AUTH PLAIN " + plain + b" and " + plain[:20] + b"... " + plain[3:17]
    )
    mouth = Mouth(offering(b"PLAIN", AUTH=said + b"\r\n"))
    async with listening(mouth) as port:
        error = await refused(port, **LOGIN)
    assert isinstance(error, AuthenticationFailed)
    assert error.description == (
        "the mail server refused the login: 5.7.9 Application-specific password required. "
        "5.7.9 you said AUTH PLAIN *** and *** ***"
    )


@pytest.mark.parametrize("reply", [b"334 again\r\n", b"250\r\n", b"199 what\r\n", b"junk\r\n"])
async def test_an_odd_answer_to_a_login_is_a_connection_that_failed_or_a_login(
    reply: bytes,
) -> None:
    mouth = Mouth(offering(b"PLAIN", AUTH=reply))
    async with listening(mouth) as port:
        try:
            (receipt,) = await sent(port, **LOGIN)
        except Unavailable as error:
            assert "AUTH" in str(error)  # noqa: PT017
        else:
            assert reply.startswith(b"2")
            assert receipt.status.state is State.ACCEPTED


# TLS where there is none, and the other way round


async def test_a_server_without_tls_from_the_start_is_told_by_its_setting() -> None:
    async with listening(Mouth({})) as port:
        error = await refused(port, tls="tls")
    assert isinstance(error, ConnectFailed)
    assert "it speaks no TLS on this port" in str(error)
    assert 'tls = "starttls"' in str(error)


async def test_a_server_that_waits_for_tls_is_told_by_its_setting(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(asyncio.Protocol, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    error = await refused(port, tls="starttls", connect_timeout=0.3)
    server.close()
    assert isinstance(error, ConnectFailed)
    assert "no greeting within 0.3 s" in str(error)
    assert 'tls = "tls"' in str(error)


@pytest.mark.parametrize("tls", ["starttls", "tls"])
async def test_a_server_that_breaks_off_while_tls_is_agreed_is_said_so(tls: str) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if tls == "starttls":
            writer.write(b"220 hello\r\n")
            await reader.readline()
            writer.write(b"250-hello\r\n250 STARTTLS\r\n")
            await reader.readline()
            writer.write(b"220 go\r\n")
        await reader.read(1)
        writer.transport.abort()

    async with listening(serve) as port:
        error = await refused(port, tls=tls)
    assert isinstance(error, ConnectFailed)
    assert "before TLS was agreed" in str(error)


# Bytes of other charsets


ODD = {
    "cp1251": ("принято".encode("cp1251"), "принято"),
    "utf-8": ("принято".encode(), "принято"),
    # Of GBK nobody tells us; what stands there can be printed, and be turned back.
    "gbk": ("黑名单".encode("gbk"), "黑名单".encode("gbk").decode("cp1251")),
    "no letter of windows-1251": (b"a\x98b", "a\\x98b"),
    "an escape": (b"\x1b[31mred\x9b", "\\x1b[31mred›"),
}


@pytest.mark.parametrize("charset", ODD)
@pytest.mark.parametrize("where", ["taken", "refused", "busy", "greeting", "EHLO", "AUTH"])
async def test_a_reply_in_another_charset_can_be_printed_logged_and_stored(
    where: str, charset: str
) -> None:
    raw, text = ODD[charset]
    said = {
        "taken": {b".": b"250 " + raw + b"\r\n"},
        "refused": {b"RCPT": b"550 " + raw + b"\r\n"},
        "busy": {b"MAIL": b"451 " + raw + b"\r\n"},
        "EHLO": {b"EHLO": b"550 " + raw + b"\r\n"},
        "AUTH": offering(b"PLAIN", AUTH=b"535 " + raw + b"\r\n"),
    }.get(where, {})
    greeting = b"554 " + raw + b"\r\n" if where == "greeting" else b"220 hello\r\n"
    login = LOGIN if where == "AUTH" else {}
    async with listening(Mouth(said, greeting=greeting)) as port:
        try:
            (receipt,) = await sent(port, **login)
        except DevinoError as error:
            shown = str(error)
        else:
            shown = receipt.status.description
            stored = msgspec.json.encode(receipt.status)
            assert json.loads(stored)["description"] == shown
    assert text in shown
    assert shown.encode()
    assert shown.isprintable()


# Secrets


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "AUTH", "MAIL", "RCPT", "DATA-BEGIN", "DATA"])
@pytest.mark.parametrize("how", ["timeout", "cancel"])
async def test_a_send_that_its_caller_gives_up_shows_no_password(how: str, verb: str) -> None:
    async with mailed(smtp_username="demo", smtp_password=CANARY) as wire:
        order(wire, verb, Hang())
        sending = asyncio.ensure_future(wire.channel.send([Message(TO, "привет")]))
        while wire.world.faults:  # noqa: ASYNC110 - nobody tells when
            await asyncio.sleep(0)
        raised: BaseException
        if how == "timeout":
            with pytest.raises(TimeoutError) as timed_out:
                async with asyncio.timeout(0.05):
                    await sending
            raised = timed_out.value
        else:
            sending.cancel()
            with pytest.raises(asyncio.CancelledError) as cancelled:
                await sending
            raised = cancelled.value
    told = reported(raised)
    if raised.__context__ is not None:
        told += reported(raised.__context__)
    login = base64.b64encode(f"\0demo\0{CANARY}".encode()).decode()
    assert not [text for text in told if shows(text, {login, *spellings(CANARY)})]


@pytest.mark.parametrize("verb", [b"MAIL", b"RCPT", b"DATA", b"."])
async def test_a_refusal_that_repeats_the_password_is_masked_in_every_frame(verb: bytes) -> None:
    mouth = Mouth({verb: b"451 your password secret-9 is weak\r\n"})
    async with listening(mouth) as port:
        error = await refused(port, password="secret-9")
    assert "your password *** is weak" in str(error)
    assert not [told for told in reported(error) if "secret-9" in told]


# Sockets


@pytest.mark.parametrize(
    ("family", "host"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")]
)
async def test_an_address_asks_no_name_server(
    family: socket.AddressFamily, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked(*_: object, **__: object) -> list[object]:
        raise AssertionError("somebody was asked")

    monkeypatch.setattr(socket, "getaddrinfo", asked)
    (found,) = await resolve(host, 25)
    assert (found.family, found.sockaddr[:2]) == (family, (host, 25))


@pytest.mark.skipif(not hasattr(socket, "TCP_NODELAY"), reason="this system cannot be asked")
async def test_nothing_waits_for_nagle() -> None:
    async with listening(Mouth({})) as port:
        connected = await dial(await resolve("127.0.0.1", port))
        transport, _ = await asyncio.get_running_loop().create_connection(
            asyncio.Protocol, sock=connected
        )
        assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        transport.close()
