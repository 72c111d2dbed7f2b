"""``devino decode soap``."""

from __future__ import annotations

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from devino_codecs import soap
from devino_core.cli._app import Devino
from tests._vectors import VECTORS

CANARY = "canary-4d1f"
SESSION = soap.Session(session_id=CANARY)
LOGIN = soap.Login(login=CANARY, password=CANARY)


def run(given: bytes, *options: str) -> Result:
    arguments = ("decode", "soap", "-", *options)
    return CliRunner(env={"DEVINO_CONFIG": ""}).invoke(Devino(), arguments, input=given)


def told(given: bytes) -> dict[str, Any]:
    result = run(given, "--json")
    assert result.exit_code == 0
    assert CANARY not in result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.mark.parametrize("version", soap.Version)
@pytest.mark.parametrize(
    ("service", "credentials", "hidden"),
    [
        (soap.SMS, SESSION, {"session_id": "***"}),
        (soap.SMS_V2, LOGIN, {"login": "***", "password": "***"}),
    ],
)
def test_a_request_is_told_with_its_service_and_without_its_credentials(
    version: soap.Version,
    service: soap.Service,
    credentials: soap.Credentials,
    hidden: dict[str, str],
) -> None:
    request = soap.GetMessageState(message_id="5797")
    assert told(soap.encode_request(service, credentials, request, version=version)) == {
        "kind": "request",
        "version": version.value,
        "service": service.name,
        "operation": "GetMessageState",
        "credentials": hidden,
        "arguments": {"message_id": "5797"},
    }


def test_of_two_services_with_one_operation_the_one_that_it_fits_is_told() -> None:
    viber = soap.SendViberMessage(
        message=soap.ViberMessage(
            data="a", destination_addresses=("7",), source_address="D", validity=5
        )
    )
    sms = soap.GetViberMessageState(message_id="5")
    assert told(soap.encode_request(soap.VIBER, SESSION, viber))["operation"] == "SendMessage"
    assert told(soap.encode_request(soap.VIBER_V2, LOGIN, sms))["credentials"]["login"] == "***"
    state = soap.ViberMessageState(state=soap.ViberStateCode.READ)
    assert told(soap.encode_answer(soap.GetViberMessageState, state))["result"]["state"] == "Read"


def test_the_answer_to_a_login_hides_the_session() -> None:
    answer = soap.encode_answer(soap.GetSessionID, CANARY)
    assert told(answer) == {
        "kind": "answer",
        "version": "1.2",
        "operation": "GetSessionID",
        "result": "***",
    }


def test_a_state_is_told_to_people_with_its_name() -> None:
    state = soap.SmsMessageState(
        state=soap.SmsStateCode.ERROR_EXPIRED, state_description="Просрочен"
    )
    lines = run(soap.encode_answer(soap.GetMessageState, state)).stdout.splitlines()
    assert "  state: 46 ERROR_EXPIRED" in lines
    assert "  state_description: Просрочен" in lines


def test_a_fault_is_told_with_the_number_that_rest_gives_it() -> None:
    reason = "Server was unable to process request. ---> Not enough credits"
    for version in soap.Version:
        fault = soap.encode_fault(soap.Fault(reason=reason), version=version)
        assert told(fault) == {
            "kind": "fault",
            "version": version.value,
            "code": "Receiver",
            "message": "Not enough credits",
            "rest_code": 5,
        }


def test_what_no_service_says_is_a_usage_error() -> None:
    for given, why in (
        (b"", "XML"),
        (b"<package/>", "not a SOAP envelope"),
        (VECTORS["07-008"].data, "sendDate"),
    ):
        result = run(given)
        assert result.exit_code == 2
        assert why in result.output
