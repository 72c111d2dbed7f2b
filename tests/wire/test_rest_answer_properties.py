"""Properties of REST answers, with json and the calendar as oracles."""

import json
from calendar import timegm
from datetime import UTC, datetime
from decimal import Decimal
from enum import IntEnum
from typing import Any

import hypothesis.strategies as st
import msgspec
from hypothesis import example, given, settings

from devino_codecs import rest
from tests.wire import _rest

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
identifier = text.filter(bool)
instants = (
    st.datetimes(min_value=datetime.fromisoformat("0001-01-01T00:00:00.001"))
    .map(lambda d: d.replace(microsecond=d.microsecond // 1000 * 1000, fold=0, tzinfo=UTC))
    .filter(lambda d: d > datetime.min.replace(tzinfo=UTC))
)
dates = st.none() | instants
prices = st.decimals(-(10**15), 10**15, allow_nan=False, places=4)
numbers = st.integers(-(2**63) + 1, 2**63 - 1)


def codes(table: type[IntEnum]) -> st.SearchStrategy[int]:
    unknown = numbers.filter(lambda n: n not in {int(code) for code in table})
    return st.sampled_from(table) | unknown


def states(table: type[IntEnum]) -> tuple[st.SearchStrategy[object], ...]:
    return codes(table), dates, dates, dates, dates, text, st.none() | prices


resent = st.builds(rest.ResentSms, *states(rest.SmsStateCode), id=identifier)
subscribers = st.builds(
    rest.HlrState,
    message_id=identifier,
    destination_address=text,
    state=codes(rest.HlrStateCode),
    description=text,
    country=text,
    operator=text,
)
ANSWERS = {
    rest.GetSession: st.builds(rest.Session, identifier),
    rest.GetBalance: prices,
    rest.SendSmsBulk: st.lists(identifier, max_size=5).map(tuple),
    rest.GetSmsState: st.builds(rest.SmsState, *states(rest.SmsStateCode)),
    rest.GetViberState: st.builds(
        rest.ViberState,
        *states(rest.ViberStateCode),
        st.lists(resent, max_size=2).map(tuple),
    ),
    rest.GetIncoming: st.lists(
        st.builds(rest.IncomingSms, text, text, text, numbers, instants), max_size=3
    ).map(tuple),
    rest.GetStatistics: st.builds(rest.Statistics, *[numbers] * 8, prices),
    rest.HlrGetState: st.lists(subscribers, max_size=3).map(tuple),
    rest.SendSms: st.builds(rest.Refusal, codes(rest.ErrorCode), text, st.just(200)),
}
exchanges = st.one_of(*(st.tuples(st.just(request), a) for request, a in ANSWERS.items()))


@settings(max_examples=300, deadline=None)
@given(exchanges)
def test_what_was_written_is_read_back(
    exchange: tuple[type[rest.Request[object]], Any],
) -> None:
    request, answer = exchange
    written = _rest.written(request, answer)
    again = _rest.read(request, 200, written)
    assert again == answer
    assert type(again) is type(answer)


def wire(value: object) -> object:
    """What json must make of an answer. It is made by name and calendar, not by the codec."""
    if isinstance(value, datetime):
        return f"/Date({timegm(value.utctimetuple()) * 1000 + value.microsecond // 1000})/"
    if isinstance(value, rest.Session):
        return value.id
    if isinstance(value, tuple):
        return [wire(item) for item in value]
    if isinstance(value, rest.Refusal):
        return {"Code": value.code, "Desc": value.description}
    if isinstance(value, msgspec.Struct):
        fields = msgspec.structs.fields(value)
        members = {field.encode_name: wire(getattr(value, field.name)) for field in fields}
        if members.get("TimeStampUtc", "") is None:
            members["TimeStampUtc"] = "/Date(-62135596800000)/"
        return members
    return value


@settings(max_examples=200, deadline=None)
@given(exchanges)
def test_json_reads_the_same(exchange: tuple[type[rest.Request[object]], Any]) -> None:
    written = _rest.written(*exchange)
    read = json.loads(written, parse_float=Decimal)
    assert read == wire(exchange[1])


@settings(max_examples=200, deadline=None)
@given(st.integers(-62135596799999, 253402300799999), st.sampled_from(["", "+0300", "-1200"]))
@example(-1200, "")
@example(0, "-1200")
@example(-1, "-1200")
def test_milliseconds_count_from_1970_in_utc(milliseconds: int, offset: str) -> None:
    body = f'{{"State":0,"CreationDateUtc":"\\/Date({milliseconds}{offset})\\/"}}'
    state = _rest.read(rest.GetSmsState, 200, body.encode())
    assert isinstance(state, rest.SmsState)
    assert state.creation is not None
    seconds, rest_of = divmod(milliseconds, 1000)
    assert timegm(state.creation.timetuple()) == seconds
    assert state.creation.microsecond == rest_of * 1000


# Bodies that are nearly right get further than noise.
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
keys = st.sampled_from(
    [
        "State",
        "CreationDateUtc",
        "TimeStampUtc",
        "StateDescription",
        "Price",
        "ResentSms",
        "Id",
        "ID",
        "Data",
        "SourceAddress",
        "DestinationAddress",
        "CreatedDateUtc",
        "Sent",
        "DeliveryRatio",
        "Code",
        "Desc",
    ]
)
values = st.recursive(
    scalars | st.just("/Date(1294045911213)/"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=9),
    max_leaves=12,
)
bodies = st.binary(max_size=40) | values.map(lambda v: json.dumps(v).encode())
requests = st.sampled_from([operation.request for operation in rest.V1.operations])


@settings(max_examples=250, deadline=None)
@given(requests, st.sampled_from([200, 204, 302, 400, 401, 500]), bodies)
@example(rest.GetBalance, 200, b'"\xff"')
@example(rest.GetBalance, 200, b'{"\xff":1}')
@example(rest.SendSms, 200, b'["\xff"]')
@example(rest.GetSession, 200, rb'"\ud800"')
@example(rest.GetBalance, 200, b"1e99999999999999999999")
@example(rest.GetSmsState, 200, b'{"State":0,"Price":1e99999999999999999999}')
@example(rest.SendSms, 200, b"[" * 100_000)
@example(rest.SendSms, 200, b'{"a":' * 100_000)
@example(rest.GetIncoming, 200, b"\xef\xbb\xbf")
def test_any_answer_gives_a_value_or_a_decode_error(
    request: type[rest.Request[object]], http_status: int, body: bytes
) -> None:
    try:
        answer = _rest.read(request, http_status, body)
    except rest.DecodeError:
        return
    # Any value that was read whole can be written, and is then canonical.
    try:
        written = _rest.written(request, answer)
    except rest.EncodeError as error:
        assert "got Unread" in str(error)  # noqa: PT017 - else it is written
        return
    assert _rest.read(request, http_status, written) == answer


@settings(max_examples=100, deadline=None)
@given(exchanges, st.data())
def test_a_cut_answer_is_refused(
    exchange: tuple[type[rest.Request[object]], Any], data: st.DataObject
) -> None:
    request, answer = exchange
    written = _rest.written(request, answer)
    cut = written[: data.draw(st.integers(0, len(written) - 1))]
    try:
        part = _rest.read(request, 200, cut)
    except rest.DecodeError:
        return
    # Only a number is still a number if it ends early.
    assert isinstance(part, Decimal)
