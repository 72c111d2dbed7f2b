"""The REST service: what it tells of messages, their lives and their sums."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from devino_core import Secret
from devino_core.testing import ManualClock
from devino_sandbox import Account, Pace, World
from tests._vectors import VECTORS
from tests.sandbox._http import Http

SEND = {"SourceAddress": "DEVINO", "DestinationAddress": "79161234567", "Data": "test"}
UNSET = r"\/Date(-62135596800000)\/"


async def test_a_message_is_queued_sent_and_delivered(http: Http, clock: ManualClock) -> None:
    [message_id] = await http.send()
    created = int(clock.now().timestamp() * 1000)

    async def body() -> str:
        return (await http.v2("Sms/State", messageId=message_id)).body.decode()

    def date(after: int) -> str:
        return rf'"\/Date({created + after})\/"'

    assert await body() == (
        f'{{"State":-2,"CreationDateUtc":{date(0)},"SubmittedDateUtc":null,"ReportedDateUtc":null,'
        f'"TimeStampUtc":"{UNSET}","StateDescription":"В очереди","Price":1.5}}'
    )
    clock.advance(0.5)
    assert await body() == (
        f'{{"State":-1,"CreationDateUtc":{date(0)},"SubmittedDateUtc":{date(200)},'
        f'"ReportedDateUtc":null,"TimeStampUtc":"{UNSET}","StateDescription":"Отправлено",'
        '"Price":1.5}'
    )
    clock.advance(3600)
    assert await body() == (
        f'{{"State":0,"CreationDateUtc":{date(0)},"SubmittedDateUtc":{date(200)},'
        f'"ReportedDateUtc":{date(1000)},"TimeStampUtc":{date(1000)},'
        '"StateDescription":"Доставлено","Price":1.5}'
    )


@pytest.mark.parametrize("code", [10, 11, 41, 42, 46, 47, 48, 69, 99])
async def test_the_number_chooses_the_final_state(
    http: Http, clock: ManualClock, code: int
) -> None:
    [message_id] = await http.send(f"799900000{code:02}")
    clock.advance(2)
    assert (await http.state(message_id))["State"] == code


async def test_each_segment_has_the_state_of_its_message(http: Http, clock: ManualClock) -> None:
    ids = await http.send("79990000041", Data="x" * 161)
    clock.advance(2)
    assert [(await http.state(message_id))["State"] for message_id in ids] == [41, 41]


@pytest.mark.parametrize("message_id", ["1", "579700854169272359", "GW0261BBD6B3", "٣", "9" * 5000])
async def test_an_unknown_id_is_state_255(http: Http, message_id: str) -> None:
    await http.send()
    answer = await http.v2("Sms/State", messageId=message_id)
    assert (answer.status, answer.body) == (200, VECTORS["01-050"].data.strip())


async def test_one_number_is_taken_and_charged_but_never_found(
    http: Http, clock: ManualClock, account: Account
) -> None:
    [message_id] = await http.send("79990000255")
    assert account.balance == Decimal("20013.8")
    clock.advance(2)
    assert (await http.state(message_id))["State"] == 255


async def test_a_state_is_forgotten_after_48_hours(http: Http, clock: ManualClock) -> None:
    [now] = await http.send()
    [later] = await http.send(SendDate="2011-01-16T12:00:00")
    clock.advance(48 * 3600)
    assert (await http.state(now))["State"] == 0
    clock.advance(1)
    assert (await http.state(now))["State"] == 255
    assert (await http.state(later))["State"] == 0


async def test_a_stranger_does_not_see_the_state(http: Http, world: World) -> None:
    [message_id] = await http.send()
    session = world.open_session(Account(login="other", password=Secret("other")))
    answer = await http.v1("Sms/State", session, messageId=message_id)
    assert answer.json["State"] == 255


async def test_an_sms_that_takes_longer_than_its_validity_expires(
    http: Http, world: World, clock: ManualClock
) -> None:
    world.pace = Pace(final=61, read=62, clicked=63)
    [short] = await http.send(Validity="1")
    [long] = await http.send(Validity="2")
    clock.advance(60)
    assert (await http.state(short))["State"] == 46
    clock.advance(60)
    assert (await http.state(long))["State"] == 0


async def test_a_viber_message_is_sent_delivered_and_read(http: Http, clock: ManualClock) -> None:
    answer = await http.v2("Viber/Send", **SEND, Validity="86400", Optional="123456")
    [message_id] = answer.json
    states = []
    for seconds in (0, 0.3, 1, 1):
        clock.advance(seconds)
        states.append((await http.state(message_id, "Viber/State"))["State"])
    assert states == [0, 1, 2, 3]
    state = await http.state(message_id, "Viber/State")
    assert (state["Price"], state["ResentSms"]) == (1.8, [])
    assert (await http.state(message_id))["State"] == 255


@pytest.mark.parametrize("code", range(1, 9))
async def test_the_number_chooses_the_final_viber_state(
    http: Http, clock: ManualClock, code: int
) -> None:
    form = SEND | {"DestinationAddress": f"7999000000{code}"}
    [message_id] = (await http.v2("Viber/Send", **form)).json
    clock.advance(10)
    state = await http.state(message_id, "Viber/State")
    assert (state["State"], state["ResentSms"]) == (code, [])


@pytest.mark.parametrize("resource", ["Viber/SendWithResend", "Viber/SendWithResendBulk"])
@pytest.mark.parametrize("code", [4, 5, 7])
async def test_a_viber_message_that_fails_goes_by_sms(
    http: Http, clock: ManualClock, account: Account, resource: str, code: int
) -> None:
    to = f"7999000000{code}"
    answer = await http.v2(resource, **SEND | {"DestinationAddress": to, "Data": "я" * 71})
    [message_id] = answer.json
    clock.advance(1)
    state = await http.state(message_id, "Viber/State")
    assert [(sms["State"], sms["Price"]) for sms in state["ResentSms"]] == [(-2, 1.5)] * 2
    assert account.balance == Decimal("20015.3") - Decimal("1.8") - 2 * Decimal("1.5")
    clock.advance(1)
    state = await http.state(message_id, "Viber/State")
    assert state["State"] == code
    assert [sms["State"] for sms in state["ResentSms"]] == [0, 0]
    assert list(state["ResentSms"][0]) == [
        "State",
        "CreationDateUtc",
        "SubmittedDateUtc",
        "ReportedDateUtc",
        "TimeStampUtc",
        "StateDescription",
        "Price",
        "Id",
    ]
    ids = [sms["Id"] for sms in state["ResentSms"]]
    assert [(await http.state(sms))["State"] for sms in ids] == [0, 0]
    assert [m["medium"] for m in await http.messages(f"?to={to}")] == ["VIBER", "SMS"]


async def test_a_viber_message_that_arrives_is_not_resent(http: Http, clock: ManualClock) -> None:
    [message_id] = (await http.v2("Viber/SendWithResend", **SEND)).json
    clock.advance(10)
    assert (await http.state(message_id, "Viber/State"))["ResentSms"] == []
    assert len(await http.messages()) == 1


async def test_an_unknown_viber_message_is_in_the_state_unknown(http: Http) -> None:
    state = await http.state("1", "Viber/State")
    assert (state["State"], state["StateDescription"]) == (6, "Неизвестно")


async def test_incoming_messages_of_the_period_are_listed(
    http: Http, world: World, clock: ManualClock
) -> None:
    world.receive(sender="+79260000000", to="79160000000", text="test1")
    clock.advance(0.14)
    world.receive(sender="79260000001", to="79160000000", text="test2")
    clock.advance(60)
    world.receive(sender="79260000001", to="79160000000", text="too late")
    answer = await http.v1(
        "Sms/In",
        await http.login(),
        minDateUTC="2011-01-15T12:00:00",
        maxDateUTC="2011-01-15T12:01:00",
    )
    assert answer.body == VECTORS["11-004"].data.strip().replace(
        b"1294045911213", b"1295092800000"
    ).replace(b"1294045911353", b"1295092800140").replace(b"539187214", b"539187175").replace(
        b"\n", b""
    )


async def test_nothing_came_in_is_an_empty_list(http: Http) -> None:
    answer = await http.v2("Sms/In", minDateUTC="2011-01-01", maxDateUTC="2011-01-11")
    assert (answer.status, answer.body) == (200, b"[]")


async def test_statistics_count_the_segments_of_the_period(http: Http, clock: ManualClock) -> None:
    await http.send("79161234567", Data="x" * 200)
    for code in (10, 11, 41, 42, 46, 47, 48, 69, 99):
        await http.send(f"799900000{code}")
    await http.v2("Viber/Send", **SEND)
    await http.v2("Sms/Send", **SEND | {"SourceAddress": "ЯЯЯ"})
    clock.advance(10)
    await http.send()
    clock.advance(0.5)
    await http.send()
    clock.advance(60)
    await http.send()
    period = {"startDateTime": "2011-01-15 12:00:00", "endDateTime": "2011-01-15T12:00:59"}
    assert (await http.v2("Sms/Statistics", **period)).body == (
        b'{"Sent":0,"Delivered":4,"Errors":4,"InProcess":0,"Expired":1,"Rejected":4,"Total":9,'
        b'"TotalWithErrors":13,"DeliveryRatio":44.44}'
    )


async def test_statistics_of_nothing_are_zeros(http: Http) -> None:
    period = {"startDateTime": "2011-01-01T00:00:00", "endDateTime": "2011-03-31T23:59:59"}
    answer = await http.v1("Sms/Statistics", await http.login(), **period)
    assert set(answer.json.values()) == {0}
    assert list(answer.json) == list(json.loads(VECTORS["01-062"].data))
