"""The SOAP services: every operation, both directions, both versions (chapters 7 and 8)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from devino_codecs import DecodeError, EncodeError, soap
from devino_codecs.soap._operations import result_of
from tests.wire._soap_samples import OPERATION_IDS, OPERATIONS, AnyType, of_struct, of_type

SESSION = soap.Session(session_id="string")
LOGIN = soap.Login(login="string", password="string")
WHEN = datetime(2012, 1, 18, 23, 59, tzinfo=UTC)
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"


def wrapped(body: str, namespace: str = SOAP_12) -> bytes:
    return f'<e:Envelope xmlns:e="{namespace}"><e:Body>{body}</e:Body></e:Envelope>'.encode()


@pytest.mark.parametrize(("service", "request_type"), OPERATIONS, ids=OPERATION_IDS)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_a_request_is_read_as_it_was_written(
    service: soap.Service, request_type: AnyType, data: st.DataObject
) -> None:
    credentials = data.draw(of_struct(service.credentials_of(request_type)))
    request = data.draw(of_struct(request_type))
    version = data.draw(st.sampled_from(soap.Version))
    written = soap.encode_request(service, credentials, request, version=version)
    read = soap.decode_request(service, written)
    assert read == soap.Call(credentials=credentials, request=request, version=version)
    assert soap.encode_request(service, read.credentials, read.request, version=version) == written


@pytest.mark.parametrize(("service", "request_type"), OPERATIONS, ids=OPERATION_IDS)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_an_answer_is_read_as_it_was_written(
    service: soap.Service, request_type: AnyType, data: st.DataObject
) -> None:
    result = data.draw(of_type(result_of(request_type).type))
    version = data.draw(st.sampled_from(soap.Version))
    written = soap.encode_answer(request_type, result, version=version)
    assert soap.decode_answer(request_type, written) == result


@given(
    st.sampled_from(soap.Version),
    st.builds(
        soap.Fault,
        code=st.sampled_from([*soap.FaultCode, "Odd"]),
        reason=st.text(st.characters(min_codepoint=0x21, max_codepoint=0xD7FF)),
        detail=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E)),
    ),
)
@settings(max_examples=40, deadline=None)
def test_a_fault_is_read_as_it_was_written(version: soap.Version, fault: soap.Fault) -> None:
    read = soap.decode_answer(soap.GetBalance, soap.encode_fault(fault, version=version))
    assert read == stripped(fault)


def stripped(fault: soap.Fault) -> soap.Fault:
    return soap.Fault(code=fault.code, reason=fault.reason.strip(), detail=fault.detail.strip())


def test_what_is_written_is_compact_and_in_the_manuals_words() -> None:
    assert soap.encode_request(soap.SMS, LOGIN, soap.GetSessionID()).decode() == (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<soap12:Envelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        'xmlns:xsd="http://www.w3.org/2001/XMLSchema" '
        'xmlns:soap12="http://www.w3.org/2003/05/soap-envelope"><soap12:Body>'
        '<GetSessionID xmlns="http://ws.devinosms.com"><login>string</login>'
        "<password>string</password></GetSessionID></soap12:Body></soap12:Envelope>"
    )


def test_soap_11_is_written_on_demand() -> None:
    written = soap.encode_request(
        soap.SMS, SESSION, soap.GetBalance(), version=soap.Version.SOAP_11
    )
    assert b'<soap:Envelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ' in written
    assert f'xmlns:soap="{SOAP_11}"'.encode() in written


def test_headers_are_those_of_each_version() -> None:
    assert soap.headers(soap.GetBalance) == {"Content-Type": "application/soap+xml; charset=utf-8"}
    assert soap.headers(soap.SendViberMessage, soap.Version.SOAP_11) == {
        "Content-Type": "text/xml; charset=utf-8",
        "SOAPAction": '"http://ws.devinosms.com/SendMessage"',
    }


def test_order_case_prefix_and_namespace_of_elements_do_not_count() -> None:
    call = soap.decode_request(
        soap.SMS,
        wrapped(
            '<q:sendMESSAGE xmlns:q="urn:other"><MESSAGE><validity>7</validity>'
            "<SOURCEADDRESS>S</SOURCEADDRESS><destinationAddresses><x>1</x><y>2</y>"
            "</destinationAddresses><dATA>text</dATA></MESSAGE><extra/>"
            "<q:SessionId>abc</q:SessionId></q:sendMESSAGE>",
            SOAP_11,
        ),
    )
    message = soap.SmsMessage(
        data="text", destination_addresses=("1", "2"), source_address="S", validity=7
    )
    assert call == soap.Call(
        credentials=soap.Session(session_id="abc"),
        request=soap.SendMessage(message=message),
        version=soap.Version.SOAP_11,
    )


@pytest.mark.parametrize(
    "said",
    [
        "",
        "<Validity/>",
        "<Validity> </Validity>",
        '<Validity xsi:nil="true"/>',
        '<Validity xsi:nil="1">5</Validity>',
        "<Validity>0</Validity>",
    ],
)
def test_absent_empty_nil_and_zero_validity_are_one(said: str) -> None:
    body = (
        '<SendMessage xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><message>'
        f"<Data>t</Data>{said}</message></SendMessage>"
    )
    call = soap.decode_request(soap.SMS, wrapped(body))
    assert isinstance(call.request, soap.SendMessage)
    assert call.request.message == soap.SmsMessage(
        data="t", destination_addresses=(), source_address=""
    )


def test_the_first_of_two_elements_that_is_not_empty_counts() -> None:
    body = "<GetBalance><sessionID/><sessionId>a</sessionId><SessionID>b</SessionID></GetBalance>"
    assert soap.decode_request(soap.SMS, wrapped(body)).credentials == soap.Session(session_id="a")


def test_an_optional_value_is_nil_if_the_platform_wants_its_element() -> None:
    message = soap.SmsMessage(data="t", destination_addresses=("7",), source_address="S")
    written = soap.encode_request(soap.SMS, SESSION, soap.SendMessage(message=message)).decode()
    assert '<DelayUntilUtc xsi:nil="true" />' in written
    assert '<Validity xsi:nil="true" /></message>' in written


def test_a_missing_send_date_is_the_least_of_net_and_a_missing_validity_is_nil() -> None:
    request = soap.SendMessageByTimeZone(source_address="S", destination_address="7", data="t")
    written = soap.encode_request(soap.SMS_V2, LOGIN, request)
    assert b"<sendDate>0001-01-01T00:00:00</sendDate>" in written
    assert b'<validity xsi:nil="true" />' in written
    assert soap.decode_request(soap.SMS_V2, written).request == request
    left_out = wrapped(
        "<SendMessageByTimeZone><sourceAddress>S</sourceAddress><destinationAddress>7"
        "</destinationAddress><data>t</data></SendMessageByTimeZone>"
    )
    assert soap.decode_request(soap.SMS_V2, left_out).request == request


def test_the_recipients_clock_has_no_zone() -> None:
    body = (
        "<SendMessageByTimeZone><sendDate>2012-01-18T10:00:00{}</sendDate></SendMessageByTimeZone>"
    )
    for zone in ("", "Z", "+07:00"):
        request = soap.decode_request(soap.SMS, wrapped(body.format(zone))).request
        assert isinstance(request, soap.SendMessageByTimeZone)
        assert request.send_date == datetime.fromisoformat("2012-01-18T10:00:00")


def test_instants_are_utc_unless_they_say_otherwise() -> None:
    body = (
        "<GetStatistics><startDateTime>2012-01-18T10:00</startDateTime>"
        "<endDateTime>2012-01-18T10:00:00.1234567+03:00</endDateTime></GetStatistics>"
    )
    request = soap.decode_request(soap.SMS, wrapped(body)).request
    assert request == soap.GetStatistics(
        start_date_time=datetime(2012, 1, 18, 10, tzinfo=UTC),
        end_date_time=datetime(2012, 1, 18, 7, 0, 0, 123456, tzinfo=UTC),
    )


def test_swapped_ends_of_a_period_are_put_right() -> None:
    earlier, later = datetime(2012, 1, 1, tzinfo=UTC), WHEN
    swapped = soap.GetIncomingMessages(min_date_utc=later, max_date_utc=earlier)
    assert swapped.period == (earlier, later)


def test_dates_that_are_not_set_are_nil_but_the_one_that_the_description_does_not_let_be() -> None:
    state = soap.SmsMessageState(state=69)
    written = soap.encode_answer(soap.GetMessageState, state)
    for name in (b"CreationDateUtc", b"SubmittedDateUtc", b"ReportedDateUtc", b"Price"):
        assert b'<%b xsi:nil="true" />' % name in written
    assert b"<TimeStampUtc>0001-01-01T00:00:00</TimeStampUtc>" in written
    assert soap.decode_answer(soap.GetMessageState, written) == state


def test_the_state_of_an_sms_comes_in_the_order_of_the_description() -> None:
    written = soap.encode_answer(soap.GetMessageState, soap.SmsMessageState(state=0)).decode()
    assert re.findall(r"<(\w+)[ >]", written.partition("Result>")[2]) == [
        "CreationDateUtc",
        "SubmittedDateUtc",
        "ReportedDateUtc",
        "TimeStampUtc",
        "State",
        "StateDescription",
        "Price",
    ]


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("Delivered", soap.ViberStateCode.DELIVERED),
        ("delivered", soap.ViberStateCode.DELIVERED),
        (" Read\n", soap.ViberStateCode.READ),
        ("7", soap.ViberStateCode.EXPIRED),
        ("Vanished", "Vanished"),
        ("42", "42"),
    ],
)
def test_a_viber_state_is_a_name_or_its_number(said: str, state: str) -> None:
    name = "GetMessageState"
    body = f"<{name}Response><{name}Result><State>{said}</State></{name}Result></{name}Response>"
    assert soap.decode_answer(soap.GetViberMessageState, wrapped(body)) == soap.ViberMessageState(
        state=state
    )


def test_a_missing_state_is_not_read_as_delivered() -> None:
    name = "GetMessageState"
    body = f"<{name}Response><{name}Result><Price>1</Price></{name}Result></{name}Response>"
    with pytest.raises(DecodeError, match=r"GetMessageStateResult\.State: a value is required"):
        soap.decode_answer(soap.GetMessageState, wrapped(body))


@pytest.mark.parametrize("name", ["SendMessageResult", "SendMessageWithResendResult"])
def test_the_result_of_a_resend_is_known_by_both_names(name: str) -> None:
    body = (
        f"<SendMessageWithResendResponse><{name}><string>1</string></{name}>"
        "</SendMessageWithResendResponse>"
    )
    assert soap.decode_answer(soap.SendViberMessageWithResend, wrapped(body)) == ("1",)


def test_the_result_of_a_resend_is_written_as_printed() -> None:
    written = soap.encode_answer(soap.SendViberMessageWithResend, ("1",))
    assert b"<SendMessageWithResendResponse " in written
    assert b"<SendMessageResult><string>1</string></SendMessageResult>" in written


# The manual breaks the text between the dashes and the arrow.
PRINTED_FAULT = """<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope"><soap:Body>
<soap:Fault>
<soap:Code>
  <soap:Value>soap:Receiver</soap:Value>
