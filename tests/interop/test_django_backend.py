"""Django's own mail functions over the backend of the examples, against the sandbox."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal

from devino_core import Rejected, Unsupported
from devino_sandbox import AnswerError, Fault, Pace, Sandbox, World
from devino_sandbox._mail import MailContent

django = pytest.importorskip("django")

PATH = Path(__file__).parents[2] / "docs" / "examples" / "django_backend.py"


@pytest.fixture(scope="module")
def backend() -> Any:
    from django.conf import settings

    if not settings.configured:
        settings.configure()
    spec = importlib.util.spec_from_file_location("django_backend", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.DevinoBackend


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    world = World(pace=Pace.instant())
    with (
        start_blocking_portal("asyncio") as portal,
        portal.wrap_async_context_manager(Sandbox(world)) as sandbox,
    ):
        monkeypatch.setenv("DEVINO_CONFIG", "")
        for name, value in {
            "LOGIN": "demo",
            "PASSWORD": "demo",
            "BASE_URL": sandbox.endpoints["email"],
        }.items():
            monkeypatch.setenv(f"DEVINO__EMAIL__{name}", value)
        yield world


def message(**more: Any) -> Any:
    from django.core.mail import EmailMultiAlternatives

    given = {
        "subject": "Тема",
        "body": "Привет",
        "from_email": "Shop <shop@example.com>",
        "to": ["Иван <ivan@example.com>", "anna@example.com"],
        **more,
    }
    mail = EmailMultiAlternatives(**given)
    mail.attach_alternative("<p>Привет</p>", "text/html")
    return mail


def test_each_recipient_gets_the_mail(backend: Any, world: World) -> None:
    assert backend().send_messages([message(), message(subject="Another")]) == 2
    stored = list(world.messages())
    assert sorted(each.to for each in stored) == ["anna@example.com"] * 2 + ["ivan@example.com"] * 2
    content = stored[0].submission.content
    assert isinstance(content, MailContent)
    assert (content.subject, content.text, content.html) == ("Тема", "Привет", "<p>Привет</p>")


def test_one_client_serves_what_is_sent_within_a_connection(backend: Any, world: World) -> None:
    with backend() as connection:
        client = connection.client
        assert connection.send_messages([message()]) == 1
        assert connection.send_messages([message()]) == 1
        assert connection.client is client
    assert connection.client is None
    assert len(list(world.messages())) == 4


def test_what_cannot_be_sent_raises_or_is_not_counted(backend: Any, world: World) -> None:
    attached = message()
    attached.attach("a.txt", "a", "text/plain")
    for wrong, says in ((message(bcc=["x@y.ru"]), "Bcc"), (attached, "attachment")):
        with pytest.raises(Unsupported, match=says):
            backend().send_messages([wrong])
        assert backend(fail_silently=True).send_messages([wrong, message()]) == 1
    assert len(list(world.messages())) == 4


def test_a_refusal_raises(backend: Any, world: World) -> None:
    world.faults.add(Fault(protocol="email", action=AnswerError(400)))
    with pytest.raises(Rejected):
        backend().send_messages([message(to=["ivan@example.com"])])


def test_it_fits_in_forty_lines() -> None:
    lines = [line for line in PATH.read_text("utf-8").splitlines() if line.strip()]
    assert len(lines) <= 40
