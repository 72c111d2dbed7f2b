"""SOAP envelopes against zeep, which has the same description to go by."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from lxml import etree

from devino_codecs import soap

zeep = pytest.importorskip("zeep")

SESSION = "a" * 36
TEXT = "Ваш код 123456. Никому его не сообщайте"
WHEN = datetime(2012, 1, 18, 23, 59, tzinfo=UTC)
CLIENT = zeep.Client(
    BytesIO(soap.wsdl(soap.SMS, "http://127.0.0.1:1/")), port_name="SmsServiceSoap12"
)


def sending(count: int) -> tuple[Callable[[], object], Callable[[], object]]:
    addresses = tuple(f"7902{index:07d}" for index in range(count))

    def ours() -> bytes:
        message = soap.SmsMessage(
            data=TEXT,
            destination_addresses=addresses,
            source_address="SMSINFO",
            delay_until_utc=WHEN,
            validity=60,
        )
        return soap.encode_request(
            soap.SMS, soap.Session(session_id=SESSION), soap.SendMessage(message=message)
        )

    def with_zeep() -> bytes:
        envelope = CLIENT.create_message(
            CLIENT.service,
            "SendMessage",
            sessionID=SESSION,
            message={
                "Data": TEXT,
                "DestinationAddresses": {"string": list(addresses)},
                "SourceAddress": "SMSINFO",
                "DelayUntilUtc": WHEN,
                "ReceiptRequested": False,
                "Validity": 60,
            },
        )
        return etree.tostring(envelope, encoding="utf-8", xml_declaration=True)

    return ours, with_zeep


def parsing(request: Any, result: object) -> tuple[Callable[[], object], Callable[[], object]]:
    data = soap.encode_answer(request, result)
    binding = CLIENT.service._binding
    operation = binding.get(request.operation.name)

    def with_zeep() -> object:
        document = zeep.loader.parse_xml(data, CLIENT.transport, settings=CLIENT.settings)
        return operation.process_reply(document)

    return lambda: soap.decode_answer(request, data), with_zeep


@pytest.mark.parametrize("count", [1, 1000])
def test_a_send_message_is_built(compare: Callable[..., object], count: int) -> None:
    ours, with_zeep = sending(count)
    compare(
        f"soap: SendMessage to {count:,} built",
        ours,
        {"zeep": with_zeep},
        rounds=11,
        number=100 // count or 1,
    )


@pytest.mark.parametrize("count", [1, 1000])
def test_the_ids_of_a_send_message_are_parsed(compare: Callable[..., object], count: int) -> None:
    ours, with_zeep = parsing(soap.SendMessage, tuple(str(10**9 + i) for i in range(count)))
    compare(
        f"soap: answer with {count:,} ids parsed",
        ours,
        {"zeep": with_zeep},
        rounds=11,
        number=100 // count or 1,
    )


def test_a_state_is_parsed(compare: Callable[..., object]) -> None:
    state = soap.SmsMessageState(
        state=soap.SmsStateCode.DELIVERED_TO_RECIPIENT,
        creation_date_utc=WHEN,
        submitted_date_utc=WHEN,
        reported_date_utc=WHEN,
        timestamp_utc=WHEN,
        state_description="Доставлено",
    )
    ours, with_zeep = parsing(soap.GetMessageState, state)
    compare("soap: state of a message parsed", ours, {"zeep": with_zeep}, rounds=11, number=100)


def test_1000_incoming_messages_are_parsed(compare: Callable[..., object]) -> None:
    incoming = soap.IncomingMessage(
        id=5,
        data=TEXT,
        source_address="79021234567",
        destination_address="1234",
        created_date_utc=WHEN,
    )
    ours, with_zeep = parsing(soap.GetIncomingMessages, (incoming,) * 1000)
    compare("soap: 1,000 incoming messages parsed", ours, {"zeep": with_zeep}, rounds=7)
