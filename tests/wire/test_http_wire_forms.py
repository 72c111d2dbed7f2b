"""Marks: each is one form of a value on the wire, and no two are equal."""

from __future__ import annotations

import itertools
import json
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any, ClassVar, cast

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import example, given, settings

from devino_codecs import http
from devino_codecs.errors import DecodeError, EncodeError
from devino_codecs.http import (
    BOOLEAN_WORD,
    ID,
    IF_READABLE,
    ISO_SPAN,
    MINUTES,
    NET_DATE,
    NET_DATE_OR_MIN,
    NULL,
    NUMBER_ID,
    PHONE,
    SERVICE_STACK_DATE,
    TEXT_OR_NUMBER,
    TIME_SPAN,
    UTC_MILLISECONDS,
    UTC_SECONDS,
    WALL_SECONDS,
    Also,
    CodedInt,
    CodedStr,
    WireForm,
    form_of,
    moment,
    parse_json,
    read_json,
    write_json,
)

NOON = datetime(2016, 8, 10, 12, 28, 50, tzinfo=UTC)
MOSCOW = timezone(timedelta(hours=3))
IN_MOSCOW = moment("%d.%m.%Y %H:%M", zone=MOSCOW)
MARKS = [mark for name in http.__all__ if isinstance(mark := getattr(http, name), WireForm)]


def test_two_forms_of_one_type_are_two_marks() -> None:
    assert len(MARKS) >= 13
    for one, other in itertools.combinations(MARKS, 2):
        assert Annotated[datetime, one] != Annotated[datetime, other]
    assert moment("%Y") is moment("%Y")
    assert moment("%Y") != moment("%Y", zone=MOSCOW)


class Color(CodedInt):
    RED = 0, "red"
    BLUE = 7, "blue"


class Word(CodedStr):
    YES = "Yes"
    NO = "no"


class Inner(msgspec.Struct, frozen=True, rename="camel"):
    some_id: Annotated[str, ID, Also("identifier")]


def hint(plain: Any, *marks: Any) -> Any:
    return Annotated[plain, *marks] if marks else plain


WRITTEN: list[tuple[Any, Any, str]] = [
    (str, 'a "b" \n', r'"a \"b\" \n"'),
    (int, -5, "-5"),
    (bool, True, "true"),
    (Decimal, Decimal("1.10"), "1.10"),
    (Decimal, Decimal("1E+3"), "1000"),
    (None, None, "null"),
    (hint(bool, BOOLEAN_WORD), False, '"false"'),
    (hint(str, ID), "7", '"7"'),
    (hint(str, NUMBER_ID), "3158611117333282816", "3158611117333282816"),
    (hint(str, TEXT_OR_NUMBER), "007", '"007"'),
    (hint(str, PHONE), "+7903", '"+7903"'),
    (hint(int, MINUTES), 5, "5"),
    (hint(datetime, UTC_SECONDS), NOON, '"2016-08-10T12:28:50"'),
    (hint(datetime, UTC_MILLISECONDS), NOON, '"2016-08-10T12:28:50.000Z"'),
    (
        hint(datetime, UTC_MILLISECONDS),
        NOON.replace(microsecond=319_000),
        '"2016-08-10T12:28:50.319Z"',
    ),
    (hint(datetime, WALL_SECONDS), NOON.replace(tzinfo=None), '"2016-08-10T12:28:50"'),
    (hint(datetime, NET_DATE), NOON, r'"\/Date(1470832130000)\/"'),
    (hint(datetime, SERVICE_STACK_DATE), NOON, '"/Date(1470832130000-0000)/"'),
    (hint(datetime | None, NET_DATE_OR_MIN), None, r'"\/Date(-62135596800000)\/"'),
    (hint(datetime, IN_MOSCOW), NOON.replace(second=0), '"10.08.2016 15:28"'),
    (hint(timedelta, TIME_SPAN), timedelta(days=1, hours=2, seconds=3), '"1.02:00:03"'),
    (hint(timedelta, TIME_SPAN), -timedelta(seconds=0.5), '"-00:00:00.500000"'),
    (hint(timedelta, ISO_SPAN), timedelta(days=1, hours=2, seconds=3.5), '"P1DT2H3.5S"'),
    (hint(timedelta, ISO_SPAN), timedelta(0), '"PT0S"'),
    (Color, Color.RED, "0"),
    (Color | int, Color.RED, "0"),
    (Color | int, 99, "99"),
    (Word | str, Word.YES, '"Yes"'),
    (Word | str, "perhaps", '"perhaps"'),
    (Word | str | None, None, "null"),
    (tuple[Annotated[str, ID], ...], ("1", "2"), '["1","2"]'),
    (dict[str, int], {"a": 1, "б": 2}, '{"a":1,"б":2}'),
    (Inner, Inner("1"), '{"someId":"1"}'),
    (tuple[Inner, ...], (Inner("1"),), '[{"someId":"1"}]'),
]


