"""The SOAP services, over HTTP as any client would speak it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from devino_codecs import soap
from devino_core import Medium
from devino_core.testing import ManualClock
from devino_sandbox import Account, World
from tests._vectors import VECTORS
from tests.sandbox._http import LOGIN, PASSWORD, Http
from tests.sandbox._soap import (
    NAMESPACES,
    OTHER,
    SIGNED,
    SMS,
    SMS_V2,
    TO,
    TYPES,
    VIBER,
    VIBER_V2,
    call,
    fault,
    message,
    post,
    signed,
    texts,
)


def names(document: bytes) -> list[str]:
    """Every element in order, by local name in lower case."""
    return [etree.QName(element).localname.lower() for element in etree.fromstring(document).iter()]


def filled(request: bytes, values: Mapping[str, str], to: Iterator[str]) -> bytes:
    """The manual's template of a request, with values in the place of types."""
    root = etree.fromstring(request)
    for element in root.iter():
        if len(element) == 0:
            name = etree.QName(element).localname.lower()
            element.text = next(to) if name == "string" else values[name]
    return etree.tostring(root)


# Request and answer of each operation, by service.
TEMPLATES = {
    SMS: [
        ("07-004", "07-005"), ("07-006", "07-007"), ("07-008", "07-009"), ("07-010", "07-011"),
        ("07-012", "07-013"), ("07-014", "07-015"), ("07-016", "07-017"), ("07-018", "07-019"),
    ],
    VIBER: [("07-020", "07-021"), ("07-022", "07-023"), ("07-024", "07-025")],
    SMS_V2: [
        ("08-004", "08-005"), ("08-006", "08-007"), ("08-008", "08-009"), ("08-010", "08-011"),
        ("08-014", "08-015"), ("08-016", "08-017"),
    ],
    VIBER_V2: [("08-018", "08-019"), ("08-020", "08-021"), ("08-022", "08-023")],
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "asked", "answered"),
    [(path, *pair) for path, pairs in TEMPLATES.items() for pair in pairs],
)
async def test_every_request_of_the_manual_gets_the_answer_of_the_manual(
    http: Http,
    world: World,
    account: Account,
    clock: ManualClock,
    path: str,
    asked: str,
    answered: str,
) -> None:
    sms, other = await http.send(TO), await http.send("79990000007")
    viber = await http.v2(
        "Viber/SendWithResend", SourceAddress="DEVINO", DestinationAddress="79990000007", Data="a"
    )
    world.receive(sender=TO, to="1234", text="a")
    world.receive(sender=OTHER, to="1234", text="b")
    clock.advance(5)
    world.advance()
    clock.advance(5)
    values = {
        "sessionid": world.open_session(account),
        "login": LOGIN,
        "password": PASSWORD,
        "sourceaddress": "DEVINO",
        "destinationaddress": TO,
        "data": "я" * 71 if "timezone" in VECTORS[asked].text.lower() else "test",
        "senddate": "2011-01-16T09:00:00",
        "delayuntilutc": "2011-01-16T09:00:00",
        "validity": "60",
        "optional": "x",
        "receiptrequested": "true",
        "messageid": viber.json[0] if "Viber" in path else sms[0],
        "startdatetime": "2011-01-01T00:00:00",
        "enddatetime": "2011-01-31T00:00:00",
        "mindateutc": "2011-01-01T00:00:00",
        "maxdateutc": "2011-01-31T00:00:00",
    }
    assert other
    body = filled(VECTORS[asked].data, values, iter((TO, OTHER)))
    answer = await post(http, path, body, **{"Content-Type": TYPES["1.2"]})
    assert (answer.status, answer.headers["Content-Type"]) == (200, TYPES["1.2"])
    assert b"\n" not in answer.body
    got, printed = names(answer.body), names(VECTORS[answered].data)
    if "getmessagestateresult" in printed or "getstatisticsresult" in printed:
        # The service's own description has another order, and more.
        assert set(got) >= set(printed)
    elif "getincomingmessagesresult" in printed:
        assert [name for name in got if name != "id"] == printed
    elif "sendmessagebytimezoneresult" in printed:
        assert got == printed
    else:
        assert list(dict.fromkeys(got)) == list(dict.fromkeys(printed))


