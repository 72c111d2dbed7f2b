"""Incoming SMS at a handler of ours (chapter 11): what comes, and the reply."""

from __future__ import annotations

import contextlib
from urllib.parse import parse_qsl, quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs import incoming
from devino_codecs.http import DecodeError, EncodeError
from tests._vectors import VECTORS

LOTTO = incoming.Push(
    source_phone="79089876534",
    number="2435",
    prefix="loto",
    text="Играйте с нами в лото!",
    message_id="235515",
)


def test_the_form_has_the_names_of_the_manual() -> None:
    printed = VECTORS["11-007"].text.partition("?")[2]
    names = [pair.strip().partition("=")[0] for pair in printed.split("&")]
    assert [name for name, _ in parse_qsl(incoming.encode_push(LOTTO).decode())] == names


def test_the_example_of_the_manual_is_read() -> None:
    query = VECTORS["11-008"].text.partition("?")[2]
    assert incoming.decode_push(query.encode()) == LOTTO
    assert incoming.decode_push(b"", query.encode()) == LOTTO


def test_the_reply_of_the_manual_is_read_and_written_the_same() -> None:
    reply = incoming.decode_reply(VECTORS["11-009"].data)
    assert reply == incoming.Reply("<Текст ответного сообщения>")
    assert incoming.encode_reply(reply) == VECTORS["11-009"].text.encode()


@pytest.mark.parametrize("charset", ["utf-8", "windows-1251"])
@pytest.mark.parametrize("escape", [True, False])
def test_the_charset_is_utf_8_or_windows_1251(charset: str, escape: bool) -> None:
    raw = LOTTO.text.encode(charset)
    text = quote(raw).encode() if escape else raw.replace(b" ", b"+")
    form = b"sourcePhone=79089876534&number=2435&prefix=loto&messageId=235515&text=" + text
    assert incoming.decode_push(form) == LOTTO


def test_names_in_any_case_from_query_and_body_and_what_is_empty_does_not_count() -> None:
    query = b"SOURCEPHONE=%2B79089876534&NUMBER=&messageid=5&unknown=1"
    assert incoming.decode_push(query, b"Number=2435&text=+a+&number=9&messageId=6") == (
        incoming.Push(source_phone="+79089876534", number="2435", text="a", message_id="5")
    )


@pytest.mark.parametrize(
    ("query", "path"),
    [
        (b"", "sourcePhone"),
        (b"sourcePhone=1&text=a&messageId=3", "number"),
        (b"sourcePhone=1&number=2&messageId=3", "text"),
        (b"sourcePhone=1&number=2&text=a&messageId=", "messageId"),
        (b"sourcePhone=1&number=2&text=%98%ff&messageId=4", "text"),
    ],
)
def test_what_lacks_is_named(query: bytes, path: str) -> None:
    with pytest.raises(DecodeError) as caught:
        incoming.decode_push(query)
    assert caught.value.path == path


def test_a_form_without_end_is_refused() -> None:
    with pytest.raises(DecodeError):
        incoming.decode_push(b"a=1&" * 1000)


def test_an_empty_text_is_a_text() -> None:
    assert incoming.decode_push(b"sourcePhone=1&number=2&text=&messageId=3").text == ""


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"{sms=a}", "a"),
        (b" {sms=a}\r\n", "a"),
        (b"{ SMS = a}", " a"),
        (b"sms=a", "a"),
        (b"{sms=a{b}c}", "a{b}c"),
        (b"{sms=a=b&c}", "a=b&c"),
        (b"{sms=a} trailing", "a"),
        ("{sms=да}".encode("windows-1251"), "да"),
    ],
)
def test_a_reply_is_read(body: bytes, text: str) -> None:
    assert incoming.decode_reply(body) == incoming.Reply(text)


@pytest.mark.parametrize("body", [b"", b"OK", b"{}", b"{sms=}", b"{sms= }", b'{"sms":"a"}', b"="])
def test_any_other_body_is_no_reply(body: bytes) -> None:
    assert incoming.decode_reply(body) is None


@pytest.mark.parametrize("text", ["", "  ", "a\x00", "a\x1b", "\ud800"])
def test_what_no_sms_can_be_is_no_reply(text: str) -> None:
    with pytest.raises(EncodeError, match="sms"):
        incoming.encode_reply(incoming.Reply(text))


@pytest.mark.parametrize("field", ["source_phone", "number", "message_id"])
def test_what_must_be_there_is_written(field: str) -> None:
    parts = {"source_phone": "1", "number": "2", "text": "", "message_id": "3"}
    with pytest.raises(EncodeError):
        incoming.encode_push(incoming.Push(**{**parts, field: ""}))


texts = st.text(st.characters(exclude_categories=["Cs"]))
words = texts.map(str.strip)
pushes = st.builds(
    incoming.Push,
    source_phone=words.filter(bool),
    number=words.filter(bool),
    prefix=words,
    text=words,
    message_id=words.filter(bool),
)
replies = texts.filter(
    lambda text: text.strip() and not any(ord(c) < 32 and c not in "\r\n" for c in text)
)


@given(pushes)
def test_a_form_is_read_as_it_was_written(push: incoming.Push) -> None:
    form = incoming.encode_push(push)
    assert incoming.decode_push(form) == push
    assert incoming.decode_push(b"", form) == push


@given(pushes)
def test_the_standard_library_writes_and_reads_the_same_form(push: incoming.Push) -> None:
    fields = {
        "sourcePhone": push.source_phone,
        "number": push.number,
        "prefix": push.prefix,
        "text": push.text,
        "messageId": push.message_id,
    }
    assert incoming.decode_push(urlencode(fields, quote_via=quote).encode()) == push
    assert dict(parse_qsl(incoming.encode_push(push).decode(), keep_blank_values=True)) == fields


@given(replies)
def test_a_reply_is_read_as_it_was_written(text: str) -> None:
    assert incoming.decode_reply(incoming.encode_reply(incoming.Reply(text))) == (
        incoming.Reply(text)
    )


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_any_bytes_are_a_value_or_a_decode_error(query: bytes, body: bytes) -> None:
    for read in (lambda: incoming.decode_push(query, body), lambda: incoming.decode_reply(body)):
        with contextlib.suppress(DecodeError):
            read()