@pytest.mark.parametrize(("of", "value", "text"), WRITTEN, ids=lambda value: str(value)[:40])
def test_a_value_is_written_in_its_form_and_read_back(of: Any, value: Any, text: str) -> None:
    assert write_json(of, value).decode() == text
    again = read_json(of, text.encode())
    assert again == value
    assert type(again) is type(value)


READ: list[tuple[Any, str, Any]] = [
    (int, '"-12"', -12),
    (bool, '"TRUE"', True),
    (bool, "0", False),
    (Decimal, "5", Decimal(5)),
    (hint(str, ID), "18014398509481985", "18014398509481985"),
    (hint(str, ID), "99999999999999999999", "99999999999999999999"),
    (hint(str, NUMBER_ID), '"9223372036854775807"', "9223372036854775807"),
    (hint(str, TEXT_OR_NUMBER), "7", "7"),
    (hint(str, TEXT_OR_NUMBER), '""', ""),
    (hint(str, PHONE), "79031234567", "79031234567"),
    (hint(str, PHONE), '" 7903 "', "7903"),
    (hint(int | None, MINUTES), "0", None),
    (hint(datetime, UTC_SECONDS), '"2016-08-10 15:28:50+03:00"', NOON),
    (hint(datetime, UTC_MILLISECONDS), '"2016-08-10 15:28:50+03:00"', NOON),
    (hint(datetime, UTC_MILLISECONDS), "1470832130000", NOON),
    (hint(datetime, UTC_MILLISECONDS), '" 1470832130000 "', NOON),
    (hint(datetime, NET_DATE), '"/Date(1470832130000+0300)/"', NOON),
    (hint(datetime, SERVICE_STACK_DATE), '"/Date(1470832130000)/"', NOON),
    (hint(datetime | None, NET_DATE), '"/Date(-62135596800000)/"', None),
    (hint(datetime | None, IN_MOSCOW), '""', None),
    (hint(timedelta, TIME_SPAN), '"PT90M"', timedelta(minutes=90)),
    (hint(timedelta, TIME_SPAN), '"90"', timedelta(seconds=90)),
    (hint(timedelta, ISO_SPAN), '"26:00"', timedelta(hours=26)),
    (Color, '"7"', Color.BLUE),
    (Word, '"YES"', Word.YES),
    (Word | str, '"NO"', Word.NO),
    (Inner, '{"SOMEID":7,"other":[]}', Inner("7")),
    (Inner, '{"Identifier":"7"}', Inner("7")),
    (Inner, '{"Identifier":"8","someid":"7"}', Inner("7")),
    (int | None, '""', None),
    (str | None, '""', ""),
]


@pytest.mark.parametrize(("of", "text", "value"), READ, ids=lambda value: str(value)[:40])
def test_other_forms_that_occur_are_read(of: Any, text: str, value: Any) -> None:
    assert read_json(of, b"\xef\xbb\xbf " + text.encode()) == value


