"""What the codes of the wires mean in the kernel's words: read off their tables."""

from __future__ import annotations

from typing import Any

import pytest

from devino_codecs import rest, soap, verification, xmlpackage
from devino_codecs.http import Verdict
from devino_core import (
    AuthenticationFailed,
    ConfigurationError,
    InsufficientFunds,
    OutcomeUnknown,
    ProtocolViolation,
    Rejected,
    Retry,
    State,
    Throttled,
    Unavailable,
)
from devino_plugins.kit.refusals import refusal, refused, unreadable
from devino_plugins.kit.states import state_of

STATES: list[Any] = [
    *rest.SmsStateCode,
    *rest.ViberStateCode,
    *soap.SmsStateCode,
    *soap.ViberStateCode,
    *xmlpackage.MessageStatus,
]


@pytest.mark.parametrize("code", STATES, ids=repr)
def test_a_code_of_a_state_is_the_state_that_it_means(code: Any) -> None:
    assert state_of(code) is (State[code.means] if code.means else State.UNKNOWN)


def test_a_code_that_no_table_has_is_unknown_or_what_is_asked_for() -> None:
    assert state_of(12345) is state_of("odd") is State.UNKNOWN
    assert state_of(1, otherwise=State.ACCEPTED) is State.ACCEPTED
    assert state_of(soap.SmsStateCode.TARIFICATED, otherwise=State.ACCEPTED) is State.ACCEPTED


CLASSES = {
    Verdict.REFUSED: Rejected,
    Verdict.NOT_FOUND: Rejected,
    Verdict.LOGIN: AuthenticationFailed,
    Verdict.FUNDS: InsufficientFunds,
}
CODES: list[Any] = [
    *rest.ErrorCode,
    *rest.ViberResultCode,
    *xmlpackage.MessageError,
    *xmlpackage.PackageErrorCode,
    *verification.SentCode,
]


@pytest.mark.parametrize("code", [c for c in CODES if c.means in CLASSES], ids=repr)
@pytest.mark.parametrize("changes", [True, False])
def test_a_refusal_is_the_error_that_its_code_means(code: Any, changes: bool) -> None:
    error = refusal(code, "no", changes=changes, status=400)
    assert type(error) is refused(code) is CLASSES[code.means]
    assert isinstance(error, Rejected)
    assert (error.code, error.description) == (code.value, "no")


@pytest.mark.parametrize("code", [c for c in CODES if c.means == Verdict.FAILED], ids=repr)
def test_the_platforms_own_failure_does_not_tell_whether_a_send_was_carried_out(code: Any) -> None:
    assert isinstance(refusal(code, "no", changes=True), OutcomeUnknown)
    assert isinstance(refusal(code, "no", changes=False), Unavailable)


def test_who_asks_too_often_is_throttled() -> None:
    assert isinstance(refusal(verification.SentCode.LIMIT, "slowly", changes=True), Throttled)


def test_a_code_of_no_table_is_a_plain_no_unless_a_gateway_speaks() -> None:
    assert type(refusal(77, "?", changes=True, status=400)) is Rejected
    assert isinstance(refusal(77, "?", changes=True, status=502), OutcomeUnknown)
    assert isinstance(refusal("odd", "?", changes=False, status=500), Unavailable)
    assert refused(77) is refused("odd") is Rejected


@pytest.mark.parametrize("code", [77, "odd"])
def test_http_402_is_about_the_balance_if_the_code_says_nothing_else(code: int | str) -> None:
    assert type(refusal(code, "?", changes=True, status=402)) is InsufficientFunds
    known = refusal(rest.ErrorCode.INVALID_OPERATION, "no", changes=True, status=402)
    assert type(known) is Rejected


@pytest.mark.parametrize(
    ("code", "text"), [(0, ""), (0, "Operation complete"), (77, ""), ("0", "")]
)
def test_a_code_that_says_nothing_under_a_status_of_success_is_no_refusal(
    code: int | str, text: str
) -> None:
    sent = refusal(code, text, changes=True)
    assert isinstance(sent, ProtocolViolation)
    assert (sent.retry, refusal(code, text, changes=False).retry) == (
        Retry.MAY_DUPLICATE,
        Retry.SAFE,
    )


@pytest.mark.parametrize("status", [400, 401, 500])
def test_http_401_is_about_who_asks_whatever_the_code(status: int) -> None:
    kind = AuthenticationFailed if status == 401 else Rejected
    error = refusal(rest.ErrorCode.INVALID_OPERATION, "no", changes=True, status=status)
    assert type(error) is kind


@pytest.mark.parametrize(
    ("status", "changes", "kind"),
    [
        (200, True, ProtocolViolation),
        (401, True, AuthenticationFailed),
        (404, True, ConfigurationError),
        (502, True, OutcomeUnknown),
        (502, False, Unavailable),
    ],
)
def test_an_answer_in_no_ones_words_is_judged_by_its_http_status(
    status: int, changes: bool, kind: type[Exception]
) -> None:
    assert type(unreadable(status, "no JSON", changes=changes)) is kind
