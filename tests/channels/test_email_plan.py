"""From mails to calls: whatever goes together is what each mail alone would be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from devino_core import InvalidMessage, Mail, Medium, Message, Template
from devino_plugins.email._plan import Planned, plan

_texts = st.sampled_from(
    ["", "Hi {a}", "{b} {a}", "plain", "[a] {a}", "[{a}]", "{{a}}", "{a}{b}", "{Unsubscribe}"]
)
_values = st.sampled_from(["x", "y", "<", "[q]", "", "Ann"])
_names = st.sampled_from(["a", "b", "Unsubscribe"])
_FILLED = Mail("Dear {a}", "Hi {a}", values={"a": "1"})


@st.composite
def _contents(draw: st.DrawFn) -> Mail | Template:
    values = draw(st.none() | st.dictionaries(_names, _values))
    try:
        return Mail(draw(_texts), draw(_texts), draw(_texts), values=values)
    except InvalidMessage:
        return draw(st.just(Template("5")) | st.just(Template("5", {"a": "<"})))


_messages = st.builds(
    Message,
    st.sampled_from(["a@b.ru", "Ivan <c@d.ru>"]),
    _contents() | st.just(_FILLED),
    medium=st.just(Medium.EMAIL),
    sender=st.sampled_from(["s@x.ru", "t@x.ru"]),
    options=st.sampled_from([{}, {"campaign": "c"}]),
)


def _planned(messages: Sequence[Message]) -> list[Planned]:
    return plan(messages, lambda message: message.sender or "", size=3)


def _each(calls: Iterable[Planned]) -> dict[int, object]:
    return {
        place: (request.sender, request.subject, request.body, request.template_id, recipient)
        for places, request in calls
        for place, recipient in zip(places, request.recipients, strict=True)
    }


@given(st.lists(_messages, max_size=8))
def test_what_goes_together_is_what_each_alone_would_be(messages: list[Message]) -> None:
    calls = _planned(messages)
    alone = [_each(_planned([message]))[0] for message in messages]
    assert _each(calls) == dict(enumerate(alone))
    assert all(len(call.positions) <= 3 for call in calls)
    campaigns = {n: call.request.user_campaign_id for call in calls for n in call.positions}
    assert campaigns == {n: one.options.get("campaign") for n, one in enumerate(messages)}


def _mail(to: str, value: str, text: str = "Hi {a}") -> Message:
    return Message(to, Mail("", text, values={"a": value}), medium=Medium.EMAIL, sender="s@x.ru")


def test_a_mail_out_is_one_call_but_for_what_the_platform_might_misread() -> None:
    calls = _planned([_mail("a@b.ru", value) for value in ("x", "<", "y", "")])
    assert [list(call.positions) for call in calls] == [[0, 2, 3], [1]]
    assert [each.merge_fields for each in calls[0].request.recipients] == [
        {"a": "x"},
        {"a": "y"},
        {"a": ""},
    ]


@pytest.mark.parametrize("place", range(4))
def test_of_several_that_cannot_be_sent_the_first_is_named(place: int) -> None:
    messages = [_mail("a@b.ru", "x"), _mail("a@b.ru", "<"), *[_mail("c@d.ru", "y")] * 2]
    broken = _mail("a@b.ru", "\ud800")
    nowhere = _mail("nobody", "x")
    messages[place:] = [broken, nowhere]
    with pytest.raises(InvalidMessage) as caught:
        _planned(messages)
    assert caught.value.ref == broken.ref
    messages[place:] = [nowhere, broken]
    with pytest.raises(InvalidMessage) as caught:
        _planned(messages)
    assert caught.value.ref == nowhere.ref


def test_a_campaign_takes_no_mail_along_that_belongs_to_none() -> None:
    of_none = _mail("c@d.ru", "y")
    of_one = replace(of_none, to="a@b.ru", ref="1", options={"campaign": "spring"})
    calls = _planned([of_one, of_none])
    assert [(list(call.positions), call.request.user_campaign_id) for call in calls] == [
        ([0], "spring"),
        ([1], None),
    ]