</soap:Code>
<soap:Reason>
  <soap:Text xml:lang="en">
      Server was unable to process request. ---
      &gt; Invalid user login or password
  </soap:Text>
</soap:Reason>
</soap:Fault></soap:Body></soap:Envelope>"""


def test_the_manuals_fault_is_a_refused_login() -> None:
    fault = soap.decode_answer(soap.GetSessionID, PRINTED_FAULT.encode())
    assert isinstance(fault, soap.Fault)
    assert fault.code is soap.FaultCode.RECEIVER
    assert fault.message == "Invalid user login or password"
    assert fault.rest_code == 4


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("Server was unable to process request. ---> SessionID expired", 4),
        ("Server was unable to process request. ---> Invalid session id", 3),
        ("Server was unable to process request. ---> Not enough credits", 5),
        ("MessageID can not be null or empty\r\nParameter name: messageId", 1),
        ("Server was unable to process request. ---> Object reference not set", None),
        ("", None),
    ],
)
def test_a_fault_tells_the_code_of_rest_where_its_text_does(reason: str, code: int | None) -> None:
    assert soap.Fault(reason=reason).rest_code == code


def test_each_version_has_words_for_whose_fault_it_is() -> None:
    fault = soap.Fault(code=soap.FaultCode.SENDER, reason="r")
    of_11 = soap.encode_fault(fault, version=soap.Version.SOAP_11)
    assert b"<faultcode>soap:Client</faultcode><faultstring>r</faultstring><detail />" in of_11
    assert b"<soap:Value>soap:Sender</soap:Value>" in soap.encode_fault(fault)


def test_a_fault_in_another_namespace_is_not_a_fault() -> None:
    with pytest.raises(DecodeError):
        soap.decode_answer(
            soap.GetBalance, wrapped('<Fault xmlns="http://ws.devinosms.com"><Code/></Fault>')
        )


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (b"<Envelope><Body/></Envelope>", "Envelope"),
        (wrapped("<GetBalance/>", "http://ws.devinosms.com"), "Envelope"),
        (wrapped("<GetBalance/>", SOAP_12 + "/"), "Envelope"),
        (f'<Envelope xmlns="{SOAP_12}"/>'.encode(), "Body"),
        (
            f'<Envelope xmlns="{SOAP_12}"><Body xmlns="{SOAP_11}"><x/></Body></Envelope>'.encode(),
            "Body",
        ),
        (wrapped(""), "Body"),
        (wrapped("text"), "Body"),
        (wrapped("<GetNothing/>"), "Body"),
        (wrapped("<GetBalanceResponse/>"), "Body"),
        (wrapped("<GetStatistics/>"), "startDateTime"),
        (wrapped("<SendMessage/>"), "message"),
        (
            wrapped("<SendMessage><message><Validity>x</Validity></message></SendMessage>"),
            "message.Validity",
        ),
        (
            wrapped("<SendMessage><message><Data><b/></Data></message></SendMessage>"),
            "message.Data",
        ),
        (
            wrapped(
                "<SendMessage><message><DestinationAddresses><string>1</string><string><b/></string>"
                "</DestinationAddresses></message></SendMessage>"
            ),
            "message.DestinationAddresses[1]",
        ),
    ],
)
def test_a_document_that_is_not_a_request_is_refused_with_its_place(data: bytes, path: str) -> None:
    with pytest.raises(DecodeError) as raised:
        soap.decode_request(soap.SMS, data)
    assert raised.value.path == path


@pytest.mark.parametrize(
    "number", ["", "NaN", "Infinity", "1E50", "1e999999999", "1,5,0", "0x1", "1" * 40, "--1"]
)
def test_a_balance_that_is_not_a_decimal_is_refused(number: str) -> None:
    body = f"<GetBalanceResponse><GetBalanceResult>{number}</GetBalanceResult></GetBalanceResponse>"
    with pytest.raises(DecodeError, match="GetBalanceResult"):
        soap.decode_answer(soap.GetBalance, wrapped(body))


MESSAGE = {"data": "t", "destination_addresses": ("7",), "source_address": "S"}


@pytest.mark.parametrize(
    ("message", "path"),
    [
        ({"data": "\x00"}, "message.Data"),
        ({"data": None}, "message.Data"),
        ({"data": "\ud800"}, "message.Data"),
        ({"destination_addresses": ("7", "")}, "message.DestinationAddresses[1]"),
        ({"destination_addresses": ("7", 7)}, "message.DestinationAddresses[1]"),
        ({"destination_addresses": "7"}, "message.DestinationAddresses"),
        ({"delay_until_utc": WHEN.replace(tzinfo=None)}, "message.DelayUntilUtc"),
        ({"delay_until_utc": "2012-01-18"}, "message.DelayUntilUtc"),
        ({"validity": -1}, "message.Validity"),
        ({"validity": 2**31}, "message.Validity"),
        ({"validity": "5"}, "message.Validity"),
        ({"receipt_requested": 1}, "message.ReceiptRequested"),
        ({"receipt_requested": None}, "message.ReceiptRequested"),
    ],
)
def test_a_value_that_the_wire_cannot_express_is_refused_with_its_place(
    message: dict[str, object], path: str
) -> None:
    request = soap.SendMessage(message=soap.SmsMessage(**{**MESSAGE, **message}))  # type: ignore[arg-type]
    with pytest.raises(EncodeError) as raised:
        soap.encode_request(soap.SMS, SESSION, request)
    assert raised.value.path == path


@pytest.mark.parametrize(
    "balance", [Decimal("NaN"), Decimal("Infinity"), Decimal("1E+99"), Decimal("1E-99"), 1.5, "1"]
)
def test_a_balance_that_is_not_a_finite_decimal_is_not_written(balance: object) -> None:
    with pytest.raises(EncodeError, match="GetBalanceResult"):
        soap.encode_answer(soap.GetBalance, balance)  # type: ignore[misc]


def test_a_service_takes_its_own_operations_and_credentials_only() -> None:
    with pytest.raises(EncodeError, match="SmsServiceV2 takes no GetSessionID"):
        soap.encode_request(soap.SMS_V2, LOGIN, soap.GetSessionID())
    with pytest.raises(EncodeError, match="GetBalance of SmsService takes a Session, not a Login"):
        soap.encode_request(soap.SMS, LOGIN, soap.GetBalance())


def test_the_version_of_an_unreadable_envelope_is_guessed() -> None:
    assert soap.guess_version(wrapped("<x>")[:-1]) is soap.Version.SOAP_12
    assert soap.guess_version(b"<<<") is soap.Version.SOAP_11


def test_no_credential_is_shown() -> None:
    session, login = (
        soap.Session(session_id="canary"),
        soap.Login(login="canary", password="canary"),
    )
    call = soap.Call(credentials=session, request=soap.GetBalance(), version=soap.Version.SOAP_12)
    for shown in (repr(session), repr(login), repr(call), str(login.__rich_repr__())):
        assert "canary" not in shown


def test_another_parser_finds_the_same_under_the_services_namespace() -> None:
    request = soap.SendMessageByTimeZoneToAddresses(
        source_address="S",
        destination_addresses=("79031234567", "+7903 1234568"),
        data="a & <b>\r\n]]>",
        send_date=datetime.fromisoformat("2012-01-18T10:00:00"),
        validity=60,
    )
    root = etree.fromstring(soap.encode_request(soap.SMS, SESSION, request))
    ns = {"s": SOAP_12, "d": "http://ws.devinosms.com"}
    (element,) = root.findall("s:Body/d:SendMessageByTimeZoneToAddresses", ns)
    assert [etree.QName(child).localname for child in element] == [
        "sessionID", "sourceAddress", "destinationAddresses", "data", "sendDate", "validity",
    ]  # fmt: skip
    assert element.findtext("d:data", namespaces=ns) == "a & <b>\r\n]]>"
    assert element.findtext("d:sendDate", namespaces=ns) == "2012-01-18T10:00:00"
    assert [child.text for child in element.findall("d:destinationAddresses/d:string", ns)] == [
        "79031234567",
        "+7903 1234568",
    ]
