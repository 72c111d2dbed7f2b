"""Django: settings, checks, sending, signals, commands."""

from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from devino_core import (
    Client,
    InvalidMessage,
    Message,
    OutcomeUnknown,
    Receipt,
    State,
    Throttled,
    shared,
)
from devino_sandbox import AnswerHttp, DropAnswer, Fault, LocalSandbox, SandboxControl
from devino_sandbox.pytest_plugin import SentMessages
from tests._django import configure

from ._sandboxed import CALLBACK_SECRET, NUMBER, PASSWORD, TEXT, assert_discreet

configure()

from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.db import transaction
from django.dispatch import Signal
from django.test import override_settings

from devino_contrib.django import aclient, client, send, signals
from devino_contrib.django._project import project_config
from devino_contrib.django.pytest_plugin import devino_django
from devino_contrib.django.store.models import SentMessage
from devino_contrib.django.testing import led_to

__all__ = ["devino_django"]

WITHOUT_OUTBOX = override_settings(
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "devino_contrib.django",
        "devino_contrib.django.store",
    ]
)


@pytest.fixture
def direct(project: Path) -> Iterator[Path]:
    """The project without an outbox."""
    with WITHOUT_OUTBOX:
        yield project


@contextmanager
def told(signal: Signal) -> Iterator[list[dict[str, Any]]]:
    """What a signal said."""
    heard: list[dict[str, Any]] = []

    def hear(sender: object, **given: Any) -> None:
        heard.append(given)

    signal.connect(hear)
    try:
        yield heard
    finally:
        signal.disconnect(hear)


def problems(**settings: Any) -> dict[str, str]:
    """What `manage.py check` says: texts by id."""
    with override_settings(**settings):
        return {one.id: one.msg for one in run_checks() if one.id.startswith("devino.")}


REST = {"kind": "rest", "login": "me", "password": PASSWORD}
SMPP = {"kind": "smpp", "login": "me", "password": "c4n4ry", "hosts": ["smpp.example.com"]}


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"chanels": {}}, "did you mean 'channels'"),
        ({"channels": {"promo": {**REST, "pasword": "x"}}}, "did you mean 'password'"),
        ({"channels": {"promo": "rest"}}, "maps names to dicts"),
        ({"channels": {"promo": REST}, "default": "other"}, "no channel is named 'other'"),
        ({"channels": {"promo": {**REST, "base_url": "http://sms.example.com"}}}, "use https://"),
        ({"channels": {}, "client": {"retry": 1}}, "did you mean 'retries'"),
        ({"channels": {}, "callbacks": {"secrets": ["short"]}}, "16"),
        ({"channels": {}, "callbacks": {"sources": ["viber"]}}, "secrets.token_urlsafe"),
        ({"channels": {}, "callbacks": {"secret": "x"}}, "did you mean 'secrets'"),
        ({"channels": {}, "outbox": {"url": "sqlite:x"}}, "database of the project"),
        ({"channels": {}, "outbox": {"using": "other"}}, "DATABASES has default"),
        ({"channels": {}, "outbox": {"in_dout": "park"}}, "did you mean 'in_doubt'"),
        ("promo", "DEVINO must be a dict"),
    ],
)
def test_a_wrong_setting_is_an_error_with_the_kernels_words(settings: Any, says: str) -> None:
    found = problems(DEVINO=settings)
    assert list(found) == ["devino.E001"]
    assert says in found["devino.E001"]
    assert_discreet(found["devino.E001"])


def test_a_missing_extra_is_an_error_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(reference: str) -> object:
        raise ModuleNotFoundError("No module named 'nothere'", name="nothere")

    monkeypatch.setattr("devino_core.plugins.resolve", missing)
    found = problems(DEVINO={"channels": {"promo": REST}})
    assert list(found) == ["devino.E002"]
    assert 'pip install "devino[http]"' in found["devino.E002"]


