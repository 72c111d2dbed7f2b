"""A message's content, its repr, and its JSON."""

from __future__ import annotations

import copy
import io
import pickle
from contextlib import suppress
from datetime import timedelta, timezone
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from devino_core import (
    Button,
    Card,
    Fill,
    InvalidMessage,
    Mail,
    Medium,
    Message,
    Priority,
    Template,
    Unsupported,
)

TO = "79031234567"
CODE = Fill("{name}, your code is {code}", {"name": "Ann", "code": "1234"})


def test_a_fill_is_its_text_with_the_values_in_place() -> None:
    assert Message(TO, CODE).text == "Ann, your code is 1234"


def test_doubled_braces_are_braces_and_values_are_taken_as_they_are() -> None:
    assert Message(TO, Fill("{{{a}}} {{b}}", {"a": "{b}"})).text == "{{b}} {b}"


def test_a_wire_spells_fields_and_literals_its_own_way() -> None:
    assert CODE.spelt(lambda name: f"#{name}#") == "#name#, your code is #code#"
    spelt = Fill("{{ [{a}]", {"a": ""}).spelt(
        lambda name: f"[{name}]", lambda text: text.replace("[", "[[")
    )
    assert spelt == "{ [[[a]]"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Hello {nmae}", r"\{nmae\} at position 6 and no value: did you mean 'name'\?"),
        ("Hello {surname_of_somebody}", "at position 6 and no value: values has name"),
        ("a { b", "a single { at position 2: write {{"),
        ("a } b", "a single } at position 2: write }}"),
        ("{}", "a single { at position 0"),
        ("{ name }", "a single { at position 0"),
        ("{1st}", "a single { at position 0"),
        ("{имя}", "a single { at position 0: .*a Latin letter"),
        ("{{{name}", None),
        ("{{{{{name}}", "a single } at position 10"),
        ("{" + "a" * 33 + "}", "a single { at position 0"),
    ],
)
def test_a_malformed_field_is_refused_with_its_position(text: str, reason: str | None) -> None:
    if reason is None:
        assert Message(TO, Fill(text, {"name": "Ann"})).text == "{Ann"
        return
    with pytest.raises(InvalidMessage, match=reason) as caught:
        Fill(text, {"name": "Ann"})
    assert caught.value.field == "content"


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,31}", fullmatch=True)


@given(st.lists(texts | names.map(lambda name: (name,)), max_size=6), st.data())
def test_a_fill_says_its_literals_and_values(
    pieces: list[str | tuple[str]], data: st.DataObject
) -> None:
    values = {piece[0]: data.draw(texts) for piece in pieces if isinstance(piece, tuple)}
    text, said = "", ""
    for piece in pieces:
        if isinstance(piece, tuple):
            text += f"{{{piece[0]}}}"
            said += values[piece[0]]
        else:
            text += _doubled(piece)
            said += piece
    fill = Fill(text, values)
    assert Message(TO, fill).text == said
    # A Fill made from its own spelling is the same.
    assert fill.spelt(lambda name: f"{{{name}}}", _doubled) == text