@pytest.mark.parametrize("version", NAMESPACES)
@pytest.mark.parametrize(
    "action",
    [
        '"http://ws.devinosms.com/GetBalance"',
        "http://ws.devinosms.com/GetBalance",
        '""',
        None,
        "no",
    ],
)
async def test_the_body_says_which_operation_it_is_whatever_soapaction_says(
    http: Http, version: str, action: str | None
) -> None:
    headers = {"Content-Type": "text/plain"} | ({} if action is None else {"SOAPAction": action})
    answer = await post(http, SMS_V2, signed("GetBalance", version=version), **headers)
    assert (answer.status, answer.headers["Content-Type"]) == (200, TYPES[version])
    assert NAMESPACES[version].encode() in answer.body
    assert texts(answer.body, "GetBalanceResult") == ["20015.3"]


async def test_who_expects_100_continue_gets_it(http: Http) -> None:
    body = signed("GetBalance")
    host, port = http.root.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"POST {SMS_V2} HTTP/1.1\r\nHost: {host}\r\nContent-Type: {TYPES['1.2']}\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n".encode()
    )
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 Continue\r\n")
    writer.write(body)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 OK\r\n")
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("nothing", ["", "<X/>", '<X i:nil="true" xmlns:i="{xsi}"/>', "<X></X>"])
async def test_absent_empty_and_nil_are_one(http: Http, world: World, nothing: str) -> None:
    xsi = "http://www.w3.org/2001/XMLSchema-instance"
    more = "".join(
        re.sub(r"\bX\b", name, nothing.replace("{xsi}", xsi))
        for name in ("DelayUntilUtc", "Validity")
    )
    answer = await post(http, SMS_V2, signed("SendMessage", message(more=more)))
    assert answer.status == 200
    (stored,) = world.messages()
    # The manual's default: 2880 minutes.
    assert (stored.send_at, stored.submission.validity) == (None, timedelta(days=2))


async def test_elements_are_known_by_name_in_any_case_and_order(http: Http, world: World) -> None:
    content = (
        f"<VALIDITY>5</VALIDITY><password>{PASSWORD}</password><Data>test</Data>"
        f"<destinationaddress>{TO}</destinationaddress><sourceAddress>DEVINO</sourceAddress>"
        f"<Login>{LOGIN}</Login>"
    )
    answer = await post(http, SMS_V2.upper(), call("SendMessageByTimeZone", content))
    assert answer.status == 200
    (stored,) = world.messages()
    assert stored.submission.validity == timedelta(minutes=5)


async def test_a_session_is_good_for_soap_and_rest(http: Http, clock: ManualClock) -> None:
    login = call("GetSessionID", SIGNED)
    (session,) = texts((await post(http, SMS, login)).body, "GetSessionIDResult")
    assert session is not None
    assert re.fullmatch(r"[A-Z0-9]{36}", session)
    assert (await http.v1("User/Balance", session)).body == b"20015.3"
    by_rest = await http.login()
    balance = call("GetBalance", f"<sessionID>{by_rest}</sessionID>")
    assert (await post(http, SMS, balance)).status == 200
    clock.advance(121 * 60)
    assert fault(await post(http, SMS, balance)) == "SessionID expired"


async def test_what_soap_sent_rest_can_be_asked_for(http: Http, clock: ManualClock) -> None:
    answer = await post(http, SMS_V2, signed("SendMessage", message(TO, OTHER, data="я" * 71)))
    ids = texts(answer.body, "string")
    assert len(ids) == 4
    clock.advance(5)
    for message_id in ids:
        assert (await http.state(str(message_id)))["State"] == 0
    answer = await post(http, VIBER_V2, signed("SendMessage", message()))
    (message_id,) = texts(answer.body, "string")
    clock.advance(5)
    assert (await http.state(str(message_id), "Viber/State"))["State"] == 3


STATES = {
    "79990000010": ("10", "Неверно введён адрес отправителя"),
    "79990000041": ("41", "Недопустимый адрес получателя"),
    "79990000047": ("47", "Просрочено"),
    "79990000069": ("69", "Отклонено"),
    "79990000255": ("255", "Неизвестный"),
    TO: ("0", "Доставлено"),
}


