"""How the SOAP services say no, over HTTP as any client would speak it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from devino_core import State
from devino_sandbox import Account, AnswerError, AnswerHttp, Fault, World
from tests.sandbox._http import PASSWORD, Http
from tests.sandbox._soap import (
    NAMESPACES,
    OTHER,
    SIGNED,
    SMS,
    SMS_V2,
    TO,
    VIBER,
    VIBER_V2,
    call,
    envelope,
    fault,
    message,
    post,
    signed,
    texts,
)


async def test_a_fault_is_worded_as_the_manual_prints_it(http: Http) -> None:
    wrong = signed("GetBalance").replace(PASSWORD.encode(), b"wrong")
    answer = await post(http, SMS_V2, wrong)
    assert fault(answer) == "Invalid user login or password"
    assert answer.body.endswith(
        b"<soap:Fault><soap:Code><soap:Value>soap:Receiver</soap:Value></soap:Code><soap:Reason>"
        b'<soap:Text xml:lang="en">Server was unable to process request. ---&gt; '
        b"Invalid user login or password</soap:Text></soap:Reason><soap:Detail /></soap:Fault>"
        b"</soap:Body></soap:Envelope>"
    )
    answer = await post(
        http, SMS_V2, wrong.replace(NAMESPACES["1.2"].encode(), NAMESPACES["1.1"].encode())
    )
    assert fault(answer) == "Invalid user login or password"
    assert texts(answer.body, "faultcode") == ["soap:Server"]


NULL = "can not be null or empty\r\nParameter name:"


REFUSED = [
    (SMS, call("GetBalance", "<sessionID>X</sessionID>"), "SessionID expired"),
    (SMS, call("GetBalance"), "SessionID expired"),
    (SMS, call("GetSessionID", "<login>demo</login>"), "Invalid user login or password"),
    (SMS_V2, call("GetBalance"), "Invalid user login or password"),
    (SMS_V2, signed("SendMessage", message(sender="A" * 12)), "Invalid source address"),
    (SMS_V2, signed("SendMessage", message(sender="Девино")), "Invalid source address"),
    (SMS_V2, signed("SendMessage", message(TO, "abc")), "Invalid destination address"),
    (SMS_V2, signed("SendMessage", message(data="")), f"Data {NULL} data"),
    (SMS_V2, signed("SendMessage", message(sender="")), f"SourceAddress {NULL} sourceAddress"),
    (SMS_V2, signed("GetMessageState"), f"MessageID {NULL} messageId"),
    (
        SMS_V2,
        signed("SendMessage", message(data="x" * 2001)),
        "Invalid argument: Data is longer than 2000 characters\r\nParameter name: data",
    ),
    (
        SMS_V2,
        signed("SendMessage", message(*[TO] * 1001)),
        "Invalid argument: more than 1000 addresses\r\nParameter name: destinationAddresses",
    ),
    (
        VIBER_V2,
        signed("SendMessage", message(data="x" * 1001)),
        "Invalid argument: Data is longer than 1000 characters\r\nParameter name: data",
    ),
    (SMS_V2, signed("SendMessage", message(*[TO] * 1000, data="x" * 2000)), "Not enough credits"),
    (
        SMS_V2,
        signed(
            "GetStatistics",
            "<startDateTime>2010-01-01T00:00:00</startDateTime>"
            "<endDateTime>2010-04-02T00:00:00</endDateTime>",
        ),
        "Нельзя указывать диапазон дат более 90 дней.",
    ),
    (
        SMS_V2,
        signed(
            "GetStatistics",
            "<startDateTime>2010-02-01T00:00:00</startDateTime>"
            "<endDateTime>2010-01-01T00:00:00</endDateTime>",
        ),
        "Invalid argument: before startDateTime\r\nParameter name: endDateTime",
    ),
]


@pytest.mark.parametrize(("path", "body", "sentence"), REFUSED)
async def test_every_refusal_has_its_sentence(
    http: Http, world: World, account: Account, path: str, body: bytes, sentence: str
) -> None:
    assert fault(await post(http, path, body)) == sentence
    assert account.balance == Decimal("20015.3")
    assert {stored.state for stored in world.messages()} <= {State.REJECTED}


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        (SMS_V2, signed("SendMessage", message(TO, OTHER)), "Invalid user login or password"),
        (
            VIBER_V2,
            signed("SendMessage", message(TO, OTHER)),
            "Invalid user login or password",
        ),
        (
            SMS,
            call("SendMessage", "<sessionID>ended</sessionID>" + message(TO, OTHER)),
            "SessionID expired",
        ),
        (
            SMS_V2,
            signed("SendMessage", message(TO, OTHER, more="<Validity>soon</Validity>")),
            "message.Validity: ",
        ),
        (
            VIBER,
            call("SendMessageWithResend", message(TO, OTHER, more="<Validity>1<x/></Validity>")),
            "message.Validity: ",
        ),
        (SMS_V2, signed("SendMessage", message(TO, OTHER))[:-20], ""),
        (SMS_V2, signed("SendMessage", message(TO, OTHER)).replace(b"xmlns:s", b"xmlns:t"), ""),
    ],
)
async def test_a_send_that_is_refused_at_the_door_is_on_record(
    http: Http, path: str, body: bytes, reason: str
) -> None:
    await post(http, path, body.replace(PASSWORD.encode(), b"wr0ng"))
    shown = await http.messages()
    assert [one["to"] for one in shown] == [TO, OTHER]
    for one in shown:
        assert (one["sender"], one["text"], one["state"]) == (
            "DEVINO",
            "test",
            "REJECTED",
        )
        assert one["via"] == ("soap-v2" if "v2" in path.lower() else "soap")
        assert one["medium"] == ("VIBER" if path in (VIBER, VIBER_V2) else "SMS")
        assert one["reason"].startswith(reason)
        assert one["reason"]
        assert "wr0ng" not in str(one)


@pytest.mark.parametrize(
    "body",
    [
        signed("SendMessage", "<message>" + "<string/>" * 100_000),
        signed("SendMessage", message(*[TO] * 10_000)),
    ],
)
async def test_of_a_refused_send_no_more_is_on_record_than_one_call_may_have(
    http: Http, world: World, body: bytes
) -> None:
    await post(http, SMS_V2, body.replace(PASSWORD.encode(), b"wr0ng"))
    assert len(list(world.messages())) == 2999


async def test_a_reason_on_record_is_a_plain_string(http: Http, world: World) -> None:
    refused = signed("SendMessage", message(TO)).replace(PASSWORD.encode(), b"wr0ng")
    await post(http, SMS_V2, refused)
    await post(http, SMS, call("SendMessage", message(TO)))
    assert [type(stored.reason) for stored in world.messages()] == [str, str]


async def test_what_is_no_send_is_never_on_record(http: Http, world: World) -> None:
    for body in (b"", b"<Send", signed("GetBalance")[:-5], call("GetBalance")):
        await post(http, SMS_V2, body)
    assert list(world.messages()) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<Envelope/>",
        envelope(""),
        call("DropTables"),
        call("SendViber"),
        signed("SendMessage"),
        signed("SendMessage", message(more="<Validity>soon</Validity>")),
        signed("GetBalance")[:-20],
    ],
)
async def test_what_cannot_be_read_is_the_senders_fault(http: Http, body: bytes) -> None:
    for version, namespace in NAMESPACES.items():
        answer = await post(
            http, SMS_V2, body.replace(NAMESPACES["1.2"].encode(), namespace.encode())
        )
        of_12 = version == "1.2" and namespace.encode() in body
        assert answer.status == (400 if of_12 else 500)
        (said,) = texts(answer.body, "Text") + texts(answer.body, "faultstring")
        assert str(said).startswith("Server was unable to read request. ---> ")
        code = texts(answer.body, "Value") + texts(answer.body, "faultcode")
        assert code == ["soap:Sender" if of_12 else "soap:Client"]


async def test_faults_on_order(http: Http, world: World) -> None:
    world.faults.add(Fault(protocol="soap-v2", operation="getbalance", action=AnswerError(9)))
    world.faults.add(Fault(operation="SendMessage", to=TO, action=AnswerError("Gateway error")))
    world.faults.add(Fault(protocol="soap", action=AnswerHttp(503, "no")))
    assert fault(await post(http, SMS_V2, signed("GetBalance"))) == "Internal server error"
    assert (await post(http, SMS_V2, signed("SendMessage", message(OTHER)))).status == 200
    assert fault(await post(http, SMS_V2, signed("SendMessage", message(TO)))) == "Gateway error"
    assert (await post(http, SMS, call("GetSessionID", SIGNED))).status == 503
    world.faults.add(Fault(action=AnswerError(77)))
    assert fault(await post(http, SMS, call("GetSessionID", SIGNED))) == "Error 77"


async def test_a_text_that_no_xml_can_hold_is_a_fault_and_no_crash(
    http: Http, world: World
) -> None:
    world.receive(sender=TO, to="1234", text="bell \a")
    asked = signed(
        "GetIncomingMessages",
        "<minDateUTC>2011-01-01T00:00:00</minDateUTC><maxDateUTC>2011-01-31T00:00:00</maxDateUTC>",
    )
    assert "U+0007" in fault(await post(http, SMS_V2, asked))
