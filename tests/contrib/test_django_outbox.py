"""Django: messages are added in the project's transaction, sent by the worker, decided in the
admin."""

from __future__ import annotations

import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from devino_core import Event, InvalidArgument, Message, StatusChanged
from devino_core.outbox import Added, Phase, RefTaken
from devino_sandbox import DropAnswer, Fault, LocalSandbox
from tests._django import configure

from ._sandboxed import NUMBER, TEXT, assert_discreet

configure()

from django.contrib.admin.models import LogEntry
from django.core.management import CommandError, call_command, get_commands
from django.db import connection, transaction
from django.test import Client, override_settings

from devino_contrib.django import send, signals
from devino_contrib.django.outbox import enqueue, outbox_of_project
from devino_contrib.django.outbox.models import Entry

from .test_django_callbacks import hearing
from .test_django_store import user

LIST = "/admin/devino_outbox/entry/"
ORDER = Message(NUMBER, TEXT, ref="order-17")


def refs() -> list[str]:
    return list(Entry.objects.order_by("id").values_list("ref", flat=True))


def work() -> None:
    call_command("devino_worker", once=True)


def test_a_message_is_stored_with_the_transaction_or_not_at_all(project: Path) -> None:
    with transaction.atomic():
        assert enqueue(ORDER) is Added.NEW
    with transaction.atomic():
        send(NUMBER, TEXT, ref="order-18")
    with transaction.atomic():
        enqueue(Message(NUMBER, TEXT, ref="order-19"))
        transaction.set_rollback(True)
    assert refs() == ["order-17", "order-18"]


def test_outside_a_transaction_it_must_be_asked_for(project: Path) -> None:
    with pytest.raises(transaction.TransactionManagementError, match="in_transaction=False"):
        enqueue(ORDER)
    assert enqueue(ORDER, in_transaction=False) is Added.NEW
    # `send` says that it is sent at once, and so it is added at once.
    assert send(NUMBER, TEXT, ref="order-18") is None
    assert refs() == ["order-17", "order-18"]


def test_a_transaction_of_another_database_is_refused(project: Path) -> None:
    with pytest.raises(InvalidArgument, match="using: the outbox is in the database 'default'"):
        send(NUMBER, TEXT, using="replica")
    with transaction.atomic():
        send(NUMBER, TEXT, ref="order-18", using="default")
    assert refs() == ["order-18"]


def test_a_ref_stands_for_one_message(project: Path) -> None:
    with transaction.atomic():
        enqueue(ORDER)
        assert enqueue(ORDER) is Added.SAME
        with pytest.raises(RefTaken):
            enqueue(Message(NUMBER, "another", ref="order-17"))
    assert refs() == ["order-17"]


def test_the_worker_sends_and_tells(project: Path, sandbox: LocalSandbox) -> None:
    told: list[StatusChanged] = []
    enqueue(ORDER, in_transaction=False)
    assert not sandbox.messages()
    with hearing(signals.status_changed, told.append):
        work()
        work()
    assert [one.text for one in sandbox.messages(to=NUMBER)] == [TEXT]
    assert [(one.ref, one.status.state) for one in told] == [("order-17", "ACCEPTED")]
    assert Entry.objects.get().phase == Phase.SENT


def test_what_a_receiver_adds_is_sent_by_the_same_worker(
    project: Path, sandbox: LocalSandbox
) -> None:
    def add(event: Event) -> None:
        with transaction.atomic():
            enqueue(Message(NUMBER, "second", ref="order-17-second"))

    enqueue(ORDER, in_transaction=False)
    with hearing(signals.status_changed, add):
        work()
        work()
    assert [one.text for one in sandbox.messages()] == [TEXT, "second"]


