"""Observers are told of each call once at its start and once at its end, and change nothing."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from devino_core import (
    AsyncClient,
    Client,
    ConfigurationError,
    Message,
    OutcomeUnknown,
    Plugins,
    Receipt,
    Rejected,
    State,
    Status,
    StatusChanged,
    hookimpl,
)
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.observe import Call, Calls, Observer, Observers, Outcome, discreet
from devino_core.testing import ManualClock
from tests.core._fake import FakeChannel, FakeSettings, plugin, spec
from tests.core._kept import Kept


def watched(*observers: Observer, clock: ManualClock | None = None) -> Calls:
    calls = Calls("promo", clock if clock is not None else ManualClock())
    calls.attach("rest", Observers(observers))
    return calls


def fail(
    calls: Calls, error: Exception, *, starts: bool = True, http_status: int | None = None
) -> str:
    """A call that ends with this error; its id."""
    call = calls.begin("Sms/Send", peer="a:1", attempt=2)
    with contextlib.suppress(type(error)), call:
        if starts:
            call.start()
        call.http_status = http_status
        raise error
    return call.id


def test_a_call_has_one_start_and_one_end() -> None:
    kept, clock = Kept(), ManualClock()
    calls = watched(kept, clock=clock)
    with calls.begin("Sms/Send", peer="example.org:443", messages=3, attempt=2) as call:
        assert kept.calls == []
        call.start()
        call.start()
        clock.advance(1.5)
        call.http_status = 200
    call.end()
    [(told, [outcome])] = kept.calls
    assert told == Call(
        id=call.id,
        channel="promo",
        kind="rest",
        operation="Sms/Send",
        peer="example.org:443",
        messages=3,
        attempt=2,
    )
    assert outcome == Outcome(seconds=1.5, http_status=200)
    assert len(call.id) == 16
    assert set(call.id) <= set("0123456789abcdef")


def test_a_call_that_was_never_made_is_not_told() -> None:
    kept = Kept()
    error = OutcomeUnknown("closed")
    call_id = fail(watched(kept), error, starts=False)
    assert kept.calls == []
    assert error.call_id == call_id


def test_an_error_has_the_id_of_its_call_at_the_end_of_its_text() -> None:
    kept, error = Kept(), Rejected("No such number", code=7)
    call_id = fail(watched(kept), error, http_status=400)
    assert (error.call_id, error.http_status) == (call_id, 400)
    assert str(error) == f"No such number (code 7) [call {call_id}]"
    assert error.said == "No such number (code 7)"
    [(_, [outcome])] = kept.calls
    assert outcome.error is error
    again: Rejected = pickle.loads(pickle.dumps(error))
    assert (str(again), again.call_id) == (str(error), call_id)


def test_the_first_call_of_an_error_is_the_one_that_it_names() -> None:
    error = Rejected("no")
    first = fail(watched(), error)
    fail(watched(), error)
    assert error.call_id == first


async def test_a_call_that_is_cancelled_ends_once() -> None:
    kept = Kept()
    calls = watched(kept)

    async def wait() -> None:
        with calls.begin("Sms/Send", peer="a:1") as call:
            call.start()
            await asyncio.Event().wait()

    task = asyncio.ensure_future(wait())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    [(_, [outcome])] = kept.calls
    assert outcome.cancelled
    assert outcome.error is None


class _Broken(Observer):
    def __init__(self, at: str) -> None:
        self._at = at
        self._number = "79031234567"
        self.told: list[str] = []

    def _fail(self, where: str) -> None:
        self.told.append(where)
        if where == self._at:
            raise ValueError(self._number)

    def call_started(self, call: Call) -> Callable[[Outcome], None]:
        self._fail("start")
        return lambda _: self._fail("end")

    def message_done(self, message: Message, receipt: Receipt) -> None:
        self._fail("message")

    def event(self, event: object) -> None:
        self._fail("event")


@pytest.mark.parametrize("at", ["start", "end", "message", "event"])
def test_an_observer_that_raises_is_logged_once_and_left_out(
    at: str, caplog: pytest.LogCaptureFixture
) -> None:
    broken, kept = _Broken(at), Kept()
    observers = Observers([broken, kept])
    calls = Calls("promo", SYSTEM_CLOCK)
    calls.attach("rest", observers)
    message = Message("79031234567", "Hello")
    receipt = Receipt.of(message, Status(state=State.ACCEPTED), channel="promo")
    event = StatusChanged(
        id="1", at=datetime.now(UTC), message_id="1", status=Status(state=State.READ)
    )
    for _ in range(2):
        with calls.begin("Sms/Send", peer="a:1") as call:
            call.start()
        observers.message_done(message, receipt)
        observers.event(event)
    assert broken.told.count(at) == 1
    [error] = [record for record in caplog.records if record.name == "devino.observe"]
    assert "_Broken raised ValueError" in error.getMessage()
    # What it said may be about a person.
    assert "79031234567" not in error.getMessage()
    assert [len(outcomes) for _, outcomes in kept.calls] == [1, 1]
    assert len(kept.receipts) == len(kept.events) == 2


def test_a_call_is_one_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "devino")
    clock = ManualClock()
    calls = watched(clock=clock)
    with calls.begin("Sms/Send", peer="a:1", messages=3) as call:
        call.start()
        clock.advance(0.042)
        call.http_status = 200
    [record] = caplog.records
    assert (record.name, record.levelname) == ("devino.rest", "INFO")
    assert record.getMessage() == f"promo Sms/Send 3 messages > 200 in 42 ms [{call.id}]"


def test_a_failed_call_is_a_warning_also_when_nobody_watched(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING, "devino")
    calls = watched()
    assert not calls.is_watched
    with calls.begin("Sms/Send", peer="a:1") as fine:
        fine.start()
    call_id = fail(calls, Rejected("79031234567 of ivan@example.com is no number", code=7))
    [record] = caplog.records
    assert record.levelname == "WARNING"
    assert record.getMessage() == (
        "promo Sms/Send (attempt 2) > no answer in 0 ms: Rejected: 7903***4567 of i***@example.com "
        f"is no number (code 7) [{call_id}]"
    )


def test_what_the_log_shows_of_values(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = {
        ("secret", "hunter2"): "***",
        ("a kind that nobody knows", "hunter2"): "***",
        ("recipient", "79031234567"): "7903***4567",
        ("text", "Hello, world"): "<12 chars>",
        ("words", "79031234567 is blocked"): "7903***4567 is blocked",
        ("shown", "579700854169272358"): "579700854169272358",
        ("shown", "SAR-GW01+79160000000-5f3b-2-1"): "SAR-GW01+7916***0000-5f3b-2-1",
    }
    assert {told: discreet(*told) for told in shown} == shown
    monkeypatch.setenv("DEVINO_LOG_TEXTS", "1")
    assert discreet("text", "Hello, world") == "Hello, world"
    assert discreet("secret", "hunter2") == "***"
    assert discreet("recipient", "79031234567") == "7903***4567"


class _Plugin:
    def __init__(self, *observers: Observer) -> None:
        self._observers = observers

    @hookimpl
    def devino_observers(self) -> Iterable[Observer]:
        return self._observers


def test_a_plugin_brings_observers_and_a_client_has_its_own() -> None:
    mine, theirs = Kept(), Kept()
    plugins = Plugins(environ={})
    plugins.register(_Plugin(theirs), "theirs")
    settings = {"rest": {"login": "me", "password": "x"}}
    for client in (
        AsyncClient(settings, plugins=plugins, observers=[mine]),
        Client(settings, plugins=plugins, observers=[mine]),
    ):
        with client.channels["rest"].observed.begin("Sms/Send", peer="a:1") as call:
            call.start()
    assert [call.kind for call, _ in mine.calls] == ["rest", "rest"]
    assert mine.calls == theirs.calls


class _Counting(FakeChannel):
    """A channel of somebody else's, with attributes that it named before the kernel had any."""

    def __init__(self, settings: FakeSettings, *, name: str, clock: Clock = SYSTEM_CLOCK) -> None:
        super().__init__(settings, name=name, clock=clock)
        self.calls = 0

    @property
    def observed(self) -> Any:
        return self.calls

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        self.calls += 1
        return await super().send(messages)


