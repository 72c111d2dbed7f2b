"""HLR, two rows of the REST table (chapter 16): the rules that only HLR has."""

from __future__ import annotations

from typing import Any

import pytest

from devino_codecs import rest
from tests.wire import _rest

SESSION = rest.Session("S")
LOGIN = rest.Login("jo", "secret")
SEND = rest.HlrSend(("79031234567", "79031234568"), 5)
STATE = rest.HlrGetState(("703112828852109312", "703112828852109313"))


@pytest.mark.parametrize(
    ("request_", "credentials", "method", "target"),
    [
        (
            SEND,
            SESSION,
            "POST",
            (
                "/rest/Hlr/SendBulk?SessionID=S&DestinationAddresses=79031234567"
                "&DestinationAddresses=79031234568&Validity=5"
            ),
        ),
        (
            STATE,
            LOGIN,
            "GET",
            (
                "/rest/v2/Hlr/State?Login=jo&Password=secret&messageIds=703112828852109312"
                "&messageIds=703112828852109313"
            ),
        ),
        (
            STATE,
            SESSION,
            "GET",
            (
                "/rest/Hlr/State?SessionID=S&messageIds=703112828852109312"
                "&messageIds=703112828852109313"
            ),
        ),
    ],
)
def test_credentials_are_spelt_as_in_every_url_of_the_chapter(
    request_: rest.Request[Any], credentials: Any, method: str, target: str
) -> None:
    http = _rest.encode(request_, credentials, in_url=True)
    assert (http.method, http.target) == (method, target)
    assert _rest.decode(target) == (request_, credentials)
    # The platform takes either verb.
    path, _, query = target.partition("?")
    assert _rest.decode(path.lower(), "", query.encode()) == (request_, credentials)


def test_addresses_are_read_as_those_of_rest() -> None:
    numbers = "destinationaddress=+79031234567&DestinationAddresses[1]=89031234567"
    request, _ = _rest.decode("/rest/Hlr/SendBulk", f"SessionID=S&{numbers}&validity=1")
    assert request == rest.HlrSend(("79031234567", "89031234567"), 1)
    split, _ = _rest.decode(
        "/rest/Hlr/SendBulk",
        "SessionID=S&DestinationAddresses=79031234567;79031234568&Validity=5",
        split_lists=True,
    )
    assert split == SEND


@pytest.mark.parametrize("validity", ["", "&Validity=", "&Validity=0"])
def test_a_validity_is_required(validity: str) -> None:
    with pytest.raises(rest.MissingArgumentError) as caught:
        _rest.decode("/rest/Hlr/SendBulk", f"SessionID=S&DestinationAddresses=7{validity}")
    assert caught.value.path == "Validity"
    with pytest.raises(rest.EncodeError, match="one minute"):
        _rest.encode(rest.HlrSend(("7",), 0), SESSION)


@pytest.mark.parametrize("key", ["messageId", "MessageID", "MESSAGEID"])
def test_the_id_of_a_subscriber_comes_in_any_case(key: str) -> None:
    body = f'[{{"{key}":703112828852109314,"StateCode":"3","StateDesc":"no matter"}}]'
    (state,) = _rest.read(rest.HlrGetState, 200, body.encode())
    assert (state.message_id, state.state) == (
        "703112828852109314",
        rest.HlrStateCode.NONEXISTENT,
    )


def test_nothing_must_be_there() -> None:
    body = (
        b'[{"StateCode":1,"MobileOperator":null,"Country":null},{"messageid":null,"statecode":77}]'
    )
    assert _rest.read(rest.HlrGetState, 200, body) == (
        rest.HlrState(state=rest.HlrStateCode.REACHABLE),
        rest.HlrState(state=77),
    )


@pytest.mark.parametrize("odd", ['"x"', "null", "{}", "[1]", "1.5", "true"])
def test_a_state_that_cannot_be_read_hides_no_other(odd: str) -> None:
    body = f'[{{"messageId":"1","StateCode":{odd}}},{{"messageId":"2","StateCode":1}}]'
    assert _rest.read(rest.HlrGetState, 200, body.encode()) == (
        rest.HlrState(message_id="1", state=None),
        rest.HlrState(message_id="2", state=rest.HlrStateCode.REACHABLE),
    )


def test_a_subscriber_is_written_as_the_table_says_with_the_text_of_its_code() -> None:
    state = rest.HlrState(
        message_id="1",
        destination_address="+79001234567",
        state=rest.HlrStateCode.UNREACHABLE,
        description=rest.HlrStateCode.UNREACHABLE.text,
        country="Россия",
    )
    assert _rest.written(rest.HlrGetState, (state,)).decode() == (
        '[{"messageId":"1","DestinationAddress":"+79001234567","StateCode":2,'
        '"StateDesc":"Абонент временно недоступен","Country":"Россия","MobileOperator":""}]'
    )
    nameless = _rest.written(rest.HlrGetState, (rest.HlrState(state=0),))
    assert nameless.startswith(b'[{"DestinationAddress":"","StateCode":0,')


def test_a_refusal_is_that_of_rest() -> None:
    body = b'{"Code":5,"Desc":"Not enough credits"}'
    assert _rest.read(rest.HlrSend, 403, body) == rest.Refusal(
        rest.ErrorCode.NOT_ENOUGH_CREDITS, "Not enough credits", 403
    )
