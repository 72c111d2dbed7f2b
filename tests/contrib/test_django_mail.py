"""Django's own mail functions over the backend, against the sandbox."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from anyio.from_thread import start_blocking_portal

from devino_contrib.django import _project
from devino_core import ConfigurationError, Rejected, Unsupported
from devino_sandbox import AnswerError, Fault, Pace, Sandbox, World
from devino_sandbox._mail import MailContent
from tests._django import configure


@pytest.fixture
def backend() -> Any:
    configure()
    from devino_contrib.django.mail import EmailBackend

    return EmailBackend


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
        # A process reads the environment once.
        _project.forget(setting="DEVINO")
        yield world
        _project.forget(setting="DEVINO")


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


def test_djangos_own_functions_send_by_the_projects_client(backend: Any, world: World) -> None:
    from django import VERSION
    from django.core.mail import send_mail
    from django.test import override_settings

    from devino_contrib.django import client

    name = f"{backend.__module__}.{backend.__name__}"
    mailers: dict[str, Any] = {"MAILERS": {"default": {"BACKEND": name}}}
    with override_settings(**mailers if VERSION >= (6, 1) else {"EMAIL_BACKEND": name}):
        before = client()
        assert send_mail("Subject", "Text", "shop@example.com", ["ivan@example.com"]) == 1
        assert client() is before
    assert [each.to for each in world.messages()] == ["ivan@example.com"]


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


def test_another_channel_may_be_named(backend: Any, world: World) -> None:
    with pytest.raises(ConfigurationError, match="no channel is named 'other'"):
        backend(channel="other").send_messages([message()])
    assert not list(world.messages())


def test_what_fails_silently_is_in_the_log(
    backend: Any, world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.faults.add(Fault(protocol="email", action=AnswerError(400)))
    with caplog.at_level(logging.DEBUG):
        assert not backend(fail_silently=True).send_messages([message(to=["ivan@example.com"])])
    assert "not sent: Rejected" in caplog.text
    assert "ivan@example.com" not in caplog.text
