"""The XML package: the manual's examples, both directions, whole and in pieces (chapter 6)."""

from __future__ import annotations

import re
import traceback
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devino_codecs import DecodeError, EncodeError
from devino_codecs import xmlpackage as xml
from devino_codecs.xmlpackage import _layout
from tests._vectors import Vector, vector_id, vectors

# Every character that XML 1.0 can say, the awkward ones often.
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


clock = datetime.fromisoformat


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


def compact(data: bytes) -> bytes:
    return re.sub(rb">\s+<", b"><", data.strip()).replace(b" ?>", b"?>")


def read_request(pieces: list[bytes]) -> list[xml.RequestItem]:
    reader = xml.RequestReader()
    return [row for piece in pieces for row in reader.feed(piece)] + reader.close()


def read_answer(pieces: list[bytes]) -> list[xml.AnswerItem]:
    reader = xml.AnswerReader()
    return [row for piece in pieces for row in reader.feed(piece)] + reader.close()


def bytewise(data: bytes) -> list[bytes]:
    return [data[index : index + 1] for index in range(len(data))]


def rows_of(package: xml.Package) -> list[xml.RequestItem]:
    first = xml.Credentials(login=package.login, password=package.password)
    defaults = () if package.default is None else (package.default,)
    return [first, *defaults, *package.messages, *package.statuses]


def results_of(answer: xml.Answer) -> list[xml.AnswerItem]:
    errors = () if answer.error is None else (answer.error,)
    return [*errors, *answer.messages, *answer.statuses]


@pytest.mark.parametrize("vector", vectors("xml", direction="request"), ids=vector_id)
def test_a_request_of_the_manual_is_read_and_written_as_printed(vector: Vector) -> None:
    package = xml.decode_request(vector.data)
    assert (package.login, package.password) == ("login", "123456")
    assert xml.encode_request(package) == compact(vector.data)


@pytest.mark.parametrize("vector", vectors("xml", direction="response"), ids=vector_id)
def test_an_answer_of_the_manual_is_read_and_written_as_printed(vector: Vector) -> None:
    assert xml.encode_answer(xml.decode_answer(vector.data)) == compact(vector.data)


def test_the_manuals_send_request_holds_what_it_says() -> None:
    package = xml.decode_request(vectors("xml", direction="request")[0].data)
    assert package.default == xml.Default(sender="SMSINFO")
    first, second = package.messages
    assert first == xml.Message(
        id=1234,
        recipient="+79021234567",
        sender="SMSINFO",
        date_beg=clock("2008-12-27T15:55"),
        date_end=clock("2008-12-28T15:55"),
        type=xml.MessageType.TEXT,
        text="text",
    )
    assert second.with_default(package.default) == xml.Message(
        recipient="+79021234568", sender="SMSINFO", type=xml.MessageType.TEXT, text="text"
    )


def test_message_errors_and_package_errors_of_one_number_differ() -> None:
    sent, _, refused = (
        xml.decode_answer(vector.data) for vector in vectors("xml", direction="response")
    )
    assert sent.messages[0].code is xml.MessageError.ERR_ID
    assert refused.error == xml.PackageError(xml.PackageErrorCode.ERR_FORMAT)
    assert int(xml.MessageError.ERR_ID) == int(xml.PackageErrorCode.ERR_FORMAT) == 201


def test_a_package_error_is_taken_from_the_text_of_the_package_too() -> None:
    refused = xml.Answer(error=xml.PackageError(xml.PackageErrorCode.ERR_AUTHORIZATION))
    for data in (b"<package> 202 </package>", b"<package><error>202</error></package>"):
        assert xml.decode_answer(data) == refused
        assert read_answer([data]) == read_answer(bytewise(data)) == [refused.error]


def test_an_unknown_number_survives() -> None:
    answer = xml.Answer(messages=(xml.MessageResult(sms_id=1, code=1),))
    assert xml.decode_answer(xml.encode_answer(answer)) == answer


def test_no_sms_id_is_zero_on_the_wire() -> None:
    answer = xml.Answer(messages=(xml.MessageResult(id=7, code=xml.MessageError.ERR_SENDER),))
    assert b'<msg id="7" sms_id="0">202</msg>' in xml.encode_answer(answer)
    assert xml.decode_answer(xml.encode_answer(answer)) == answer


