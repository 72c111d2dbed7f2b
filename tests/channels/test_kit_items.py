"""`kit.items`: what a mail-out says is looked at once, and no message gets what another says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_core import Card, Fill, Medium, Message, Priority
from devino_plugins.kit.items import at, looked_at, with_numbers


def said(message: Message) -> tuple[object, ...]:
    """All that a message says, without its recipient and ref."""
    return tuple(
        getattr(message, name)
        for name in Message.__struct_fields__
        if name not in ("to", "ref", "fallback")
    ) + ((message.to, said(message.fallback)) if message.fallback else ())


AT = datetime(2030, 1, 1, tzinfo=UTC)
# Equal values that are not one object, too.
messages = st.builds(
    Message,
    st.sampled_from(["79160000001", "79160000002"]),
    st.sampled_from(["Hello", "Bye"]).map(lambda text: "".join(list(text)))
    | st.sampled_from(["a", "b"]).map(lambda name: Fill("#n#", {"n": name}))
    | st.sampled_from(["a", "b"]).map(Card),
    sender=st.sampled_from([None, "A", "B"]),
    medium=st.sampled_from([Medium.SMS, Medium.VIBER]),
    send_at=st.sampled_from([None, AT, datetime(2030, 1, 1, tzinfo=UTC), AT + timedelta(1)]),
    validity=st.sampled_from([None, timedelta(1), timedelta(2)]),
    priority=st.sampled_from([None, Priority.LOW, Priority.HIGH]),
    fallback=st.none() | st.just(Message("79160000001", "instead", ref="5")),
    options=st.sampled_from([{}, {"a": 1}, {"a": 2}]).map(dict),
)
runs = st.lists(messages | messages.map(lambda one: [one] * 3), max_size=6).map(
    lambda found: [it for each in found for it in (each if isinstance(each, list) else [each])]
)


@given(runs)
def test_each_message_has_what_it_says_itself(sent: list[Message]) -> None:
    found = [seen for seen, count in looked_at(sent, said) for _ in range(count)]
    assert found == list(map(said, sent))


def test_a_mail_out_is_looked_at_once() -> None:
    looks: list[Message] = []
    sent = [Message(f"7916000000{n}", "Hello", options={"a": 1}) for n in range(3)]
    sent += [Message("79160000001", "Hello"), Message("79160000001", "Bye")] * 2
    assert [count for _, count in looked_at(sent, looks.append)] == [3, 1, 1, 1, 1]
    assert looks == [sent[0], sent[3], sent[4]]


def test_a_message_with_a_fallback_is_looked_at_by_itself() -> None:
    one = Message("79160000001", "Hello", fallback=Message("79160000001", "Hello"))
    assert [count for _, count in looked_at([one, one], said)] == [1, 1]


def test_an_hour_that_the_clocks_repeat_is_two_times() -> None:
    first = datetime(2030, 10, 27, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"))
    second = first.replace(fold=1)
    assert first == second
    sent = [Message("79160000001", "Hello", send_at=at) for at in (first, second, first)]
    found = looked_at(sent, lambda it: it.send_at and it.send_at.astimezone(UTC).hour)
    assert list(found) == [(0, 1), (1, 1), (0, 1)]


@pytest.mark.parametrize(("one", "other"), [(True, 1), (1, 1.0), ([True], [1])])
def test_options_that_are_equal_and_not_the_same_are_looked_at_each(
    one: object, other: object
) -> None:
    sent = [Message("79160000001", "Hello", options={"a": it}) for it in (one, other)]
    found = [seen for seen, _ in looked_at(sent, lambda it: repr(it.options["a"]))]
    assert found == [repr(one), repr(other)]


def test_nothing_that_a_message_says_is_left_out_of_the_comparison() -> None:
    compared = {"content", "medium", "sender", "send_at", "validity", "priority"}
    others = {"to", "ref", "fallback", "options"}
    assert compared | others == {*Message.__struct_fields__}, "see `_runs` and `_said`"


class Item(msgspec.Struct, frozen=True):
    to: str
    text: str = ""


def test_copies_have_their_own_numbers() -> None:
    item = Item("1", "Hello")
    assert with_numbers([item, item], "to", ["2", "3"]) == (Item("2", "Hello"), Item("3", "Hello"))
    assert item.to == "1"


@pytest.mark.parametrize("numbers", [[], ["2"], ["2", "3", "4"]])
def test_no_copy_keeps_the_number_of_another(numbers: list[str]) -> None:
    with pytest.raises(ValueError, match="numbers"):
        with_numbers([Item("1"), Item("1")], "to", iter(numbers))


@given(st.integers(-9, 9), st.integers(-9, 9), st.sampled_from([-2, -1, 1, 2]))
def test_places_in_a_range_are_as_those_in_a_list(start: int, stop: int, step: int) -> None:
    places, of = range(start, stop, step), "abcdefghijkl"
    assert list(at(places, of)) == list(at([*places], of))


def test_what_stands_at_places() -> None:
    assert list(at(range(1, 3), "abcd")) == list(at([1, 2], "abcd")) == ["b", "c"]
    assert list(at([3, 0], "abcd")) == ["d", "a"]
