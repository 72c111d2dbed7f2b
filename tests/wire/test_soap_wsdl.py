"""The generated descriptions, against a schema validator and a client by other authors."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from devino_codecs import EncodeError, soap
from devino_codecs.soap import _schema
from devino_codecs.soap._operations import result_of
from tests._vectors import VECTORS
from tests.wire._soap_samples import OPERATION_IDS, OPERATIONS, AnyType, of_struct, of_type

zeep = pytest.importorskip("zeep")
requests = pytest.importorskip("requests")

ADDRESS = "http://127.0.0.1:1/SmsService.asmx"
XS = "{http://www.w3.org/2001/XMLSchema}"
WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
WHEN = datetime(2012, 1, 18, 23, 59, tzinfo=UTC)
PERIOD = {"start_date_time": WHEN, "end_date_time": WHEN}
ADDRESSES = ("79031234567", "79031234568")

REQUESTS: dict[type[msgspec.Struct], Any] = {
    type(request): request
    for request in (
        soap.GetSessionID(),
        soap.GetBalance(),
        soap.SendMessage(
            message=soap.SmsMessage(
                data="Привет, <мир> & ]]>",
                destination_addresses=ADDRESSES,
                source_address="S",
                delay_until_utc=WHEN,
                receipt_requested=True,
                optionals=("a", "b"),
            )
        ),
        soap.SendMessageByTimeZone(
            source_address="S",
            destination_address="79031234567",
            data="t",
            send_date=WHEN.replace(tzinfo=None),
            validity=5,
        ),
        soap.SendMessageByTimeZoneToAddresses(
            source_address="S",
            destination_addresses=ADDRESSES,
            data="t",
            send_date=WHEN.replace(tzinfo=None),
        ),
        soap.GetMessageState(message_id="9223372036854775807"),
        soap.GetStatistics(start_date_time=WHEN, end_date_time=WHEN),
        soap.GetIncomingMessages(min_date_utc=WHEN, max_date_utc=WHEN),
        soap.SendViberMessage(
            message=soap.ViberMessage(
                data="t", destination_addresses=ADDRESSES, source_address="S", validity=60
            )
        ),
        soap.SendViberMessageWithResend(
            message=soap.ViberMessage(
                data="t",
                destination_addresses=ADDRESSES,
                source_address="S",
                validity=60,
                optional="o",
            )
        ),
        soap.GetViberMessageState(message_id="7"),
    )
}
INCOMING = soap.IncomingMessage(
    id=2**40, data="t", source_address="7", destination_address="1", created_date_utc=WHEN
)
RESULTS: dict[type[msgspec.Struct], object] = {
    soap.GetSessionID: "a" * 36,
    soap.GetBalance: Decimal("20015.3"),
    soap.SendMessage: ("1", "2"),
    soap.SendMessageByTimeZone: ("1",),
    soap.SendMessageByTimeZoneToAddresses: ("1", "2"),
    soap.GetMessageState: soap.SmsMessageState(
        state=soap.SmsStateCode.DELIVERED_TO_RECIPIENT,
        creation_date_utc=WHEN,
        state_description="Доставлено",
        price=Decimal("1.5"),
    ),
    soap.GetStatistics: soap.DeliveryStatistics(
        sent=6,
        delivered=5,
        errors=4,
        in_process=3,
        expired=2,
        rejected=1,
        optimized=7,
        tarificated=8,
        total=17,
        total_with_errors=21,
        delivery_ratio=Decimal("29.41"),
    ),
    soap.GetIncomingMessages: (INCOMING, INCOMING),
    soap.SendViberMessage: ("1", "2"),
    soap.SendViberMessageWithResend: ("1", "2"),
    soap.GetViberMessageState: soap.ViberMessageState(
        state=soap.ViberStateCode.READ, resent_sms=(soap.ViberResentSms(id="5"),)
    ),
}
CREDENTIALS: dict[type[msgspec.Struct], soap.Credentials] = {
    soap.Session: soap.Session(session_id="a" * 36),
    soap.Login: soap.Login(login="login", password="pass<word"),
}


class Wire(zeep.transports.Transport):  # type: ignore[misc, name-defined]
    """The platform's side of our codec, without a network."""

    def __init__(self, service: soap.Service, answer: object) -> None:
        super().__init__()
        self._service = service
        self._answer = answer
        self.call: soap.Call | None = None
        self.headers: dict[str, str] = {}

    def post(self, address: str, message: bytes, headers: dict[str, str]) -> Any:
        assert address == ADDRESS
        self.headers = headers
        self.call = soap.decode_request(self._service, message)
        version = self.call.version
        response = requests.Response()
        if isinstance(self._answer, soap.Fault):
            response.status_code = 500
            response._content = soap.encode_fault(self._answer, version=version)
        else:
            response.status_code = 200
            request_type = cast("Any", type(self.call.request))
            response._content = soap.encode_answer(request_type, self._answer, version=version)
        response.headers["Content-Type"] = version.content_type
        return response


