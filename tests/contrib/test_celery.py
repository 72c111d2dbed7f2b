"""Celery: what a task sends, tries again, remembers, follows, and tells."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from celery.contrib.testing.worker import start_worker
from celery.exceptions import Retry as PutOff
from celery.signals import worker_shutdown
from msgspec.structs import replace
from sentry_sdk.integrations.celery import CeleryIntegration

from devino_contrib.celery import follow_message, send_message
from devino_contrib.sentry import DevinoIntegration
from devino_core import (
    Client,
    ConfigurationError,
    DevinoError,
    InvalidMessage,
    Message,
    OutcomeUnknown,
    Receipt,
    Rejected,
    State,
    Throttled,
    shared,
)
from devino_core.outbox import RefTaken
from devino_core.settings import Config
from devino_sandbox import AnswerHttp, DropAnswer, Fault, LocalSandbox

from ._sandboxed import NUMBER, assert_discreet, message
from ._sentry import sentry

Channels = dict[str, dict[str, object]]


@pytest.fixture
def app(channels: Channels) -> Iterator[Celery]:
    made = Celery("tests", broker="memory://", backend="cache+memory://", set_as_current=True)
    made.conf.devino = channels
    yield made
    worker_shutdown.send(sender=None)
    made.close()


@pytest.fixture
def remembering(app: Celery, channels: Channels, tmp_path: Path) -> Celery:
    url = f"sqlite:///{tmp_path / 'outbox.db'}"
    app.conf.devino = Config(channels=channels, reserved={"outbox": {"url": url}})
    return app


def run(task: Any, *args: object, **request: object) -> Any:
    """One run of a task in this thread, as a worker's is: a retry is raised, and not run."""
    task.push_request(args=args, kwargs={}, called_directly=False, **{"id": "task-1", **request})
    try:
        return task.run(*args)
    finally:
        task.pop_request()


class Busy(Client):
    """The platform is busy, and says for how long."""

    seconds: float = 9

    def send(self, message: Message, *, channel: str | None = None) -> Receipt:
        raise Throttled(f"too much for {message.to}", retry_after=7)

    def follow(self, receipts: Receipt | Iterable[Receipt], **_: object) -> Iterator[Receipt]:
        assert isinstance(receipts, Receipt)
        busy = Throttled(f"too many questions about {NUMBER}", retry_after=self.seconds)
        yield replace(receipts, status=replace(receipts.status, error=busy))


def data(**changed: object) -> dict[str, object]:
    return {**message().to_dict(), "ref": "order-17", **changed}


def test_a_task_sends_and_its_result_is_a_receipt_without_the_number(
    app: Celery, sandbox: LocalSandbox
) -> None:
    told = send_message.apply((data(),)).get()
    assert_discreet(json.dumps(told))
    receipt = Receipt.from_dict(told)
    assert (receipt.ref, receipt.channel, receipt.to) == ("order-17", "promo", "7903***4567")
    assert receipt.status.state is State.ACCEPTED
    assert [sent.to for sent in sandbox.messages()] == [NUMBER]


def test_a_message_without_a_ref_gets_the_tasks_id(app: Celery) -> None:
    told = send_message.apply(({"to": NUMBER, "content": "Hello"},), task_id="task-7").get()
    assert told["ref"] == "task-7"


def test_what_is_safe_is_tried_again_after_the_time_that_is_asked_for(
    app: Celery, sandbox: LocalSandbox
) -> None:
    with Busy({"memory": {}}) as busy, shared.override(busy), pytest.raises(PutOff) as put_off:
        run(send_message, data())
    assert put_off.value.when == 7
    assert_discreet(str(put_off.value))
    sandbox.fault(Fault(operation="Sms/Send", action=AnswerHttp(429), times=11))
    waits = []
    for retries in range(10):
        with pytest.raises(PutOff) as put_off:
            run(send_message, data(), retries=retries)
        waits.append(put_off.value.when)
    assert all(0.75 * 2**n <= wait <= 2**n for n, wait in enumerate(waits))
    with pytest.raises(Throttled):
        run(send_message, data(), retries=10)
    assert not sandbox.messages()