UNREADABLE: list[tuple[Any, str, str]] = [
    (hint(str, ID), "1.0", "expected a string or a whole number, got a number"),
    (hint(str, ID), "1e3", "expected a string or a whole number, got a number"),
    (hint(str, ID), '""', "an empty id"),
    (hint(str, NUMBER_ID), "1.0", "expected a whole number, got a number"),
    (hint(str, NUMBER_ID), "0", "a number out of range"),
    (hint(str, NUMBER_ID), "9223372036854775808", "a number out of range"),
    (int, "true", "expected a whole number, got a boolean"),
    (int, '"٤"', "expected a whole number, got a string"),
    (bool, "2", "expected true or false, got a number"),
    (str, "5", "expected a string, got a number"),
    (Color, "5", "not in the table Color"),
    (Word, '"perhaps"', "not in the table Word"),
    (hint(datetime, IN_MOSCOW), '"2016-08-10"', "not a date, expected %d.%m.%Y %H:%M"),
    (hint(datetime, IN_MOSCOW), '"31.02.2016 00:00"', "day is out of range"),
    (hint(datetime, UTC_SECONDS), "5", "expected a date, got a number"),
    (hint(datetime, UTC_SECONDS), "null", "a date that is not set"),
    (hint(datetime, UTC_MILLISECONDS), "1.5", "expected a date, got a number"),
    (hint(datetime, UTC_MILLISECONDS), '"' + "9" * 16 + '"', "no number of milliseconds"),
    (hint(datetime, UTC_MILLISECONDS), '"' + "9" * 15 + '"', "outside the years 1 to 9999"),
    (hint(int, MINUTES), "0", "a number of minutes that is not set"),
    (hint(timedelta, TIME_SPAN), '"P"', "not a span of time"),
    (hint(timedelta, TIME_SPAN), '"PT"', "not a span of time"),
    (hint(timedelta, TIME_SPAN), '"soon"', "not a span of time"),
    (hint(timedelta, TIME_SPAN), '"99999999.00:00:00"', "a span of time out of range"),
    (tuple[Annotated[str, ID], ...], '["1",{}]', r"\[1\]: expected a string or a whole number"),
    (dict[str, int], '{"a":1,"b":"x"}', r"\[1\]: expected a whole number"),
    (tuple[Inner, ...], '[{"SOMEID":{}}]', r"\[0\].someId: expected a string or a whole"),
    (Inner, "[]", "expected an object, got an array"),
    (Inner, "<html>", "a page of HTML or XML"),
    (Inner, "", "an empty body"),
    (Inner, "[" * 100_000, "nested too deeply"),
]


