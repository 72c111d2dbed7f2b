"""Django: what the platform posts becomes signals, and is acknowledged when it was taken."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from devino_core import Event, Incoming, State, StatusChanged
from tests._django import configure

from ._sandboxed import CALLBACK_SECRET, NUMBER, TEXT, assert_discreet

configure()

from django.db import connection
from django.dispatch import Signal
from django.test import AsyncClient, Client, override_settings
from django.urls import reverse

from devino_contrib.django import signals
from devino_contrib.django.store.models import SentMessage

READ = json.dumps([{"id": 17, "receivedAt": "1527861323068", "status": "READ"}])
SMS = f"sourcePhone={NUMBER}&number=2435&text={TEXT}&messageId=5"
HERE = f"/devino/{CALLBACK_SECRET}"


@contextmanager
def hearing(signal: Signal, take: Callable[[Any], object]) -> Iterator[None]:
    def hear(sender: object, event: Event, **_: object) -> object:
        return take(event)

    signal.connect(hear)
    try:
        yield
    finally:
        signal.disconnect(hear)


@pytest.fixture
def browser() -> Client:
    """As browsers are checked, and the platform cannot be."""
    return Client(enforce_csrf_checks=True, raise_request_exception=False)


def post(browser: Client, path: str = f"{HERE}/viber") -> Any:
    return browser.post(path, READ, content_type="application/json")


def test_a_report_becomes_a_signal_once(project: Path, browser: Client) -> None:
    taken: list[StatusChanged] = []
    with hearing(signals.status_changed, taken.append):
        answers = [post(browser), post(browser)]
    assert [one.status_code for one in answers] == [200, 200]
    assert [(one.message_id, one.status.state) for one in taken] == [("17", State.READ)]


def test_what_a_receiver_could_not_take_comes_again_and_nothing_is_told_of_it(
    project: Path, browser: Client, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[Event] = []

    def take(event: Event) -> None:
        tries.append(event)
        if len(tries) == 1:
            raise ValueError("busy")

    with caplog.at_level(logging.DEBUG), hearing(signals.status_changed, take):
        answers = [post(browser), post(browser), post(browser, f"{HERE}/viber/more")]
    assert [one.status_code for one in answers] == [500, 200, 404]
    assert len(tries) == 2
    assert "an event of viber was not taken" in caplog.text
    # Django itself logs the paths that it does not know.
    assert_discreet(caplog.text.replace(f"Not Found: {HERE}/viber/more", ""))


def test_what_nobody_hears_is_not_acknowledged(
    project: Path, browser: Client, caplog: pytest.LogCaptureFixture
) -> None:
    assert browser.get(f"{HERE}/sms?{SMS}").status_code == 500
    assert "no receiver is connected for Incoming" in caplog.text
    assert_discreet(caplog.text)


def test_a_receiver_may_answer_and_use_the_database(project: Path, browser: Client) -> None:
    def take(event: Incoming) -> str:
        SentMessage.objects.create(ref="heard", to=event.sender)
        return "Thank you"

    with hearing(signals.incoming, take):
        answer = browser.get(f"{HERE}/sms?{SMS}")
    assert (answer.status_code, b"Thank you" in answer.content) == (200, True)
    assert SentMessage.objects.get().to == NUMBER


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("post", "/devino/another-secret-of-16/viber", 404),
        ("post", f"{HERE}/pigeon", 404),
        ("post", "/devino/viber", 404),
        ("get", f"{HERE}/viber", 405),
        ("head", f"{HERE}/viber", 200),
    ],
)
def test_strangers_and_other_verbs_are_sent_away(
    project: Path, browser: Client, method: str, path: str, status: int
) -> None:
    answer = getattr(browser, method)(path)
    assert (answer.status_code, answer.content) == (status, b"")


@pytest.mark.parametrize("root", ["devino", "awaited"])
def test_a_slash_at_the_end_changes_nothing_and_logs_no_secret(
    project: Path, browser: Client, caplog: pytest.LogCaptureFixture, root: str
) -> None:
    with caplog.at_level(logging.DEBUG), hearing(signals.status_changed, lambda event: None):
        assert post(browser, f"/{root}/{CALLBACK_SECRET}/viber/").status_code == 200
        assert post(browser, f"/{root}/{CALLBACK_SECRET}/").status_code == 404
    assert_discreet(caplog.text)
    assert reverse("devino:callback", args=("a", "viber")) == "/devino/a/viber"
    assert reverse("awaited:callback-with-password", args=("viber",)) == "/awaited/viber"


def test_the_password_may_be_the_secret(project: Path, browser: Client) -> None:
    import base64

    said = base64.b64encode(f"devino:{CALLBACK_SECRET}".encode()).decode()
    with hearing(signals.status_changed, lambda event: None):
        answer = browser.post(
            "/devino/viber",
            READ,
            content_type="application/json",
            HTTP_AUTHORIZATION=f"Basic {said}",
        )
    assert answer.status_code == 200


def test_no_transaction_of_a_request_waits_for_the_receivers(
    project: Path, browser: Client
) -> None:
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    try:
        with hearing(
            signals.status_changed,
            lambda event: SentMessage.objects.create(ref="heard", to=NUMBER),
        ):
            assert post(browser).status_code == 200
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False
    assert SentMessage.objects.get().ref == "heard"


def test_a_site_that_wants_everybody_to_log_in_lets_the_platform_in(project: Path) -> None:
    middleware = pytest.importorskip("django.contrib.auth.middleware")
    if not hasattr(middleware, "LoginRequiredMiddleware"):
        pytest.skip("this Django has no LoginRequiredMiddleware")
    from django.conf import settings

    name = "django.contrib.auth.middleware.LoginRequiredMiddleware"
    with (
        override_settings(MIDDLEWARE=[*settings.MIDDLEWARE, name]),
        hearing(signals.status_changed, lambda event: None),
    ):
        assert post(Client()).status_code == 200


async def test_the_view_that_awaits_does_the_same(
    project: Path, caplog: pytest.LogCaptureFixture
) -> None:
    taken: list[Event] = []
    browser = AsyncClient(enforce_csrf_checks=True, raise_request_exception=False)
    path = f"/awaited/{CALLBACK_SECRET}/viber"

    def take(event: Event) -> None:
        if not taken:
            taken.append(event)
            raise ValueError("busy")
        SentMessage.objects.create(ref="heard", to=NUMBER)

    connection.settings_dict["ATOMIC_REQUESTS"] = True
    try:
        with caplog.at_level(logging.DEBUG), hearing(signals.status_changed, take):
            answers = [
                await browser.post(path, READ, content_type="application/json") for _ in range(3)
            ]
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False
    assert [one.status_code for one in answers] == [500, 200, 200]
    assert await SentMessage.objects.acount() == 1
    assert_discreet(caplog.text)
