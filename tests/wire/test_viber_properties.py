"""The wire of Viber: what is written is read the same; whatever comes is a value or an error."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from devino_codecs import viber
from devino_codecs.http import DecodeError, HttpAnswer
from tests.wire._viber import APIS, LOGIN, posted, sent, told

texts = st.text(st.characters(exclude_categories=["Cs"]))
optional = st.none() | texts
ids = st.integers(1, 2**63 - 1).map(str)
contents = st.builds(viber.Content, **dict.fromkeys(viber.Content.__struct_fields__, optional))
seconds = st.none() | st.integers(0, 10**9)
phones = st.none() | texts.map(str.strip).filter(bool)
messages_ = st.builds(
    viber.Message,
    subject=optional,
    priority=st.none() | st.sampled_from(viber.Priority),
    validity_period_sec=seconds,
    comment=optional,
    type=st.none() | st.sampled_from(viber.MessageType),
    content_type=st.none() | st.sampled_from(viber.ContentType),
    content=st.none() | contents,
    address=phones,
    sms_text=optional,
    sms_src_address=optional,
    sms_validity_period_sec=seconds,
)
sends = st.builds(
    viber.Send,
    resend_sms=st.booleans(),
    common_data=st.none() | messages_,
    messages=st.lists(messages_, min_size=1, max_size=3).map(tuple),
)
seconds_of_time = st.datetimes(
    datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(9999, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(lambda at: at.replace(microsecond=0))
statuses = st.builds(
    viber.Statuses,
    messages=st.lists(
        st.builds(
            viber.MessageStatus,
            provider_id=ids,
            code=st.sampled_from(viber.MessageCode) | st.just("odd"),
            status=st.none() | st.sampled_from(viber.DeliveryStatus) | st.just("odd"),
            status_at=st.none() | seconds_of_time,
            error_code=st.none() | st.sampled_from(viber.Reason) | st.just("odd"),
            sms_states=st.none()
            | st.lists(
                st.builds(viber.SmsPart, id=ids, status=st.sampled_from(viber.SmsStatus))
            ).map(tuple),
        )
    ).map(tuple),
)


@given(sends, st.sampled_from(sorted(APIS)))
def test_a_request_is_read_as_it_was_written(send: viber.Send, name: str) -> None:
    http = APIS[name].encode_request(send, LOGIN)
    assert sent(http.body, api=APIS[name]) == send


@given(statuses)
def test_an_answer_is_read_as_it_was_written(answer: viber.Statuses) -> None:
    written = viber.API.encode_answer(viber.GetStatus, answer)
    assert viber.API.decode_answer(viber.GetStatus, written) == answer


@given(messages_, messages_)
def test_merging_takes_each_field_from_the_message_or_from_common_data(
    message: viber.Message, common: viber.Message
) -> None:
    (merged,) = viber.Send(common_data=common, messages=(message,)).complete()
    for name in viber.Message.__struct_fields__:
        own, theirs = getattr(message, name), getattr(common, name)
        if name != "content" or own is None or theirs is None:
            assert getattr(merged, name) == (theirs if own is None else own)


@given(st.integers(2**53, 2**63 - 3))
def test_ids_that_differ_by_one_stay_apart(first: int) -> None:
    texts_ = tuple(str(first + more) for more in range(3))
    http = viber.API.encode_request(viber.GetStatus(texts_), LOGIN)
    assert viber.API.decode_request(posted("/status", http.body)).request.messages == texts_
    body = [{"providerId": int(text), "code": "ok"} for text in texts_]
    assert [each.provider_id for each in told(*body)] == list(texts_)  # type: ignore[union-attr]


@given(
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | texts,
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["status", "messages", "providerId", "code", "smsStates", "statusAt"]
                ),
                inner,
            )
        ),
    ).map(lambda value: json.dumps(value).encode())
)
def test_any_bytes_are_a_value_or_a_decode_error(body: bytes) -> None:
    for request in (viber.Send, viber.GetStatus):
        for status in (200, 401, 500):
            with contextlib.suppress(DecodeError):
                viber.API.decode_answer(cast("Any", request), HttpAnswer(status, body))
    for target in ("/send", "/status"):
        with contextlib.suppress(DecodeError):
            viber.API.decode_request(posted(target, body))