def _doubled(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


@given(st.text(alphabet="{}ab_ 1", max_size=12))
def test_any_text_is_a_fill_or_invalid(text: str) -> None:
    with suppress(InvalidMessage):
        Fill(text, {"a": "1", "b": "2", "ab": "3"})


RICH = [
    Card("Sale", button=Button("Look", "https://example.org")),
    Card(image="https://example.org/a.png"),
    Template("welcome", {"name": "Ann"}),
    Mail("Hello", "Dear Ann"),
]


@pytest.mark.parametrize("content", RICH)
def test_richer_content_has_no_text(content: Card | Template | Mail) -> None:
    with pytest.raises(Unsupported, match=f"a {type(content).__name__} is more than a plain text"):
        _ = Message(TO, content).text


def test_a_card_of_a_text_alone_is_that_text() -> None:
    assert Message(TO, Card("Hello")).text == "Hello"


MAIL_VALUES = {"name": "<Ann & Co>"}


def test_a_mail_with_values_is_filled_and_they_are_escaped_in_html() -> None:
    mail = Mail("Hi {name}", "Dear {name}", "<b>{name}</b>", values=MAIL_VALUES).filled()
    assert (mail.subject, mail.text) == ("Hi <Ann & Co>", "Dear <Ann & Co>")
    assert mail.html == "<b>&lt;Ann &amp; Co&gt;</b>"
    assert mail.filled() is mail


def test_braces_of_a_mail_without_values_are_literal() -> None:
    mail = Mail("{name}", html="<style>b{color:red}</style>")
    assert mail.filled().html == "<style>b{color:red}</style>"
    assert mail.filled().subject == "{name}"


@pytest.mark.parametrize("bad", ["\r", "\n", "\0", "\x0b", "\x1f", "\x85", "\u2028", "\ud800"])
def test_nothing_forges_a_header_of_a_mail(bad: str) -> None:
    evil = f"x{bad}Bcc: all@example.org"
    forged: list[dict[str, Any]] = [
        {"subject": evil},
        {"subject": "{a}", "values": {"a": evil}},
        {"headers": {"X-Campaign": evil}},
        {"headers": {evil: "x"}},
    ]
    for fields in forged:
        with pytest.raises(InvalidMessage) as caught:
            Mail(**{"subject": "Hello", "text": "text", **fields})
        assert caught.value.field == "content"
    # The body may have line breaks, and so may values in it.
    assert "\n" in Mail("Hello", "{a}", values={"a": "one\ntwo"}).filled().text


@pytest.mark.parametrize("name", ["", " ", "X Y", "X:", "X: y", "Тема", "X\t"])
def test_a_header_name_cannot_hold_its_end(name: str) -> None:
    with pytest.raises(InvalidMessage, match="a name is printable ASCII"):
        Mail("Hello", "text", headers={name: "x"})
    assert Mail("Hello", "text", headers={"List-Unsubscribe": "<mailto:a@example.org>\t1"})


UNFIT: list[tuple[Any, list[Any], dict[str, Any], str]] = [
    (Card, [], {}, "a text or an image"),
    (Card, [], {"button": Button("Look", "https://example.org")}, "a text or an image"),
    (Card, [7], {}, "text of a Card must be str, not int"),
    (Card, ["a"], {"image": 7}, "image of a Card must be str or None, not int"),
    (Card, ["a"], {"button": "b"}, "button of a Card must be Button or None, not str"),
    (Button, ["", "https://example.org"], {}, "a caption and a URL"),
    (Template, [" "], {}, "the id that the platform gave it"),
    (Template, [5], {}, "id of a Template must be str"),
    (Template, ["a", {"n": 5}], {}, "the value of 'n' must be str, not int"),
    (Fill, ["a", None], {}, "values of a Fill must be Mapping, not NoneType"),
    (Fill, ["a", {"n": 5}], {}, "the value of 'n' must be str, not int"),
    (Mail, ["a"], {}, "a text or an HTML body"),
    (Mail, ["a", "{x}"], {"values": {"x": ""}}, "a text or an HTML body"),
    (Mail, ["a", "{x}"], {"values": {}}, r"text has \{x\} at position 0 and no value"),
    (Mail, ["a", "b"], {"headers": {"X": 5}}, "the value of 'X' must be str, not int"),
    (Message, [TO, "a"], {"priority": "HURRY"}, "priority: must be one of LOW, NORMAL"),
    (
        Message,
        [TO, b"a"],
        {},
        "must be str or Fill or Card or Template or Mail, not bytes",
    ),
]


@pytest.mark.parametrize(("kind", "args", "more", "reason"), UNFIT)
def test_content_that_nobody_could_send_is_refused(
    kind: Any, args: list[Any], more: dict[str, Any], reason: str
) -> None:
    with pytest.raises(InvalidMessage, match=reason):
        kind(*args, **more)


def test_a_caller_who_passes_text_is_told_about_content() -> None:
    with pytest.raises(TypeError, match="`content`"):
        Message(TO, text="Hello")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="'content'"):
        Message(TO)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="'colour'"):
        Message(TO, "Hello", colour=1)  # type: ignore[call-arg]
    with pytest.raises(msgspec.ValidationError, match="content"):
        msgspec.json.decode(b'{"to": "79031234567", "text": "Hello"}', type=Message)


def test_a_priority_may_be_given_by_its_name() -> None:
    message = Message(TO, "a", priority="HIGH")  # type: ignore[arg-type]
    assert message.priority is Priority.HIGH


words = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1).filter(
    lambda text: bool(text.strip())
)
mappings = st.dictionaries(names, texts, max_size=3)
buttons = st.builds(Button, words, words)
contents = st.one_of(
    texts,
    mappings.flatmap(
        lambda values: st.builds(
            Fill, st.just(" ".join(f"{{{name}}}" for name in values)), st.just(values)
        )
    ),
    st.builds(Card, words, st.none() | words, st.none() | buttons),
    st.builds(Template, words, mappings),
    st.builds(Mail, words, words, texts, st.dictionaries(names, words, max_size=2), st.none()),
)


def _messages(fallback: st.SearchStrategy[Message | None]) -> st.SearchStrategy[Message]:
    return st.builds(
        Message,
        words,
        contents,
        sender=st.none() | words,
        medium=st.sampled_from(Medium),
        send_at=st.none()
        | st.datetimes(timezones=st.none() | st.just(timezone(timedelta(hours=3)))),
        validity=st.none()
        | st.timedeltas(min_value=timedelta(microseconds=1), max_value=timedelta(days=9999)),
        priority=st.none() | st.sampled_from(Priority),
        fallback=fallback,
        options=st.dictionaries(names, st.integers(-9, 9) | texts | st.booleans(), max_size=2),
    )


messages = _messages(st.none() | _messages(st.none()))


@given(messages)
def test_a_message_survives_json_and_copies(message: Message) -> None:
    assert msgspec.json.decode(msgspec.json.encode(message), type=Message) == message
    assert msgspec.convert(msgspec.to_builtins(message), Message) == message
    assert copy.deepcopy(message) == message
    assert pickle.loads(pickle.dumps(message)) == message


def test_json_is_as_strict_as_the_class() -> None:
    evil = msgspec.json.encode({"to": TO, "content": "a", "sender": "A\r\nBcc: b"})
    with pytest.raises(InvalidMessage, match="sender"):
        msgspec.json.decode(evil, type=Message)
    unknown = msgspec.json.encode(
        {"to": TO, "content": {"type": "fill", "text": "{a}", "values": {}}}
    )
    with pytest.raises(InvalidMessage, match="position 0"):
        msgspec.json.decode(unknown, type=Message)


SECRET = "Quinquireme"


def _with_secrets() -> Message:
    return Message(
        "+7 (903) 123-45-67",
        Fill("{greeting} " + SECRET, {"greeting": SECRET}),
        medium=Medium.VK,
        fallback=Message(
            TO,
            Card(SECRET, image=SECRET, button=Button(SECRET, SECRET)),
            medium=Medium.VIBER,
            options={"optional": SECRET, "more": [SECRET, {"deep": SECRET}]},
            fallback=Message(
                f"{SECRET}@example.org",
                Mail(SECRET, SECRET, SECRET, {"X-Note": SECRET}),
                fallback=Message("89031234567", Template("welcome", {"name": SECRET}), ref="r-1"),
            ),
        ),
    )


def test_a_repr_shows_no_text_and_no_whole_number() -> None:
    console = Console(file=io.StringIO(), width=200)
    message = _with_secrets()
    console.print(message, [message], {"m": message})
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    for shown in (repr(message), str(message), f"{[message]}", printed):
        assert SECRET not in shown
        assert "1234567" not in shown
        assert "123-45" not in shown
        assert "7903***4567" in shown
        assert "'welcome'" in shown
        assert "'r-1'" in shown


def test_a_repr_tells_how_long_a_text_is_and_what_differs_from_the_defaults() -> None:
    message = Message(TO, "Hello, world", sender="DEVINO", ref="r-1")
    assert repr(message) == (
        "Message(to='7903***4567', content=<12 chars>, sender='DEVINO', ref='r-1')"
    )
    assert repr(Fill("{a}", {"a": "1234"})) == "Fill(text=<3 chars>, values={'a': <4 chars>})"


@pytest.mark.parametrize(
    ("to", "shown"),
    [
        ("+7 903 123-45-67", "7903***4567"),
        ("1234567", "12***67"),
        ("2435", "***"),
        ("ivan@example.com", "i***@example.com"),
    ],
)
def test_the_middle_of_a_recipient_is_hidden(to: str, shown: str) -> None:
    assert repr(Message(to, "a")).startswith(f"Message(to='{shown}', ")


def test_a_field_that_a_subclass_adds_is_hidden_too() -> None:
    class Campaign(Message, frozen=True, kw_only=True):
        note: str = ""

    assert repr(Campaign(TO, "a", ref="r", note=SECRET)) == (
        "Campaign(to='7903***4567', content=<1 chars>, ref='r', note=<11 chars>)"
    )