def client_of(service: soap.Service, wire: Wire, version: soap.Version) -> Any:
    port = f"{service.name}Soap{'12' if version is soap.Version.SOAP_12 else ''}"
    description = BytesIO(soap.wsdl(service, ADDRESS))
    client = zeep.Client(description, transport=wire, service_name=service.name, port_name=port)
    return client.service


def plain(value: Any) -> Any:
    """A value of ours in zeep's form: with the names and types of the wire."""
    if isinstance(value, msgspec.Struct):
        return {
            field.element.name: plain_as(field.element.type, getattr(value, field.attribute))
            for field in _schema.fields(type(value))
        }
    return value


def plain_as(kind: _schema.Type, value: object) -> object:
    if isinstance(kind, _schema.Array):
        assert isinstance(value, tuple)
        return {kind.item: [plain(item) for item in value]} if value else None
    if kind is _schema.ID:
        return int(str(value))
    if isinstance(value, str) and not value:
        return None
    if isinstance(value, datetime) and kind is _schema.UTC_TIME:
        return value.replace(tzinfo=None)
    return plain(value)


def serialised(value: object) -> object:
    """The value that zeep gave, without dates that mean none."""
    value = zeep.helpers.serialize_object(value, dict)
    return (
        {
            name: None if item == datetime.min else item  # noqa: DTZ901
            for name, item in value.items()
        }
        if isinstance(value, dict)
        else value
    )


@pytest.mark.parametrize("version", soap.Version)
@pytest.mark.parametrize(("service", "request_type"), OPERATIONS, ids=OPERATION_IDS)
def test_zeep_calls_every_operation(
    service: soap.Service, request_type: AnyType, version: soap.Version
) -> None:
    operation = request_type.operation
    result, request = RESULTS[request_type], REQUESTS[request_type]
    credentials = CREDENTIALS[service.credentials_of(request_type)]
    wire = Wire(service, result)
    call = getattr(client_of(service, wire, version), operation.name)
    arguments = {**plain(credentials), **plain(request)}
    answered = call(**arguments)
    assert wire.call == soap.Call(credentials=credentials, request=request, version=version)
    expected = plain_as(result_of(request_type).type, result)
    # zeep takes a top-level array out of its element, but not the arrays of a struct.
    if isinstance(expected, dict) and isinstance(result_of(request_type).type, _schema.Array):
        (expected,) = expected.values()
        assert [serialised(item) for item in answered] == expected
    else:
        assert serialised(answered) == expected
    action = soap.soap_action(request_type)
    assert action in (wire.headers.get("SOAPAction", "") + wire.headers["Content-Type"])


@pytest.mark.parametrize("version", soap.Version)
@pytest.mark.parametrize("service", soap.SERVICES, ids=lambda service: service.name)
def test_zeep_understands_a_fault(service: soap.Service, version: soap.Version) -> None:
    reason = "Server was unable to process request. ---> Invalid user login or password"
    wire = Wire(service, soap.Fault(reason=reason))
    call = client_of(service, wire, version).GetMessageState
    arguments = {**plain(CREDENTIALS[service.credentials]), "messageID": 5}
    with pytest.raises(zeep.exceptions.Fault) as raised:
        call(**arguments)
    assert raised.value.message == reason
    codes = {soap.Version.SOAP_11: "soap:Server", soap.Version.SOAP_12: "soap:Receiver"}
    assert raised.value.code == codes[version]