@pytest.mark.parametrize(("to", "state"), STATES.items())
async def test_states_have_soaps_numbers_and_words(
    http: Http, clock: ManualClock, to: str, state: tuple[str, str]
) -> None:
    [message_id] = await http.send(to)
    clock.advance(5)
    asked = signed("GetMessageState", f"<messageID>{message_id}</messageID>")
    body = (await post(http, SMS_V2, asked)).body
    assert (*texts(body, "State"), *texts(body, "StateDescription")) == state
    assert names(body)[-7:] == [
        "creationdateutc", "submitteddateutc", "reporteddateutc", "timestamputc",
        "state", "statedescription", "price",
    ]  # fmt: skip


async def test_viber_states_are_names_and_a_clicked_one_is_read(
    http: Http, clock: ManualClock
) -> None:
    seen = []
    for to in ("79990000001", "79990000004", "79990000006", "79990000008"):
        answer = await post(http, VIBER_V2, signed("SendMessage", message(to)))
        clock.advance(5)
        asked = signed(
            "GetMessageState", f"<messageID>{texts(answer.body, 'string')[0]}</messageID>"
        )
        seen += texts((await post(http, VIBER_V2, asked)).body, "State")
    assert seen == ["Sent", "Undelivered", "Unknown", "Read"]
    asked = signed("GetMessageState", "<messageID>5</messageID>")
    assert texts((await post(http, VIBER_V2, asked)).body, "State") == ["Unknown"]


async def test_dates_of_the_inbox_may_be_swapped_unless_strict(http: Http, world: World) -> None:
    world.receive(sender=TO, to="1234", text="Да")
    asked = signed(
        "GetIncomingMessages",
        "<minDateUTC>2011-01-31T00:00:00</minDateUTC><maxDateUTC>2011-01-01T00:00:00</maxDateUTC>",
    )
    body = (await post(http, SMS_V2, asked)).body
    assert texts(body, "CreatedDateUtc") == ["2011-01-15T12:00:00Z"]
    world.strict = True
    assert "maxDateUTC" in fault(await post(http, SMS_V2, asked))


async def test_a_strict_platform_wants_the_validity_of_viber(http: Http, world: World) -> None:
    world.strict = True
    for minutes, status in (("", 500), ("1", 200), ("1440", 200), ("1441", 500)):
        body = signed("SendMessage", message(more=f"<Validity>{minutes}</Validity>"))
        assert (await post(http, VIBER_V2, body)).status == status


async def test_times_are_utc_or_the_recipients(http: Http, world: World) -> None:
    later = "2011-01-16T09:00:00"
    await post(
        http, SMS_V2, signed("SendMessage", message(more=f"<DelayUntilUtc>{later}</DelayUntilUtc>"))
    )
    content = (
        "<destinationAddresses><string>74232000000</string></destinationAddresses>"
        f"<sourceAddress>DEVINO</sourceAddress><data>a</data><sendDate>{later}</sendDate>"
    )
    await post(http, SMS_V2, signed("SendMessageByTimeZoneToAddresses", content))
    assert [stored.send_at for stored in world.messages()] == [
        datetime(2011, 1, 16, 9, tzinfo=UTC),
        datetime(2011, 1, 15, 23, tzinfo=UTC),
    ]


async def test_a_get_describes_the_service(http: Http) -> None:
    for path in (SMS, SMS_V2, VIBER, VIBER_V2):
        answer = await http.raw("GET", f"{path.lower()}?WSDL", headers={"Host": "ws.example:81"})
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/xml; charset=utf-8")
        root = etree.fromstring(answer.body)
        addresses = [element.get("location") for element in root.iter("{*}address")]
        assert addresses == [f"http://ws.example:81{path}"] * 2
        answer = await http.raw("GET", path)
        assert f"{path}?WSDL" in answer.body.decode()
    assert (await http.raw("GET", f"{SMS}?wsdl", headers={"Host": 'a"<b>'})).status == 200


async def test_a_message_resent_names_its_sms(http: Http, world: World, clock: ManualClock) -> None:
    sent = await post(http, VIBER_V2, signed("SendMessageWithResend", message("79990000004")))
    (viber,) = texts(sent.body, "string")
    clock.advance(5)
    asked = signed("GetMessageState", f"<messageID>{viber}</messageID>")
    body = (await post(http, VIBER_V2, asked)).body
    (by_sms,) = (m for m in world.messages() if m.submission.medium is Medium.SMS)
    assert texts(body, "Id") == [*by_sms.ids]


