"""The manual's examples of e-mail over HTTP (chapter 14), both ways."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from lxml import etree

from devino_codecs import email
from devino_codecs.email import v1
from devino_codecs.http import (
    Api,
    HttpAnswer,
    HttpRequest,
    Items,
    Login,
    Page,
    Refusal,
    Request,
    Unread,
)
from tests._vectors import VECTORS

LOGIN = Login("tester", "111111")
REQUESTS: dict[str, tuple[Api, str, str]] = {
    "14-008": (email.API, "POST", "/email/v2/UserSettings/SourceAddresses"),
    "14-013": (email.API, "POST", "/Email/V2//tasks/?format=json"),
    "14-013-pdf": (email.API, "POST", "/email/v2/Tasks"),
    "14-015": (email.API, "PUT", "/v2/Tasks/133875/State"),
    "14-019": (email.API, "POST", "/Templates/"),
    "14-021": (email.API, "PUT", "/email/v2/Templates/1"),
    "14-026": (email.API, "POST", "/email/v2/messages"),
    "14-028": (v1.API, "POST", "/email/v1/Messages"),
}
ANSWERS: dict[str, tuple[Api, type[Request[Any]]]] = {
    "14-007": (email.API, email.ListSenders),
    "14-009": (email.API, email.AddSender),
    "14-010": (email.API, email.DeleteSender),
    "14-011": (email.API, email.ListTasks),
    "14-012": (email.API, email.GetTask),
    "14-014": (email.API, email.CreateTask),
    "14-016": (email.API, email.SetTaskState),
    "14-017": (email.API, email.GetTemplate),
    "14-018": (email.API, email.ListTemplates),
    "14-020": (email.API, email.CreateTemplate),
    "14-022": (email.API, email.ReplaceTemplate),
    "14-023": (email.API, email.DeleteTemplate),
    "14-024": (email.API, email.GetStatistics),
    "14-025": (email.API, email.ListDetails),
    "14-027": (email.API, email.Send),
    "14-029": (v1.API, v1.Send),
    "14-030": (email.API, email.GetStatus),
}
CALLBACKS = [f"14-0{number}" for number in range(31, 42)]
PIECES = {"14-001", "14-004", "14-005", "14-006"}


def tree(data: bytes) -> Any:
    return json.loads(data, parse_float=Decimal)


def test_no_example_is_left_out() -> None:
    examples = {v.id for v in VECTORS.values() if v.chapter == 14}
    assert {*REQUESTS, *ANSWERS, *CALLBACKS, *PIECES} == examples


@pytest.mark.parametrize("id_", REQUESTS)
def test_a_request_of_the_manual_is_read_and_written_the_same(id_: str) -> None:
    api, method, target = REQUESTS[id_]
    http = HttpRequest.of(method, target, headers=_headers(), body=VECTORS[id_].data)
    call = api.decode_request(http)
    assert call.credentials == LOGIN
    written = api.encode_request(call.request, LOGIN)
    said = tree(written.body)
    if id_.startswith("14-013"):
        # The example lacks the type, which the table calls obligatory: it is always written.
        assert said.pop("Type") == 1
    assert said == tree(VECTORS[id_].data)
    assert (written.query, written.headers["Accept"]) == ("format=json", "*/*")
    again = api.decode_request(
        HttpRequest.of(written.method, written.target, headers=_headers(), body=written.body)
    )
    assert again.request == call.request


@pytest.mark.parametrize("id_", ANSWERS)
def test_an_answer_of_the_manual_is_read_and_written_the_same(id_: str) -> None:
    api, request = ANSWERS[id_]
    status = api.row(request).status
    answer = api.decode_answer(request, HttpAnswer(status, VECTORS[id_].data))
    assert not isinstance(answer, Refusal)
    written = api.encode_answer(request, answer)
    assert written.status == status
    assert tree(written.body) == tree(VECTORS[id_].data)
    assert api.decode_answer(request, written) == answer


def test_the_pieces_of_the_manual() -> None:
    headers = _headers()
    name, _, value = VECTORS["14-005"].text.partition(": ")
    listed = email.ListTasks(items=Items(1, 100))
    assert email.API.encode_request(listed, LOGIN).headers[name] == value
    http = HttpRequest.of("GET", "/email/v2/Tasks", headers={**headers, name: value})
    assert email.API.decode_request(http).request == listed
    refusal = email.API.decode_answer(email.GetTask, HttpAnswer(404, VECTORS["14-004"].data))
    assert refusal == Refusal(email.ResponseCode.NOT_FOUND, "user not found", 404)
    assert VECTORS["14-006"].text == "Accept-Language: ru-RU"


def _headers() -> dict[str, str]:
    name, _, value = VECTORS["14-001"].text.partition(": ")
    return {name: value, "Content-Type": "application/json"}


def test_the_examples_mean_what_they_say() -> None:
    def answer(id_: str) -> Any:
        api, request = ANSWERS[id_]
        return api.decode_answer(request, HttpAnswer(200, VECTORS[id_].data))

    (task,) = answer("14-011").items
    assert (task.id, task.price, task.state) == (130872, Decimal("0.23"), "Waiting")
    assert task.message_validity_as_time_span == timedelta(days=1)
    one = answer("14-012")
    assert one.state is email.TaskState.FINISHED
    assert one.start_date_time == datetime(2015, 8, 25, 11, 19, 24, 737000, tzinfo=UTC)
    assert one.contacts[1] == email.ContactRef(8603950002, True)
    assert one.counters.spam_score == Decimal("2.2")
    assert answer("14-014").duplicates == 0
    (detail,) = answer("14-025").items
    assert (detail.id, detail.state) == (141471292110003601, email.MessageState.NOT_SENT)
    assert [each.state.means for each in answer("14-030")] == ["ENROUTE", "ACCEPTED"]


@pytest.mark.parametrize("id_", CALLBACKS)
def test_a_callback_of_the_manual_is_read_and_written_the_same(id_: str) -> None:
    data = VECTORS[id_].data
    (event,) = email.decode_callback(data)
    assert isinstance(event, email.MessageEvent)
    if data.lstrip()[:1] == b"<":
        written = email.encode_callback([event], xml=True)
        assert _plain(written) == _plain(data)
    else:
        written = email.encode_callback([event])
        said, wanted = json.loads(written), json.loads(data)
        # Python has six digits of a second.
        for each in (said, wanted):
            (item,) = each["messageEventDtos"]
            assert item.pop("dateTime").startswith("2020-01-14T08:27:57.7377")
        assert said == wanted
    assert email.decode_callback(written) == (event,)


def _plain(data: bytes) -> list[tuple[str, str]]:
    root = etree.fromstring(data)
    found = [(str(each.tag), (each.text or "").strip()[:25]) for each in root.iter()]
    return [(tag, text) for tag, text in found if tag != "dateTime"]


def test_the_callbacks_mean_what_they_say() -> None:
    events = [email.decode_callback(VECTORS[id_].data)[0] for id_ in CALLBACKS]
    assert not any(isinstance(event, Unread) for event in events)
    words = [event.event for event in events]  # type: ignore[union-attr]
    names = "SENT DELIVERED OPENED CLICKED UNSUBSCRIBED SUBSCRIBED BOUNCED COMPLAINED"
    assert words[:8] == [email.CallbackEvent(name) for name in names.split()]
    last = events[-1]
    assert isinstance(last, email.MessageEvent)
    assert (last.reason, last.is_hardbounce) == (email.BounceReason.ALREADY_UNSUBSCRIBED, False)
    assert last.client_info == email.ClientInfo()


def test_a_page_keeps_its_place() -> None:
    (task,) = email.API.decode_answer(
        email.ListTasks, HttpAnswer(200, VECTORS["14-011"].data)
    ).items  # type: ignore[union-attr]
    answer = email.API.encode_answer(email.ListTasks, Page((task,), first=101, total=300))
    assert (answer.status, answer.headers) == (206, {"content-range": "items 101-101/300"})
    assert email.API.decode_answer(email.ListTasks, answer) == Page((task,), 101, 300)
