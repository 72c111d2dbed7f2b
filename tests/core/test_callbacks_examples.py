"""The programs that the page on callbacks shows."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from socketserver import ThreadingMixIn
from types import ModuleType
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest

from devino_core import State, Status
from tests.core._asgi import ask, scope
from tests.core._callbacks import SECRET
from tests.core._examples import EXAMPLES, example


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.setenv("DEVINO_PLUGINS", "callback_source")
    monkeypatch.setenv("CALLBACK_SECRET", SECRET)


def report(number: int, state: str) -> bytes:
    return json.dumps([{"id": number, "state": state, "at": "2026-01-01T12:00:00Z"}]).encode()


async def test_a_starlette_service_applies_reports_and_replies() -> None:
    shown = example("callbacks_starlette")
    path = f"/devino/{SECRET}/acme"
    async with shown.lifespan(shown.app):
        # The message is not known yet, so the platform must repeat the report.
        early = await ask(shown.app, scope(path), [report(17, "read")])
        assert early is not None
        assert early.status == 500
        shown.statuses["17"] = Status(state=State.ACCEPTED, id="17")
        for state in ("read", "delivered"):
            answer = await ask(shown.app, scope(path), [report(17, state)])
            assert answer is not None
            assert answer.status == 200
        assert shown.statuses["17"].state is State.READ
        written = {"id": 5, "from": "79031234567", "to": "1234", "text": "Hi"}
        answer = await ask(shown.app, scope(f"{path}-inbox"), [json.dumps(written).encode()])
        assert answer is not None
        assert json.loads(answer.body) == {"reply": "Thank you, we will call you back"}
        wrong = await ask(shown.app, scope(path.replace(SECRET, "wrong")), [b"[]"])
        assert wrong is not None
        assert wrong.status == 404


class _Server(ThreadingMixIn, WSGIServer):
    request_queue_size = 64


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        pass


@pytest.fixture
def wsgi() -> Iterator[tuple[ModuleType, int]]:
    shown = example("callbacks_wsgi")
    server = make_server("127.0.0.1", 0, shown.application, _Server, _Quiet)
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    serving.start()
    try:
        yield shown, server.server_port
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
        shown.client().close()


def test_a_wsgi_service_receives_in_many_threads(wsgi: tuple[ModuleType, int]) -> None:
    shown, port = wsgi
    statuses: list[int] = []

    def post(path: str, body: bytes) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("POST", path, body)
            return connection.getresponse().status
        finally:
            connection.close()

    def repeat(number: int) -> None:
        statuses.append(post(f"/{SECRET}/acme", report(number % 5, "read")))

    posting = [threading.Thread(target=repeat, args=(number,)) for number in range(15)]
    for thread in posting:
        thread.start()
    for thread in posting:
        thread.join()
    assert statuses == [200] * 15
    assert {event.message_id for event in shown.taken} == set("01234")
    assert len(shown.taken) == 5
    assert post("/wrong/acme", b"[]") == 404
    assert post(f"/{SECRET}/acme", b" " * (shown.MOST + 1)) == 413
    assert post(f"/{SECRET}/acme", b"?") == 400