@pytest.mark.parametrize(("of", "text", "reason"), UNREADABLE, ids=lambda value: str(value)[:40])
def test_a_value_in_another_form_is_refused_with_its_place(of: Any, text: str, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        read_json(of, text.encode())


UNWRITABLE: list[tuple[Any, Any, str]] = [
    (hint(str, NUMBER_ID), "007", "begins with 0"),
    (hint(str, NUMBER_ID), "GW1", "digits"),
    (hint(str, NUMBER_ID), "9" * 5000, "digits"),
    (hint(str, ID), "", "an empty id"),
    (hint(str, ID), 7, "expected str, got int"),
    (bool, 1, "expected bool, got int"),
    (Color, 7, "expected Color, got int"),
    (Word | str, Color.RED, "expected str, got int"),
    (hint(datetime, UTC_SECONDS), NOON.replace(tzinfo=None), "a naive datetime"),
    (hint(datetime, UTC_MILLISECONDS), NOON.replace(tzinfo=None), "a naive datetime"),
    (hint(datetime, WALL_SECONDS), NOON, "an aware datetime"),
    (hint(datetime, IN_MOSCOW), NOON.replace(tzinfo=None), "a naive datetime"),
    (hint(datetime, IN_MOSCOW), datetime.max.replace(tzinfo=UTC), "outside the years"),
    (hint(datetime, NET_DATE), None, "a date that is not set"),
    (hint(timedelta, TIME_SPAN), timedelta.max, "out of range"),
    (hint(timedelta, ISO_SPAN), 5, "expected timedelta, got int"),
    (dict[str, int], {"a": "b"}, r"\[0\]: expected int, got str"),
    (dict[str, int], {1: 1}, "expected str, got int"),
    (dict[str, int], [], "expected a mapping, got list"),
    (None, 5, "expected None, got int"),
    (tuple[Inner, ...], (Inner(""),), r"\[0\].someId: an empty id"),
]


@pytest.mark.parametrize(("of", "value", "reason"), UNWRITABLE, ids=lambda value: str(value)[:40])
def test_a_value_without_a_form_is_refused_with_its_place(of: Any, value: Any, reason: str) -> None:
    with pytest.raises(EncodeError, match=reason):
        write_json(of, value)


class Optional(msgspec.Struct, frozen=True):
    left_out: int | None = None
    null: Annotated[int | None, NULL] = None
    unset: int | msgspec.UnsetType | None = msgspec.UNSET


def test_none_is_left_out_or_null_as_the_mark_says_and_unset_is_not_null() -> None:
    assert write_json(Optional, Optional()) == b'{"null":null}'
    assert write_json(Optional, Optional(unset=None)) == b'{"null":null,"unset":null}'
    assert read_json(Optional, b'{"UNSET":null,"left_out":null}') == Optional(unset=None)
    assert read_json(Optional, b"{}") == Optional()


@pytest.mark.parametrize("of", [datetime, timedelta, float, datetime | None, int | str, bytes])
def test_a_type_of_several_forms_needs_a_mark(of: Any) -> None:
    bad = msgspec.defstruct("Bad", [("field", of)])
    with pytest.raises(TypeError, match=r"Bad\.field: .* mark one"):
        read_json(bad, b"{}")


def test_a_custom_form_says_what_it_expected() -> None:
    hexadecimal = form_of(
        "HEX", lambda text: int(text, 16), "{:x}".format, of=int, noun="hexadecimal digits"
    )
    of: Any = Annotated[int, hexadecimal]
    assert write_json(of, 255) == b'"ff"'
    assert read_json(of, b'"FF"') == 255
    with pytest.raises(DecodeError, match="expected hexadecimal digits, got a number"):
        read_json(of, b"5")
    with pytest.raises(DecodeError, match="invalid literal"):
        read_json(of, b'"xyz"')
    number: Any = Annotated[
        Decimal, form_of("EURO", Decimal, "{:.2f}".format, of=Decimal, is_number=True)
    ]
    assert write_json(number, Decimal("1.5")) == b"1.50"
    assert read_json(number, b"1.50") == Decimal("1.50")


def test_a_moment_refuses_an_unknown_directive() -> None:
    with pytest.raises(ValueError, match="no %A here"):
        moment("%A")


seconds = st.datetimes().map(lambda d: d.replace(microsecond=0, fold=0))
forms = st.sampled_from(
    ["%Y-%m-%d %H:%M:%S", "%m/%d/%Y %H:%M:%S", "%Y%m%dT%H%M%S", "%S.%M(%H)%d|%m%Y"]
)


@settings(max_examples=200, deadline=None)
@given(seconds, forms)
@example(datetime(1, 1, 1), "%Y-%m-%d %H:%M:%S")  # noqa: DTZ001
def test_a_moment_is_what_strftime_writes(value: datetime, form: str) -> None:
    of: Any = Annotated[datetime, moment(form, zone=None)]
    written = json.loads(write_json(of, value))
    assert read_json(of, json.dumps(written).encode()) == value
    if value.year >= 1000:  # for earlier years strftime depends on the system
        assert written == value.strftime(form)
        assert datetime.strptime(written, form) == value  # noqa: DTZ007


@settings(max_examples=200, deadline=None)
@given(
    st.timedeltas(-timedelta(days=10**7), timedelta(days=10**7)),
    st.sampled_from([TIME_SPAN, ISO_SPAN]),
)
@example(timedelta(days=-1, microseconds=1), ISO_SPAN)
def test_a_span_is_read_as_it_was_written(value: timedelta, mark: WireForm) -> None:
    of: Any = Annotated[timedelta, mark]
    written = write_json(of, value)
    assert read_json(of, written) == value
    if mark is ISO_SPAN:
        # msgspec reads and writes the same form.
        assert msgspec.json.decode(written, type=timedelta) == value


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40) | st.from_regex(r"-?P?T?[0-9.:DHMS]{0,20}", fullmatch=True))
def test_any_text_is_a_value_or_a_decode_error(text: str) -> None:
    body = json.dumps(text).encode()
    for mark, plain in [(m, datetime) for m in MARKS]:
        of: Any = Annotated[plain | None, mark]
        try:
            value = read_json(of, body)
        except DecodeError:
            continue
        if value is not None:
            again = read_json(of, write_json(of, value))
            assert again == value


