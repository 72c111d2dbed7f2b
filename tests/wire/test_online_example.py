"""The codec of devino-online: every value survives, and nothing but its errors leaves it."""

from __future__ import annotations

import importlib
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_codecs import EncodeError
from devino_codecs.http import ApiKey, DecodeError, HttpAnswer, HttpRequest, Login, Refusal, Unread
from devino_codecs.masking import masked_request
from tests.core._examples import EXAMPLES

sys.path.append(str(EXAMPLES / "devino-online"))

wire: Any = importlib.import_module("devino_online.wire")
API = wire.API
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
IDS = st.integers(2**53, 2**63 - 1).map(str)
NONE = st.none()
SMS = st.builds(
    wire.Sms,
    sender=WORDS,
    to=st.sampled_from(["79160000001", "+79160000001", "7 916"]),
    text=WORDS,
    validity=NONE | st.integers(0, 259_200),
    scheduled_time=NONE
    | st.datetimes(datetime(1970, 1, 2), datetime(2096, 1, 1)).map(  # noqa: DTZ001
        lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000, tzinfo=UTC)
    ),
    priority=NONE | st.sampled_from(wire.RANKS) | st.integers(0, 3),
    callback_url=NONE | WORDS.filter(bool),
    options=NONE | st.dictionaries(WORDS, WORDS, max_size=2),
)
REASON = st.builds(
    wire.Reason,
    key=st.sampled_from([str(word) for word in wire.Word]) | WORDS.filter(bool),
    ref=NONE | WORDS.filter(bool),
    default_message=NONE | WORDS.filter(bool),
)
OUTCOME = st.builds(
    wire.Outcome,
    code=st.sampled_from(["OK", "REJECTED"]) | WORDS.filter(bool),
    message_id=NONE | IDS,
    segments_id=NONE | st.lists(IDS, min_size=1, max_size=3).map(tuple),
    reasons=NONE | st.lists(REASON, min_size=1, max_size=2).map(tuple),
    description=NONE | WORDS.filter(bool),
)
WHO = st.sampled_from([ApiKey("key"), Login("me", "p:w")])
FLAG = st.sampled_from([None, True, False])


@given(st.lists(SMS, max_size=3).map(tuple), FLAG, FLAG, WHO)
def test_a_request_survives(messages: Any, segments: Any, shorten: Any, who: Any) -> None:
    request = wire.Send(messages=messages, include_segment_id=segments, shorten_url=shorten)
    http = API.encode_request(request, who)
    headers = {name.lower(): value for name, value in http.headers.items()}
    came = HttpRequest.of(http.method, http.target, headers=headers, body=http.body)
    if not messages:
        return
    call = API.decode_request(came)
    assert (call.request, call.credentials) == (request, who)


@given(st.lists(OUTCOME, max_size=3).map(tuple))
def test_an_answer_survives(outcomes: Any) -> None:
    sent = wire.Sent(outcomes)
    assert API.decode_answer(wire.Send, API.encode_answer(wire.Send, sent)) == sent


@given(st.sampled_from(list(wire.Word)), WORDS, WORDS.filter(bool))
def test_a_refusal_survives(word: Any, ref: str, said: str) -> None:
    status = {wire.Word.STRANGER: 401, wire.Word.BUSY: 429}.get(word, 400)
    if word in (wire.Word.STRANGER, wire.Word.BUSY):
        no: Any = Refusal(word, said, status)
        assert API.decode_answer(wire.Send, API.encode_answer(wire.Send, no)) == no
        return
    read = API.decode_answer(
        wire.Send, API.encode_answer(wire.Send, wire.Whole(word, said, 0, ref))
    )
    assert (read.code, read.http_status, read.ref) == (word, 400, ref)
    assert read.description.startswith(said)


@given(
    st.binary(max_size=60)
    | st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["result", "code", "messageId", "reasons", "key", "description", "x"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    ).map(lambda value: json.dumps(value).encode()),
    st.sampled_from([200, 400, 401, 403, 429, 500]),
)
def test_any_answer_is_a_value_or_a_decode_error(body: bytes, status: int) -> None:
    for request in (wire.Send, wire.GetBilling):
        try:
            API.decode_answer(request, HttpAnswer(status, body))
        except DecodeError:
            continue


@pytest.mark.parametrize("digits", [2**53 + 1, 2**63 - 1])
def test_ids_are_exact_and_fractions_are_none(digits: int) -> None:
    def read(said: str) -> Any:
        body = f'{{"result":[{{"code":"OK","messageId":{said}}}]}}'.encode()
        return API.decode_answer(wire.Send, HttpAnswer(200, body)).result[0]

    assert read(str(digits)).message_id == str(digits)
    assert read(f'"{digits}"').message_id == str(digits)
    assert isinstance(read(f"{digits}.5"), Unread)


def test_a_time_is_written_in_utc_with_milliseconds() -> None:
    at = datetime(2022, 9, 9, 8, 52, 27, 319_999, tzinfo=UTC)
    for form, wanted in (
        ("2022-09-09T08:52:27.319Z", at.replace(microsecond=319_000)),
        ("2022-09-09 08:52:27", at.replace(microsecond=0)),
        (1662713547319, at.replace(microsecond=319_000)),
        ("1662713547319", at.replace(microsecond=319_000)),
    ):
        body = json.dumps({"messages": [{"scheduledTime": form}]}).encode()
        came = HttpRequest.of(
            "POST", "/sms/messages", headers={"authorization": "Key k"}, body=body
        )
        [sms] = API.decode_request(came).request.messages
        assert sms.scheduled_time == wanted
    http = API.encode_request(
        wire.Send(messages=(wire.Sms(scheduled_time=at + timedelta(hours=0)),)), ApiKey("k")
    )
    assert b'"scheduledTime":"2022-09-09T08:52:27.319Z"' in http.body


def test_a_secret_within_a_list_is_hidden_in_every_view() -> None:
    sms = wire.Sms(to="79160000001", callback_url="https://hooks.example/canary")
    request = wire.Send(messages=(sms,))
    asked, _ = API.kinds(wire.Send)
    shown = masked_request(API.encode_request(request, ApiKey("canary")), asked)
    for text in (repr(request), repr(sms), shown.body.decode(), str(shown.headers)):
        assert "canary" not in text
    assert b'"callbackUrl":"***"' in shown.body
    theirs = HttpRequest.of("POST", "/", body=b'{"messages":[{"callback_url":"canary"}]}')
    assert b"canary" not in masked_request(theirs, asked).body


@pytest.mark.parametrize(
    "message", [Unread("odd"), None, 5, wire.Sms(to=79160000001), wire.Sms(to="7", text="\ud800")]
)
def test_what_is_no_message_cannot_be_written(message: object) -> None:
    request = wire.Send(messages=(message,))
    with pytest.raises(EncodeError):
        API.encode_request(request, ApiKey("key"))
