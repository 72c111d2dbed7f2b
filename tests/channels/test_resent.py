"""What became of a Viber message that was resent by SMS: a success of either decides."""

from __future__ import annotations

from decimal import Decimal

import pytest

from devino_codecs.rest import ResentSms, SmsStateCode, ViberState, ViberStateCode
from devino_core import Medium, State, Status
from devino_plugins.kit.states import resent
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