def test_what_may_have_been_sent_is_not_tried_again(app: Celery, sandbox: LocalSandbox) -> None:
    sandbox.fault(Fault(operation="Sms/Send", action=DropAnswer()))
    with pytest.raises(OutcomeUnknown):
        run(send_message, data())
    assert len(sandbox.messages()) == 1


def test_an_application_that_acknowledges_late_does_not_make_it_do_so(
    app: Celery, sandbox: LocalSandbox
) -> None:
    app.conf.task_acks_late = True
    assert app.tasks["devino.send_message"].acks_late is False
    run(send_message, data())
    assert len(sandbox.messages()) == 1


def test_to_acknowledge_late_needs_a_memory(app: Celery, sandbox: LocalSandbox) -> None:
    app.conf.task_annotations = {"devino.send_message": {"acks_late": True}}
    assert app.tasks["devino.send_message"].acks_late is True
    with pytest.raises(ConfigurationError, match=r"\[outbox\]"):
        run(send_message, data())
    assert not sandbox.messages()


def test_without_a_memory_a_task_that_comes_again_sends_nothing(
    app: Celery, sandbox: LocalSandbox
) -> None:
    with pytest.raises(OutcomeUnknown, match="gave this task to a worker before"):
        run(send_message, data(), delivery_info={"redelivered": True})
    assert not sandbox.messages()


def test_with_a_memory_a_task_that_comes_again_gives_the_same_receipt(
    remembering: Celery, sandbox: LocalSandbox
) -> None:
    again = {"delivery_info": {"redelivered": True}}
    first = run(send_message, data(), **again)
    worker_shutdown.send(sender=None)
    assert run(send_message, data(), **again) == first
    assert len(sandbox.messages()) == 1


def test_a_run_that_told_nothing_of_its_end_leaves_a_doubt(
    remembering: Celery, sandbox: LocalSandbox
) -> None:
    sandbox.fault(Fault(operation="Sms/Send", action=DropAnswer()))
    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            run(send_message, data())
    assert len(sandbox.messages()) == 1


@pytest.mark.parametrize("status", [429, 403])
def test_what_was_not_sent_may_be_sent_by_another_run(
    remembering: Celery, sandbox: LocalSandbox, status: int
) -> None:
    sandbox.fault(Fault(operation="Sms/Send", action=AnswerHttp(status)))
    with pytest.raises((PutOff, Rejected)):
        run(send_message, data())
    assert run(send_message, data())["status"]["state"] == "ACCEPTED"
    assert len(sandbox.messages()) == 1


def test_another_message_under_the_same_ref_is_refused(
    remembering: Celery, sandbox: LocalSandbox
) -> None:
    run(send_message, data())
    with pytest.raises(RefTaken):
        run(send_message, data(content="Something else"))
    assert len(sandbox.messages()) == 1