async def test_the_inbox_and_the_statistics_are_the_same_over_soap_and_rest(
    http: Http, world: World, clock: ManualClock
) -> None:
    for to in (TO, "79990000011", "79990000046"):
        await http.send(to)
    clock.advance(5)
    incoming = world.receive(sender=TO, to="1234", text="a")
    begins, ends = "2011-01-01T00:00:00", "2011-01-31T00:00:00"
    period = f"<minDateUTC>{begins}</minDateUTC><maxDateUTC>{ends}</maxDateUTC>"
    inbox = await post(http, SMS_V2, signed("GetIncomingMessages", period))
    assert texts(inbox.body, "ID") == [str(incoming.id)]
    period = f"<startDateTime>{begins}</startDateTime><endDateTime>{ends}</endDateTime>"
    counted = await post(http, SMS_V2, signed("GetStatistics", period))
    told = await http.v2("Sms/Statistics", startDateTime=begins, endDateTime=ends)
    for name, value in told.json.items():
        (said,) = texts(counted.body, name)
        assert float(said or "") == value
    assert texts(counted.body, "Total") == ["2"]
    assert texts(counted.body, "Tarificated") == texts(counted.body, "TotalWithErrors") == ["3"]
    assert texts(counted.body, "Optimized") == ["0"]


async def test_dates_that_are_not_set_are_nil_as_rest_has_null(http: Http) -> None:
    body = signed("GetMessageState", "<messageID>1</messageID>")
    state = etree.fromstring((await post(http, SMS_V2, body)).body)
    nil = "{http://www.w3.org/2001/XMLSchema-instance}nil"
    for name in ("CreationDateUtc", "SubmittedDateUtc", "ReportedDateUtc", "Price"):
        assert next(state.iter(f"{{*}}{name}")).get(nil) == "true"
    assert next(state.iter("{*}TimeStampUtc")).text == "0001-01-01T00:00:00"


async def test_the_state_of_a_viber_message_has_its_text(http: Http, clock: ManualClock) -> None:
    body = signed("SendMessage", message(TO))
    (sent,) = texts((await post(http, VIBER_V2, body)).body, "string")
    clock.advance(5)
    asked = signed("GetMessageState", f"<messageID>{sent}</messageID>")
    answer = await post(http, VIBER_V2, asked)
    assert texts(answer.body, "StateDescription") == ["Доставлено (прочитано)"]


ODD = 'xmlns:xsd="http://\nwww.w3.org/2001/XMLSchema"'


async def test_an_envelope_that_breaks_the_line_in_a_namespace_is_taken(http: Http) -> None:
    body = signed("GetBalance", version="1.1").replace(
        b"<s:Envelope", f"<s:Envelope {ODD}".encode()
    )
    answer = await post(http, SMS_V2, body)
    assert (answer.status, texts(answer.body, "GetBalanceResult")) == (200, ["20015.3"])


@pytest.mark.parametrize("number", ["03", "20", "30", "40", "98"])
async def test_the_states_below_zero_can_be_had(
    http: Http, clock: ManualClock, number: str
) -> None:
    (sent,) = await http.send(f"799900009{number}")
    clock.advance(5)
    asked = signed("GetMessageState", f"<messageID>{sent}</messageID>")
    state = soap.SmsStateCode(-int(number))
    answer = await post(http, SMS_V2, asked)
    assert texts(answer.body, "State") == [str(state.value)]
    assert texts(answer.body, "StateDescription") == [state.text]
    # A number that REST's table lacks is REST's usual one for the same.
    told = (await http.v2("Sms/State", messageId=sent)).json["State"]
    assert told == {"03": 69, "20": -1, "30": -2, "40": -2, "98": -98}[number]


async def test_an_internal_error_can_be_had(http: Http, clock: ManualClock) -> None:
    (sent,) = await http.send("79990000008")
    clock.advance(5)
    answer = await post(http, SMS_V2, signed("GetMessageState", f"<messageID>{sent}</messageID>"))
    assert texts(answer.body, "State") == ["8"]


async def test_what_a_client_hands_through_is_shown(http: Http) -> None:
    viber = message(more="<Validity>60</Validity><Optional>campaign 7</Optional>")
    await post(http, VIBER_V2, signed("SendMessage", viber))
    sms = message(more="<Optionals><string>a</string><string>b</string></Optionals>")
    await post(http, SMS_V2, signed("SendMessage", sms))
    shown = [one["content"] for one in await http.messages()]
    assert shown == [{"optional": "campaign 7"}, {"optionals": ["a", "b"]}]
