"""The old 1C bridge: its words against the manual's tables, and its answers."""

# ruff: noqa: DTZ001 (dates of this wire are naive)

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import hypothesis.strategies as st
import pytest
from hypothesis import given

from devino_codecs import onec
from devino_codecs.errors import DecodeError, EncodeError
from devino_codecs.onec import BridgeAnswer, MessageStatus, OperationStatus

ANSWER = """\
Result: OK_Operation_Completed.
Balance: 98765
SMS_Time: 2008-06-02 13:31:24
SMS_Status: Delivered_To_Gateway
Server: x
"""


def test_an_answer_is_read() -> None:
    assert onec.decode(ANSWER) == BridgeAnswer(
        result=OperationStatus.OK_OPERATION_COMPLETED,
        balance=Decimal(98765),
        time=datetime(2008, 6, 2, 13, 31, 24),
        status=MessageStatus.DELIVERED_TO_GATEWAY,
        other={"Server": "x"},
    )


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("доставлено", MessageStatus.DELIVERED_TO_RECIPIENT),
        ("Отправлено", MessageStatus.SENT),
        ("ERROR_EXPIRED.", MessageStatus.ERROR_EXPIRED),
        ("Something_New", "Something_New"),
        ("Статус не распознан", "Статус не распознан"),
    ],
)
def test_words_come_in_both_languages_and_unknown_ones_survive(word: str, status: str) -> None:
    assert onec.decode(f"sms_status:{word}").status == status


@pytest.mark.parametrize(
    "text",
    [
        "Result",
        "Result: x\nresult: y\nResult: z",
        "Balance: much",
        "SMS_Time: noon",
        "Balance: nan",
    ],
)
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(DecodeError):
        onec.decode(text)


@pytest.mark.parametrize("other", [{"a:b": "x"}, {"a": "x\ny"}, {"": "x"}, {" a": "x"}])
def test_what_would_make_another_line_is_not_written(other: dict[str, str]) -> None:
    with pytest.raises(EncodeError):
        onec.encode(BridgeAnswer(other=other))


KEYS = {"result", "balance"}
WORDS = st.text(st.characters(categories=("L", "N"), max_codepoint=0x4FF), min_size=1, max_size=12)


@given(
    st.none() | st.sampled_from(OperationStatus) | st.just("Error_New"),
    st.none() | st.decimals(0, 10**6, places=2),
    st.none() | st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)),
    st.none() | st.sampled_from(MessageStatus) | st.just("New"),
    st.dictionaries(WORDS.filter(lambda word: word.casefold() not in KEYS), WORDS, max_size=3),
)
def test_what_is_written_is_read(
    result: OperationStatus | str | None,
    balance: Decimal | None,
    time: datetime | None,
    status: MessageStatus | str | None,
    other: dict[str, str],
) -> None:
    answer = BridgeAnswer(
        result=result,
        balance=balance,
        time=time and time.replace(microsecond=0),
        status=status,
        other=other,
    )
    assert onec.decode(onec.encode(answer)) == answer
