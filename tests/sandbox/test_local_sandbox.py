"""The sandbox for code that does not await, in this process and in another one."""

from __future__ import annotations

import json
import os
import re
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from devino_core import (
    Client,
    ConfigurationError,
    ConnectFailed,
    InsufficientFunds,
    Message,
    Plugins,
    Secret,
    Service,
    State,
    Throttled,
    read_config,
)
from devino_core.clock import ManualClock
from devino_sandbox import (
    Account,
    AnswerHttp,
    Fault,
    LocalSandbox,
    Pace,
    RemoteSandbox,
    SandboxControl,
    World,
)

pytestmark = pytest.mark.pythons


@pytest.fixture(scope="module")
def server() -> Iterator[LocalSandbox]:
    with LocalSandbox(clock="driven") as sandbox:
        yield sandbox


@pytest.fixture(params=["local", "remote"])
def sandbox(request: pytest.FixtureRequest, server: LocalSandbox) -> SandboxControl:
    """The same sandbox, in this process and as another one sees it."""
    server.reset()
    base = server.endpoints["inspect"].removesuffix("/_sandbox")
    return server if request.param == "local" else RemoteSandbox(base)


@pytest.fixture
def client(sandbox: SandboxControl) -> Iterator[Client]:
    with Client({"rest": sandbox.settings(sender="DEVINO")}) as client:
        yield client


def hello(text: str = "Hello", to: str = "79031234567") -> Message:
    return Message(to, text)


# What arrived


def test_what_arrived_is_listed_and_chosen(sandbox: SandboxControl, client: Client) -> None:
    client.send_many([hello("Code 1234"), hello("Order 17"), hello("code 99", "79031234568")])
    assert [one.text for one in sandbox.messages()] == ["Code 1234", "Order 17", "code 99"]
    assert [one.text for one in sandbox.messages(to="+7 903 123-45-68")] == ["code 99"]
    assert [one.text for one in sandbox.messages(text="CODE")] == ["Code 1234", "code 99"]
    exact = re.compile(r"\bcode \d{2}$", re.IGNORECASE)
    assert [one.text for one in sandbox.messages(text=exact)] == ["code 99"]
    assert sandbox.messages(state=State.DELIVERED) == []
    assert len(sandbox.messages(state=State.ACCEPTED)) == 3


def test_what_another_thread_sends_is_waited_for(sandbox: SandboxControl, client: Client) -> None:
    sending = threading.Thread(target=client.send_many, args=([hello("1"), hello("2")],))
    sending.start()
    try:
        found = sandbox.wait_for(count=2, timeout=30)
    finally:
        sending.join()
    assert [one.text for one in found] == ["1", "2"]
    assert [one.text for one in sandbox.wait_for(text=re.compile("^2$"))] == ["2"]
    for text in ("3", re.compile("3")):
        with pytest.raises(TimeoutError, match="0 of 1"):
            sandbox.wait_for(text=text, timeout=0.01)


def test_assertions_tell_what_is_there_instead(sandbox: SandboxControl, client: Client) -> None:
    sandbox.assert_nothing_sent()
    with pytest.raises(AssertionError, match="expected a message, found 0; there is none"):
        sandbox.assert_sent()
    client.send(hello("Order 17"))
    [found] = sandbox.assert_sent(to="79031234567", text="order", count=1)
    assert found.text == "Order 17"
    with pytest.raises(AssertionError) as caught:
        sandbox.assert_sent(to="79031234568", text=re.compile("17$"), count=2)
    assert str(caught.value) == (
        "expected 2 messages with to='79031234568', text='17$', found 0; there are:\n"
        "  rest SMS DEVINO > 79031234567 'Order 17' ACCEPTED"
    )
    with pytest.raises(AssertionError, match="expected no message; there are:"):
        sandbox.assert_nothing_sent()