def test_the_commands_of_the_outbox_work_on_the_projects_database(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    enqueue(ORDER, in_transaction=False)
    with pytest.raises(SystemExit):
        call_command("devino_outbox", "cancel", "order-17")
    assert Entry.objects.get().phase == Phase.DONE
    assert "devino_outbox" in get_commands()


def test_the_worker_says_what_is_wrong(project: Path) -> None:
    with pytest.raises(CommandError, match="no channel is named 'codes'"):
        call_command("devino_worker", once=True, channel=["codes"])


def test_a_database_in_memory_takes_messages_and_says_why_nobody_sends_them(
    sandbox: LocalSandbox, channels: dict[str, Any]
) -> None:
    assert connection.is_in_memory_db()
    with override_settings(DEVINO={"channels": channels}):
        try:
            call_command("migrate", verbosity=0)
            with transaction.atomic():
                enqueue(ORDER)
            assert refs() == ["order-17"]
            with pytest.raises(CommandError, match="in memory"):
                work()
        finally:
            # Closing it would keep it, and so would other tests.
            Entry.objects.all().delete()


def test_another_database_of_the_project_may_have_the_outbox(project: Path, tmp_path: Path) -> None:
    assert outbox_of_project().store
    with override_settings(DEVINO={"channels": {}, "outbox": {"using": "default", "poll": 2.0}}):
        assert outbox_of_project().settings.poll == 2.0


KILLED = """
import os, signal
from tests._django import configure
configure()
from django.db import connections, transaction
connections["default"].settings_dict["NAME"] = {path!r}
from devino_contrib.django.outbox import enqueue
from devino_core import Message
with transaction.atomic():
    enqueue(Message("79031234567", "kept", ref="order-17"))
    # The first thing after the commit.
    transaction.on_commit(lambda: os.kill(os.getpid(), signal.SIGKILL))
"""


def test_a_process_that_dies_right_after_the_commit_loses_nothing(
    project: Path, sandbox: LocalSandbox
) -> None:
    script = KILLED.format(path=str(project))
    done = subprocess.run([sys.executable, "-c", script], cwd=Path(__file__).parents[2])
    assert done.returncode == -9
    work()
    assert [one.text for one in sandbox.messages()] == ["kept"]


@pytest.fixture
def in_doubt(project: Path, sandbox: LocalSandbox) -> Entry:
    """A message whose answer was lost."""
    sandbox.fault(Fault(operation="Sms/Send", action=DropAnswer()))
    enqueue(ORDER, in_transaction=False)
    work()
    entry: Entry = Entry.objects.get()
    assert entry.phase == Phase.DOUBT
    return entry


def act(browser: Client, action: str, entry: Entry) -> Any:
    chosen = {"action": action, "_selected_action": [entry.pk]}
    return browser.post(LIST, chosen, follow=True)


def test_the_admin_hides_people(in_doubt: Entry) -> None:
    browser = user("view_entry")
    for path in ("", "?phase__exact=3", "?q=order", f"{in_doubt.pk}/change/"):
        page = browser.get(f"{LIST}{path}")
        assert page.status_code == 200
        said = page.content.decode()
        assert "order-17" in said
        assert "7903***4567" in said
        assert_discreet(said)
    assert "OutcomeUnknown" in said
    for question in ("body__contains", "to_hash", "legs__contains", "lane__startswith"):
        assert browser.get(f"{LIST}?{question}=1").status_code == 400


def test_who_may_see_texts_sees_them(in_doubt: Entry) -> None:
    browser = user("view_entry", "see_content")
    assert NUMBER in browser.get(LIST).content.decode()
    page = browser.get(f"{LIST}{in_doubt.pk}/change/").content.decode()
    assert NUMBER in page
    assert TEXT in page


def test_who_may_only_look_decides_nothing(in_doubt: Entry) -> None:
    browser = user("view_entry", "see_content")
    assert "resolve_sent" not in browser.get(LIST).content.decode()
    act(browser, "resolve_give_up", in_doubt)
    assert Entry.objects.get().phase == Phase.DOUBT


@pytest.mark.parametrize(
    ("action", "phase"),
    [
        ("resolve_sent", Phase.DONE),
        ("resolve_not_sent", Phase.QUEUED),
        ("resolve_give_up", Phase.DONE),
        ("retry", Phase.DOUBT),
        ("cancel", Phase.DOUBT),
    ],
)
@pytest.mark.parametrize("atomic", [False, True])
def test_a_person_decides_about_a_doubt(
    in_doubt: Entry, action: str, phase: Phase, atomic: bool
) -> None:
    browser = user("view_entry", "decide_entry")
    connection.settings_dict["ATOMIC_REQUESTS"] = atomic
    try:
        page = act(browser, action, in_doubt)
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False
    said = page.content.decode()
    assert Entry.objects.get().phase == phase
    changed = phase is not Phase.DOUBT
    assert ("1 changed." in said) is changed
    assert ("1 were left alone" in said) is not changed
    assert LogEntry.objects.filter(object_repr="order-17").exists() is changed
    assert_discreet(said)


def test_a_person_cancels_what_waits(project: Path, sandbox: LocalSandbox) -> None:
    enqueue(ORDER, in_transaction=False)
    act(user("view_entry", "decide_entry"), "cancel", Entry.objects.get())
    work()
    assert not sandbox.messages()


def test_no_model_waits_for_a_migration(project: Path) -> None:
    said = StringIO()
    call_command("makemigrations", check=True, dry_run=True, stdout=said)
    assert "No changes detected" in said.getvalue()


def test_to_go_back_leaves_the_messages(project: Path) -> None:
    enqueue(ORDER, in_transaction=False)
    call_command("migrate", "devino_outbox", "zero", verbosity=0)
    call_command("migrate", "devino_outbox", verbosity=0)
    assert refs() == ["order-17"]
