"""`kit.receipts`: what is told of all together becomes the receipts that it becomes one by one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs.http import CodedStr, Refusal, Unread, Verdict
from devino_core import Medium, Message, OutcomeUnknown, ProtocolViolation, Receipt, State
from devino_core.clock import Clock
from devino_core.testing import ManualClock
from devino_plugins.kit import Taken, TakenIf, Unclear
from devino_plugins.kit.ids import GivenIds
from devino_plugins.kit.receipts import Outcome, receipts_of_each


class Told(msgspec.Struct, frozen=True):
    code: str | None = "OK"
    number: str | None = None
    pieces: tuple[str, ...] | None = None


BY_PIECES = TakenIf(id="number", says={"code": "OK"}, segments="pieces")
BY_ID = TakenIf(id="number")


def by_pieces(told: Told) -> Outcome:
    """What ``BY_PIECES`` says, and what all else means."""
    if told.number and (told.code or "").upper() == "OK":
        return Taken((told.number,), len(told.pieces or ()))
    return rest(told)


def by_id(told: Told) -> Outcome:
    return told.number or rest(told)


def rest(told: Told) -> Outcome:
    return Refusal(Word.NO, "no") if told.code == "NO" else Unclear(str(told.code), "odd")


class Word(CodedStr):
    NO = "NO", "no", Verdict.REFUSED


numbers = st.sampled_from(["1", "2", "3", "4", "5", "6", "7", "8"])
plain = st.builds(Told, number=numbers, pieces=st.none() | st.just(("1", "2")))
odd = st.builds(
    Told,
    code=st.sampled_from(["OK", "ok", "Ok", "NO", "?", None]),
    number=st.none() | st.just("") | numbers,
    pieces=st.none() | st.lists(numbers, max_size=2).map(tuple),
)
all_taken = st.permutations("123456789").map(
    lambda found: [Told(number=it, pieces=(it,) * n) for n, it in enumerate(found[:4])]
)
codes = st.sampled_from(["OK", "OK", "ok", "NO", "?", None])
all_have_ids = st.builds(
    lambda found, codes: [
        msgspec.structs.replace(it, code=code) for it, code in zip(found, codes, strict=True)
    ],
    all_taken,
    st.lists(codes, min_size=4, max_size=4),
)
answers = (
    all_taken
    | all_have_ids
    | st.lists(plain | odd, max_size=4)
    | st.lists(plain | odd | st.just(Unread("odd")), max_size=4)
)
CLOCK = ManualClock()
LATER = CLOCK.now() + timedelta(hours=1)
messages = st.lists(
    st.builds(
        Message,
        st.just("79160000001"),
        st.just("Hello"),
        medium=st.sampled_from([Medium.SMS, Medium.SMS, Medium.SMS, Medium.VIBER]),
        send_at=st.sampled_from([None, None, None, LATER, datetime(2020, 1, 1)]),  # noqa: DTZ001
    ),
    min_size=4,
    max_size=4,
)


def made(
    sent: Sequence[Message],
    answers: Sequence[Sequence[Told | Unread]],
    outcome: Callable[[Told], Outcome],
    taken: TakenIf | None,
    given: GivenIds | None,
) -> list[object]:
    """What calls that are answered so end in, one after the other."""
    clock: Clock = CLOCK
    ends: list[object] = []
    for told in answers:
        try:
            found = receipts_of_each(
                sent,
                told,
                outcome,
                taken=taken,
                given=given,
                channel="crow",
                clock=clock,
                hide=str.upper,
            )
        except ProtocolViolation as error:
            ends.append(str(error))
        else:
            ends += map(Receipt.to_dict, found)
    return ends


@given(st.data(), messages, st.booleans(), st.booleans())
def test_all_together_is_as_one_by_one(
    data: st.DataObject, sent: list[Message], is_remembered: bool, has_pieces: bool
) -> None:
    told = data.draw(st.lists(answers, min_size=1, max_size=3))
    taken, outcome = (BY_PIECES, by_pieces) if has_pieces else (BY_ID, by_id)

    def ends(taken: TakenIf | None) -> list[object]:
        return made(sent, told, outcome, taken, GivenIds() if is_remembered else None)

    assert ends(taken) == ends(None)


def never(_: Told) -> Any:
    raise AssertionError("nobody is asked about what was plainly taken")


def test_no_function_is_called_for_what_was_taken() -> None:
    sent = [Message("79160000001", "Hello"), Message("79160000002", "Hello")]
    told = [Told(number="1", pieces=("5", "6")), Told(number="2")]
    args: dict[str, Any] = {"channel": "crow", "clock": CLOCK, "hide": str}
    first, second = receipts_of_each(sent, told, never, taken=BY_PIECES, given=None, **args)
    assert (first.ids, first.parts, first.status.state) == (("1",), 2, State.ACCEPTED)
    assert (second.ids, second.parts) == (("2",), 0)
    assert [it.ref for it in (first, second)] == [it.ref for it in sent]
    first, second = receipts_of_each(sent, told, never, taken=BY_ID, given=None, **args)
    assert (first.parts, second.parts) == (1, 1)


@pytest.mark.parametrize("code", ["ok", "Ok"])
def test_words_count_in_any_case(code: str) -> None:
    assert BY_PIECES.of_one(Told(code, "1")) == Taken(("1",), 0)
    assert BY_PIECES.of_one(Told("NO", "1")) is None
    assert BY_PIECES.of_one(Told(None, "1")) is None
    assert BY_PIECES.of_one(Told(code, "")) is None


def test_an_id_that_comes_again_is_unknown_where_all_were_taken() -> None:
    given, sent = GivenIds(), [Message("79160000001", "Hello"), Message("79160000002", "Hello")]
    args: dict[str, Any] = {"given": given, "channel": "crow", "clock": CLOCK, "hide": str}
    given.remember(["1"])
    told = [Told(number="1"), Told(number="2")]
    old, new = receipts_of_each(sent, told, never, taken=BY_ID, **args)
    assert isinstance(old.error, OutcomeUnknown)
    assert (old.ids, new.ids) == ((), ("2",))


@pytest.mark.parametrize("pieces", [None, msgspec.UNSET, 3, "three", Unread("odd"), (), []])
@pytest.mark.parametrize("code", ["OK", "ok"])
def test_what_is_no_list_of_segments_costs_no_message_its_id(pieces: Any, code: str) -> None:
    sent = [Message("79160000001", "Hello"), Message("79160000002", "Hello")]
    told = [Told(code, "1", pieces), Told(number="2", pieces=("5", "6"))]
    args: dict[str, Any] = {"given": None, "channel": "crow", "clock": CLOCK, "hide": str}
    found = receipts_of_each(sent, told, never, taken=BY_PIECES, **args)
    assert [(it.ids, it.parts) for it in found] == [(("1",), 0), (("2",), 2)]


@pytest.mark.parametrize("number", ["", None, msgspec.UNSET, Unread("odd")])
@pytest.mark.parametrize("code", ["OK", "ok"])
def test_what_is_no_id_is_nobodys(number: Any, code: str) -> None:
    sent = [Message("79160000001", "Hello"), Message("79160000002", "Hello")]
    told = [Told(code, number), Told(number="2")]
    args: dict[str, Any] = {"given": None, "channel": "crow", "clock": CLOCK, "hide": str}
    found = receipts_of_each(sent, told, rest, taken=BY_PIECES, **args)
    assert [(it.ids, it.status.state) for it in found] == [
        ((), State.UNKNOWN),
        (("2",), State.ACCEPTED),
    ]


@pytest.mark.parametrize("codes", [(0, 0), (0, 7)])
def test_a_word_may_be_a_number(codes: tuple[Any, Any]) -> None:
    sent = [Message("79160000001", "Hello"), Message("79160000002", "Hello")]
    told = [Told(code, number) for code, number in zip(codes, "12", strict=True)]
    args: dict[str, Any] = {"given": None, "channel": "crow", "clock": CLOCK, "hide": str}
    taken = TakenIf(id="number", says={"code": 0})
    found = receipts_of_each(sent, told, rest, taken=taken, **args)
    assert [it.ids for it in found] == [("1",), ("2",) if codes[1] == 0 else ()]
