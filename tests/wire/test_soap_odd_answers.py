"""Answers with something odd in them: it does not hide the rest."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from devino_codecs import EncodeError, soap

SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"


def wrapped(body: str) -> bytes:
    return f'<e:Envelope xmlns:e="{SOAP_12}"><e:Body>{body}</e:Body></e:Envelope>'.encode()


NIL = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"'
LEAST = "0001-01-01T00:00:00"


@pytest.mark.parametrize("zone", ["", "Z", "+03:00", "-03:00", ".0000000+03:00"])
def test_the_least_date_of_net_is_none_in_any_zone(zone: str) -> None:
    body = (
        "<GetMessageStateResponse><GetMessageStateResult><State>0</State>"
        f"<ReportedDateUtc>{LEAST}{zone}</ReportedDateUtc></GetMessageStateResult>"
        "</GetMessageStateResponse>"
    )
    state = soap.decode_answer(soap.GetMessageState, wrapped(body))
    assert state == soap.SmsMessageState(state=soap.SmsStateCode.DELIVERED_TO_RECIPIENT)


@pytest.mark.parametrize("odd", ["soon", "<b>1</b>", "2012-13-45", "9" * 50])
@pytest.mark.parametrize(
    "name", ["CreationDateUtc", "SubmittedDateUtc", "ReportedDateUtc", "TimeStampUtc", "Price"]
)
def test_a_side_field_that_cannot_be_read_does_not_hide_the_state(name: str, odd: str) -> None:
    body = (
        f"<GetMessageStateResponse><GetMessageStateResult><{name}>{odd}</{name}><State>0</State>"
        "<StateDescription>Доставлено</StateDescription></GetMessageStateResult>"
        "</GetMessageStateResponse>"
    )
    state = soap.decode_answer(soap.GetMessageState, wrapped(body))
    assert isinstance(state, soap.SmsMessageState)
    assert (state.state, state.state_description) == (0, "Доставлено")
    assert getattr(state, {"TimeStampUtc": "timestamp_utc"}.get(name, "price")) is None


@pytest.mark.parametrize(("said", "price"), [("1,1", "1.1"), ("1.1E0", "1.1"), ("11E-1", "1.1")])
def test_a_number_may_have_a_comma_or_an_exponent(said: str, price: str) -> None:
    body = f"<GetBalanceResponse><GetBalanceResult>{said}</GetBalanceResult></GetBalanceResponse>"
    assert soap.decode_answer(soap.GetBalance, wrapped(body)) == Decimal(price)


def test_an_sms_without_a_date_or_an_id_does_not_hide_the_others() -> None:
    entry = (
        "<IncomingMessage><ID>{}</ID><Data>Да</Data><SourceAddress>7</SourceAddress>"
        "<DestinationAddress>8</DestinationAddress>{}</IncomingMessage>"
    )
    dated = "<CreatedDateUtc>2012-01-18T10:00:00</CreatedDateUtc>"
    body = (
        "<GetIncomingMessagesResponse><GetIncomingMessagesResult>"
        + entry.format("2250000000000", dated)
        + entry.format("odd", "<CreatedDateUtc>odd</CreatedDateUtc>")
        + f"<IncomingMessage {NIL} />"
        + entry.format("", "")
        + "</GetIncomingMessagesResult></GetIncomingMessagesResponse>"
    )
    found = soap.decode_answer(soap.GetIncomingMessages, wrapped(body))
    assert not isinstance(found, soap.Fault)
    at = datetime(2012, 1, 18, 10, tzinfo=UTC)
    assert [(sms.id, sms.created_date_utc) for sms in found] == [
        (2_250_000_000_000, at), (None, None), (None, None),
    ]  # fmt: skip
    assert {sms.data for sms in found} == {"Да"}
    with pytest.raises(EncodeError, match="ID: a value is required"):
        soap.encode_answer(soap.GetIncomingMessages, found)


def test_an_id_that_was_not_given_keeps_its_place() -> None:
    body = (
        "<SendMessageResponse><SendMessageResult><string>5</string>"
        f"<string {NIL} /><string /><string>8</string>"
        "</SendMessageResult></SendMessageResponse>"
    )
    assert soap.decode_answer(soap.SendMessage, wrapped(body)) == ("5", None, None, "8")
    written = soap.encode_answer(soap.SendMessage, ("5", None))
    assert soap.decode_answer(soap.SendMessage, written) == ("5", None)


def test_what_is_told_of_an_sms_that_was_sent_instead_is_read() -> None:
    body = (
        "<GetMessageStateResponse><GetMessageStateResult><State>Undelivered</State><ResentSms>"
        "<ViberSmsMessageStateInfo><Id>5</Id><State>0</State><Price>1,5</Price>"
        "</ViberSmsMessageStateInfo><ViberSmsMessageStateInfo><Id>6</Id><State>odd</State>"
        "</ViberSmsMessageStateInfo></ResentSms></GetMessageStateResult></GetMessageStateResponse>"
    )
    state = soap.decode_answer(soap.GetViberMessageState, wrapped(body))
    assert isinstance(state, soap.ViberMessageState)
    assert state.resent_sms == (
        soap.ViberResentSms(
            id="5", state=soap.SmsStateCode.DELIVERED_TO_RECIPIENT, price=Decimal("1.5")
        ),
        soap.ViberResentSms(id="6"),
    )
    assert soap.decode_answer(
        soap.GetViberMessageState, soap.encode_answer(soap.GetViberMessageState, state)
    ) == state  # fmt: skip