def test_a_channel_with_attributes_of_its_own_works() -> None:
    plugins = Plugins(discover=False)
    plugins.register(plugin(spec("counting", _Counting)), "counting")
    kept = Kept()
    with Client({"counting": {"token": "t"}}, plugins=plugins, observers=[kept]) as client:
        client.send(Message("79031234567", "Hello"))
        assert client.channel("counting", _Counting).calls == 1


def _python(code: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False
    )


_FAIL = """
{setup}
from devino_core import AsyncClient, Rejected
calls = AsyncClient({{"rest": {{"login": "me", "password": "x"}}}}).channels["rest"].observed
try:
    with calls.begin("Sms/Send", peer="a:1") as call:
        call.start()
        raise Rejected("no")
except Rejected:
    pass
"""


def test_a_program_without_a_log_prints_nothing() -> None:
    assert _python(_FAIL.format(setup="")).stderr == ""


def test_a_variable_shows_the_log() -> None:
    shown = _python(_FAIL.format(setup=""), DEVINO_LOG="info").stderr
    assert "WARNING devino.rest: rest Sms/Send" in shown
    assert shown.count("Sms/Send") == 1


def test_a_program_with_a_log_of_its_own_has_each_line_once() -> None:
    setup = "import logging; logging.basicConfig(level='INFO')"
    shown = _python(_FAIL.format(setup=setup), DEVINO_LOG="debug").stderr
    assert shown.count("Sms/Send") == 1


def test_a_level_that_is_none_is_said_so() -> None:
    done = _python(_FAIL.format(setup=""), DEVINO_LOG="loud")
    assert f"{ConfigurationError.__name__}: DEVINO_LOG='loud': expected one of" in done.stderr


def test_the_kernel_does_not_import_logging() -> None:
    code = "import devino_core, sys; print('logging' in sys.modules)"
    assert _python(code).stdout.strip() == "False"