def test_a_refused_message_was_not_sent_but_is_seen(server: LocalSandbox) -> None:
    server.reset()
    server.configure(senders=["SHOP"])
    with Client({"rest": server.settings(sender="OTHER")}) as client:
        assert client.send(hello()).refused
    with pytest.raises(AssertionError, match="refused: "):
        server.assert_sent()
    with pytest.raises(AssertionError, match="refused: "):
        server.assert_nothing_sent()
    [call] = server.journal(failed=True)
    assert (call.protocol, call.operation) == ("rest", "Sms/Send")
    said = server.described().splitlines()
    assert len(said) == 2
    assert said[1].endswith(f"failed: rest Sms/Send > {call.outcome}")


# What happens


def test_time_passes_when_it_is_told_to(sandbox: SandboxControl, client: Client) -> None:
    receipt = client.send(hello(to="79990000046"))
    assert client.status(receipt).state is State.ACCEPTED
    sandbox.advance(timedelta(hours=47))
    assert client.status(receipt).state is State.EXPIRED


def test_a_month_passes_at_once(sandbox: SandboxControl) -> None:
    begun = time.process_time()
    sandbox.advance(timedelta(days=30))
    # Services look about every few seconds, and nobody waits for each of those looks.
    assert time.process_time() - begun < 5


def test_a_subscriber_writes(sandbox: SandboxControl, client: Client) -> None:
    incoming = sandbox.reply("79031234567", "1234", "yes")
    at = incoming.at
    [received] = client.inbox(at - timedelta(seconds=1), at + timedelta(seconds=1))
    assert (received.sender, received.to, received.text) == ("79031234567", "1234", "yes")


def test_a_failure_is_ordered_and_strikes_once(sandbox: SandboxControl, client: Client) -> None:
    sandbox.fault(Fault(operation="Sms/Send", action=AnswerHttp(429)))
    with pytest.raises(Throttled):
        client.send(hello())
    client.send(hello())
    assert len(sandbox.journal(failed=True)) == 1
    with pytest.raises(ValueError, match="no operation 'Sms/Sent'"):
        sandbox.fault(Fault(protocol="rest", operation="Sms/Sent", action=AnswerHttp(429)))


def test_a_state_is_decided_by_hand(sandbox: SandboxControl, client: Client) -> None:
    receipt = client.send(hello())
    [message] = sandbox.messages()
    assert sandbox.force(message, State.UNDELIVERABLE).state is State.UNDELIVERABLE
    assert client.status(receipt).state is State.UNDELIVERABLE


def test_a_reset_forgets_all_and_a_client_works_on(sandbox: SandboxControl, client: Client) -> None:
    client.send(hello())
    sandbox.fault(Fault(action=AnswerHttp(500), times=None))
    sandbox.advance(timedelta(days=30))
    balance = Decimal(1_000_000)
    sandbox.reset()
    assert (sandbox.messages(), sandbox.journal()) == ([], [])
    assert client.balance() == balance
    client.send(hello())
    sandbox.assert_sent(count=1)


def test_a_reset_puts_a_driven_clock_to_the_present(server: LocalSandbox) -> None:
    server.advance(timedelta(days=30))
    server.reset()
    away = abs(server.call(server.world.clock.now) - datetime.now(UTC))
    assert away < timedelta(minutes=1)


def test_the_world_is_made_otherwise_until_the_next_reset(server: LocalSandbox) -> None:
    server.reset()
    server.configure(balance="1", strict=True, pace="instant", senders=["SHOP"])
    with Client({"rest": server.settings()}) as client:
        assert client.channel("rest").settings.sender == "SHOP"
        with pytest.raises(InsufficientFunds):
            client.send(hello())
    assert server.world.strict
    server.reset()
    with Client({"rest": server.settings(sender="OTHER")}) as client:
        assert client.status(client.send(hello())).state is State.ACCEPTED
    assert (server.world.strict, server.world.pace) == (False, Pace())


def test_anything_else_is_done_in_the_thread_of_the_world(server: LocalSandbox) -> None:
    async def thread() -> int:
        return threading.get_ident()

    assert server.call(threading.get_ident) == server.call(thread) != threading.get_ident()
    with pytest.raises(ValueError, match="to: is empty"):
        server.call(server.world.receive, sender="79031234567", text="a")


