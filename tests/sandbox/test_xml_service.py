"""The XML package service, over HTTP as any client would speak it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import aiohttp
import pytest

from devino_core import Secret, State
from devino_core.testing import ManualClock
from devino_sandbox import (
    Account,
    AnswerError,
    AnswerHttp,
    Fault,
    Sandbox,
    World,
)
from tests._vectors import VECTORS
from tests.sandbox._http import LOGIN, PASSWORD, Http

TO = "79161234567"


def package(content: str, *, login: str = LOGIN, password: str = PASSWORD) -> bytes:
    return f'<package login="{login}" password="{password}">{content}</package>'.encode()


def messages(*rows: str, default: str = '<default sender="DEVINO"/>') -> bytes:
    return package(f"<message>{default}{''.join(rows)}</message>")


def msg(text: str = "test", to: str = TO, **attributes: str) -> str:
    said = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<msg recipient="{to}"{said}>{text}</msg>'


def statuses(*asked: str) -> bytes:
    return package(f"<status>{''.join(f'<msg {one}/>' for one in asked)}</status>")


async def post(http: Http, body: bytes, path: str = "/Send.ashx") -> str:
    answer = await http.raw("POST", path, body)
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/xml; charset=utf-8")
    text = answer.body.decode()
    assert text.startswith('<?xml version="1.0" encoding="utf-8"?><package>')
    return text.partition("<package>")[2].removesuffix("</package>")


async def ask(http: Http, *asked: str) -> str:
    return await post(http, statuses(*asked), "/Statistics.ashx")


def error(code: int) -> str:
    return f"<error>{code}</error>"


async def test_what_is_taken_is_answered_with_106_where_clients_look_for_it(http: Http) -> None:
    answer = await post(http, messages(msg(id="1234"), msg("я" * 71)))
    assert answer == (
        "<message>"
        '<msg id="1234" sms_id="579700854169272358" sms_count="1">106</msg>'
        '<msg sms_id="579700854169272359" sms_count="2">106</msg>'
        "</message>"
    )


async def test_a_message_is_charged_and_lives(
    http: Http, world: World, account: Account, clock: ManualClock
) -> None:
    await post(http, messages(msg(id="7")))
    assert account.balance == Decimal("20013.8")
    seen = []
    for _ in range(3):
        seen.append((await ask(http, 'id="7"')).partition("<msg")[2])
        clock.advance(0.5)
    first = ' id="7" sms_id="579700854169272358" sms_count="1"'
    assert seen == [
        f"{first}>106</msg></status>",
        f"{first}>101</msg></status>",
        f'{first} date_completed="2011-01-15T12:00:01">102</msg></status>',
    ]


async def test_the_manuals_package_is_taken() -> None:
    clock = ManualClock(datetime(2008, 12, 1, tzinfo=UTC))
    world = World([Account(login="login", password=Secret("123456"))], clock=clock)
    async with Sandbox(world, discover=False) as sandbox, aiohttp.ClientSession() as session:
        http = Http(session, sandbox.endpoints)
        answer = await post(http, VECTORS["06-002"].data)
        assert re.findall(r">(\d+)<", answer) == ["106", "106"]
        scheduled, now = world.messages()
        assert scheduled.send_at == datetime(2008, 12, 27, 15, 55, tzinfo=UTC)
        assert scheduled.submission.validity == timedelta(days=1)
        assert (now.send_at, now.submission.sender) == (None, "SMSINFO")
        answer = await post(http, VECTORS["06-004"].data, "/Statistics.ashx")
        assert re.findall(r">(\d+)<", answer) == ["100", "201"]


REFUSED = [
    (msg("", id="1"), 204),
    (msg("я" * 2001, id="1"), 204),
    (msg(id="1", sender="A" * 12), 202),
    (msg(id="1", to="DEVINO"), 203),
    (msg(id="1", type="2"), 200),
    (msg(id="1", type="9"), 200),
    (msg(id="1", type="2", url="u" * 101), 204),
    (msg(id="1", date_beg="tomorrow"), 200),
    (msg(id="1", type="flash"), 200),
    *[(msg(id="1", to=f"79990005{code}"), code) for code in range(200, 208)],
]


@pytest.mark.parametrize(("row", "code"), REFUSED)
async def test_a_message_is_refused_alone(http: Http, world: World, row: str, code: int) -> None:
    answer = await post(http, messages(row, msg("fine")))
    assert re.fullmatch(
        rf'<message><msg id="1" sms_id="0" sms_count="\d+">{code}</msg>'
        r'<msg sms_id="\d+" sms_count="1">106</msg></message>',
        answer,
    )
    refused, taken = world.messages()
    assert (refused.state, taken.state) == (State.REJECTED, State.ACCEPTED)
    assert refused.reason


async def test_an_empty_account_is_a_billing_error(http: Http, account: Account) -> None:
    account.balance = Decimal(2)
    answer = await post(http, messages(msg(), msg()))
    assert re.findall(r">(\d+)</msg>", answer) == ["106", "206"]


async def test_a_sender_that_is_not_approved_is_refused(http: Http, account: Account) -> None:
    account.senders = frozenset({"OTHER"})
    assert '">202</msg>' in await post(http, messages(msg()))


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", 201),
        (b"login=demo", 201),
        (b"<package", 201),
        (messages("<msg><b/></msg>"), 201),
        (package("", password="wrong"), 202),
        (b"<package/>", 202),
    ],
)
async def test_a_package_is_refused_as_a_whole(
    http: Http, world: World, body: bytes, code: int
) -> None:
    assert await post(http, body) == error(code)
    assert {message.state for message in world.messages()} <= {State.REJECTED}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (messages(msg("a"), msg("b")).replace(PASSWORD.encode(), b"wr0ng"), "ERR_AUTHORIZATION: "),
        (messages(msg("a"), msg("b"))[:-20], "ERR_FORMAT: "),
        (
            messages(msg("a"), msg("b"), "<msg><b/></msg>"),
            "ERR_FORMAT: message.msg[2].text: ",
        ),
        (
            package(
                f'<message><default sender="DEVINO"/>{msg("a")}{msg("b")}</message>'
                "<status>" + '<msg id="1"/>' * 1001 + "</status>"
            ),
            "ERR_FORMAT: ",
        ),
    ],
)
async def test_the_messages_of_a_package_that_is_refused_are_on_record(
    http: Http, body: bytes, reason: str
) -> None:
    await post(http, body)
    shown = await http.messages()
    assert [(m["text"], m["to"], m["sender"], m["via"]) for m in shown] == [
        (text, TO, "DEVINO", "xml") for text in "ab"
    ]
    assert all(m["state"] == "REJECTED" and m["reason"].startswith(reason) for m in shown)
    assert "wr0ng" not in str(shown)


@pytest.mark.parametrize("date", ["0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00"])
async def test_a_date_beyond_all_calendars_is_no_reason_to_fail(http: Http, date: str) -> None:
    body = messages(msg(date_beg=date))
    assert await post(http, body[:-20]) == error(201)
    assert await post(http, body.replace(PASSWORD.encode(), b"wr0ng")) == error(202)
    assert len(await http.messages()) == 2
    answer = await post(http, messages(msg(), msg(date_beg=date), msg(date_end=date), msg()))
    assert re.findall(r">(\d+)</msg>", answer) == ["106", "200", "200", "106"]


async def test_a_package_of_which_nothing_can_be_read_is_on_record_where_messages_are_sent(
    http: Http,
) -> None:
    for path in ("/Send.ashx", "/Statistics.ashx"):
        await post(http, b"<package", path)
    await post(http, package("<status/>", password="wrong"))
    [shown] = await http.messages()
    assert (shown["to"], shown["text"], shown["reason"][:12]) == ("", "", "ERR_FORMAT: ")


async def test_a_broken_package_sends_nothing_of_it(
    http: Http, world: World, account: Account
) -> None:
    assert await post(http, messages(msg(), msg())[:-20]) == error(201)
    assert {message.state for message in world.messages()} == {State.REJECTED}
    assert account.balance == Decimal("20015.3")


async def test_more_than_1000_ids_are_refused(http: Http) -> None:
    asked = [f'id="{number}"' for number in range(1, 1002)]
    assert await ask(http, *asked) == error(201)
    assert (await ask(http, *asked[:1000])).count(">201<") == 1000


async def test_what_is_not_known_is_201_without_an_id(http: Http) -> None:
    assert await ask(http, 'id="5"', 'sms_id="6"', "") == (
        '<status><msg id="5" sms_id="0">201</msg><msg sms_id="0">201</msg>'
        '<msg sms_id="0">201</msg></status>'
    )


async def test_ids_belong_to_their_account(http: Http, world: World) -> None:
    world.accounts["other"] = Account(login="other", password=Secret("o"))
    await post(http, messages(msg(id="7")))
    foreign = package('<status><msg id="7"/></status>', login="other", password="o")
    assert await post(http, foreign) == '<status><msg id="7" sms_id="0">201</msg></status>'
    foreign = foreign.replace(b'id="7"', b'sms_id="579700854169272358"')
    assert '">201<' in await post(http, foreign)


async def test_a_message_is_remembered_for_three_calendar_days(
    http: Http, clock: ManualClock
) -> None:
    await post(http, messages(msg(id="7")))
    asked = ('id="7"', 'sms_id="579700854169272358"')
    clock.advance((datetime(2011, 1, 17, 23, 59, tzinfo=UTC) - clock.now()).total_seconds())
    assert (await ask(http, *asked)).count(">102<") == 2
    clock.advance(60)
    assert (await ask(http, *asked)).count(">201<") == 2


async def test_what_one_protocol_sent_the_other_knows(http: Http, clock: ManualClock) -> None:
    answer = await post(http, messages(msg()))
    sent = re.findall(r'sms_id="(\d+)"', answer)[0]
    [by_rest] = await http.send()
    clock.advance(5)
    assert (await http.state(sent))["State"] == 0
    assert ">102<" in await ask(http, f'sms_id="{by_rest}"')


async def test_messages_and_status_requests_travel_together(http: Http) -> None:
    both = package(
        f'<message>{msg(id="1", sender="DEVINO")}</message><status><msg id="1"/></status>'
    )
    for path in ("/Send.ashx", "/statistics.ashx"):
        answer = await post(http, both, path)
        assert re.findall(r"<(message|status)>.*?>(\d+)</msg>", answer) == [
            ("message", "106"),
            ("status", "106"),
        ]


async def test_an_id_used_again_means_the_later_message(http: Http, world: World) -> None:
    await post(http, messages(msg(id="1"), msg(id="1", to="79161234568")))
    assert 'sms_id="579700854169272359"' in await ask(http, 'id="1"')
    world.strict = True
    assert '">201</msg>' in await post(http, messages(msg(id="1")))


async def test_a_wap_push_carries_its_url(http: Http, world: World) -> None:
    answer = await post(http, messages(msg("", type="2", url="http://example.com/")))
    assert ">106<" in answer
    assert [message.submission.text for message in world.messages()] == ["http://example.com/"]


async def test_a_validity_that_has_ended_expires_the_message(
    http: Http, clock: ManualClock
) -> None:
    await post(http, messages(msg(id="1", date_end="2011-01-15T11:00")))
    clock.advance(1)
    assert ">103<" in await ask(http, 'id="1"')


async def test_faults_on_order(http: Http, world: World) -> None:
    world.faults.add(Fault(protocol="xml", operation="send.ashx", action=AnswerError(200)))
    world.faults.add(Fault(operation="Statistics.ashx", action=AnswerError("err_authorization")))
    world.faults.add(Fault(protocol="xml", to=TO, nth=2, action=AnswerHttp(503, "no")))
    assert await post(http, messages(msg())) == error(200)
    assert await ask(http, 'id="1"') == error(202)
    assert (await http.raw("POST", "/Send.ashx", messages(msg()))).status == 503
    assert list(world.messages()) == []


async def test_a_package_of_many_is_taken(http: Http, world: World) -> None:
    rows = [msg(to=f"7916{number:07}") for number in range(3000)]
    answer = await post(http, messages(*rows))
    assert answer.count(">106<") == 3000
    assert len(list(world.messages())) == 3000


async def test_an_id_that_cannot_be_read_refuses_its_message_and_no_other(http: Http) -> None:
    answer = await post(http, messages(msg(id="abc"), msg("fine", id="7")))
    assert re.fullmatch(
        r'<message><msg sms_id="0" sms_count="1">201</msg>'
        r'<msg id="7" sms_id="\d+" sms_count="1">106</msg></message>',
        answer,
    )
    answer = await post(http, package('<status><msg id="abc"/><msg id="7"/></status>'))
    assert re.findall(r">(\d+)</msg>", answer) == ["201", "106"]


async def test_what_the_platform_rejects_is_discarded(http: Http, clock: ManualClock) -> None:
    await post(http, messages(msg(id="1", to="79990000048"), msg(id="2", to="79990000042")))
    clock.advance(5)
    answer = await post(http, package('<status><msg id="1"/><msg id="2"/></status>'))
    assert re.findall(r">(\d+)</msg>", answer) == ["109", "108"]


async def test_the_kind_of_an_sms_is_shown(http: Http) -> None:
    await post(http, messages(msg(), msg(type="0"), msg(type="1"), msg(type="2", url="https://a")))
    assert [one["content"] for one in await http.messages()] == [
        None, None, {"type": "FLASH"}, {"type": "WAP_PUSH", "url": "https://a"},
    ]  # fmt: skip


async def test_a_package_may_be_in_utf_16_and_in_upper_case(http: Http) -> None:
    body = messages(msg("Привет")).decode().replace("<message", "<MESSAGE")
    body = f'<?xml version="1.0" encoding="utf-16"?>{body.replace("</message", "</MESSAGE")}'
    assert '">106</msg>' in await post(http, body.encode("utf-16"))
    assert (await http.messages())[0]["text"] == "Привет"
