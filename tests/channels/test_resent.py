"""What became of a Viber message that was resent by SMS: a success of either decides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from devino_codecs.rest import ResentSms, SmsStateCode, ViberState, ViberStateCode
from devino_core import Medium, State, Status
from devino_core.testing import ManualClock
from devino_plugins.kit.states import ResendGrace, resent
from devino_plugins.rest._answers import viber_status


def test_an_sms_that_failed_does_not_hide_that_the_viber_message_was_read() -> None:
    state = ViberState(
        ViberStateCode.READ,
        resent_sms=(ResentSms(SmsStateCode.EXPIRED, id="sms"),),
    )
    status = viber_status(state, message_id="viber")
    assert (status.state, status.code, status.id) == (State.READ, 3, "viber")
    assert status.medium is Medium.VIBER


def test_an_sms_that_arrived_decides_and_the_status_says_which_it_is_about() -> None:
    state = ViberState(
        ViberStateCode.UNDELIVERED,
        price=Decimal("1.8"),
        resent_sms=(ResentSms(SmsStateCode.DELIVERED, price=Decimal("1.5"), id="sms"),),
    )
    status = viber_status(state, message_id="viber")
    assert (status.state, status.code, status.id) == (State.DELIVERED, 0, "viber")
    assert (status.medium, status.price) == (Medium.SMS, Decimal("3.3"))
    by_viber, by_sms = status.legs
    assert (by_viber.state, by_viber.code, by_viber.price) == (
        State.UNDELIVERABLE,
        4,
        Decimal("1.8"),
    )
    assert (by_viber.medium, by_viber.id) == (Medium.VIBER, "viber")
    assert (by_sms.state, by_sms.code, by_sms.price) == (State.DELIVERED, 0, Decimal("1.5"))
    assert (by_sms.medium, by_sms.id) == (Medium.SMS, "sms")


VIBER = Status(state=State.UNDELIVERABLE, medium=Medium.VIBER, id="viber")


@pytest.mark.parametrize(
    ("parts", "state"),
    [
        ([], State.UNDELIVERABLE),
        ([State.ENROUTE], State.ENROUTE),
        ([State.DELIVERED, State.ENROUTE], State.ENROUTE),
        ([State.DELIVERED, State.EXPIRED], State.EXPIRED),
        ([State.DELIVERED, State.DELIVERED], State.DELIVERED),
    ],
)
def test_the_parts_of_the_sms_are_one_leg(parts: list[State], state: State) -> None:
    status = resent(VIBER, [Status(state=part, medium=Medium.SMS) for part in parts])
    assert (status.state, status.id) == (state, "viber")


FAILED_AT = datetime(2026, 1, 1, tzinfo=UTC)


def failed(**more: Any) -> Status:
    values: dict[str, Any] = {
        "code": 4,
        "description": "Не доставлено",
        "id": "viber",
        "medium": Medium.VIBER,
    }
    return Status(state=State.UNDELIVERABLE, **(values | more))


@pytest.mark.parametrize("reported", [True, False])
def test_a_failure_is_no_end_until_the_grace_is_over(reported: bool) -> None:
    clock = ManualClock(FAILED_AT)
    grace = ResendGrace(120, clock)
    grace.sent(["viber"])
    leg = failed(reported_at=FAILED_AT) if reported else failed()
    for _ in range(2):
        told = grace.told(leg)
        assert told.state is State.ENROUTE
        assert msgspec.structs.replace(told, state=leg.state) == leg
        clock.advance(59.9)
    clock.advance(0.2)
    assert grace.told(leg) == leg


def test_a_failure_long_ago_is_the_end_at_once() -> None:
    clock = ManualClock(FAILED_AT + timedelta(seconds=120))
    grace = ResendGrace(120, clock)
    grace.sent(["viber"])
    assert grace.told(failed(reported_at=FAILED_AT)).state is State.UNDELIVERABLE


def test_a_platform_whose_clock_is_ahead_keeps_nothing_open_for_long() -> None:
    clock = ManualClock(FAILED_AT)
    grace = ResendGrace(120, clock)
    grace.sent(["viber"])
    leg = failed(reported_at=FAILED_AT + timedelta(hours=3))
    assert grace.told(leg).state is State.ENROUTE
    clock.advance(120)
    assert grace.told(leg).state is State.UNDELIVERABLE


@pytest.mark.parametrize(
    "leg",
    [
        failed(id="another"),
        failed(id=None),
        Status(state=State.READ, id="viber"),
        Status(state=State.ENROUTE, id="viber"),
        Status(state=State.UNKNOWN, id="viber"),
    ],
)
def test_only_a_failure_of_what_was_sent_with_a_fallback_is_held_back(leg: Status) -> None:
    grace = ResendGrace(120, ManualClock())
    grace.sent(["viber"])
    assert grace.told(leg) is leg


def test_no_grace_is_none_and_six_days_are_the_limit() -> None:
    clock = ManualClock()
    at_once, late = ResendGrace(0, clock), ResendGrace(120, clock)
    for grace in (at_once, late):
        grace.sent(["viber"])
    assert at_once.told(failed()).state is State.UNDELIVERABLE
    clock.advance(timedelta(days=6, seconds=1).total_seconds())
    assert late.told(failed()).state is State.UNDELIVERABLE
