"""The receiver mounted in web frameworks, by the very lines that the page on callbacks shows."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from devino_core import Plugins, Secret, State, Status
from devino_core.callbacks import Callbacks
from tests._django import configure
from tests.core._asgi import ask, scope
from tests.core._examples import example

PAGE = Path(__file__).parents[2] / "docs" / "callbacks.md"
SECRET = "the-secret-of-this-test"
URL = f"/devino/{SECRET}"
REPORT = json.dumps(
    [{"id": 3158611117333282817, "receivedAt": "1527861323068", "status": "READ"}]
).encode()
FORM = "sourcePhone=79089876534&number=2435&text=hi&messageId=5"


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALLBACK_SECRET", SECRET)


def shown(name: str, **known: object) -> dict[str, Any]:
    """What a block of the page defines."""
    found = re.search(rf":name: {name}\n\n(.*?)\n```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    names: dict[str, Any] = {"__name__": __name__, **known}
    exec(found[1], names)
    return names


@pytest.fixture
def receiver() -> tuple[Callbacks, list[str]]:
    plugins, taken = Plugins(environ={}), list[str]()

    async def take(event: Any) -> str:
        taken.append(event.id)
        return "Спасибо"

    specs = [plugins.callback_spec("viber"), plugins.callback_spec("sms")]
    return Callbacks(take, specs, secrets=[Secret(SECRET)]), taken


@pytest.fixture
def blocking() -> Iterator[ModuleType]:
    module = example("callbacks_wsgi")
    module.taken.clear()
    yield module
    module.client().close()
    module.opened.cache_clear()


async def test_fastapi() -> None:
    fastapi = pytest.importorskip("fastapi")
    service = example("callbacks_starlette")
    app = shown("callbacks-fastapi", FastAPI=fastapi.FastAPI, lifespan=service.lifespan)["app"]

    async def health() -> str:
        return "fine"

    app.add_api_route("/health", health)
    async with service.lifespan(app):
        service.statuses["3158611117333282817"] = Status(state=State.ACCEPTED)
        answer = await ask(app, scope(f"{URL}/viber"), [REPORT])
        assert answer is not None
        assert answer.status == 200
        assert service.statuses["3158611117333282817"].state is State.READ
        reply = await ask(app, scope(f"{URL}/sms", "GET", query_string=FORM.encode()), [b""])
        assert reply is not None
        assert reply.body.startswith(b"{sms=Thank you")
        own = await ask(app, scope("/health", "GET"))
        assert own is not None
        assert own.body == b'"fine"'


@pytest.fixture
def django() -> ModuleType:
    found = pytest.importorskip("django")
    configure()
    return found  # type: ignore[no-any-return]


async def test_django_beside_its_own_application(
    django: ModuleType, receiver: tuple[Callbacks, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.core.asgi import get_asgi_application
    from django.test import override_settings

    monkeypatch.setitem(sys.modules, "tests.interop._no_urls", urls([]))
    callbacks, taken = receiver
    names = shown(
        "callbacks-django-asgi", get_asgi_application=get_asgi_application, callbacks=callbacks
    )
    app = names["application"]
    answer = await ask(app, scope(f"{URL}/viber"), [REPORT])
    assert answer is not None
    assert (answer.status, taken) == (200, ["3158611117333282817:read"])
    sent: list[dict[str, Any]] = []

    coming = [{"type": "http.request"}]

    async def receive() -> dict[str, str]:
        return coming.pop() if coming else await asyncio.Future()

    async def send(event: dict[str, Any]) -> None:
        sent.append(event)

    with override_settings(ROOT_URLCONF="tests.interop._no_urls"):
        await app(scope("/elsewhere", "GET"), receive, send)
    assert (sent[0]["status"], taken) == (404, ["3158611117333282817:read"])


def urls(patterns: list[object]) -> ModuleType:
    module = ModuleType("tests.interop._no_urls")
    module.urlpatterns = patterns  # type: ignore[attr-defined]
    return module


def test_a_view_of_django(
    django: ModuleType, blocking: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.http import HttpResponse
    from django.test import Client, override_settings
    from django.urls import path
    from django.views.decorators.csrf import csrf_exempt

    names = shown(
        "callbacks-django",
        HttpResponse=HttpResponse,
        CallbackRequest=blocking.CallbackRequest,
        client=blocking.client,
        csrf_exempt=csrf_exempt,
        path=path,
    )
    monkeypatch.setitem(sys.modules, "tests.interop._urls", urls(names["urlpatterns"]))
    with override_settings(ROOT_URLCONF="tests.interop._urls"):
        # As browsers must be checked, and the platform cannot be.
        browser = Client(enforce_csrf_checks=True)
        answer = browser.post(f"{URL}/viber", REPORT, content_type="application/json")
        assert (answer.status_code, answer.content) == (200, b"")
        assert [event.id for event in blocking.taken] == ["3158611117333282817:read"]
        assert browser.get(f"{URL}/sms?{FORM}").status_code == 200
        assert browser.get(f"{URL}/viber").status_code == 405
        assert browser.post(f"/devino/{SECRET}x/viber").status_code == 404


def test_flask(blocking: ModuleType) -> None:
    flask = pytest.importorskip("flask")
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    app = shown(
        "callbacks-flask",
        Flask=flask.Flask,
        DispatcherMiddleware=DispatcherMiddleware,
        application=blocking.application,
    )["app"]
    app.route("/health")(lambda: "fine")
    browser = app.test_client()
    answer = browser.post(f"{URL}/viber", data=REPORT, content_type="application/json")
    assert (answer.status_code, answer.data) == (200, b"")
    assert [event.id for event in blocking.taken] == ["3158611117333282817:read"]
    assert browser.get(f"{URL}/sms?{FORM}").status_code == 200
    assert browser.post(f"{URL}/nobody", data=REPORT).status_code == 404
    assert browser.get("/health").data == b"fine"