def test_an_accepted_message_ends_as_known_clients_look_for_it() -> None:
    answer = xml.Answer(messages=(xml.MessageResult(code=xml.MessageStatus.ACCEPTED),))
    assert b"106</msg>" in xml.encode_answer(answer)


def test_seconds_are_written_where_there_are_any() -> None:
    messages = [
        xml.Message(recipient="7", date_beg=clock(f"2008-12-27T15:55:0{second}"))
        for second in (0, 1)
    ]
    written = b"".join(xml.iter_request("", "", messages))
    assert b'date_beg="2008-12-27T15:55"' in written
    assert b'date_beg="2008-12-27T15:55:01"' in written


def test_dates_are_read_with_and_without_seconds_and_zone() -> None:
    dates = ["2009-03-14T15:27", "2009-03-14T15:27:00", "2009-03-14 15:27", "2009-03-14T15:27Z"]
    rows = "".join(f'<msg sms_id="1" date_completed="{date}">102</msg>' for date in dates)
    answer = xml.decode_answer(f"<package><status>{rows}</status></package>".encode())
    naive = clock("2009-03-14T15:27")
    expected = [naive, naive, naive, naive.replace(tzinfo=UTC)]
    assert [result.date_completed for result in answer.statuses] == expected


def test_names_count_and_namespace_and_unknown_elements_do_not() -> None:
    package = xml.decode_request(
        b'<p:package xmlns:p="urn:x" login="l" more="1"><p:message><p:other><msg/></p:other>'
        b'<p:msg recipient="7" colour="red">a<!-- c -->b<![CDATA[<c>]]></p:msg></p:message>'
        b"<incoming><msg/></incoming></p:package>"
    )
    assert package.messages == (xml.Message(recipient="7", text="ab<c>"),)
    assert (package.login, package.password) == ("l", "")


def test_an_element_within_a_text_is_refused_and_not_cut_off() -> None:
    data = b'<package><message><msg recipient="7">a<b/>c</msg></message></package>'
    with pytest.raises(DecodeError, match=r"message\.msg\[0\]\.text"):
        xml.decode_request(data)
    with pytest.raises(DecodeError, match=r"message\.msg\[0\]\.text"):
        read_request([data])


def test_the_error_names_the_field() -> None:
    row = b'<msg recipient="7" date_beg="%s">x</msg>'
    data = b"<package><message>%s%s</message></package>" % (row % b"2009-03-14", row % b"soon")
    with pytest.raises(DecodeError) as whole:
        xml.decode_request(data)
    reader = xml.RequestReader()
    assert len(reader.feed(data)) == 2
    with pytest.raises(DecodeError) as pieces:
        reader.close()
    assert whole.value.path == pieces.value.path == "message.msg[1].date_beg"


@pytest.mark.parametrize("number", ["", " ", "1_0", "1.0", "x", "9" * 19, "9" * 5000, "0x1"])
def test_a_status_code_that_is_no_number_is_refused(number: str) -> None:
    data = f'<package><message><msg sms_id="1">{number}</msg></message></package>'.encode()
    with pytest.raises(DecodeError, match=r"message\.msg\[0\]\.code"):
        xml.decode_answer(data)


def test_two_defaults_are_refused() -> None:
    data = b'<package><message><default sender="A"/><default sender="B"/></message></package>'
    with pytest.raises(DecodeError):
        xml.decode_request(data)
    with pytest.raises(DecodeError):
        read_request([data])


def test_a_default_after_its_messages_is_only_read_whole() -> None:
    data = b'<package><message><msg recipient="7">x</msg><default sender="A"/></message></package>'
    assert xml.decode_request(data).default == xml.Default(sender="A")
    with pytest.raises(DecodeError):
        read_request([data])


