"""Who is cut in the middle, or whose peer falls silent, leaves no connection open: clients, and the
sandbox that calls an application back."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
from yarl import URL

from devino_core import Client, Secret
from devino_core.portal import LoopThread
from devino_sandbox import CallbackKind, LocalSandbox, World
from devino_sandbox._poster import Poster
from tests._sockets import Ended, left_open, left_open_by_cuts, left_open_by_interrupts
from tests.attack._channels import FTP, KINDS, MAIL, SMPP, client, message, port_of, redirected
from tests.attack._proxy import Direction, Proxy, proxied

# Each Python closes connections, and cancels, in a way of its own.
pytestmark = pytest.mark.pythons

SAMPLE = ("rest", *SMPP, *MAIL, *FTP)
FROM_THE_START = "email-smtp, encrypted from the start"
_TURNS = 20
"""Of the loop, until a message is on its way."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "kind" not in metafunc.fixturenames:
        return
    kinds = KINDS if metafunc.config.getoption("--attack") == "full" else SAMPLE
    is_plain = "encrypted" not in metafunc.fixturenames
    metafunc.parametrize("kind", kinds if is_plain else (*kinds, FROM_THE_START))


@pytest.fixture(scope="module")
def plain() -> Iterator[LocalSandbox]:
    with LocalSandbox() as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def encrypted() -> Iterator[LocalSandbox]:
    with LocalSandbox(tls="self-signed") as sandbox:
        yield sandbox


@pytest.fixture
def trusted(encrypted: LocalSandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", encrypted.environ()["SSL_CERT_FILE"])


class Silenced:
    """A proxy before a sandbox, which at a word passes nothing on any more."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._running = AsyncExitStack()
        self._is_silent = threading.Event()
        self.port = 0

    async def open(self) -> None:
        self.port = (
            await self._running.enter_async_context(proxied(self._target, self._pass))
        ).port

    async def aclose(self) -> None:
        await self._running.aclose()

    def fall_silent(self) -> None:
        self._is_silent.set()

    async def _pass(
        self, proxy: Proxy, way: Direction, data: bytes, writer: asyncio.StreamWriter
    ) -> None:
        if self._is_silent.is_set():
            await asyncio.Event().wait()
        writer.write(data)


def settings_of(sandbox: LocalSandbox, kind: str) -> tuple[str, dict[str, Any]]:
    name = kind.partition(",")[0]
    settings = sandbox.settings(name)
    del settings["kind"]
    if kind == FROM_THE_START:
        port = sandbox.endpoints["email_smtps"].rpartition(":")[2]
        settings |= {"port": int(port), "tls": "tls"}
    return name, settings


def check_cuts(sandbox: LocalSandbox, kind: str) -> None:
    name, settings = settings_of(sandbox, kind)

    async def work() -> None:
        async with client(name, settings) as opened:
            await opened.send(message(name, 1, "text"))

    assert left_open_by_cuts(work) == {}


def test_a_cut_client_leaves_nothing_open(plain: LocalSandbox, kind: str) -> None:
    check_cuts(plain, kind)


@pytest.mark.usefixtures("trusted")
def test_a_cut_client_leaves_nothing_open_that_is_encrypted(
    encrypted: LocalSandbox, kind: str
) -> None:
    check_cuts(encrypted, kind)


@pytest.mark.usefixtures("trusted")
def test_a_client_does_not_wait_for_a_peer_to_end_tls(
    encrypted: LocalSandbox, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devino_plugins.kit.smtp._connection._FAREWELL", 0.0)
    monkeypatch.setattr("devino_plugins.smpp._session._UNBIND_TIMEOUT", 0.0)
    name, settings = settings_of(encrypted, kind)
    proxy = Silenced(port_of(settings))
    thread = LoopThread(proxy)
    try:

        async def work() -> None:
            async with client(name, redirected(settings, proxy.port)) as opened:
                await opened.send(message(name, 1, "text"))
                proxy.fall_silent()
                sending = asyncio.create_task(opened.send(message(name, 2, "unanswered")))
                for _ in range(_TURNS):
                    await asyncio.sleep(0)
                sending.cancel()
                await asyncio.wait([sending])

        assert left_open(work) == Ended([])
    finally:
        thread.stop()


def check_interrupts(sandbox: LocalSandbox, kind: str) -> None:
    if not hasattr(signal, "pthread_kill"):
        pytest.skip("this system interrupts no thread by a signal")
    name, settings = settings_of(sandbox, kind)

    def work() -> None:
        with Client({name: settings}) as opened:
            opened.send(message(name, 1, "text"))

    assert left_open_by_interrupts(work) == {}


def test_an_interrupted_blocking_client_leaves_nothing_open(plain: LocalSandbox, kind: str) -> None:
    check_interrupts(plain, kind)


@pytest.mark.usefixtures("trusted")
def test_an_interrupted_blocking_client_leaves_nothing_open_that_is_encrypted(
    encrypted: LocalSandbox, kind: str
) -> None:
    check_interrupts(encrypted, kind)


class Calling:
    """A World that calls a URL for each message that comes in."""

    def __init__(self, url: URL) -> None:
        self._world = World()
        [account] = self._world.accounts.values()
        account.callbacks = {"said": Secret(str(url))}
        kind = CallbackKind[str](
            verb="GET",
            write=lambda items: f"to={items[0]}".encode(),
            arrived=lambda one: one.sender,
            answered=lambda *_: self.taken.set(),
        )
        self.poster = Poster(self._world, {"said": kind})
        self.taken = asyncio.Event()

    def arrive(self) -> None:
        self._world.receive(sender="79161234567", to="1234", text="hello")


def url_of(sandbox: LocalSandbox) -> URL:
    """A URL that takes every call."""
    return URL(sandbox.endpoints["rest"]).with_path("/_sandbox/messages")


def check_calls(sandbox: LocalSandbox) -> None:
    async def work() -> None:
        calling = Calling(url_of(sandbox))
        async with calling.poster:
            calling.arrive()
            await calling.taken.wait()

    assert left_open_by_cuts(work) == {}


def test_a_sandbox_that_is_cut_as_it_calls_back_leaves_nothing_open(plain: LocalSandbox) -> None:
    check_calls(plain)


@pytest.mark.usefixtures("trusted")
def test_a_sandbox_that_is_cut_as_it_calls_back_leaves_nothing_open_that_is_encrypted(
    encrypted: LocalSandbox,
) -> None:
    check_calls(encrypted)


@pytest.mark.usefixtures("trusted")
def test_a_sandbox_does_not_wait_for_a_receiver_to_end_tls(encrypted: LocalSandbox) -> None:
    where = URL(url_of(encrypted))
    proxy = Silenced(where.port or 0)
    thread = LoopThread(proxy)
    try:

        async def work() -> None:
            calling = Calling(where.with_port(proxy.port))
            async with calling.poster:
                calling.arrive()
                await calling.taken.wait()
                proxy.fall_silent()
                calling.arrive()
                for _ in range(_TURNS):
                    await asyncio.sleep(0)

        assert left_open(work) == Ended([])
    finally:
        thread.stop()