class Report(msgspec.Struct, frozen=True):
    state: int
    price: Annotated[Decimal | None, IF_READABLE] = None
    at: Annotated[datetime | None, NET_DATE, IF_READABLE] = None
    said: Annotated[str, IF_READABLE] = ""


def test_a_side_field_that_cannot_be_read_is_its_default() -> None:
    odd = b'{"state":1,"price":"much","at":"soon","said":[]}'
    assert read_json(Report, odd) == Report(1)
    with pytest.raises(DecodeError, match="state"):
        read_json(Report, b'{"state":"odd","price":1}')
    with pytest.raises(EncodeError, match="price"):
        write_json(Report, Report(1, price=cast("Decimal", "much")))


class Dated(msgspec.Struct, frozen=True):
    at: Annotated[datetime | None, NET_DATE, IF_READABLE]
    state: int


def test_a_side_field_without_a_default_is_none() -> None:
    for odd in (b'"soon"', b"null", b"[]"):
        assert read_json(Dated, b'{"at":%b,"state":1}' % odd) == Dated(None, 1)
    assert read_json(Dated, b'{"state":1}') == Dated(None, 1)


class Told(msgspec.Struct, frozen=True, kw_only=True):
    reads_what_it_can: ClassVar[bool] = True

    id: int
    name: str = ""
    at: Annotated[datetime | None, NET_DATE] = None
    tags: tuple[str, ...] = ()
    gender: int | msgspec.UnsetType = msgspec.UNSET
    count: int = 0


def test_a_struct_may_say_that_it_reads_what_it_can() -> None:
    odd = b'{"id":1,"name":{},"at":"soon","tags":[[]],"gender":"odd"}'
    assert read_json(Told, odd) == Told(id=1)
    # What it needs must be there, and no number is made up.
    for body, path in ((b'{"id":"odd"}', "id"), (b'{"id":1,"count":"many"}', "count")):
        with pytest.raises(DecodeError) as caught:
            read_json(Told, body)
        assert caught.value.path == path


class Needy(msgspec.Struct):
    price: Annotated[Decimal, IF_READABLE]


def test_what_is_needed_cannot_be_a_side_field() -> None:
    with pytest.raises(TypeError, match=r"Needy\.price: IF_READABLE needs a default"):
        read_json(Needy, b"{}")


@given(st.binary(max_size=60) | st.text(max_size=40).map(lambda text: f'["{text}"]'.encode()))
def test_mending_gives_a_value_or_a_decode_error_and_leaves_what_is_right(body: bytes) -> None:
    try:
        right = parse_json(body)
    except DecodeError:
        with suppress(DecodeError):
            parse_json(body, mend=True)
    else:
        assert parse_json(body, mend=True) == right


@pytest.mark.parametrize("piece", [b'"', b"\\", b"\\u", b"\\ud83d", b"\x01", b'\\"', b"\xff"])
def test_mending_takes_time_in_proportion_to_the_length(piece: bytes) -> None:
    # An expression that looks ahead from each piece would take minutes.
    with suppress(DecodeError):
        parse_json(b'["' + piece * (2**20 // len(piece)), mend=True)