@pytest.mark.parametrize(
    ("channel", "debug", "ids"),
    [
        (REST, False, []),
        ({**REST, "base_url": "http://sms.example.com/rest", "plain_http": True}, False,
         ["devino.W001"]),
        ({**REST, "base_url": "http://127.0.0.1:8080/rest"}, False, ["devino.W003"]),
        ({**REST, "base_url": "http://localhost:8080/rest"}, False, ["devino.W003"]),
        ({**REST, "base_url": "http://127.0.0.1:8080/rest"}, True, []),
        ({"kind": "memory"}, False, ["devino.W002"]),
        ({"kind": "console"}, False, ["devino.W002"]),
        ({"kind": "console"}, True, []),
        ({**SMPP, "tls": False}, True, ["devino.W001"]),
    ],
)  # fmt: skip
def test_what_is_unwise_is_a_warning(channel: Any, debug: bool, ids: list[str]) -> None:
    found = problems(DEVINO={"channels": {"promo": channel}}, DEBUG=debug)
    assert list(found) == ids, found
    assert_discreet(f"{found} ")


def test_without_settings_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEVINO__REST__LOGIN", "me")
    for settings in (None, {}, {"callbacks": {"secrets": [CALLBACK_SECRET]}}):
        with override_settings(DEVINO=settings):
            assert project_config().channels == {"rest": {"login": "me"}}
    with override_settings(DEVINO={"client": {"retries": 2}}):
        assert project_config().client().retries == 2
    with override_settings(DEVINO={"channels": {"promo": REST}}):
        assert list(project_config().channels) == ["promo"]


def test_the_client_is_the_processs_own(direct: Path) -> None:
    assert client() is client()
    assert client() is shared.client()
    with Client({"memory": {}}) as other, shared.override(other):
        assert client() is other

    async def twice() -> bool:
        return await aclient() is await aclient()

    assert asyncio.run(twice())