# Settings


@pytest.mark.parametrize(
    "kind", ["rest", "rest-v2", "smpp", "email2sms", "xml", "soap", "soap-v2", "viber", "ftp"]
)
def test_settings_of_every_kind_lead_here(sandbox: SandboxControl, kind: str) -> None:
    with Client({"any": sandbox.settings(kind, sender="SHOP")}) as client:
        assert type(client.channel("any")) is Plugins().load(Plugins().channel_spec(kind))
        assert client.channel("any").settings.sender == "SHOP"
        if kind not in ("viber", "ftp"):
            client.send(hello())
            [message] = sandbox.wait_for(text="Hello")
            assert (message.via, message.sender) == (kind, "SHOP")


@pytest.mark.parametrize("kind", ["2fa", "addressbook"])
def test_settings_of_a_service_lead_here(sandbox: SandboxControl, kind: str) -> None:
    with Client({}, services={kind: sandbox.settings(kind)}) as client:
        service = client.service(kind)
        assert isinstance(service, Service)
        if kind == "addressbook":
            client.call(service.try_login)


def test_an_unknown_kind_is_named_with_the_nearest(sandbox: SandboxControl) -> None:
    with pytest.raises(ConfigurationError, match=r"no service for the kind 'smp': did you mean 's"):
        sandbox.settings("smp")


def test_the_environment_says_the_same(sandbox: SandboxControl) -> None:
    environ = sandbox.environ("rest", "smpp", "rest-v2")
    assert sandbox.environ() == {
        name: value for name, value in environ.items() if name.startswith("DEVINO__REST__")
    }
    with Client(read_config(environ=environ)) as client:
        assert list(client.channels) == ["rest", "rest-v2", "smpp"]
        for name in client.channels:
            client.send(hello(), channel=name)
    assert {one.via for one in sandbox.wait_for(count=3)} == {"rest", "rest-v2", "smpp"}


# Its life


def test_the_world_may_be_ones_own() -> None:
    threads = []

    def world() -> World:
        threads.append(threading.get_ident())
        account = Account(login="me", password=Secret("hunter2"), senders=frozenset({"ME"}))
        return World([account], clock=ManualClock(datetime(2026, 1, 1, tzinfo=UTC)))

    with LocalSandbox(world) as sandbox:
        assert threads == [sandbox.call(threading.get_ident)]
        settings = sandbox.settings()
        assert (settings["login"], settings["password"]) == ("me", Secret("hunter2"))
        assert settings["sender"] == "ME"
        assert "hunter2" in sandbox.environ().values()
        sandbox.advance(timedelta(hours=1))
        assert sandbox.call(sandbox.world.clock.now) == datetime(2026, 1, 1, 1, tzinfo=UTC)
        # Whoever brings a clock puts it back, too.
        sandbox.reset()
        assert sandbox.call(sandbox.world.clock.now) == datetime(2026, 1, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="clock: the World that `world` makes brings its own"):
        LocalSandbox(world, clock="driven")


def test_a_clock_that_runs_by_itself_is_not_moved() -> None:
    with LocalSandbox() as sandbox:
        base = sandbox.endpoints["inspect"].removesuffix("/_sandbox")
        for control in (sandbox, RemoteSandbox(base)):
            with pytest.raises(ConfigurationError, match="runs by itself"):
                control.advance(timedelta(seconds=1))


def test_what_does_not_run_says_so() -> None:
    sandbox = LocalSandbox()
    with pytest.raises(RuntimeError, match="start the sandbox first"):
        sandbox.messages()
    assert [sandbox.is_running] == [False]
    with sandbox:
        assert [sandbox.is_running] == [True]
        with pytest.raises(RuntimeError, match="runs already"):
            sandbox.start()
        endpoint = sandbox.endpoints["rest"]
    assert [sandbox.is_running] == [False]
    with pytest.raises(RuntimeError, match="start the sandbox first"):
        _ = sandbox.endpoints
    sandbox.stop()
    settings = {"login": "demo", "password": "demo", "base_url": endpoint, "sender": "DEVINO"}
    with Client({"rest": settings}) as client, pytest.raises(ConnectFailed):
        client.send(hello())
    with sandbox:
        assert sandbox.messages() == []


