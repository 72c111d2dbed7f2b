"""The wire of Viber (chapter 12) and WhatsApp: requests and answers, both ways."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, cast

import msgspec
import pytest
from msgspec.structs import replace

from devino_codecs import viber, vk
from devino_codecs.http import (
    DecodeError,
    EncodeError,
    HttpAnswer,
    InvalidArgumentError,
    MissingArgumentError,
    Refusal,
    Unread,
    Verdict,
    write_json,
)
from devino_codecs.viber import _messages
from tests._vectors import VECTORS
from tests.wire._viber import LOGIN, answered, posted, sent, told

REQUESTS = {
    "12-004": "/send",
    "12-006": "/Send/",
    "12-007": "/send",
    "12-008": "/send",
    "12-010": "/status/",
}
ANSWERS: dict[str, Any] = {"12-005": viber.Send, "12-011": viber.GetStatus}
CALLBACKS = {"12-012", "12-013"}


def test_no_example_is_left_out() -> None:
    examples = {v.id for v in VECTORS.values() if v.chapter == 12}
    assert {"12-001", *REQUESTS, *ANSWERS, *CALLBACKS} == examples


@pytest.mark.parametrize("id_", REQUESTS)
def test_a_request_of_the_manual_is_read_and_written_the_same(id_: str) -> None:
    call = viber.API.decode_request(posted(REQUESTS[id_], VECTORS[id_].data))
    assert call.credentials == LOGIN
    written = viber.API.encode_request(call.request, LOGIN)
    assert json.loads(written.body) == json.loads(VECTORS[id_].data)
    assert f"Authorization: {written.headers['Authorization']}" == VECTORS["12-001"].text
    again = viber.API.decode_request(posted(written.path, written.body))
    assert again.request == call.request


@pytest.mark.parametrize("id_", ANSWERS)
def test_an_answer_of_the_manual_is_read_and_written_the_same(id_: str) -> None:
    request = ANSWERS[id_]
    answer = viber.API.decode_answer(request, HttpAnswer(200, VECTORS[id_].data))
    written = viber.API.encode_answer(request, cast("Any", answer))
    canonical = VECTORS[id_].text.replace('"state"', '"status"')
    assert json.loads(written.body) == json.loads(canonical)
    assert viber.API.decode_answer(request, written) == answer


def test_both_editions_of_an_answer_say_the_same() -> None:
    printed = VECTORS["12-011"].printed
    assert printed is not None
    one, other = (
        viber.API.decode_answer(viber.GetStatus, HttpAnswer(200, data))
        for data in (VECTORS["12-011"].data, printed.read_bytes())
    )
    assert one == other
    assert isinstance(one, viber.Statuses)
    first, second, _ = one.messages
    assert isinstance(first, viber.MessageStatus)
    assert isinstance(second, viber.MessageStatus)
    assert first.provider_id == "3158611117333282816"
    assert isinstance(first.sms_states, tuple)
    assert first.sms_states[1] == viber.SmsPart(
        id="583465579822710785", status=viber.SmsStatus.DELIVERED
    )
    assert (second.status, second.status_at) == (
        viber.DeliveryStatus.READ,
        datetime(2016, 8, 10, 15, 28, 50, tzinfo=UTC),
    )


# commonData


def test_a_message_overrides_common_data_field_by_field() -> None:
    first, second = sent(json.loads(VECTORS["12-008"].data)).complete()
    assert isinstance(first.content, viber.Content)
    assert (first.address, first.priority) == ("79250000001", viber.Priority.HIGH)
    assert first.content.text == "text"
    assert (second.address, second.priority) == ("79250000002", viber.Priority.LOW)
    # The button stays: the message names another text and nothing else.
    assert second.content == replace(first.content, text="Message text")
    assert second.subject == first.subject == "Subject"


def test_common_data_has_two_names() -> None:
    request = sent({"messageCommonData": {"subject": "S"}, "messages": [{}, {"subject": "T"}]})
    assert [message.subject for message in request.complete()] == ["S", "T"]


def test_a_bad_field_of_common_data_counts_only_where_no_message_overrides_it() -> None:
    common = {"validityPeriodSec": "soon", "subject": "S"}
    request = sent({"commonData": common, "messages": [{"validityPeriodSec": 60}, {}]})
    one, other = request.complete()
    assert one.validity_period_sec == 60
    assert isinstance(other.validity_period_sec, Unread)
    assert (one.subject, other.subject) == ("S", "S")


def test_the_fields_of_an_sms_come_from_the_message_then_the_request_then_the_text() -> None:
    messages = [
        {"subject": "S", "content": {"text": "text"}, "smsText": "own", "smsSrcAddress": "Own"},
        {"subject": "S", "content": {"text": "text"}},
    ]
    own, rest_ = sent({"resendSms": True, "messages": messages}).complete()
    assert (own.sms_text, own.sms_src_address) == ("own", "Own")
    assert (rest_.sms_text, rest_.sms_src_address) == ("text", "S")
    body = {"resendSms": "true", "messages": messages, "smsText": "all", "smsSrcAddress": "All"}
    own, rest_ = sent({**body, "smsValidityPeriodSec": 60}).complete()
    assert (own.sms_text, own.sms_src_address, own.sms_validity_period_sec) == ("own", "Own", 60)
    assert (rest_.sms_text, rest_.sms_src_address) == ("all", "All")


def test_without_resending_those_of_the_request_do_not_count() -> None:
    (message,) = sent({"smsText": "all", "messages": [{"content": {"text": "t"}}]}).complete()
    assert message.sms_text is None


# Requests as clients write them


def test_null_is_absent() -> None:
    nulls = dict.fromkeys(("smsText", "smsSrcAddress", "comment", "subject", "content"))
    assert sent({"messages": [{**nulls, "address": "79031234567"}]}).messages == (
        viber.Message(address="79031234567"),
    )


@pytest.mark.parametrize(
    ("field", "value", "attribute", "read"),
    [
        ("address", 79031234567, "address", "79031234567"),
        ("address", " +79031234567 ", "address", "+79031234567"),
        ("validityPeriodSec", "60", "validity_period_sec", 60),
        ("priority", "Medium", "priority", viber.Priority.NORMAL),
        ("priority", "HIGH", "priority", viber.Priority.HIGH),
        ("priority", "soon", "priority", "soon"),
        ("type", "WhatsApp", "type", viber.MessageType.WHATSAPP),
        ("contentType", "carousel", "content_type", "carousel"),
        ("content", {"image": "http://x/y"}, "content", viber.Content(image_url="http://x/y")),
    ],
)
def test_what_clients_write_is_read(field: str, value: object, attribute: str, read: str) -> None:
    (message,) = sent({"messages": [{field: value}]}).messages
    assert getattr(message, attribute) == read


@pytest.mark.parametrize(
    ("field", "value", "attribute"),
    [
        ("subject", 5, "subject"),
        ("priority", ["high"], "priority"),
        ("validityPeriodSec", 3600.5, "validity_period_sec"),
        ("validityPeriodSec", "an hour", "validity_period_sec"),
        ("comment", {}, "comment"),
        ("content", "text", "content"),
        ("content", {"text": 5}, "content"),
        ("address", [], "address"),
        ("smsText", 1, "sms_text"),
        ("smsValidityPeriodSec", True, "sms_validity_period_sec"),
    ],
)
def test_a_bad_field_costs_neither_the_message_nor_the_other_fields(
    field: str, value: object, attribute: str
) -> None:
    one, other = sent({"messages": [{"type": "viber", field: value}, {"type": "viber"}]}).messages
    assert isinstance(getattr(one, attribute), Unread)
    assert one.type is other.type is viber.MessageType.VIBER


@pytest.mark.parametrize(
    "body", [b"{", b"[]", {"messages": [5]}, {"messages": {}}, {"messages": "x"}, {"a": []}]
)
def test_a_request_that_is_none_is_an_argument_error(body: object) -> None:
    with pytest.raises((InvalidArgumentError, MissingArgumentError)):
        sent(body)


def test_ids_are_exact_and_a_bad_one_costs_no_other_its_place() -> None:
    huge = 2**63 - 1
    given_ids = [huge, huge - 1, f"{huge - 2}", 1.5, 1e18, 0, -1, 2**63, "x", None, 17]
    body = json.dumps({"messages": given_ids})
    request = viber.API.decode_request(posted("/status", body.encode())).request
    assert request.messages[:3] == tuple(f"{huge - less}" for less in range(3))
    assert all(isinstance(each, Unread) for each in request.messages[3:10])
    assert request.messages[10] == "17"


# Answers


def test_a_refused_message_costs_no_other_its_receipt() -> None:
    answer = answered(
        {
            "status": "ok",
            "messages": [
                {"providerId": 9223372036854775807, "code": "ok"},
                {"code": "error-subject-unknown"},
                {"code": "error-of-tomorrow"},
                {"providerId": 3.158611117333283e18, "code": "ok"},
                "odd",
                {"providerId": 9223372036854775806, "code": "OK"},
            ],
        }
    )
    assert isinstance(answer, viber.Sent)
    first, refused, unknown, rounded, odd, last = answer.messages
    assert first == viber.Taken(provider_id="9223372036854775807", code=viber.MessageCode.OK)
    assert refused == viber.Taken(code=viber.MessageCode.SUBJECT_UNKNOWN)
    assert unknown == viber.Taken(code="error-of-tomorrow")
    assert rounded == Unread("expected a whole number, got a number", "providerId")
    assert odd == Unread("expected an object, got a string")
    assert last == viber.Taken(provider_id="9223372036854775806", code=viber.MessageCode.OK)


def test_a_request_without_messages_can_be_written() -> None:
    body = viber.API.encode_request(viber.Send(messages=()), LOGIN).body
    assert json.loads(body) == {"resendSms": "false", "messages": []}


def test_an_unread_element_cannot_be_written() -> None:
    with pytest.raises(EncodeError, match=r"messages\[0\]"):
        viber.API.encode_answer(viber.Send, viber.Sent(messages=(Unread("odd"),)))


@pytest.mark.parametrize(
    ("word", "code", "means"),
    [
        ("error-auth", viber.RequestStatus.AUTH, Verdict.LOGIN),
        ("Error-Account-Locked", viber.RequestStatus.ACCOUNT_LOCKED, Verdict.LOGIN),
        ("error-system", viber.RequestStatus.SYSTEM, Verdict.FAILED),
        ("error-syntax", viber.RequestStatus.SYNTAX, Verdict.REFUSED),
        ("error-instant-message-typeformat", viber.RequestStatus.TYPE_FORMAT, Verdict.REFUSED),
        # The word of a message's code.
        ("error-instant-message-type-format", viber.RequestStatus.TYPE_FORMAT, Verdict.REFUSED),
        ("error-content-type-format", viber.RequestStatus.CONTENT_TYPE_FORMAT, Verdict.REFUSED),
        ("error-of-tomorrow", "error-of-tomorrow", ""),
    ],
)
def test_a_refused_request(word: str, code: object, means: str) -> None:
    answer = answered({"status": word})
    assert isinstance(answer, Refusal)
    assert (answer.code, answer.means) == (code, means)
    written = viber.API.encode_answer(viber.Send, Refusal(viber.RequestStatus.SYNTAX))
    assert (written.status, written.body) == (200, b'{"status":"error-syntax"}')


def test_the_words_of_a_status_are_read_as_those_of_a_code() -> None:
    answer = answered(
        {"status": "ok", "messages": [{"code": "error-instant-message-content-type-format"}]}
    )
    assert isinstance(answer, viber.Sent)
    assert answer.messages == (viber.Taken(code=viber.MessageCode.CONTENT_FORMAT),)


def test_a_refusal_of_the_web_server_is_springs() -> None:
    error = viber.SpringError(
        timestamp=1527861323068,
        status=401,
        error="Unauthorized",
        message="Bad credentials",
        path="/send",
    )
    answer = HttpAnswer(401, write_json(viber.SpringError, error))
    assert json.loads(answer.body)["status"] == 401
    for request in (viber.Send, viber.GetStatus):
        refusal = viber.API.decode_answer(cast("Any", request), answer)
        assert refusal == Refusal("Unauthorized", "Bad credentials", 401)
        again = viber.API.encode_answer(cast("Any", request), refusal)
        assert (again.status, viber.API.decode_answer(cast("Any", request), again)) == (
            401,
            refusal,
        )


@pytest.mark.parametrize("body", [b"<html>", b"", b"{}", b"[]"])
def test_what_is_no_answer_is_a_decode_error(body: bytes) -> None:
    with pytest.raises(DecodeError):
        viber.API.decode_answer(viber.Send, HttpAnswer(200, body))
    with pytest.raises(DecodeError):
        viber.API.decode_answer(viber.Send, HttpAnswer(502, body))


def test_statuses_in_any_notation() -> None:
    at = datetime(2016, 8, 10, 15, 28, 50, tzinfo=UTC)
    read = told(
        {"providerId": 1, "code": "ok", "STATUS": "READ", "statusAt": "2016-0810 15:28:50"},
        {"providerId": "2", "code": "ok", "status": "undelived", "statusAt": 1470842930000},
        {"providerId": 3, "code": "ok", "status": "failed", "error": "USER_BLOCKED"},
        {"providerId": 4, "code": "ok", "status": "lost", "errorCode": "moved-away"},
        {"providerId": 5, "code": "ok", "smsStates": [{"id": 6}]},
        {"providerId": 7, "code": "ok", "status": "read", "statusAt": "yesterday"},
        {"providerId": 8, "code": "ok"},
    )
    assert read == (
        viber.MessageStatus(
            provider_id="1",
            code=viber.MessageCode.OK,
            status=viber.DeliveryStatus.READ,
            status_at=at,
        ),
        viber.MessageStatus(
            provider_id="2",
            code=viber.MessageCode.OK,
            status=viber.DeliveryStatus.UNDELIVERED,
            status_at=at,
        ),
        viber.MessageStatus(
            provider_id="3",
            code=viber.MessageCode.OK,
            status=viber.DeliveryStatus.FAILED,
            error_code=viber.Reason.USER_BLOCKED,
        ),
        viber.MessageStatus(
            provider_id="4", code=viber.MessageCode.OK, status="lost", error_code="moved-away"
        ),
        viber.MessageStatus(
            provider_id="5", code=viber.MessageCode.OK, sms_states=(viber.SmsPart(id="6"),)
        ),
        viber.MessageStatus(
            provider_id="7", code=viber.MessageCode.OK, status=viber.DeliveryStatus.READ
        ),
        viber.MessageStatus(provider_id="8", code=viber.MessageCode.OK),
    )


def test_whatsapp_is_another_table_of_the_same_values() -> None:
    request = sent(json.loads(VECTORS["12-004"].data))
    video = viber.Content(video_url="http://x/v", video_name="v")
    message = replace(
        request.messages[0],
        type=viber.MessageType.WHATSAPP,
        content_type=viber.ContentType.VIDEO,
        content=video,
    )
    http = viber.WHATSAPP_API.encode_request(replace(request, messages=(message,)), LOGIN)
    assert http.path == "/send/whatsapp"
    assert json.loads(http.body)["messages"][0]["content"] == {
        "videoUrl": "http://x/v",
        "videoName": "v",
    }
    assert sent(http.body, api=viber.WHATSAPP_API).messages == (message,)
    ask = viber.WHATSAPP_API.encode_request(viber.GetStatus(("17",)), LOGIN)
    assert (ask.path, ask.body) == ("/status/whatsapp", b'{"messages":[17]}')


# The short ways, which read and write what the long ones do

WHOLE = viber.Message(
    subject="Магазин",
    priority=viber.Priority.HIGH,
    validity_period_sec=60,
    comment="c",
    type=viber.MessageType.VIBER,
    content_type=viber.ContentType.BUTTON,
    content=viber.Content(**dict.fromkeys(viber.Content.__struct_fields__, "x")),
    address="79031234567",
    sms_text="t",
    sms_src_address="S",
    sms_validity_period_sec=60,
)


def test_a_message_with_every_field_goes_the_short_way() -> None:
    assert None not in msgspec.structs.astuple(WHOLE)
    short = _messages._write_as_they_are((WHOLE, viber.Message(address="1")))
    assert json.loads(short) == json.loads(
        write_json(tuple[viber.Message, ...], (WHOLE, viber.Message(address="1")))
    )


@pytest.mark.parametrize(
    "odd",
    [
        {"subject": 5},
        {"address": " 1"},
        {"address": "\ud800"},
        {"comment": "\ud800"},
        {"validity_period_sec": 2**63},
        {"validity_period_sec": True},
        {"content": "text"},
        {"content": viber.Content(text=5)},  # type: ignore[arg-type]
        {"priority": Unread("why")},
    ],
)
def test_what_cannot_be_written_is_an_error_that_names_it(odd: dict[str, Any]) -> None:
    send = viber.Send(messages=(WHOLE, replace(WHOLE, **odd)))
    with pytest.raises(EncodeError, match=r"messages\[1\]\."):
        viber.API.encode_request(send, LOGIN)


@pytest.mark.parametrize(
    "odd", [{"statusAt": "soon"}, {"statusAt": {}}, {"errorCode": ["x"]}, {"error": 7.5}]
)
def test_an_odd_side_field_does_not_hide_the_status(odd: dict[str, Any]) -> None:
    told = {"providerId": 5, "code": "ok", "status": "delivered", **odd}
    body = msgspec.json.encode({"status": "ok", "messages": [told]})
    answer = viber.API.decode_answer(viber.GetStatus, HttpAnswer(200, body))
    assert isinstance(answer, viber.Statuses)
    (status,) = answer.messages
    assert isinstance(status, viber.MessageStatus)
    assert status.status is viber.DeliveryStatus.DELIVERED
    assert (status.status_at, status.error_code) == (None, None)


@pytest.mark.parametrize("timestamp", ["2026-11-28T08:00:00.000+00:00", None, {}])
def test_an_odd_side_field_does_not_hide_that_the_login_is_wrong(timestamp: object) -> None:
    told = {"timestamp": timestamp, "status": 401, "error": "Unauthorized", "path": 5}
    for api, request in ((viber.API, viber.Send), (vk.API, vk.Send)):
        answer = api.decode_answer(request, HttpAnswer(401, msgspec.json.encode(told)))
        assert answer == Refusal("Unauthorized", "", 401)