def test_a_file_that_changes_keeps_no_running_process_from_sending(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "devino.toml"
    file.write_text('[channels.promo]\nkind = "memory"\n')
    monkeypatch.setenv("DEVINO_CONFIG", str(file))
    with override_settings(DEVINO=None):
        before = client()
        file.write_text('[channels.other]\nkind = "memory"\n')
        assert client() is before

        async def again() -> list[str]:
            return list((await aclient()).channels)

        assert asyncio.run(again()) == ["promo"]
    with override_settings(DEVINO={}):
        assert list(client().channels) == ["other"]


def test_a_test_that_changes_the_settings_gets_another_client(direct: Path) -> None:
    before = client()
    with override_settings(DEVINO={"channels": {"only": {"kind": "memory"}}}):
        assert list(client().channels) == ["only"]
    assert client() is not before
    assert list(client().channels) == ["promo"]


def test_a_test_may_keep_all_messages_in_memory(direct: Path, sandbox: LocalSandbox) -> None:
    with override_settings(DEVINO_TEST=True):
        receipt = send(NUMBER, TEXT, channel="promo")
        assert isinstance(receipt, Receipt)
        assert [one.text for one in client().channel("promo").sent] == [TEXT]  # type: ignore[attr-defined]
        assert not [one for one in run_checks() if one.id == "devino.W002"]
    assert not sandbox.messages()


def test_outside_a_transaction_it_is_sent_at_once(direct: Path, sandbox: LocalSandbox) -> None:
    with told(signals.pre_send) as before, told(signals.post_send) as after:
        receipt = send(NUMBER, TEXT, ref="order-17")
    assert receipt is not None
    assert receipt.status.state is State.ACCEPTED
    assert [one.text for one in sandbox.messages(to=NUMBER)] == [TEXT]
    assert before[0]["message"].ref == "order-17"
    assert after[0]["receipt"] == receipt


def test_within_a_transaction_it_is_sent_after_the_commit(
    direct: Path, sandbox: LocalSandbox
) -> None:
    with transaction.atomic():
        assert send(NUMBER, TEXT) is None
        assert not sandbox.messages()
        assert isinstance(send(NUMBER, "now", on_commit=False), Receipt)
    assert [one.text for one in sandbox.messages()] == ["now", TEXT]


def test_what_is_rolled_back_is_not_sent(direct: Path, sandbox: LocalSandbox) -> None:
    with transaction.atomic():
        send(NUMBER, TEXT)
        transaction.set_rollback(True)
    assert not sandbox.messages()


def test_what_cannot_be_sent_is_refused_before_the_commit(
    direct: Path, sandbox: LocalSandbox
) -> None:
    with pytest.raises(InvalidMessage), transaction.atomic():
        send("nobody", TEXT)


def test_a_failure_after_the_commit_is_told_and_keeps_nothing_else_from_running(
    direct: Path, sandbox: LocalSandbox, caplog: pytest.LogCaptureFixture
) -> None:
    ran: list[bool] = []
    sandbox.fault(Fault(operation="Sms/Send", action=AnswerHttp(429)))
    caplog.set_level(logging.DEBUG)
    with told(signals.send_failed) as failed, transaction.atomic():
        send(NUMBER, TEXT)
        transaction.on_commit(lambda: ran.append(True))
    assert ran == [True]
    assert isinstance(failed[0]["error"], Throttled)
    assert "not sent: Throttled" in caplog.text
    assert_discreet(caplog.text)


def test_a_receiver_may_veto(direct: Path, sandbox: LocalSandbox) -> None:
    def veto(sender: object, message: Message, **_: object) -> None:
        raise PermissionError(message.ref)

    signals.pre_send.connect(veto)
    try:
        with pytest.raises(PermissionError, match="order-17"):
            send(NUMBER, TEXT, ref="order-17")
    finally:
        signals.pre_send.disconnect(veto)
    assert not sandbox.messages()


def test_a_receiver_that_fails_afterwards_does_not_look_like_a_failed_send(
    direct: Path, sandbox: LocalSandbox
) -> None:
    def fail(sender: object, **_: object) -> None:
        raise ZeroDivisionError

    signals.post_send.connect(fail)
    try:
        assert isinstance(send(NUMBER, TEXT), Receipt)
    finally:
        signals.post_send.disconnect(fail)


def test_an_error_is_raised_and_told(direct: Path, sandbox: LocalSandbox) -> None:
    sandbox.fault(Fault(operation="Sms/Send", action=DropAnswer()))
    with told(signals.send_failed) as failed, pytest.raises(OutcomeUnknown):
        send(NUMBER, TEXT, ref="order-17")
    assert failed[0]["message"].ref == "order-17"
    assert SentMessage.objects.get(ref="order-17").code == "OutcomeUnknown"


def test_the_command_sends_and_says_what_became_of_it(direct: Path, sandbox: LocalSandbox) -> None:
    said = StringIO()
    call_command("devino_send", NUMBER, TEXT, ref="order-17", stdout=said)
    assert said.getvalue().startswith("ACCEPTED ")
    assert [one.text for one in sandbox.messages()] == [TEXT]
    with pytest.raises(CommandError, match="to:"):
        call_command("devino_send", "nobody", TEXT)


def test_the_command_that_checks_logs_in(
    project: Path, sandbox: LocalSandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        call_command("devino_check")
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "the settings of the project: 1 channel" in said
    assert "login" in said
    assert_discreet(said)


def test_the_fixture_leads_every_channel_to_the_sandbox(
    direct: Path, devino_django: SandboxControl, devino_sent: SentMessages
) -> None:
    with override_settings(
        DEVINO={
            "default": "promo",
            "channels": {"promo": {**REST, "sender": "SHOP"}, "other": {"kind": "memory"}},
        }
    ):
        # As the fixture does, for these settings.
        with led_to(devino_django):
            send(NUMBER, TEXT)
            assert client().channel("other").media
        assert [(one.sender, one.text) for one in devino_sent] == [("SHOP", TEXT)]
        assert project_config().channels["promo"]["login"] == "me"


def test_without_django_it_says_what_to_install() -> None:
    script = """
import sys
sys.modules["django"] = None
import devino_contrib.django, devino_contrib.django.pytest_plugin, devino_contrib.django.outbox
try:
    devino_contrib.django.send
except ImportError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert 'pip install "devino[django]"' in done.stdout, done.stderr