@pytest.mark.parametrize(
    ("message", "path"),
    [
        (xml.Message(recipient="7", id=2**63), "id"),
        (xml.Message(recipient="7", id="1"), "id"),  # type: ignore[arg-type]
        (xml.Message(recipient="7", id=True), "id"),
        (xml.Message(recipient="7", id=""), "id"),  # type: ignore[arg-type]
        (xml.Message(recipient="7", sender=0), "sender"),  # type: ignore[arg-type]
        (xml.Message(recipient="7", date_beg=""), "date_beg"),  # type: ignore[arg-type]
        (xml.Message(recipient=None), "recipient"),  # type: ignore[arg-type]
        (xml.Message(recipient=79021234567), "recipient"),  # type: ignore[arg-type]
        (xml.Message(recipient="7\0"), "recipient"),
        (xml.Message(recipient="7", sender="\ud800"), "sender"),
        (xml.Message(recipient="7", text="a\x1bb"), "text"),
        (xml.Message(recipient="7", text="\udcff"), "text"),
        (xml.Message(recipient="7", text="\uffff"), "text"),
        (xml.Message(recipient="7", text=b"bytes"), "text"),  # type: ignore[arg-type]
        (xml.Message(recipient="7", date_beg=datetime(2009, 3, 14, tzinfo=UTC)), "date_beg"),
        (xml.Message(recipient="7", date_end="2009-03-14"), "date_end"),  # type: ignore[arg-type]
        (xml.Message(recipient="7", type=xml.MessageType.WAP_PUSH), "url"),
    ],
)
def test_what_the_wire_cannot_say_is_refused_with_its_place(
    message: xml.Message, path: str
) -> None:
    good = xml.Message(recipient="7")
    package = xml.Package(login="l", password="p", messages=(good, message))
    with pytest.raises(EncodeError) as raised:
        xml.encode_request(package)
    assert raised.value.path == f"message.msg[1].{path}"


def test_something_else_than_a_message_is_refused() -> None:
    with pytest.raises(EncodeError, match="a Message is expected, not NoneType"):
        xml.encode_request(
            xml.Package(login="l", password="p", messages=(None,))  # type: ignore[arg-type]
        )


def test_a_wap_push_may_take_its_url_from_the_default() -> None:
    default = xml.Default(url="http://example.org/", type=xml.MessageType.WAP_PUSH)
    package = xml.Package(
        login="l", password="p", default=default, messages=(xml.Message(recipient="7"),)
    )
    assert xml.decode_request(xml.encode_request(package)) == package


def test_neither_login_nor_password_is_shown() -> None:
    package = xml.Package(login="canary-login", password="canary-password")
    credentials = xml.Credentials(login="canary-login", password="canary-password")
    for shown in (repr(package), str(credentials), repr(package.__rich_repr__())):
        assert "canary" not in shown
    for data in (b"<package password='canary' canary>", b"<package password='canary&canary;'/>"):
        with pytest.raises(DecodeError) as raised:
            xml.decode_request(data)
        assert "canary" not in str(raised.value)


def test_login_and_password_of_any_characters_arrive() -> None:
    package = xml.Package(login='a"b', password="<&'\"> \t\nй")
    assert xml.decode_request(xml.encode_request(package)) == package


def test_an_empty_package_is_a_package() -> None:
    assert xml.decode_answer(xml.encode_answer(xml.Answer())) == xml.Answer()
    assert read_answer([b"<package/>"]) == []


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
def test_what_another_writer_wrote_is_read(message: xml.Message) -> None:
    root = ET.Element("package", login="l", password="p")
    element = ET.SubElement(ET.SubElement(root, "message"), "msg")
    for name in ("id", "recipient", "sender", "url", "type"):
        value = getattr(message, name)
        if value is not None:
            element.set(name, f"{value:d}" if isinstance(value, int) else value)
    # ElementTree writes CR as it is, and no parser gives that back.
    element.text = message.text.replace("\r", "")
    (read,) = xml.decode_request(ET.tostring(root, encoding="utf-8")).messages
    assert read.text == element.text
    for name in ("id", "recipient", "sender", "url", "type"):
        assert getattr(read, name) == getattr(message, name)


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
    data = b'<package><message><msg sms_id="2">106</msg><msg sms_id="3">x</msg></message></package>'
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
        assert path == "message.msg[1].code"


def test_a_reader_that_is_closed_takes_nothing() -> None:
    reader = xml.AnswerReader()
    reader.feed(b"<package/>")
    reader.close()
    with pytest.raises(DecodeError):
        reader.feed(b" ")


def result(id_: int | None, sms_id: int) -> xml.MessageResult:
    return xml.MessageResult(id=id_, sms_id=sms_id, code=xml.MessageStatus.ACCEPTED)


def message(id_: int | None) -> xml.Message:
    return xml.Message(id=id_, recipient="7")


def test_results_are_paired_by_id_whatever_their_order() -> None:
    asked = [message(1), message(2), message(3)]
    pairs = xml.pair(asked, [result(3, 30), result(1, 10)])
    assert [(a.id, r and r.sms_id) for a, r in pairs] == [(1, 10), (2, None), (3, 30)]


