"""Django: what was sent is remembered, followed, and shown to whom it may be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from msgspec.structs import replace

from devino_core import Message, Receipt, State, Status, StatusChanged, Throttled
from devino_sandbox import AnswerHttp, Fault, LocalSandbox, Pace
from tests._django import configure

from ._sandboxed import NUMBER, TEXT, assert_discreet

configure()

from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.db import OperationalError, transaction
from django.test import Client

from devino_contrib.django import client, signals
from devino_contrib.django import send as send_by_project
from devino_contrib.django._telling import tell
from devino_contrib.django.store import _receivers
from devino_contrib.django.store.management.commands import devino_follow
from devino_contrib.django.store.models import EarlyReport, SentMessage

AT = datetime(2026, 5, 12, tzinfo=UTC)
LIST = "/admin/devino_store/sentmessage/"


def send(to: str, text: str, ref: str | None = None) -> None:
    """Past the outbox."""
    send_by_project(to, text, ref=ref, on_commit=False)


def user(*permissions: str) -> Client:
    """Somebody on the staff with these permissions."""
    one = User.objects.create_user("one", is_staff=True)
    one.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    browser = Client()
    browser.force_login(one)
    return browser


def changed(
    message_id: str, state: State, channel: str = "promo", minutes: int = 0
) -> StatusChanged:
    at = AT + timedelta(minutes=minutes)
    status = Status(state=state, id=message_id, reported_at=at)
    return StatusChanged(
        id=f"{message_id}:{state}", at=at, channel=channel, message_id=message_id, status=status
    )


def test_what_is_sent_is_remembered_without_its_text(project: Path, sandbox: LocalSandbox) -> None:
    send(NUMBER, TEXT, ref="order-17")
    row = SentMessage.objects.get()
    assert (row.ref, row.to, row.medium, row.channel) == ("order-17", NUMBER, "SMS", "promo")
    assert row.state == "ACCEPTED"
    assert row.ids == [part.platform_id for part in row.parts.all()]
    assert TEXT.encode() not in project.read_bytes()


def test_a_second_try_takes_the_place_of_the_first(project: Path, sandbox: LocalSandbox) -> None:
    send(NUMBER, TEXT, ref="order-17")
    send(NUMBER, TEXT, ref="order-17")
    assert len(sandbox.messages()) == 2
    assert SentMessage.objects.get().parts.count() == 1


def test_a_failure_leaves_what_was_sent_under_the_same_ref(
    project: Path, sandbox: LocalSandbox
) -> None:
    send(NUMBER, TEXT, ref="order-17")
    sandbox.fault(Fault(operation="Sms/Send", action=AnswerHttp(429)))
    with pytest.raises(Throttled):
        send(NUMBER, TEXT, ref="order-17")
    row = SentMessage.objects.get()
    assert (row.state, row.parts.count()) == ("ACCEPTED", 1)
    tell(changed(row.ids[0], State.DELIVERED))
    row.refresh_from_db()
    assert row.state == "DELIVERED"


def test_a_success_takes_the_place_of_a_failure(project: Path, sandbox: LocalSandbox) -> None:
    sandbox.fault(Fault(operation="Sms/Send", action=AnswerHttp(429)))
    with pytest.raises(Throttled):
        send(NUMBER, TEXT, ref="order-17")
    assert SentMessage.objects.get().code == "Throttled"
    send(NUMBER, TEXT, ref="order-17")
    assert SentMessage.objects.get().state == "ACCEPTED"


def test_a_message_is_as_far_as_its_slowest_part(project: Path, sandbox: LocalSandbox) -> None:
    message = Message(NUMBER, TEXT, ref="order-17")
    receipt = Receipt.of(
        message, Status(state=State.ACCEPTED), channel="promo", ids=("a", "b"), parts=2
    )
    signals.post_send.send(Message, message=message, receipt=receipt)
    for event, state in (
        (changed("a", State.DELIVERED), "ACCEPTED"),
        (changed("b", State.ENROUTE), "ENROUTE"),
        (changed("b", State.DELIVERED), "DELIVERED"),
        (changed("b", State.ENROUTE, minutes=5), "DELIVERED"),
        (changed("c", State.REJECTED), "DELIVERED"),
    ):
        tell(event)
        assert SentMessage.objects.get().state == state


def test_a_report_that_comes_before_its_row_is_taken_then(
    project: Path, sandbox: LocalSandbox
) -> None:
    message = Message(NUMBER, TEXT, ref="order-17")
    receipt = Receipt.of(message, Status(state=State.ACCEPTED), channel="promo", ids=("a",))
    tell(changed("a", State.DELIVERED, channel="viber"))
    with transaction.atomic():
        signals.post_send.send(Message, message=message, receipt=receipt)
        assert SentMessage.objects.get().state == "ACCEPTED"
    assert SentMessage.objects.get().state == "DELIVERED"
    assert not EarlyReport.objects.exists()


def test_a_report_that_cannot_be_taken_does_not_fail_the_projects_commit(
    project: Path, sandbox: LocalSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(ids: object) -> None:
        raise OperationalError("the database is gone")

    monkeypatch.setattr(_receivers, "_catch_up", fails)
    message = Message(NUMBER, TEXT, ref="order-17")
    receipt = Receipt.of(message, Status(state=State.ACCEPTED), channel="promo", ids=("a",))
    with transaction.atomic():
        signals.post_send.send(Message, message=message, receipt=receipt)
    assert SentMessage.objects.get().state == "ACCEPTED"


def test_a_report_without_a_row_is_forgotten_after_a_day(
    project: Path, sandbox: LocalSandbox
) -> None:
    tell(changed("theirs", State.DELIVERED))
    tell(replace(changed("outbox's", State.DELIVERED), ref="order-18"))
    assert [report.platform_id for report in EarlyReport.objects.all()] == ["theirs"]
    EarlyReport.objects.update(created=datetime.now(UTC) - timedelta(days=1, seconds=1))
    tell(changed("another", State.DELIVERED))
    assert [report.platform_id for report in EarlyReport.objects.all()] == ["another"]


def test_two_messages_with_one_id_are_told_apart_by_their_channel(
    project: Path, sandbox: LocalSandbox
) -> None:
    for channel in ("promo", "codes"):
        message = Message(NUMBER, TEXT, ref=channel)
        receipt = Receipt.of(message, Status(state=State.ACCEPTED), channel=channel, ids=("a",))
        signals.post_send.send(Message, message=message, receipt=receipt)
    tell(changed("a", State.DELIVERED, channel="codes"))
    # A callback's source names no channel of the project.
    tell(changed("a", State.READ, channel="viber"))
    assert {row.ref: row.state for row in SentMessage.objects.all()} == {
        "promo": "ACCEPTED",
        "codes": "DELIVERED",
    }


def test_the_command_asks_the_platform(project: Path, sandbox: LocalSandbox) -> None:
    sandbox.configure(pace="instant")
    try:
        send(NUMBER, TEXT, ref="order-17")
        send("79990000046", TEXT, ref="order-18")
        said = StringIO()
        call_command("devino_follow", once=True, stdout=said)
        states = {row.ref: row.state for row in SentMessage.objects.all()}
    finally:
        sandbox.configure(pace=Pace())
    assert states == {"order-17": "DELIVERED", "order-18": "EXPIRED"}
    assert said.getvalue() == "2 changed\n"
    again = StringIO()
    call_command("devino_follow", once=True, stdout=again)
    assert again.getvalue() == "0 changed\n"


def test_many_messages_are_asked_about_batch_by_batch(
    project: Path, sandbox: LocalSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devino_follow, "_BATCH", 2)
    sandbox.configure(pace="instant")
    try:
        for number in range(5):
            send(NUMBER, TEXT, ref=f"order-{number}")
        call_command("devino_follow", once=True, stdout=StringIO())
    finally:
        sandbox.configure(pace=Pace())
    assert {row.state for row in SentMessage.objects.all()} == {"DELIVERED"}


def test_the_admin_masks_numbers_and_answers_no_question_about_them(
    project: Path, sandbox: LocalSandbox
) -> None:
    send(NUMBER, TEXT, ref="order-17")
    number = SentMessage.objects.get().pk
    browser = user("view_sentmessage")
    for path in ("", "?q=order", f"{number}/change/"):
        page = browser.get(f"{LIST}{path}")
        assert page.status_code == 200
        said = page.content.decode()
        assert_discreet(said)
        assert "order-17" in said
        assert "7903***4567" in said
    assert "order-17" not in browser.get(f"{LIST}?q={NUMBER}").content.decode()
    for question in ("to", "to__startswith", "parts__platform_id"):
        assert browser.get(f"{LIST}?{question}=7903").status_code == 400


def test_the_admin_masks_numbers_in_ids(project: Path, sandbox: LocalSandbox) -> None:
    send(NUMBER, TEXT, ref="order-17")
    SentMessage.objects.update(ids=[f"0123+{NUMBER}"])
    path = f"{LIST}{SentMessage.objects.get().pk}/change/"
    said = user("view_sentmessage").get(path).content.decode()
    assert_discreet(said)
    assert "0123+7903***4567" in said


def test_the_admin_answers_no_question_about_ids(project: Path) -> None:
    assert user("view_sentmessage").get(f"{LIST}?ids__icontains=7903").status_code == 400


def test_who_may_see_numbers_sees_them(project: Path, sandbox: LocalSandbox) -> None:
    send(NUMBER, TEXT, ref="order-17")
    number = SentMessage.objects.get().pk
    browser = user("view_sentmessage", "see_content")
    for path in ("", f"{number}/change/"):
        assert NUMBER in browser.get(f"{LIST}{path}").content.decode()


def test_the_admin_changes_nothing(project: Path, sandbox: LocalSandbox) -> None:
    send(NUMBER, TEXT)
    number = SentMessage.objects.get().pk
    User.objects.create_superuser("root", password="x")
    browser = Client()
    browser.force_login(User.objects.get(username="root"))
    assert browser.get(f"{LIST}add/").status_code == 403
    assert browser.post(f"{LIST}{number}/delete/", {"post": "yes"}).status_code == 403
    assert browser.post(f"{LIST}{number}/change/", {"state": "READ"}).status_code == 403
    assert browser.get(LIST).status_code == 200
    assert SentMessage.objects.get().state == "ACCEPTED"
    assert client().channels


def test_strangers_see_nothing(project: Path) -> None:
    assert user().get(LIST).status_code == 403
    assert Client().get(LIST).status_code == 302
