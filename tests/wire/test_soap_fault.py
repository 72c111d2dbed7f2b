"""Only faults in the platform's own words say that nothing was done."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs.rest import ErrorCode, ErrorText
from devino_codecs.soap import Fault

PROCESS = "Server was unable to process request. ---> "
BROKEN = {8, 9}


def code_of(reason: str) -> int | None:
    return Fault(reason=reason).rest_code


@pytest.mark.parametrize("code", ErrorCode)
def test_the_words_of_rests_tables_are_known(code: ErrorCode) -> None:
    for reason in (code.meaning, f"{PROCESS}{code.meaning}", f"{code.meaning.upper()}."):
        assert code_of(reason) == code


@pytest.mark.parametrize("text", [t for t in ErrorText if t is not ErrorText.MAX_DATE_MISSING])
def test_the_words_that_were_seen_are_known(text: ErrorText) -> None:
    for reason in (text, f"{PROCESS}{text}", f"{PROCESS}\n   {text}\n"):
        assert code_of(reason) == text.code


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("Data can not be null or empty\r\nParameter name: data", 1),
        ("SourceAddress cannot be null or empty\nParameter name: sourceAddress", 1),
        ("Value cannot be null.\r\nParameter name: sessionID", 1),
        ("Invalid argument: too many", 2),
        ("Invalid argument: Data is longer than 2000\r\nParameter name: data", 2),
        ("Invalid argument\r\nParameter name: maxDateUTC", 2),
        ("Invalid destination address\r\nParameter name: DestinationAddresses", 6),
        ("Invalid destination address Parameter name: destinationAddress", 6),
    ],
)
def test_arguments_are_named_by_the_services_own_parameters(reason: str, code: int) -> None:
    assert code_of(PROCESS + reason) == code


@pytest.mark.parametrize(
    "reason",
    [
        "Invalid operation. The connection is closed.",
        "The remote server returned an error: (403) Forbidden.",
        "Value cannot be null.\r\nParameter name: source",
        "Value cannot be null.",
        "Items cannot be null or empty\r\nParameter name: items",
        "Invalid destination address\r\nParameter name: host",
        "The message was sent to 3 of 9, then: invalid argument",
        "Sent to 3 of 9 ---> Invalid destination address",
        "Unauthorized access to the queue",
        "Invalid arguments",
        "Object reference not set",
        "",
    ],
)
def test_words_of_the_platforms_machinery_are_not_a_refusal(reason: str) -> None:
    assert code_of(reason) is None
    assert code_of(PROCESS + reason) is None


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("Internal Server Error: can not be null or empty", 9),
        ("Invalid argument: gateway error", 8),
        ("The remote server returned an error: (500) Internal Server Error.", 9),
    ],
)
def test_a_failure_of_the_platform_outweighs_the_rest_of_the_text(reason: str, code: int) -> None:
    assert code_of(PROCESS + reason) == code


@given(
    st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda text: text.split()),
    st.sampled_from(sorted(set(ErrorCode) - BROKEN)),
)
def test_words_before_known_words_make_them_unknown(before: str, code: ErrorCode) -> None:
    known = code_of(f"{before} {code.meaning}")
    assert known is None or known in BROKEN or before.lower().startswith("invalid argument:")