def test_a_port_that_is_in_use_is_refused_and_leaves_no_thread() -> None:
    with LocalSandbox() as sandbox:
        port = int(sandbox.endpoints["inspect"].split(":")[2].split("/")[0])
        before = threading.active_count()
        second = LocalSandbox(http_port=port)
        with pytest.raises(ConfigurationError, match=f"port {port}"):
            second.start()
        assert not second.is_running
        assert threading.active_count() == before


def test_a_program_that_forgets_to_stop_it_ends_all_the_same() -> None:
    program = "from devino_sandbox import LocalSandbox; s = LocalSandbox().start(); print('up')"
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert (ended.stdout, ended.stderr) == ("up\n", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_is_told_that_the_thread_stayed() -> None:
    with LocalSandbox() as sandbox:
        pid = os.fork()
        if not pid:
            try:
                sandbox.messages()
            except RuntimeError as error:
                os._exit(0 if "before a fork" in str(error) else 2)
            os._exit(1)
        _, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert sandbox.messages() == []


def test_it_encrypts_by_a_certificate_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalSandbox(tls="self-signed") as sandbox:
        environ = sandbox.environ("rest", "smpp", "email2sms")
        trusted = environ.pop("SSL_CERT_FILE")
        assert sandbox.endpoints["rest"].startswith("https://")
        monkeypatch.setenv("SSL_CERT_FILE", trusted)
        with Client(read_config(environ=environ)) as client:
            for name in client.channels:
                client.send(hello(), channel=name)
        assert {one.via for one in sandbox.wait_for(count=3)} == {"rest", "smpp", "email2sms"}
        assert Path(trusted).exists()
    assert not Path(trusted).parent.exists()


def test_without_openssl_no_certificate_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ConfigurationError, match="made by the program openssl"):
        LocalSandbox(tls="self-signed").start()


def test_a_context_of_ones_own_encrypts_too() -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    with LocalSandbox(tls=context) as sandbox:
        assert sandbox.endpoints["rest"].startswith("https://")
        assert "tls" not in sandbox.settings("smpp")


# In another process


def test_a_sandbox_of_another_process_does_the_same() -> None:
    command = [sys.executable, "-m", "devino_core.cli", "sandbox", "--json", "--sender", "SHOP"]
    command += ["--login", "me", "--password", "hunter2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            where = told["inspect"].removeprefix("http://").removesuffix("/_sandbox")
            sandbox = RemoteSandbox(f"http://me:hunter2@{where}")
            settings = sandbox.settings()
            assert (settings["base_url"], settings["sender"]) == (told["rest"], "SHOP")
            with Client({"rest": settings}) as client:
                client.send(hello())
            sandbox.assert_sent(text="Hello", count=1)
            with pytest.raises(ConfigurationError, match="keeps its accounts"):
                sandbox.configure(balance="0")
        finally:
            process.kill()
    with pytest.raises(ConnectFailed, match=f"no sandbox answers at {re.escape(where)}"):
        sandbox.messages()


def test_many_messages_come_page_by_page(
    sandbox: SandboxControl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devino_sandbox._remote.PAGE", 2)
    with Client({"rest": sandbox.settings()}) as client:
        client.send_many([hello(f"{n}") for n in range(5)])
    assert sorted(one.text for one in sandbox.messages()) == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("url", ["127.0.0.1:8080", "ftp://127.0.0.1", "http://"])
def test_what_is_no_url_of_a_sandbox_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"such as http://127\.0\.0\.1:8080"):
        RemoteSandbox(url)


@pytest.mark.parametrize("url", ["nonsense", "http://[", "http://127.0.0.1:99999"])
def test_a_url_of_no_sandbox_is_an_error_of_the_settings(url: str) -> None:
    with pytest.raises(ConfigurationError, match="a sandbox is at a URL such as"):
        RemoteSandbox(url)