@pytest.mark.parametrize(
    "error",
    [
        RefTaken("order-17"),
        InvalidMessage("to", "is no number", ref="order-17"),
        Rejected("no such sender", code=12),
        Throttled("too much", retry_after=7),
        OutcomeUnknown("no answer"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_who_waits_for_a_result_gets_the_error_by_its_class(
    app: Celery, error: DevinoError
) -> None:
    kept = json.loads(json.dumps(app.backend.prepare_exception(error, "json")))
    raised = app.backend.exception_to_python(kept)
    assert type(raised) is type(error)
    assert str(raised).startswith(str(error).partition(" (code")[0])


def test_a_message_is_followed_by_questions_that_hold_no_worker(
    app: Celery, sandbox: LocalSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []
    args: tuple[object, ...] = (send_message.apply((data(),)).get(),)
    kwargs: dict[str, object] = {}
    for retries in range(20):
        follow_message.push_request(
            args=args, kwargs=kwargs, called_directly=False, id="f", retries=retries
        )
        try:
            told = follow_message.run(*args, **kwargs)
        except PutOff as put_off:
            asked.append(put_off.when)
            args, kwargs = put_off.sig.args, put_off.sig.kwargs
            assert_discreet(json.dumps([args, kwargs]))
        else:
            break
        finally:
            follow_message.pop_request()
        if retries == 3:
            (sent,) = sandbox.messages()
            sandbox.force(sent, State.DELIVERED)
    assert told["status"]["state"] == "DELIVERED"
    assert len(asked) == 4
    assert asked == sorted(asked)


def test_following_ends_when_the_platform_forgets(app: Celery, sandbox: LocalSandbox) -> None:
    sent = send_message.apply((data(),)).get()
    with pytest.raises(PutOff) as put_off:
        run(follow_message, sent)
    assert put_off.value.sig.kwargs["until"] > "2026"
    follow_message.push_request(args=(sent,), kwargs={}, called_directly=False, id="f")
    told = follow_message.run(sent, until="2026-01-01T00:00:00+00:00")
    follow_message.pop_request()
    assert told["status"]["state"] in ("ACCEPTED", "ENROUTE")


@pytest.mark.parametrize(("seconds", "waits"), [(9, 9), (86_400, 600)])
def test_a_question_that_fails_is_asked_again_before_the_broker_loses_patience(
    app: Celery, sandbox: LocalSandbox, seconds: float, waits: float
) -> None:
    sent = send_message.apply((data(),)).get()
    with (
        Busy({"promo": {"kind": "memory"}}) as busy,
        shared.override(busy),
    ):
        busy.seconds = seconds
        with pytest.raises(PutOff) as put_off:
            run(follow_message, sent)
    assert put_off.value.when == waits
    assert_discreet(json.dumps(put_off.value.sig.args))
    assert "error" not in put_off.value.sig.args[0]["status"]


def test_what_cannot_be_asked_about_fails(app: Celery) -> None:
    sent = send_message.apply((data(),)).get()
    with pytest.raises(DevinoError):
        run(follow_message, {**sent, "ids": []})


@pytest.mark.filterwarnings("ignore")
def test_a_worker_logs_no_number_and_no_text(
    app: Celery, sandbox: LocalSandbox, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    wrong = data(to=f"x{NUMBER}")
    with start_worker(
        app, perform_ping_check=False, pool="solo", loglevel="INFO", logfile=str(log)
    ):
        assert send_message.delay(data()).get(timeout=20)["ref"] == "order-17"
        failed = send_message.delay(wrong)
        with pytest.raises(InvalidMessage):
            failed.get(timeout=20)
    said = log.read_text()
    assert "succeeded" in said
    assert "raised" in said
    assert_discreet(said)
    assert_discreet(str(failed.traceback))


def test_events_show_no_arguments(app: Celery) -> None:
    send_message.delay(data(), channel="promo")
    with app.connection() as connection, connection.SimpleQueue("celery") as queue:
        headers = queue.get(timeout=5).headers
    assert (headers["argsrepr"], headers["kwargsrepr"]) == ("(...)", "{...}")


def test_a_tests_own_client_takes_the_place(app: Celery, sandbox: LocalSandbox) -> None:
    with Client({"memory": {}}) as mine, shared.override(mine):
        told = send_message.apply((data(),)).get()
        assert told["channel"] == "memory"
        assert follow_message.apply((told,)).get()["status"]["state"] == "DELIVERED"
    assert not sandbox.messages()


def test_sentry_is_told_neither_by_this_library_nor_by_celery(
    app: Celery, sandbox: LocalSandbox
) -> None:
    sandbox.fault(Fault(operation="Sms/Send", action=DropAnswer()))
    on = (DevinoIntegration(), CeleryIntegration())
    with sentry(*on) as kept, pytest.raises(OutcomeUnknown):
        send_message.apply((data(),), throw=True)
    (event,) = kept.of(None)
    assert event["fingerprint"] == ["devino", "promo", "OutcomeUnknown"]
    assert event["extra"]["celery-job"]["task_name"] == "devino.send_message"
