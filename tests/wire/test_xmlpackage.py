"""The XML package: the manual's examples, and what a field may hold (chapter 6)."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from devino_codecs import DecodeError, EncodeError
from devino_codecs import xmlpackage as xml
from devino_codecs.xmlpackage import _layout
from tests._vectors import Vector, vector_id, vectors
from tests.wire._xmlpackage import bytewise, clock, read_answer, read_request

pytestmark = pytest.mark.pythons


def compact(data: bytes) -> bytes:
    return re.sub(rb">\s+<", b"><", data.strip()).replace(b" ?>", b"?>")


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


def test_an_accepted_message_ends_in_the_text_that_known_clients_search_for() -> None:
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


def test_names_count_but_namespaces_and_unknown_elements_do_not() -> None:
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
    data = b'<package><message><default date_beg="soon"/><msg>x</msg></message></package>'
    with pytest.raises(DecodeError) as whole:
        xml.decode_request(data)
    reader = xml.RequestReader()
    assert len(reader.feed(data)) == 1
    with pytest.raises(DecodeError) as pieces:
        reader.close()
    assert whole.value.path == pieces.value.path == "message.default[0].date_beg"


WRONG = {
    "id": ["abc", "1.5", "9" * 19, "9" * 5000, "0x1", "1_0"],
    "date_beg": ["soon", "2009-13-14", "14.03.2009"],
    "date_end": ["never"],
    "type": ["flash", "1.0"],
}


@pytest.mark.parametrize(
    ("name", "wrong"), [(name, wrong) for name, all_of in WRONG.items() for wrong in all_of]
)
def test_a_wrong_attribute_of_one_message_does_not_spoil_the_package(name: str, wrong: str) -> None:
    row = '<msg id="{}" recipient="7" sender="S">{}</msg>'
    odd = f'<msg {name}="{wrong}" recipient="8" sender="S">odd</msg>'
    rows = row.format(1, "a"), odd, row.format(3, "b")
    data = f"<package><message>{''.join(rows)}</message></package>".encode()
    for found in (xml.decode_request(data).messages, read_request([data])[1:]):
        first, second, third = found
        assert first == xml.Message(id=1, recipient="7", sender="S", text="a")
        assert second == xml.Message(recipient="8", sender="S", text="odd", unread=(name,))
        assert third == xml.Message(id=3, recipient="7", sender="S", text="b")


def test_a_wrong_id_of_one_question_does_not_spoil_the_others() -> None:
    rows = b'<msg id="x"/><msg sms_id="5"/><msg id="y" sms_id="z"/>'
    data = b"<package><status>%s</status></package>" % rows
    assert xml.decode_request(data).statuses == (
        xml.StatusRequest(unread=("id",)),
        xml.StatusRequest(sms_id=5),
        xml.StatusRequest(unread=("id", "sms_id")),
    )


@pytest.mark.parametrize("number", ["", " ", "1_0", "1.0", "x", "9" * 19, "9" * 5000, "0x1"])
def test_a_result_whose_code_is_no_number_does_not_hide_the_others(number: str) -> None:
    data = (
        f'<package><message><msg id="1">106</msg><msg id="2">{number}</msg></message>'
        f'<status><msg id="3">{number}</msg><msg id="4">102</msg></status></package>'
    ).encode()
    delivered = xml.StatusResult(id=4, code=xml.MessageStatus.DELIVERED)
    accepted = xml.MessageResult(id=1, code=xml.MessageStatus.ACCEPTED)
    assert xml.decode_answer(data) == xml.Answer(messages=(accepted,), statuses=(delivered,))
    assert read_answer([data]) == [accepted, delivered]
    refused = f"<package><error>{number or 'x'}</error></package>".encode()
    with pytest.raises(DecodeError, match=r"error\.code"):
        xml.decode_answer(refused)


@pytest.mark.parametrize("odd", ["soon", "2009-13-14", ".", "9" * 5000])
def test_a_side_attribute_that_cannot_be_read_does_not_hide_the_status(odd: str) -> None:
    data = (
        f'<package><status><msg id="1" sms_id="5" sms_count="{odd}" date_completed="{odd}">'
        "102</msg></status></package>"
    ).encode()
    expected = xml.StatusResult(id=1, sms_id=5, code=xml.MessageStatus.DELIVERED)
    assert xml.decode_answer(data) == xml.Answer(statuses=(expected,))


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
def test_a_value_that_the_wire_cannot_express_is_refused_with_its_place(
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
    messages = (xml.Message(recipient="7"), xml.Message(recipient="7", text="a\0"))
    package = xml.Package(login="LOGIN", password="PASSWORD", messages=messages)

    def chunks() -> object:
        return list(xml.iter_request("LOGIN", "PASSWORD", messages, chunk_size=size))

    for write in (lambda: xml.encode_request(package), chunks):
        with pytest.raises(EncodeError) as caught:
            write()
        told = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
        shown = [str(frame.locals) for frame in told.stack if frame.filename != __file__]
        assert len(shown) > 2
        assert not [text for text in shown if "LOGIN" in text or "PASSWORD" in text]


@pytest.mark.parametrize("spell", [str.upper, str.capitalize])
def test_the_names_of_elements_may_be_in_upper_case(spell: Callable[[str], str]) -> None:
    def spelt(data: bytes) -> bytes:
        return re.sub(
            rb"(</?)(\w+)", lambda found: found[1] + spell(found[2].decode()).encode(), data
        )

    package = xml.Package(
        login="l",
        password="p",
        default=xml.Default(sender="S"),
        messages=(xml.Message(id=1, recipient="7", text="x"),),
        statuses=(xml.StatusRequest(id=1),),
    )
    data = spelt(xml.encode_request(package))
    assert xml.decode_request(data) == package
    reader = xml.RequestReader()
    assert len(reader.feed(data) + reader.close()) == 4
    answer = xml.Answer(messages=(xml.MessageResult(id=1, code=106),))
    assert xml.decode_answer(spelt(xml.encode_answer(answer))) == answer
    refused = spelt(xml.encode_answer(xml.Answer(error=xml.PackageError(201))))
    assert xml.decode_answer(refused).error == xml.PackageError(xml.PackageErrorCode.ERR_FORMAT)