@pytest.fixture(scope="module")
def schemas() -> dict[str, etree.XMLSchema]:
    found = {}
    for service in soap.SERVICES:
        root = etree.fromstring(soap.wsdl(service, ADDRESS))
        schema = root.find(f"{WSDL}types/{XS}schema")
        assert schema is not None
        # Without its parent a schema loses the prefixes that were declared there.
        found[service.name] = etree.XMLSchema(etree.fromstring(etree.tostring(schema)))
    return found


@pytest.mark.parametrize(("service", "request_type"), OPERATIONS, ids=OPERATION_IDS)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_all_that_is_written_is_valid_by_the_description(
    service: soap.Service,
    request_type: AnyType,
    schemas: dict[str, etree.XMLSchema],
    data: st.DataObject,
) -> None:
    credentials = data.draw(of_struct(service.credentials_of(request_type)))
    request = data.draw(of_struct(request_type))
    result = data.draw(of_type(result_of(request_type).type))
    for written in (
        soap.encode_request(service, credentials, request),
        soap.encode_answer(request_type, result),
    ):
        (body,) = etree.fromstring(written)
        (content,) = body
        schemas[service.name].assertValid(etree.ElementTree(content))


@pytest.mark.parametrize("service", soap.SERVICES, ids=lambda service: service.name)
def test_the_description_names_the_address_in_both_bindings(service: soap.Service) -> None:
    address = 'http://host:8080/a.asmx?b=1&c="2"'
    root = etree.fromstring(soap.wsdl(service, address))
    found = [element.get("location") for element in root.iter("{*}address")]
    assert found == [address, address]
    assert root.get("targetNamespace") == soap.NAMESPACE
    schema = root.find(f"{WSDL}types/{XS}schema")
    assert schema is not None
    assert schema.get("elementFormDefault") == "qualified"


def test_an_address_that_xml_cannot_hold_is_refused() -> None:
    with pytest.raises(EncodeError, match="address"):
        soap.wsdl(soap.SMS, "http://host/\x00")


def described(root: etree._Element) -> dict[str, list[tuple[str | None, ...]]]:
    """The elements of every type and every message: name, type, occurrences, whether nil."""
    found: dict[str, list[tuple[str | None, ...]]] = {}
    for schema in root.iter(f"{XS}schema"):
        for named in schema:
            found[f"{etree.QName(named).localname} {named.get('name')}"] = [
                (
                    e.get("name"),
                    e.get("type"),
                    e.get("minOccurs"),
                    e.get("maxOccurs"),
                    e.get("nillable", "false"),
                )
                for e in named.iter(f"{XS}element")
                if e.get("type") is not None
            ]
    return found


def test_the_description_of_sms_service_is_the_one_that_the_platform_published() -> None:
    theirs = etree.fromstring(VECTORS["07-wsdl"].data)
    ours = etree.fromstring(soap.wsdl(soap.SMS, ADDRESS))
    assert described(ours) == described(theirs)
    for tag in ("message", "portType", "binding", "service", "port"):
        names = [
            {(e.get("name"), e.get("binding"), e.get("type")) for e in root.iter(f"{WSDL}{tag}")}
            for root in (ours, theirs)
        ]
        assert names[0] == names[1]


@pytest.mark.parametrize("request_type", soap.SMS.requests, ids=lambda one: one.operation.name)
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_all_that_is_written_is_valid_by_the_platforms_own_description(
    request_type: AnyType, data: st.DataObject
) -> None:
    theirs = etree.fromstring(VECTORS["07-wsdl"].data).find(f"{WSDL}types/{XS}schema")
    assert theirs is not None
    schema = etree.XMLSchema(etree.fromstring(etree.tostring(theirs)))
    credentials = data.draw(of_struct(soap.SMS.credentials_of(request_type)))
    for written in (
        soap.encode_request(soap.SMS, credentials, data.draw(of_struct(request_type))),
        soap.encode_answer(request_type, data.draw(of_type(result_of(request_type).type))),
    ):
        ((content,),) = etree.fromstring(written)
        schema.assertValid(etree.ElementTree(content))
