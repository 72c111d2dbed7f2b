"""Hostile XML: any bytes give a value or a DecodeError, quickly and in little memory."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devino_codecs import DecodeError, _xml, soap
from devino_codecs import xmlpackage as xml

pytestmark = [pytest.mark.pythons, pytest.mark.attack]


def read_request(data: bytes) -> object:
    reader = xml.RequestReader()
    return reader.feed(data) + reader.close()


def read_answer(data: bytes) -> object:
    reader = xml.AnswerReader()
    return reader.feed(data) + reader.close()


PACKAGE = xml.encode_request(
    xml.Package(
        login="l",
        password="p",
        messages=(xml.Message(id=1, recipient="79021234567", sender="S", text="текст"),),
        statuses=(xml.StatusRequest(id=5),),
    )
)
ANSWER = xml.encode_answer(
    xml.Answer(
        messages=(xml.MessageResult(id=1, sms_id=2, sms_count=1, code=106),),
        statuses=(xml.StatusResult(id=1, sms_id=2, code=102),),
    )
)
MESSAGE = soap.SmsMessage(data="текст", destination_addresses=("7", "8"), source_address="S")
CALL = soap.encode_request(
    soap.SMS, soap.Session(session_id="s"), soap.SendMessage(message=MESSAGE)
)
STATE = soap.encode_answer(
    soap.GetMessageState, soap.SmsMessageState(state=0, state_description="Доставлено")
)

Decoder = Callable[[bytes], object]
DECODERS: dict[str, tuple[Decoder, bytes]] = {
    "xml request": (xml.decode_request, PACKAGE),
    "xml answer": (xml.decode_answer, ANSWER),
    "xml request reader": (read_request, PACKAGE),
    "xml answer reader": (read_answer, ANSWER),
    "soap request": (lambda data: soap.decode_request(soap.SMS, data), CALL),
    "soap answer": (lambda data: soap.decode_answer(soap.GetMessageState, data), STATE),
}
BOMB = b"".join(
    b'<!ENTITY x%d "%s">' % (level, b"&x%d;" % (level - 1) * 10 if level else b"y" * 10)
    for level in range(12)
)


@cache
def million_attributes() -> bytes:
    return b" ".join(b"a%d=''" % index for index in range(1_000_000))


def after_declaration(data: bytes, inserted: bytes) -> bytes:
    return data.replace(b"?>", b"?>" + inserted, 1)


def in_root(data: bytes, inserted: bytes) -> bytes:
    """``inserted`` among the attributes of the document element."""
    start = data.index(b"<", 5)
    end = min(data.index(b" ", start) % len(data), data.index(b">", start))
    return data[:end] + b" " + inserted + data[end:]


HOSTILE: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "blanks": lambda _: b" \n ",
    "no XML": lambda _: b"HTTP/1.1 500 Internal Server Error",
    "HTML": lambda _: b"<html><body><p>Service Unavailable<br></body></html>",
    "JSON": lambda _: b'{"Code":4,"Desc":"..."}',
    "empty DTD": lambda data: after_declaration(data, b"<!DOCTYPE package>"),
    "external DTD": lambda data: after_declaration(
        data, b'<!DOCTYPE package SYSTEM "file:///etc/passwd">'
    ),
    "remote DTD": lambda data: after_declaration(
        data, b'<!DOCTYPE package PUBLIC "x" "http://127.0.0.1:1/x.dtd">'
    ),
    "default attribute": lambda data: after_declaration(
        data, b'<!DOCTYPE p [<!ATTLIST package login CDATA "root">]>'
    ),
    "entity bomb in text": lambda data: after_declaration(
        data, b"<!DOCTYPE p [%s]>" % BOMB
    ).replace("те".encode(), b"&x11;"),
    "entity bomb in an attribute": lambda data: after_declaration(
        in_root(data, b'bomb="&x11;"'), b"<!DOCTYPE p [%s]>" % BOMB
    ),
    "external entity": lambda data: after_declaration(
        data, b'<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    ).replace("те".encode(), b"&x;"),
    "parameter entity": lambda data: after_declaration(
        data, b'<!DOCTYPE p [<!ENTITY % x SYSTEM "file:///etc/passwd"> %x;]>'
    ),
    "undeclared entity": lambda data: data.replace("е".encode(), b"&nbsp;").replace(
        b"106", b"&nbsp;"
    ),
    "10,000 levels": lambda data: after_declaration(data, b"<a>" * 10_000) + b"</a>" * 10_000,
    "1,000,000 attributes": lambda data: in_root(data, million_attributes()),
    "an attribute twice": lambda data: in_root(data, b'a="1" a="2"'),
    "an endless text": lambda data: data.replace(b"</", b"x" * 1_000_000 + b"</", 1),
    "an endless comment": lambda data: after_declaration(data, b"<!--%s-->" % (b"x" * 1_000_000)),
    "an endless declaration": lambda data: data.replace(b"<?xml", b"<?xml" + b" " * 1_000_000),
    "UTF-16 declared": lambda data: data.replace(b'"utf-8"', b'"utf-16"'),
    "UTF-7 declared": lambda data: data.replace(b'"utf-8"', b'"utf-7"'),
    "unknown encoding declared": lambda data: data.replace(b'"utf-8"', b'"klingon"'),
    "EBCDIC declared": lambda data: data.replace(b'"utf-8"', b'"cp037"'),
    "UTF-16": lambda data: data.decode().encode("utf-16"),
    "UTF-16 without a mark": lambda data: data.decode().encode("utf-16-le"),
    "UTF-32": lambda data: data.decode().encode("utf-32"),
    "no UTF-8": lambda data: data.replace(b'">', b'\xff">', 1).replace(b"</", b"\xc3\x28</", 1),
    "a surrogate": lambda data: data.replace(b"</", b"\xed\xa0\x80</", 1),
    "a surrogate by number": lambda data: data.replace(b"</", b"&#xD800;</", 1),
    "a control character": lambda data: data.replace(b"</", b"\x01</", 1),
    "a control character by number": lambda data: data.replace(b"</", b"&#1;</", 1),
    "a NUL": lambda data: data.replace(b"</", b"\0</", 1),
    "two roots": lambda data: data + b"<a/>",
    "text after the root": lambda data: data + b"x",
    "XML 1.1 controls": lambda data: data.replace(b"1.0", b"1.1").replace(b"</", b"&#1;</", 1),
    "another root": lambda data: data.replace(b"package", b"parcel").replace(
        b"Envelope", b"Envelop"
    ),
    "a foreign envelope": lambda data: data.replace(b"2003/05", b"2003/06").replace(
        b"package", b"parcel"
    ),
    "an undeclared prefix": lambda data: after_declaration(data, b"<a:b>") + b"</a:b>",
}


BROKEN_TEXT = {
    "a surrogate", "a surrogate by number", "a control character",
    "a control character by number", "a NUL", "XML 1.1 controls",
}  # fmt: skip
"""Answers are mended."""


@pytest.mark.parametrize(
    ("name", "hostile"),
    [
        (name, hostile)
        for name in DECODERS
        for hostile in HOSTILE
        if not (name in ("xml answer", "soap answer") and hostile in BROKEN_TEXT)
        # Its first attribute's end is within a message.
        and (name, hostile) != ("xml answer", "no UTF-8")
    ],
)
def test_it_is_refused(name: str, hostile: str) -> None:
    decode, good = DECODERS[name]
    decode(good)
    with pytest.raises(DecodeError):
        decode(HOSTILE[hostile](good))


@pytest.mark.parametrize("name", DECODERS)
def test_a_document_cut_at_any_byte_is_refused(name: str) -> None:
    decode, good = DECODERS[name]
    for length in range(len(good)):
        with pytest.raises(DecodeError):
            decode(good[:length])


@pytest.mark.parametrize("name", DECODERS)
@given(data=st.binary(max_size=60))
@settings(max_examples=30)
def test_any_bytes_are_a_value_or_a_decode_error(name: str, data: bytes) -> None:
    decode, _ = DECODERS[name]
    with suppress(DecodeError):
        decode(data)


@pytest.mark.parametrize("name", DECODERS)
@given(
    st.floats(0, 1),
    st.integers(0, 12),
    st.one_of(
        st.binary(max_size=6),
        st.sampled_from(
            [b"<", b">", b"</msg>", b"<a>", b"]]>", b"<![CDATA[", b"<!--", b"&amp;", b"&", b'"']
        ),
    ),
)
@settings(max_examples=120)
def test_a_spoilt_document_is_a_value_or_a_decode_error(
    name: str, place: float, removed: int, put: bytes
) -> None:
    decode, good = DECODERS[name]
    start = int(place * len(good))
    with suppress(DecodeError):
        decode(good[:start] + put + good[start + removed :])


@given(st.lists(st.integers(1, 60), max_size=12), st.binary(max_size=8), st.floats(0, 1))
@settings(max_examples=60)
def test_pieces_make_no_difference_to_a_spoilt_document(
    lengths: list[int], put: bytes, place: float
) -> None:
    start = int(place * len(ANSWER))
    data = ANSWER[:start] + put + ANSWER[start:]

    def outcome(pieces: list[bytes]) -> tuple[object, bool]:
        reader = xml.AnswerReader()
        rows: list[xml.AnswerItem] = []
        try:
            for piece in pieces:
                rows += reader.feed(piece)
            rows += reader.close()
        except DecodeError:
            return rows, False
        return rows, True

    pieces, rest = [], data
    for length in lengths:
        pieces.append(rest[:length])
        rest = rest[length:]
    assert outcome([*pieces, rest]) == outcome([data])


def test_a_document_of_more_bytes_than_allowed_is_refused_unread() -> None:
    with pytest.raises(DecodeError, match="at most 100"):
        xml.decode_answer(ANSWER + b" " * 100, max_size=100)
    with pytest.raises(DecodeError, match="at most 100"):
        soap.decode_request(soap.SMS, CALL, max_size=100)


@pytest.mark.parametrize("encoding", ["UTF-8", "utf8", "windows-1251"])
def test_encodings_that_clients_use_are_read(encoding: str) -> None:
    data = PACKAGE.decode().replace("utf-8", encoding).encode(encoding)
    assert xml.decode_request(data) == xml.decode_request(PACKAGE)
    assert read_request(data) == read_request(PACKAGE)


def test_a_byte_order_mark_does_no_harm() -> None:
    assert xml.decode_request(b"\xef\xbb\xbf" + PACKAGE) == xml.decode_request(PACKAGE)
    assert read_request(b"\xef\xbb\xbf" + PACKAGE) == read_request(PACKAGE)


@pytest.mark.parametrize("before", [b"\n", b" \r\n\t", b"\xef\xbb\xbf\n", b"\n\xef\xbb\xbf"])
@pytest.mark.parametrize("name", DECODERS)
def test_blanks_before_the_declaration_do_no_harm(name: str, before: bytes) -> None:
    decode, good = DECODERS[name]
    assert decode(before + good) == decode(good)


ODD_NAMESPACES = {
    "a line break in it": b'xmlns:xsd="http://\nwww.w3.org/2001/XMLSchema"',
    "a blank in it": b'xmlns:b="a b"',
    "brackets": b'xmlns:b="[x]"',
    "relative": b'xmlns:b="x/y"',
}


@pytest.mark.parametrize("namespace", ODD_NAMESPACES.values(), ids=ODD_NAMESPACES)
@pytest.mark.parametrize("name", DECODERS)
def test_the_name_of_a_namespace_need_be_no_uri(name: str, namespace: bytes) -> None:
    decode, good = DECODERS[name]
    good = good.replace(b' xmlns:xsd="http://www.w3.org/2001/XMLSchema"', b"")
    odd = in_root(good, namespace)
    assert decode(odd) == decode(good)
    for wrong in (odd[:-3], odd.replace(b"</", b"<b></", 1), odd.replace(b'">', b'">&nope;', 1)):
        with pytest.raises(DecodeError):
            decode(wrong)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", DECODERS)
def test_utf_16_is_read_if_a_byte_order_mark_and_the_declaration_say_so(
    name: str, encoding: str
) -> None:
    decode, good = DECODERS[name]
    mark = "" if encoding == "utf-16" else "\ufeff"
    for declared in ('encoding="UTF-16"', ""):
        text = mark + good.decode().replace('encoding="utf-8"', declared)
        assert decode(text.encode(encoding)) == decode(good)


def test_utf_16_in_pieces_is_read_as_at_once() -> None:
    data = PACKAGE.decode().replace("utf-8", "utf-16").encode("utf-16")
    for size in (1, 3, 64):
        reader = xml.RequestReader()
        rows = []
        for start in range(0, len(data), size):
            rows += reader.feed(data[start : start + size])
        assert rows + reader.close() == read_request(PACKAGE)
    broken = xml.RequestReader()
    broken.feed(data[:-1])
    with pytest.raises(DecodeError):
        broken.close()


@pytest.mark.parametrize(
    "page",
    [
        b"<html><head><title>502 Bad Gateway</title></head></html>",
        b'<!DOCTYPE html PUBLIC "-//W3C//DTD HTML 4.01//EN">\n<HTML>',
        b"\r\n<!doctype html>",
        b'<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN">',
    ],
)
@pytest.mark.parametrize("name", DECODERS)
def test_a_page_of_html_is_told_as_one(name: str, page: bytes) -> None:
    with pytest.raises(DecodeError, match="a page of HTML: is the address right"):
        DECODERS[name][0](page)


@pytest.mark.parametrize("name", DECODERS)
def test_what_is_no_xml_is_told_as_such(name: str) -> None:
    for answer in (b'{"Code":5}', b"null", b"Bad Gateway"):
        with pytest.raises(DecodeError, match=r"no XML"):
            DECODERS[name][0](answer)


def test_the_error_says_where_it_is() -> None:
    with pytest.raises(DecodeError) as raised:
        xml.decode_answer(b"<package>\n<message></msg></package>")
    assert raised.value.offset is not None
    assert 19 <= raised.value.offset <= 26


def test_a_run_as_long_as_allowed_is_taken_in_any_pieces() -> None:
    for extra, taken in ((0, True), (1, False)):
        comment = b"<!--" + b"x" * (_xml.MAX_RUN - 7 + extra) + b"-->"
        data = b"<package>" + comment + b"<message/></package>"
        for size in (1000, 65_536, 65_537, len(data)):
            reader = xml.AnswerReader()
            try:
                for start in range(0, len(data), size):
                    reader.feed(data[start : start + size])
                reader.close()
            except DecodeError:
                assert not taken
            else:
                assert taken
        if taken:
            assert xml.decode_answer(data) == xml.Answer()


def test_a_text_in_many_pieces_is_bounded_in_the_reader() -> None:
    reader = xml.AnswerReader()
    reader.feed(b'<package><message><msg sms_id="1">')
    for _ in range(65):
        reader.feed(b"1" * 1000 + b"<!---->")
    with pytest.raises(DecodeError, match=r"message\.msg\[0\]\.text: more than 65536 characters"):
        reader.feed(b"1" * 1000 + b"<!---->")


INBOX = soap.encode_answer(
    soap.GetIncomingMessages,
    tuple(
        soap.IncomingMessage(
            id=5,
            data=text,
            source_address="7",
            destination_address="8",
            created_date_utc=datetime(2026, 1, 1, tzinfo=UTC),
        )
        for text in ("good", "PUT HERE")
    ),
)


def inbox_with(said: str, encoding: str = "utf-8") -> list[str]:
    """The texts of an inbox with two messages; the second text is this piece of XML."""
    data = INBOX.decode().replace("PUT HERE", said).replace('"utf-8"', f'"{encoding}"')
    found = soap.decode_answer(
        soap.GetIncomingMessages, data.encode(encoding, errors="surrogatepass")
    )
    assert not isinstance(found, soap.Fault)
    return [message.data for message in found]


@pytest.mark.parametrize(
    "said",
    ["&#x1F;", "&#31;", "&#0;", "&#x0;", "&#xD800;", "&#57343;", "&#xFFFE;", "&#65535;",
     "&#x110000;", "&#0000000000031;", f"&#{'9' * 5000};", f"&#x{'F' * 5000};",
     "\ufffe", "\uffff", "\x1f", "\0"],
)  # fmt: skip
def test_a_character_that_xml_forbids_does_not_spoil_an_answer(said: str) -> None:
    assert inbox_with(f"a{said}b{said}") == ["good", "a\ufffdb\ufffd"]
    with pytest.raises(DecodeError):
        soap.decode_request(soap.SMS, CALL.replace("текст".encode(), said.encode()))
    with pytest.raises(DecodeError):
        xml.decode_request(PACKAGE.replace("текст".encode(), said.encode()))


def test_a_character_that_xml_forbids_does_not_spoil_an_answer_to_a_package() -> None:
    spoilt = ANSWER.replace(b"<msg ", b'<msg note="&#x1F;&#xD800;" ').replace(
        b"</package>", b"<note>&#0;</note></package>"
    )
    assert xml.decode_answer(spoilt) == xml.decode_answer(ANSWER)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("&#1103;&#x44F;&#x9;&#10;&#x1F600;&#xFFFD;", "яя\t\n\U0001f600\ufffd"),
        ("<![CDATA[&#x1F;]]>&#x1F;<!-- &#x1F; -->", "&#x1F;\ufffd"),
        ("&amp;#x1F;", "&#x1F;"),
    ],
)
def test_legal_references_and_other_text_are_left_alone(said: str, text: str) -> None:
    assert inbox_with(said) == ["good", text]


def test_those_bytes_are_that_character_only_in_utf_8() -> None:
    text = b"\xef\xbf\xbe".decode("windows-1251")
    assert inbox_with(f"{text}&#x1F;", "windows-1251") == ["good", f"{text}\ufffd"]


@pytest.mark.parametrize("broken", [b"\xed\xa0\x80", b"\xff", b"\xd0"])
def test_bytes_that_are_no_utf_8_do_not_spoil_an_answer(broken: bytes) -> None:
    found = soap.decode_answer(soap.GetIncomingMessages, INBOX.replace(b"PUT HERE", b"a" + broken))
    assert not isinstance(found, soap.Fault)
    assert [message.data.rstrip("\ufffd") for message in found] == ["good", "a"]
    with pytest.raises(DecodeError):
        soap.decode_request(soap.SMS, CALL.replace("текст".encode(), broken))


@pytest.mark.parametrize("said", ["&#;", "&#x;", "&#1F;", "&#31", "&x1F;", "&"])
def test_a_malformed_reference_is_refused_in_answers_too(said: str) -> None:
    with pytest.raises(DecodeError):
        inbox_with(said)


@pytest.mark.parametrize("piece", ["&#", "&#1", "&#1;", "<![CDATA[", "<!--", "<?", "&#xFFFFFF"])
def test_mending_an_answer_takes_time_in_proportion_to_its_length(piece: str) -> None:
    # An expression that looks ahead from each piece would take minutes.
    data = f"<package>&#1;{piece * (2**20 // len(piece))}".encode()
    with pytest.raises(DecodeError):
        xml.decode_answer(data)


@pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")
def test_a_hostile_document_leaves_no_memory_behind() -> None:
    """lxml never forgets a name, so a million names must not reach it."""
    script = """
from devino_codecs import DecodeError, xmlpackage as xml
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096
def attack(letter):
    data = b"<package " + b" ".join(b"%s%d=''" % (letter, i) for i in range(300_000)) + b"/>"
    for decode in (xml.decode_answer, xml.AnswerReader().feed):
        try:
            decode(data)
        except DecodeError:
            continue
        raise AssertionError("taken")
for letter in (b"a", b"b", b"c"):
    attack(letter)
before = resident()
for letter in (b"d", b"e", b"f"):
    attack(letter)
print(resident() - before)
"""
    ran = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert int(ran.stdout) < 8 * 2**20
