"""What became of a Viber message that was resent by SMS: a success of either decides."""

from __future__ import annotations

from decimal import Decimal

import pytest

from devino_codecs.http import HttpAnswer
from devino_codecs.rest import (
    V1,
    GetViberState,
    ResentSms,
    SmsStateCode,
    ViberState,
    ViberStateCode,
)
from devino_core import Medium, State, Status
from devino_plugins.kit.states import resent
from devino_plugins.rest._answers import viber_status
from devino_sandbox import AnswerHttp, Fault
from tests.channels._services import reached


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


@pytest.mark.parametrize("odd", ["17", "[17]", "[{}]", '[{"State": 0}]'])
def test_an_sms_that_cannot_be_read_hides_nothing_beside_it(odd: str) -> None:
    for code, state in ((3, State.READ), (4, State.UNKNOWN)):
        body = f'{{"State": {code}, "ResentSms": {odd}}}'.encode()
        told = V1.decode_answer(GetViberState, HttpAnswer(200, body))
        assert isinstance(told, ViberState)
        status = viber_status(told, message_id="viber")
        assert (status.state, status.id) == (state, "viber")
        assert (status.error is None) == (state is State.READ)


@pytest.mark.parametrize("kind", ["soap", "soap-v2"])
async def test_an_sms_that_cannot_be_asked_about_hides_nothing_beside_it(kind: str) -> None:
    told = (
        '<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body>'
        "<GetMessageStateResponse><GetMessageStateResult><State>{}</State><ResentSms>"
        "<ViberSmsMessageStateInfo><Id>5</Id></ViberSmsMessageStateInfo></ResentSms>"
        "</GetMessageStateResult></GetMessageStateResponse></s:Body></s:Envelope>"
    )
    async with reached(kind) as wire:
        for word, state in (("Read", State.READ), ("Undelivered", State.UNKNOWN)):
            for nth, answer in enumerate((told.format(word), "odd"), 1):
                fault = Fault(operation="GetMessageState", action=AnswerHttp(200, answer), nth=nth)
                wire.world.faults.add(fault)
            (status,) = await wire.channel.status(["1"], medium=Medium.VIBER)
            assert (status.state, status.id) == (state, "1")
            assert (status.error is None) == (state is State.READ)
            assert [leg.medium for leg in status.legs] == [Medium.VIBER, Medium.SMS]


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
