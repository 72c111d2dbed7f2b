"""Any package and any answer, in both directions, whole and in pieces, and by another parser."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devino_codecs import xmlpackage as xml
from tests.wire._xmlpackage import bytewise, clock, read_answer, read_request

pytestmark = pytest.mark.pythons

# Every character that XML 1.0 allows; the awkward ones come often.
LEGAL = st.one_of(
    st.sampled_from("\t\n\r &<>\"'];é"),
    st.characters(min_codepoint=0x20, max_codepoint=0xD7FF),
    st.characters(min_codepoint=0xE000, max_codepoint=0xFFFD),
    st.characters(min_codepoint=0x10000),
)
TEXTS = st.text(LEGAL, max_size=20)
SAID = st.text(LEGAL, min_size=1, max_size=12)
NUMBERS = st.integers(-(2**63), 2**63 - 1)
CLOCKS = st.datetimes().map(lambda moment: moment.replace(microsecond=0))
TYPES = st.sampled_from([*xml.MessageType, 7]).filter(lambda kind: kind != xml.MessageType.WAP_PUSH)


def maybe(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[object]:
    return st.none() | strategy


DEFAULTS = st.builds(
    xml.Default,
    sender=maybe(SAID),
    date_beg=maybe(CLOCKS),
    date_end=maybe(CLOCKS),
    url=maybe(SAID),
    type=maybe(TYPES),
)
MESSAGES = st.builds(
    xml.Message,
    id=maybe(NUMBERS),
    recipient=TEXTS,
    sender=maybe(SAID),
    date_beg=maybe(CLOCKS),
    date_end=maybe(CLOCKS),
    url=maybe(SAID),
    type=maybe(TYPES),
    text=TEXTS,
)
STATUS_REQUESTS = st.builds(xml.StatusRequest, id=maybe(NUMBERS), sms_id=maybe(NUMBERS))
CODES = st.sampled_from([*xml.MessageStatus, *xml.MessageError, 1, -5, 999])
RESULT = {
    "id": maybe(NUMBERS),
    "sms_id": maybe(NUMBERS.filter(bool)),
    "sms_count": maybe(NUMBERS),
    "code": CODES,
}
MESSAGE_RESULTS = st.builds(xml.MessageResult, **RESULT)
SET = CLOCKS.filter(lambda moment: moment != clock("0001-01-01T00:00:00"))
STATUS_RESULTS = st.builds(xml.StatusResult, date_completed=maybe(SET), **RESULT)
PACKAGES = st.builds(
    xml.Package,
    login=TEXTS,
    password=TEXTS,
    default=maybe(DEFAULTS),
    messages=st.lists(MESSAGES, max_size=3).map(tuple),
    statuses=st.lists(STATUS_REQUESTS, max_size=3).map(tuple),
)
ANSWERS = st.builds(
    xml.Answer,
    messages=st.lists(MESSAGE_RESULTS, max_size=3).map(tuple),
    statuses=st.lists(STATUS_RESULTS, max_size=3).map(tuple),
    error=maybe(st.builds(xml.PackageError, st.sampled_from([*xml.PackageErrorCode, 5]))),
)


def rows_of(package: xml.Package) -> list[xml.RequestItem]:
    first = xml.Credentials(login=package.login, password=package.password)
    defaults = () if package.default is None else (package.default,)
    return [first, *defaults, *package.messages, *package.statuses]


def results_of(answer: xml.Answer) -> list[xml.AnswerItem]:
    errors = () if answer.error is None else (answer.error,)
    return [*errors, *answer.messages, *answer.statuses]


@given(PACKAGES)
@settings(max_examples=60)
def test_a_package_is_read_as_it_was_written_in_any_pieces(package: xml.Package) -> None:
    data = xml.encode_request(package)
    assert xml.decode_request(data) == package
    assert read_request([data]) == read_request(bytewise(data)) == rows_of(package)


@given(ANSWERS)
@settings(max_examples=60)
def test_an_answer_is_read_as_it_was_written_in_any_pieces(answer: xml.Answer) -> None:
    data = xml.encode_answer(answer)
    assert xml.decode_answer(data) == answer
    assert read_answer([data]) == read_answer(bytewise(data)) == results_of(answer)


@given(PACKAGES, st.integers(1, 200))
@settings(max_examples=30)
def test_chunks_of_any_size_make_the_same_package(package: xml.Package, size: int) -> None:
    chunks = xml.iter_request(
        package.login,
        package.password,
        iter(package.messages),
        default=package.default,
        statuses=iter(package.statuses),
        chunk_size=size,
    )
    assert b"".join(chunks) == xml.encode_request(package)


@given(ANSWERS)
@settings(max_examples=20)
def test_chunks_make_the_same_answer(answer: xml.Answer) -> None:
    chunks = xml.iter_answer(
        iter(answer.messages), iter(answer.statuses), answer.error, chunk_size=7
    )
    assert b"".join(chunks) == xml.encode_answer(answer)


@given(MESSAGES, DEFAULTS)
@settings(max_examples=60)
def test_another_parser_finds_every_attribute_and_text(
    message: xml.Message, default: xml.Default
) -> None:
    package = xml.Package(login="l", password="p", default=default, messages=(message,))
    root = ET.fromstring(xml.encode_request(package))
    written = root.find("message/msg")
    assert written is not None
    assert (written.text or "") == message.text
    assert written.get("recipient") == message.recipient
    assert written.get("sender") == message.sender
    assert written.get("url") == message.url
    assert written.get("id") == (None if message.id is None else str(message.id))


@given(MESSAGES)
@settings(max_examples=60)
def test_a_package_of_another_writer_is_read(message: xml.Message) -> None:
    root = ET.Element("package", login="l", password="p")
    element = ET.SubElement(ET.SubElement(root, "message"), "msg")
    for name in ("id", "recipient", "sender", "url", "type"):
        value = getattr(message, name)
        if value is not None:
            element.set(name, f"{value:d}" if isinstance(value, int) else value)
    # ElementTree writes CR unescaped, and no parser gives it back.
    element.text = message.text.replace("\r", "")
    (read,) = xml.decode_request(ET.tostring(root, encoding="utf-8")).messages
    assert read.text == element.text
    for name in ("id", "recipient", "sender", "url", "type"):
        assert getattr(read, name) == getattr(message, name)
