"""The wire of VK (chapter 15): requests, answers and callbacks, both ways."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from devino_codecs import viber, vk
from devino_codecs.http import (
    DecodeError,
    HttpAnswer,
    HttpRequest,
    InvalidArgumentError,
    Login,
    MissingArgumentError,
    Refusal,
    Unread,
    Verdict,
)
from devino_codecs.vk import _callbacks
from tests._vectors import VECTORS

LOGIN = Login("tester", "111111")
NAIVE = datetime(2018, 7, 3, 16, 31, 40)  # noqa: DTZ001 - the wire names no zone
AT = datetime(2017, 5, 31, 14, 51, 12, tzinfo=timezone(timedelta(hours=3)))
DELIVERED = {
    "messageId": 1343343,
    "status": "DELIVERED",
    "receivedAt": "2017-05-31 14:51:12",
    "error": "Доставлено",
}
USED = {"15-001", "15-003", "15-003.pdf", "15-004", "15-005", "15-006", "15-007"}


def sent(body: object) -> vk.Send:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"}
    http = HttpRequest.of("POST", "/send/vk/", headers=headers, body=data)
    return cast("vk.Send", vk.API.decode_request(http).request)


def asked(query: str) -> Any:
    return vk.API.decode_request(HttpRequest.of("GET", "/status/vk", query)).request


def answered(result: object, *, code: str = "ok", request: Any = vk.Send) -> Any:
    body = {"code": code, "description": "", "result": result}
    return vk.API.decode_answer(request, HttpAnswer(200, json.dumps(body).encode()))


def decode(*items: object) -> tuple[Any, ...]:
    return vk.decode_callback(json.dumps(items).encode())


def test_no_example_is_left_out() -> None:
    assert {v.id for v in VECTORS.values() if v.chapter == 15} == USED


@pytest.mark.parametrize("id_", ["15-003", "15-003.pdf"])
def test_a_request_of_the_manual_is_read_and_written_the_same(id_: str) -> None:
    request = sent(VECTORS[id_].data)
    written = vk.API.encode_request(request, LOGIN)
    assert json.loads(written.body) == json.loads(VECTORS[id_].data)
    assert f"Authorization: {written.headers['Authorization']}" == VECTORS["15-001"].text
    assert sent(written.body) == request
    assert request.vk.routes == (vk.Route.VK,)
    assert request.vk.priority is vk.Priority.HIGH
    assert request.viber is not None
    assert request.viber.content_type is viber.ContentType.BUTTON
    assert (request.whatsapp is None) is id_.endswith("pdf")


def test_a_question_of_the_manual_is_read_and_written_the_same() -> None:
    printed = VECTORS["15-005"].text
    http = vk.API.encode_request(vk.GetStatus("3222269333010907137"), LOGIN)
    url = f"https://im.devinotele.com{http.target}"
    assert url == printed.replace("<ID Вашего сообщения>", "3222269333010907137")
    for name in ("message", "messageId", "MESSAGE"):
        assert asked(f"{name}=17") == vk.GetStatus("17")


@pytest.mark.parametrize("query", ["", "message=", "message=x", "message=1.5", "message=0"])
def test_a_question_without_an_id_is_an_argument_error(query: str) -> None:
    with pytest.raises((MissingArgumentError, InvalidArgumentError)):
        asked(query)


@pytest.mark.parametrize(("id_", "request_"), [("15-004", vk.Send), ("15-006", vk.GetStatus)])
def test_an_answer_of_the_manual_is_read_and_written_the_same(id_: str, request_: Any) -> None:
    answer = vk.API.decode_answer(request_, HttpAnswer(200, VECTORS[id_].data))
    written = vk.API.encode_answer(request_, answer)
    assert json.loads(written.body) == json.loads(VECTORS[id_].data)
    assert list(json.loads(written.body)) == ["code", "description", "result"]
    assert vk.API.decode_answer(request_, written) == answer


def test_the_chain_of_an_answer() -> None:
    status = vk.API.decode_answer(vk.GetStatus, HttpAnswer(200, VECTORS["15-006"].data))
    assert status == vk.MessageStatus(
        provider_id="3287014702114144256",
        code=vk.IdCode.OK,
        status=vk.VkStatus.FAILED,
        status_at=NAIVE,
        viber_status=vk.ViberStatus(
            id="3287014702114144256",
            status=viber.DeliveryStatus.UNDELIVERED,
            status_at=NAIVE + timedelta(seconds=1),
            code=viber.Reason.NOT_VIBER_USER,
        ),
        sms_states=(viber.SmsPart(id="711869146186383364", status=viber.SmsStatus.DELIVERED),),
    )


def test_the_id_of_an_answer_is_exact() -> None:
    # The manual's own example ends in 000: JavaScript's numbers have rounded it.
    assert answered({"code": "ok", "messageId": 3222269333010907137}) == vk.SendResult(
        code=vk.SendCode.OK, message_id="3222269333010907137"
    )
    with pytest.raises(DecodeError):
        answered({"code": "ok", "messageId": 3.2222693330109071e18})


def test_a_result_may_be_a_list_of_one() -> None:
    one = {"code": "ok", "messageId": 17}
    assert answered([one]) == answered(one)
    with pytest.raises(DecodeError):
        answered([one, one])


def test_the_parts_of_an_sms_may_be_one_object() -> None:
    part = {"id": 5, "state": "sent"}
    base = {"providerId": 1, "code": "ok"}
    for states in (part, [part]):
        answer = answered({**base, "smsStates": states}, request=vk.GetStatus)
        assert answer.sms_states == (viber.SmsPart(id="5", status=viber.SmsStatus.SENT),)


@pytest.mark.parametrize(
    ("word", "code", "means"),
    [
        ("phone_invalid", vk.SendCode.PHONE_INVALID, Verdict.REFUSED),
        ("not_enough-CREDITS", vk.SendCode.NOT_ENOUGH_CREDITS, Verdict.FUNDS),
        ("error-subject-unknown", viber.MessageCode.SUBJECT_UNKNOWN, Verdict.REFUSED),
    ],
)
def test_a_refused_message(word: str, code: Any, means: Verdict) -> None:
    answer = answered({"code": word})
    assert (answer.code, answer.code.means, answer.message_id) == (code, means, None)


def test_unknown_words_survive() -> None:
    answer = answered({"code": "tired"})
    assert answer.code == "tired"
    assert b'"tired"' in vk.API.encode_answer(vk.Send, answer).body
    status = answered(
        {"code": "ok", "status": "lost", "viberStatus": {"status": "lost", "code": "sun"}},
        request=vk.GetStatus,
    )
    assert (status.status, status.viber_status.status, status.viber_status.code) == (
        "lost",
        "lost",
        "sun",
    )


@pytest.mark.parametrize("error", [*vk.RequestError, "error of the day"])
def test_a_refused_request(error: str) -> None:
    body = {"code": "validation_error", "description": error}
    answer = vk.API.decode_answer(vk.Send, HttpAnswer(200, json.dumps(body).encode()))
    assert answer == Refusal(vk.RequestCode.VALIDATION_ERROR, error, 200)
    written = vk.API.encode_answer(vk.Send, Refusal(vk.RequestCode.VALIDATION_ERROR, error))
    assert (written.status, json.loads(written.body)) == (200, body)


def test_a_refusal_of_the_web_server_is_springs() -> None:
    refusal = Refusal("Unauthorized", "Bad credentials", 401)
    written = vk.API.encode_answer(vk.Send, refusal)
    assert json.loads(written.body)["status"] == 401
    assert vk.API.decode_answer(vk.Send, written) == refusal


# Requests as clients write them


@pytest.mark.parametrize(
    ("field", "value", "attribute", "read"),
    [
        ("templateId", 123456, "template_id", "123456"),
        ("priority", "normal", "priority", vk.Priority.MEDIUM),
        ("routes", ["ok", "VK", "max"], "routes", (vk.Route.OK, vk.Route.VK, "max")),
        ("phone", "+79031234567", "phone", "+79031234567"),
        ("templateData", {"a": 5}, "template_data", {"a": "5"}),
        ("validityPeriod", "60", "validity_period", 60),
        ("deliveryPolicy", "ANY", "delivery_policy", vk.DeliveryPolicy.ANY),
    ],
)
def test_what_clients_write_is_read(field: str, value: object, attribute: str, read: Any) -> None:
    assert getattr(sent({"vk": {field: value}}).vk, attribute) == read


@pytest.mark.parametrize(
    ("field", "value", "attribute"),
    [
        ("subject", 5, "subject"),
        ("routes", "vk", "routes"),
        ("routes", [5.5], "routes"),
        ("validityPeriod", "soon", "validity_period"),
        ("templateData", {"a": None, "b": {}}, "template_data"),
        ("templateId", 1.5, "template_id"),
    ],
)
def test_a_bad_field_costs_no_other(field: str, value: object, attribute: str) -> None:
    request = sent({"vk": {"phone": "79031234567", field: value}})
    assert isinstance(getattr(request.vk, attribute), Unread)
    assert request.vk.phone == "79031234567"


def test_legs_have_the_names_of_the_table_and_of_the_example() -> None:
    request = sent(
        {
            "vk": {},
            "viber": {"validityPeriod": 30, "content": {"text": "t"}},
            "whatsapp": {"validityPeriodSec": 30, "priority": "medium"},
            "sms": {"validityPeriodSec": 60},
        }
    )
    assert request.viber == vk.MessengerLeg(validity_period_sec=30, content=viber.Content(text="t"))
    assert request.whatsapp == vk.MessengerLeg(validity_period_sec=30, priority=vk.Priority.MEDIUM)
    assert request.sms == vk.SmsLeg(validity_period=60)


@pytest.mark.parametrize("body", [b"{", b"[]", {}, {"vk": None}, {"vk": "x"}, {"vk": {}, "sms": 1}])
def test_a_request_that_is_none_is_an_argument_error(body: object) -> None:
    with pytest.raises((MissingArgumentError, InvalidArgumentError)):
        sent(body)


# Callbacks


def test_a_callback_of_the_manual_is_read_and_written_the_same() -> None:
    items = vk.decode_callback(VECTORS["15-007"].data)
    assert items == (
        vk.StatusCallback(
            message_id="1343343",
            status=vk.VkStatus.DELIVERED,
            received_at=AT,
            error="Доставлено",
        ),
    )
    assert items == decode(DELIVERED)
    written = vk.encode_callback(items)
    assert json.loads(written) == json.loads(VECTORS["15-007"].data)


@pytest.mark.parametrize(
    "item",
    [
        {
            "id": "1343343",
            "status": "delivered",
            "time": "2017-0531 14:51:12",
            "error": "Доставлено",
        },
        {**DELIVERED, "receivedAt": "2017-05-31T14:51:12"},
        {**DELIVERED, "receivedAt": "2017-05-31T11:51:12Z"},
        {**DELIVERED, "more": 5},
    ],
)
def test_callbacks_in_any_notation(item: object) -> None:
    assert decode(item) == decode(DELIVERED)


@pytest.mark.parametrize(
    ("item", "path"),
    [
        ({**DELIVERED, "messageId": 1.5}, "messageId"),
        ({**DELIVERED, "messageId": -1}, "messageId"),
        ({"messageId": 1}, "status"),
        ("x", ""),
    ],
)
def test_an_unread_item_costs_no_other_its_place(item: object, path: str) -> None:
    before, unread, after = decode(DELIVERED, item, {**DELIVERED, "messageId": 2**63 - 1})
    assert (before.message_id, after.message_id) == ("1343343", "9223372036854775807")
    assert isinstance(unread, Unread)
    assert unread.path == path


@pytest.mark.parametrize(
    "odd", ["2017-05-31 14:51+03", "2017-W05-2 14:51:12", "2017-05-31 25:51:12", None, []]
)
def test_a_time_that_cannot_be_read_is_none_and_costs_nothing_beside_it(odd: object) -> None:
    (found,), (whole,) = decode({**DELIVERED, "receivedAt": odd}), decode(DELIVERED)
    assert found == replace(whole, received_at=None)


@pytest.mark.parametrize("body", [b"", b"{}", b"[", b"[" * 100_000, b"\xff", b"17"])
def test_what_is_no_array_is_a_decode_error(body: bytes) -> None:
    with pytest.raises(DecodeError):
        vk.decode_callback(body)


# Properties

texts = st.text(st.characters(exclude_categories=["Cs"]))
optional = st.none() | texts
seconds = st.none() | st.integers(0, 10**9)
ids = st.integers(1, 2**63 - 1).map(str)
phones = st.none() | texts.map(str.strip).filter(bool)
legs = st.none() | st.builds(
    vk.MessengerLeg,
    subject=optional,
    priority=st.none() | st.sampled_from(vk.Priority),
    validity_period_sec=seconds,
    type=st.none() | st.sampled_from(viber.MessageType),
    comment=optional,
    content_type=st.none() | st.sampled_from(viber.ContentType),
    text=optional,
    caption=optional,
    action=optional,
    image_url=optional,
    dst_address=phones,
)
sends = st.builds(
    vk.Send,
    vk=st.builds(
        vk.VkMessage,
        subject=optional,
        priority=st.none() | st.sampled_from(vk.Priority),
        routes=st.none() | st.lists(st.sampled_from(vk.Route)).map(tuple),
        validity_period=seconds,
        delivery_policy=st.none() | st.sampled_from(vk.DeliveryPolicy),
        phone=phones,
        template_id=st.none() | ids,
        template_data=st.none() | st.dictionaries(texts, texts),
    ),
    viber=legs,
    whatsapp=legs,
    sms=st.none()
    | st.builds(
        vk.SmsLeg,
        src_address=optional,
        text=optional,
        validity_period=seconds,
        dst_address=phones,
    ),
)
times = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(  # noqa: DTZ001
    lambda at: at.replace(microsecond=0)
)
statuses = st.builds(
    vk.MessageStatus,
    provider_id=ids,
    code=st.sampled_from(vk.IdCode) | st.just("odd"),
    status=st.none() | st.sampled_from(vk.VkStatus) | st.just("odd"),
    status_at=st.none() | times,
    error=optional,
    viber_status=st.none()
    | st.builds(
        vk.ViberStatus,
        id=st.none() | ids,
        status=st.none() | st.sampled_from(viber.DeliveryStatus) | st.just("odd"),
        status_at=st.none() | times,
        code=st.none() | st.sampled_from(viber.Reason) | st.just("odd"),
    ),
    sms_states=st.none()
    | st.lists(st.builds(viber.SmsPart, id=ids, status=st.sampled_from(viber.SmsStatus))).map(
        tuple
    ),
)
callbacks = st.lists(
    st.builds(
        vk.StatusCallback,
        message_id=ids,
        status=st.sampled_from(vk.VkStatus) | st.just("ODD"),
        received_at=times.map(lambda at: at.replace(tzinfo=vk.MOSCOW)),
        error=texts,
    )
).map(tuple)


@given(sends)
def test_a_request_is_read_as_it_was_written(send: vk.Send) -> None:
    assert sent(vk.API.encode_request(send, LOGIN).body) == send


@given(statuses)
def test_an_answer_is_read_as_it_was_written(answer: vk.MessageStatus) -> None:
    written = vk.API.encode_answer(vk.GetStatus, answer)
    assert vk.API.decode_answer(vk.GetStatus, written) == answer


@given(callbacks)
def test_a_callback_is_read_as_it_was_written(items: tuple[vk.StatusCallback, ...]) -> None:
    body = vk.encode_callback(items)
    assert vk.decode_callback(body) == items
    # The long way reads the same.
    assert _callbacks._read_each(body) == items


odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["code", "result", "messageId", "status", "receivedAt", "vk", "sms"]),
            inner,
        )
    ),
)


@given(st.binary(max_size=60) | odd.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_a_value_or_a_decode_error(body: bytes) -> None:
    for request in (vk.Send, vk.GetStatus):
        for status in (200, 500):
            with contextlib.suppress(DecodeError):
                vk.API.decode_answer(cast("Any", request), HttpAnswer(status, body))
    for read in (sent, vk.decode_callback):
        with contextlib.suppress(DecodeError):
            read(body)


def test_zones_are_as_said() -> None:
    (item,) = decode(DELIVERED)
    assert item.received_at.astimezone(UTC) == datetime(2017, 5, 31, 11, 51, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "odd",
    [{"statusAt": "soon"}, {"error": 5}, {"viberStatus": {"id": "x", "statusAt": 1.5, "code": []}}],
)
def test_an_odd_side_field_does_not_hide_the_status(odd: dict[str, Any]) -> None:
    told = {"providerId": 5, "code": "ok", "status": "delivered", **odd}
    answer = answered(told, request=vk.GetStatus)
    assert isinstance(answer, vk.MessageStatus)
    assert answer.status is vk.VkStatus.DELIVERED


def test_an_odd_side_field_does_not_hide_a_callback() -> None:
    (item,) = decode({**DELIVERED, "error": ["x"]})
    assert (item.message_id, item.error) == ("1343343", "")