def test_results_without_id_are_paired_by_order_around_those_with() -> None:
    asked = [message(None), message(2), message(None)]
    pairs = xml.pair(asked, [result(2, 20), result(None, 10), result(None, 30)])
    assert [r and r.sms_id for _, r in pairs] == [10, 20, 30]


def test_no_result_is_guessed_where_some_are_missing() -> None:
    pairs = xml.pair([message(None), message(None), message(5)], [result(None, 1), result(5, 2)])
    assert [r and r.sms_id for _, r in pairs] == [None, None, 2]


def test_messages_of_one_id_take_their_results_in_turn() -> None:
    pairs = xml.pair([message(1), message(1)], [result(1, 10), result(1, 20)])
    assert [r and r.sms_id for _, r in pairs] == [10, 20]


def test_an_id_of_zero_is_an_id() -> None:
    pairs = xml.pair([message(0), message(None)], [result(None, 5), result(0, 6)])
    assert [r and r.sms_id for _, r in pairs] == [6, 5]


def test_statuses_are_paired_by_either_id() -> None:
    asked = [xml.StatusRequest(sms_id=5), xml.StatusRequest(id=1)]
    got = [
        xml.StatusResult(id=1, code=xml.MessageStatus.DELIVERED),
        xml.StatusResult(sms_id=5, code=xml.MessageStatus.ENROUTE),
    ]
    assert xml.pair(asked, got) == [(asked[0], got[1]), (asked[1], got[0])]


def test_results_that_name_somebody_else_are_nobodys() -> None:
    asked = [message(1), message(2)]
    pairs = xml.pair(asked, [result(1, 10), result(1, 20)])
    assert [r and r.sms_id for _, r in pairs] == [10, None]
    assert [r for _, r in xml.pair(asked, [result(77, 10), result(78, 20)])] == [None, None]


def test_statuses_that_name_somebody_else_are_nobodys_and_those_without_name_go_by_order() -> None:
    asked = [xml.StatusRequest(sms_id=5), xml.StatusRequest(id=1)]
    of_others = [
        xml.StatusResult(sms_id=9, code=xml.MessageStatus.DELIVERED),
        xml.StatusResult(id=2, code=xml.MessageStatus.ENROUTE),
    ]
    assert [r for _, r in xml.pair(asked, of_others)] == [None, None]
    nameless = [xml.StatusResult(code=code) for code in (101, 102)]
    assert [r for _, r in xml.pair(asked, nameless)] == nameless


@pytest.mark.parametrize("zone", ["", "Z", "+03:00"])
def test_an_unset_date_is_none(zone: str) -> None:
    said = f'<status><msg sms_id="5" date_completed="0001-01-01T00:00:00{zone}">101</msg></status>'
    data = f"<package>{said}</package>".encode()
    unset = xml.StatusResult(sms_id=5, code=xml.MessageStatus.ENROUTE)
    assert xml.decode_answer(data).statuses == (unset,)
    assert read_answer([data]) == [unset]


def test_the_date_that_means_unset_is_not_written() -> None:
    unset = xml.StatusResult(code=101, date_completed=clock("0001-01-01T00:00:00"))
    with pytest.raises(EncodeError) as caught:
        xml.encode_answer(xml.Answer(statuses=(unset,)))
    assert caught.value.path == "status.msg[0].date_completed"


def test_the_unrolled_functions_can_be_read() -> None:
    assert "sms_id != '0'" in _layout.MESSAGE_RESULT.source
    compile(_layout.MESSAGE.source, "source", "exec")


@pytest.mark.parametrize("size", [1, 100_000])
def test_a_traceback_with_locals_shows_no_credentials(size: int) -> None:
    bad = xml.Message(id=2, recipient="7", text="a\0")
    package = xml.Package(login="LOGIN", password="PASSWORD", messages=(message(1), bad))

    def chunks() -> object:
        return list(xml.iter_request("LOGIN", "PASSWORD", package.messages, chunk_size=size))

    for write in (lambda: xml.encode_request(package), chunks):
        with pytest.raises(EncodeError) as caught:
            write()
        told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        shown = [str(frame.locals) for frame in told.stack if frame.filename != __file__]
        assert len(shown) > 2
        assert not [text for text in shown if "LOGIN" in text or "PASSWORD" in text]
