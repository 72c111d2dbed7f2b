"""The channels ``viber`` and ``whatsapp``: what is asked, and what an answer says of a message."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from devino_codecs import viber
from devino_codecs.http import HttpAnswer
from devino_core import Medium, Message, Plugins, State, Unsupported
from tests.channels._messengers import FIRST, TO, Wired, always, sms, wired

CODE, STATUS, SMS = viber.MessageCode, viber.DeliveryStatus, viber.SmsStatus
AT = datetime(2026, 1, 1, 12, tzinfo=UTC)


def message(**more: Any) -> Message:
    return Message(TO, "Hello", medium=Medium.VIBER, **more)


@pytest.fixture
async def wire() -> AsyncIterator[Wired]:
    async with wired("viber") as wire:
        yield wire


def told(message_id: int, **more: Any) -> viber.MessageStatus:
    return viber.MessageStatus(provider_id=str(message_id), code=CODE.OK, **more)


def parts(*states: viber.SmsStatus | str | None) -> tuple[viber.SmsPart, ...]:
    return tuple(viber.SmsPart(id=str(n + 1), status=state) for n, state in enumerate(states))


async def state_of(wire: Wired, found: viber.MessageStatus) -> tuple[State, Medium | None, Any]:
    wire.platform.answers[viber.GetStatus] = always(viber.Statuses(messages=(found,)))
    (status,) = await wire.channel.status([found.provider_id or ""], medium=Medium.VIBER)
    assert status.id == found.provider_id
    return status.state, status.medium, status.code


async def test_each_id_is_asked_once_in_calls_of_100_and_answered_in_order(wire: Wired) -> None:
    ids = [str(FIRST + n) for n in range(250)]
    asked = [*ids, *reversed(ids), ids[7]]
    statuses = await wire.channel.status(asked, medium=Medium.VIBER)
    assert [status.id for status in statuses] == asked
    requests = wire.platform.of(viber.GetStatus)
    assert sorted(len(request.messages) for request in requests) == [50, 100, 100]
    assert sorted(each for request in requests for each in request.messages) == ids


@pytest.mark.parametrize(
    ("word", "state"),
    [
        (STATUS.ENQUEUED, State.ACCEPTED),
        (STATUS.SENT, State.ENROUTE),
        (STATUS.DELIVERED, State.DELIVERED),
        (STATUS.READ, State.READ),
        (STATUS.VISITED, State.CLICKED),
        (STATUS.UNDELIVERED, State.UNDELIVERABLE),
        (STATUS.FAILED, State.UNDELIVERABLE),
        (STATUS.CANCELLED, State.DELETED),
        (STATUS.VP_EXPIRED, State.EXPIRED),
        ("telepathed", State.UNKNOWN),
    ],
)
async def test_states(wire: Wired, word: str, state: State) -> None:
    assert await state_of(wire, told(1, status=word)) == (state, Medium.VIBER, word)


async def test_a_status_keeps_time_and_reason(wire: Wired) -> None:
    found = told(1, status=STATUS.UNDELIVERED, status_at=AT, error_code=viber.Reason.NOT_VIBER_USER)
    wire.platform.answers[viber.GetStatus] = always(viber.Statuses(messages=(found,)))
    (status,) = await wire.channel.status(["1"], medium=Medium.VIBER)
    assert (status.reported_at, status.description) == (AT, "not-viber-user")


@pytest.mark.parametrize(
    ("own", "of_sms", "state", "medium"),
    [
        (None, (SMS.DELIVERED, SMS.DELIVERED), State.DELIVERED, Medium.SMS),
        (None, (SMS.DELIVERED, SMS.SENT), State.ENROUTE, Medium.SMS),
        (None, (SMS.ENQUEUED,), State.ACCEPTED, Medium.SMS),
        (None, (SMS.UNDELIVERED,), State.UNDELIVERABLE, Medium.SMS),
        (None, (None,), State.UNKNOWN, Medium.SMS),
        (STATUS.UNDELIVERED, (SMS.SENT,), State.ENROUTE, Medium.SMS),
        (STATUS.UNDELIVERED, (SMS.UNDELIVERED,), State.UNDELIVERABLE, Medium.SMS),
        # A success of any leg beats the failure of a later one.
        (STATUS.READ, (SMS.UNDELIVERED,), State.READ, Medium.VIBER),
        (STATUS.READ, (SMS.DELIVERED,), State.READ, Medium.VIBER),
    ],
)
async def test_the_leg_that_decides(
    wire: Wired, own: Any, of_sms: tuple[Any, ...], state: State, medium: Medium
) -> None:
    found = told(1, status=own, status_at=AT if own else None, sms_states=parts(*of_sms))
    assert (await state_of(wire, found))[:2] == (state, medium)


async def test_what_cannot_be_told_costs_no_other_its_status(wire: Wired) -> None:
    elements = [
        {"providerId": 1, "code": "error-instant-message-provider-id-unknown"},
        {"providerId": 2, "code": "ok", "status": "read", "statusAt": "yesterday"},
        {"providerId": 3.5, "code": "ok", "status": "read"},
        # In another place than asked, which its id tells.
        {"providerId": 5, "code": "ok", "status": "read"},
        {"providerId": 4, "code": "ok", "status": "sent"},
    ]
    body = json.dumps({"status": "ok", "messages": elements}).encode()
    wire.platform.answers[viber.GetStatus] = always(HttpAnswer(200, body))
    asked = ["1", "2", "3", "4", "5", "no id", "0", ""]
    statuses = await wire.channel.status(asked, medium=Medium.VIBER)
    assert [status.id for status in statuses] == asked
    assert [status.state for status in statuses] == [
        State.UNKNOWN,
        # An odd time does not hide the state.
        State.READ,
        State.UNKNOWN,
        State.ENROUTE,
        State.READ,
        *[State.UNKNOWN] * 3,
    ]
    assert statuses[0].code == "error-instant-message-provider-id-unknown"
    assert statuses[1].reported_at is None
    assert wire.platform.of(viber.GetStatus)[0].messages == ("1", "2", "3", "4", "5")


@pytest.mark.parametrize("odd", [17, "sent", {"id": 5}, [17], [{"id": "odd"}], [{}]])
async def test_states_of_the_sms_that_cannot_be_read_hide_nothing_beside_them(
    wire: Wired, odd: object
) -> None:
    elements = [
        {"providerId": 1, "code": "ok", "status": "read", "smsStates": odd},
        {"providerId": 2, "code": "ok", "status": "undelivered", "smsStates": odd},
        {"providerId": 3, "code": "ok", "status": [], "smsStates": [{"id": 9, "status": "sent"}]},
    ]
    body = json.dumps({"status": "ok", "messages": elements}).encode()
    wire.platform.answers[viber.GetStatus] = always(HttpAnswer(200, body))
    read, failed, sent = await wire.channel.status(["1", "2", "3"], medium=Medium.VIBER)
    assert (read.state, read.medium, read.error) == (State.READ, Medium.VIBER, None)
    # The SMS may have arrived: it is not known what became of the message, and why stands there.
    assert (failed.state, failed.medium) == (State.UNKNOWN, Medium.SMS)
    assert "cannot be read" in str(failed.error)
    assert [leg.state for leg in failed.legs] == [State.UNDELIVERABLE, State.UNKNOWN]
    assert (sent.state, sent.medium) == (State.ENROUTE, Medium.SMS)


async def test_an_answer_of_another_length_is_paired_by_ids(wire: Wired) -> None:
    wire.platform.answers[viber.GetStatus] = always(
        viber.Statuses(messages=(told(2, status=STATUS.READ),))
    )
    one, two = await wire.channel.status(["1", "2"], medium=Medium.VIBER)
    assert (one.state, two.state) == (State.UNKNOWN, State.READ)


async def test_another_medium_is_not_asked_about(wire: Wired) -> None:
    with pytest.raises(Unsupported):
        await wire.channel.status(["1"])


def test_how_long_the_platform_knows_a_message() -> None:
    for kind in ("viber", "whatsapp"):
        loaded = Plugins(environ={}).load(Plugins(environ={}).channel_spec(kind))
        assert loaded.remembers == timedelta(days=5)


# A failure that something follows


async def test_a_failure_is_not_the_end_while_an_sms_may_follow(wire: Wired) -> None:
    (receipt,) = await wire.channel.send([message(fallback=sms())])
    failed = told(FIRST, status=STATUS.VP_EXPIRED, status_at=wire.clock.now())
    assert receipt.ids == (failed.provider_id,)
    assert await state_of(wire, failed) == (State.ENROUTE, Medium.VIBER, "vp_expired")
    await wire.clock.tick(119)
    assert await state_of(wire, failed) == (State.ENROUTE, Medium.VIBER, "vp_expired")
    resent = told(FIRST, sms_states=parts(SMS.UNDELIVERED))
    assert await state_of(wire, resent) == (State.UNDELIVERABLE, Medium.SMS, "undelivered")
    await wire.clock.tick(1)
    assert await state_of(wire, failed) == (State.EXPIRED, Medium.VIBER, "vp_expired")


async def test_without_a_fallback_a_failure_is_the_end(wire: Wired) -> None:
    await wire.channel.send([message()])
    failed = told(FIRST, status=STATUS.UNDELIVERED, status_at=wire.clock.now())
    assert (await state_of(wire, failed))[0] is State.UNDELIVERABLE


async def test_a_message_that_was_called_off_is_at_its_end(wire: Wired) -> None:
    await wire.channel.send([message(fallback=sms())])
    called_off = told(FIRST, status=STATUS.CANCELLED, status_at=wire.clock.now())
    assert (await state_of(wire, called_off))[0] is State.DELETED


async def test_the_grace_is_a_setting() -> None:
    async with wired("viber", resend_grace=0) as wire:
        await wire.channel.send([message(fallback=sms())])
        failed = told(FIRST, status=STATUS.UNDELIVERED, status_at=wire.clock.now())
        assert (await state_of(wire, failed))[0] is State.UNDELIVERABLE
