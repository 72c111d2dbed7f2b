"""The blocking client: the same as the other, in threads, at the end of a program, after a fork."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import cast

import pytest

from devino_core import (
    AsyncClient,
    Client,
    Message,
    OutcomeUnknown,
    State,
)
from tests.core._fake import FakeChannel, fake_plugins

NOW = datetime(2030, 1, 31, 12, 0, tzinfo=UTC)
pytestmark = pytest.mark.pythons

CONFIG = {"one": {"kind": "fake", "token": "t", "prefix": "one"}}


def _public(kind: type) -> dict[str, Callable[..., object]]:
    return {
        name: member
        for name, member in inspect.getmembers(kind, inspect.isfunction)
        if not name.startswith("_")
    }


def test_the_blocking_client_has_the_same_names_and_arguments() -> None:
    asynchronous, blocking = _public(AsyncClient), _public(Client)
    asynchronous["close"] = asynchronous.pop("aclose")
    for runs_what_is_asynchronous in ("call", "iterate"):
        blocking.pop(runs_what_is_asynchronous)
    assert blocking.keys() == asynchronous.keys()
    for name, method in blocking.items():
        # A blocking client takes only plain iterables; the rest is the same to the letter.
        theirs = str(inspect.signature(asynchronous[name]).replace(return_annotation=None))
        theirs = theirs.replace("Iterable[Message] | AsyncIterable[Message]", "Iterable[Message]")
        assert str(inspect.signature(method).replace(return_annotation=None)) == theirs
    for property_name in ("channels", "services", "plugins"):
        assert hasattr(Client, property_name) or property_name in vars(Client)
    assert inspect.signature(Client.__init__) == inspect.signature(AsyncClient.__init__)


def test_the_blocking_client_sends_and_follows_from_several_threads() -> None:
    with Client(CONFIG, plugins=fake_plugins()) as client:
        results: list[State] = []

        def work(number: int) -> None:
            receipt = client.send(Message(str(number), "a"))
            results.extend(r.status.state for r in client.follow(receipt, interval=0))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert results == [State.DELIVERED] * 8
        assert [r.to for r in client.send_stream([Message("1", "a"), Message("2", "b")])] == [
            "1",
            "2",
        ]


def test_an_abandoned_stream_of_the_blocking_client_ends_cleanly() -> None:
    with Client(CONFIG, plugins=fake_plugins()) as client:
        stream = client.send_stream((Message(str(n), "a") for n in range(100)), batch=10)
        next(stream)
        stream.close()  # type: ignore[attr-defined]
        assert len(cast(FakeChannel, client.channel("one")).sent) == 10


def test_a_callers_iterable_is_read_in_the_callers_thread() -> None:
    with Client(CONFIG, plugins=fake_plugins()) as blocking:

        def cursor() -> Iterator[Message]:
            for number in range(3):
                assert threading.current_thread() is threading.main_thread()
                yield Message(str(number), str(blocking.send(Message("9", "nested")).ids))

        assert [r.to for r in blocking.send_stream(cursor(), batch=2)] == ["0", "1", "2"]
        assert [r.to for r in blocking.send_many(cursor())] == ["0", "1", "2"]


def test_closing_ends_what_other_threads_wait_for() -> None:
    client = Client(CONFIG, plugins=fake_plugins())
    client.open()
    receipt = client.send(Message("1", "a"))
    cast(FakeChannel, client.channel("one")).script = {"one-1": [State.ENROUTE]}
    ended: list[BaseException] = []
    waiting = threading.Event()

    def follow() -> None:
        try:
            for _ in client.follow(receipt, interval=3600):
                waiting.set()
        except OutcomeUnknown as error:
            ended.append(error)

    thread = threading.Thread(target=follow)
    thread.start()
    waiting.wait()
    client.close()
    thread.join(10)
    assert not thread.is_alive()
    assert len(ended) == 1


EXITS = {
    "never closed": "client.open(); print(client.send(Message('1', 'a')).ids)",
    "interrupted in a loop": """
        client.open()
        threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        receipt = client.send(Message('1', 'a'))
        client.channel('one').script = {'one-1': [State.UNKNOWN]}
        try:
            for _ in client.follow(receipt, interval=3600): pass
        except KeyboardInterrupt:
            print('interrupted'); client.close()
        """,
}


@pytest.mark.parametrize("program", EXITS.values(), ids=EXITS)
def test_a_program_ends_whatever_it_did_with_its_client(program: str) -> None:
    prelude = """
        import os, signal, threading
        from devino_core import Client, Message, State
        from tests.core._fake import fake_plugins
        from tests.core.test_client_blocking import CONFIG
        client = Client(CONFIG, plugins=fake_plugins())
        """
    source = textwrap.dedent(prelude) + textwrap.dedent(program)
    ended = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, timeout=60, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout in ("('one-1',)\n", "interrupted\n")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_is_told_to_open_its_own_client() -> None:
    with Client(CONFIG, plugins=fake_plugins()) as client:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                client.send(Message("1", "a"))
            except RuntimeError as error:
                os.write(writing, str(error).encode())
            finally:
                os._exit(0)
        os.waitpid(child, 0)
        assert b"open a Client in each process" in os.read(reading, 1000)
        os.close(reading)
        os.close(writing)
        assert client.send(Message("1", "a")).ids == ("one-1",)


def test_an_editor_shows_what_a_method_does() -> None:
    told = {
        name: inspect.getdoc(getattr(Client, name)) or "" for name in dir(Client) if name[0] != "_"
    }
    assert told["send"].startswith("Send one message through ``channel``")
    assert [name for name, said in told.items() if not said or said.startswith("See ")] == []
