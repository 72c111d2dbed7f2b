"""Packages that are read and written row by row."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from devino_codecs import DecodeError
from devino_codecs import xmlpackage as xml
from tests.wire._xmlpackage import bytewise


def test_rows_leave_the_reader_as_they_come() -> None:
    reader = xml.AnswerReader()
    results = [
        xml.MessageResult(id=index, sms_id=index + 1, code=xml.MessageStatus.ACCEPTED)
        for index in range(5000)
    ]
    seen: list[xml.AnswerItem] = []
    largest = 0
    for chunk in xml.iter_answer(iter(results), chunk_size=1000):
        rows = reader.feed(chunk)
        largest = max(largest, len(rows))
        seen += rows
    assert seen + reader.close() == results
    assert largest < 50


def test_a_request_is_written_as_its_messages_come() -> None:
    taken = 0

    def messages() -> Iterator[xml.Message]:
        nonlocal taken
        for index in range(1000):
            taken += 1
            yield xml.Message(id=index, recipient="79021234567", text="text")

    chunks = xml.iter_request("login", "password", messages(), chunk_size=500)
    assert len(next(chunks)) >= 500
    assert taken < 20


def test_an_answer_that_breaks_off_gives_what_was_complete() -> None:
    reader = xml.AnswerReader()
    data = b'<package><message><msg id="1" sms_id="2">106</msg><msg id="3" sms'
    assert reader.feed(data) == [xml.MessageResult(id=1, sms_id=2, code=106)]
    for _ in range(2):
        with pytest.raises(DecodeError):
            reader.close()


def test_an_error_after_good_rows_comes_once_they_are_given() -> None:
    data = b'<package><message><msg sms_id="2">106</msg><msg>1<b/></msg></message></package>'
    for pieces in ([data], bytewise(data)):
        reader = xml.AnswerReader()
        rows: list[xml.AnswerItem] = []
        path = ""
        for piece in [*pieces, b"x"]:
            try:
                rows += reader.feed(piece)
            except DecodeError as exc:
                path = exc.path
        assert rows == [xml.MessageResult(sms_id=2, code=106)]
        assert path == "message.msg[1].text"


def test_a_reader_that_is_closed_takes_nothing() -> None:
    reader = xml.AnswerReader()
    reader.feed(b"<package/>")
    reader.close()
    with pytest.raises(DecodeError):
        reader.feed(b" ")
