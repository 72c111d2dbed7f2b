"""A plain answer, read without a tree, gives what the tree gives. Others go to the parser."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs import DecodeError
from devino_codecs import xmlpackage as xml
from devino_codecs._xml import escape_attribute
from devino_codecs.xmlpackage._plain import read_plain
from devino_codecs.xmlpackage._read import decode_any_answer

NUMBERS = st.integers(0, 10**18 - 1)
RESULTS = st.builds(
    xml.MessageResult,
    id=NUMBERS,
    sms_id=st.none() | NUMBERS.filter(bool),
    sms_count=NUMBERS,
    code=st.sampled_from([*xml.MessageStatus, *xml.MessageError, 0, 1, 999_999_999]),
)
ANSWERS = st.lists(RESULTS, min_size=1, max_size=5).map(
    lambda results: xml.Answer(messages=tuple(results))
)


@given(ANSWERS)
def test_the_platforms_answer_about_all_messages_is_plain(answer: xml.Answer) -> None:
    assert read_plain(xml.encode_answer(answer)) == answer.messages


@given(ANSWERS, st.data())
def test_a_plain_reading_is_the_same_as_that_of_the_tree(
    answer: xml.Answer, data: st.DataObject
) -> None:
    """Bytes are inserted, removed and replaced, so most answers are nearly plain."""
    written = bytearray(xml.encode_answer(answer))
    for _ in range(data.draw(st.integers(0, 3))):
        at = data.draw(st.integers(0, len(written)))
        end = at + data.draw(st.integers(0, 2))
        piece = data.draw(st.sampled_from([b"", b" ", b"\n", b"0", b"9", b"<", b'"', b"\x0b"]))
        written[at:end] = piece
    read = read_plain(bytes(written))
    if read is not None:
        assert decode_any_answer(bytes(written)) == xml.Answer(messages=read)


ROW = b'<msg id="1" sms_id="2" sms_count="3">106</msg>'
TAKEN = xml.MessageResult(id=1, sms_id=2, sms_count=3, code=xml.MessageStatus.ACCEPTED)


def answer(rows: bytes, head: bytes = b'<?xml version="1.0" encoding="utf-8"?>') -> bytes:
    return head + b"<package><message>" + rows + b"</message></package>"


@pytest.mark.parametrize(
    "plain",
    [
        answer(ROW),
        answer(ROW, head=b""),
        answer(ROW, head=b'<?xml version="1.0" encoding="UTF-8"?>\r\n'),
        answer(b"\r\n  " + ROW + b"\n\t") + b"\n",
    ],
)
def test_blanks_between_tags_are_plain(plain: bytes) -> None:
    assert read_plain(plain) == (TAKEN,)


@pytest.mark.parametrize(
    "odd",
    [
        answer(b""),
        answer(ROW + b"<!-- -->"),
        answer(ROW + b'<msg sms_id="0">201</msg>' + ROW),
        answer(ROW + b"text" + ROW),
        answer(ROW.replace(b'"1"', b'"1_0"')),
        answer(ROW.replace(b'"1"', b'"-1"')),
        answer(ROW.replace(b'"1"', b'"%d"' % 10**18)),
        answer(ROW.replace(b"id=", b" id=", 1)),
        answer(ROW).replace(b"message", b"status"),
        answer(ROW, head=b"\xef\xbb\xbf"),
        answer(ROW, head=b'<?xml version="1.0" encoding="windows-1251"?>'),
        answer(ROW, head=b'\n<?xml version="1.0" encoding="utf-8"?>'),
        answer(ROW, head=b"<!DOCTYPE package []>"),
        answer(ROW) + b"<x/>",
        answer(ROW)[:-1],
    ],
)
def test_anything_else_is_for_the_parser(odd: bytes) -> None:
    assert read_plain(odd) is None


def test_a_zero_in_place_of_the_platforms_id_is_none() -> None:
    (result,) = xml.decode_answer(answer(ROW.replace(b'"2"', b'"0"'))).messages
    assert result.sms_id is None


def test_a_plain_answer_has_its_limit_too() -> None:
    with pytest.raises(DecodeError, match="at most 100 are taken"):
        xml.decode_answer(answer(ROW * 10), max_size=100)


def test_letters_and_digits_need_no_escaping() -> None:
    """The writer of rows relies on this."""
    characters = map(chr, range(0x110000))
    assert all(escape_attribute(one) == one for one in characters if one.isalnum())
