"""What interfaces of ServiceStack need of a table: dates, enumerations, refusals by item."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import pytest
from msgspec import Struct

from devino_codecs.errors import DecodeError, EncodeError
from devino_codecs.http import (
    NO_ZONE,
    SERVICE_STACK,
    SERVICE_STACK_ARGUMENT,
    SERVICE_STACK_DATE,
    US_SECONDS,
    Api,
    CodedStr,
    HttpAnswer,
    Login,
    NumberedStr,
    Operation,
    Refusal,
    Request,
    Verdict,
    basic,
    moved,
    name_of,
    number_of,
)

AT = datetime(2015, 8, 31, 13, 30, 38, tzinfo=UTC)


class TaskType(NumberedStr):
    ONCE = "Distribution", 1, "once"
    BIRTHDAY = "Birthday", 2, "each year"


class Code(CodedStr):
    OK = "ok", "done", Verdict.DONE, "ok"
    NO = "validation_error", "not changed", Verdict.REFUSED
    FAILED = "internal_error", "failed", Verdict.FAILED


class Item(Struct, frozen=True, rename="pascal"):
    code: str
    at: Annotated[datetime | None, SERVICE_STACK_DATE] = None


def _none_taken(items: tuple[Item, ...]) -> bool:
    return bool(items) and all(item.code != "ok" for item in items)


class Put(Request[tuple[Item, ...]], frozen=True, rename="pascal"):
    name: str


class Get(Request[int], frozen=True, rename="pascal"):
    pass


API = Api(
    name="stack",
    auth=basic(),
    operations=(
        Operation(Put, "POST", "items", status=201, said="put", is_refused=_none_taken),
        Operation(Get, "GET", "items", changes=False),
    ),
    query="format=json",
    headers={"Accept": "*/*"},
    envelope=SERVICE_STACK,
    codes=Code,
)


@pytest.mark.parametrize("form", [SERVICE_STACK_DATE, US_SECONDS, SERVICE_STACK_ARGUMENT])
@pytest.mark.parametrize(
    "text",
    [
        "08/31/2015 13:30:38",
        "2015-08-31T13:30:38",
        "2015-08-31 16:30:38+03:00",
        "/Date(1441027838000)/",
        "/Date(1441027838000-0000)/",
        "/Date(1441027838000+0300)/",
    ],
)
def test_a_date_is_read_in_any_form(form: Any, text: str) -> None:
    found = form.read(text)
    assert found == AT
    assert (found.tzinfo is NO_ZONE) == text.endswith("-0000)/")


def test_each_place_writes_its_own_form() -> None:
    assert SERVICE_STACK_DATE.write(AT) == '"/Date(1441027838000-0000)/"'
    assert US_SECONDS.write(AT) == '"08/31/2015 13:30:38"'
    assert SERVICE_STACK_ARGUMENT.text(AT) == "2015-08-31T13:30:38"
    assert US_SECONDS.read("08/31/2015") == AT.replace(hour=0, minute=0, second=0)
    with pytest.raises(DecodeError, match="not a date"):
        US_SECONDS.read("31.08.2015")


def test_only_dates_without_a_zone_are_moved() -> None:
    early = AT.replace(tzinfo=NO_ZONE)
    later = AT + timedelta(hours=3)
    assert moved((Item("a", early), Item("b", AT), 3), timedelta(hours=3)) == (
        Item("a", later),
        Item("b", AT),
        3,
    )
    (item,) = moved((Item("a", early),), timedelta())
    assert item.at.tzinfo is UTC


def test_an_enumeration_is_read_by_name_and_by_number() -> None:
    for form in (name_of(TaskType), number_of(TaskType)):
        for value in ("birthday", "Birthday", 2, "2"):
            assert form.read(value) is TaskType.BIRTHDAY
        assert (form.read(7), form.read("Hourly")) == (7, "Hourly")
        assert (form.write(7), form.write("Hourly")) == ("7", '"Hourly"')
        wrongs: list[Any] = [None, True, "", []]
        for wrong in wrongs:
            with pytest.raises(DecodeError):
                form.read(wrong)
        with pytest.raises(EncodeError):
            form.write(None)
    assert name_of(TaskType).write(TaskType.ONCE) == '"Distribution"'
    assert number_of(TaskType).write(TaskType.ONCE) == "1"


def test_what_goes_with_every_request() -> None:
    login = Login("me", "secret")
    for request in (Put("a"), Get()):
        http = API.encode_request(request, login)
        assert (http.query, http.headers["Accept"]) == ("format=json", "*/*")
    assert API.headers == {"Accept": "*/*"}


def test_a_success_has_a_description_of_its_own() -> None:
    answer = API.encode_answer(Put, (Item("ok"), Item("validation_error")))
    assert answer.status == 201
    assert answer.body.endswith(b',"Code":"ok","Description":"put"}')


def test_an_answer_that_took_no_item_is_a_refusal_on_the_wire_and_an_answer_here() -> None:
    items = (Item("validation_error"), Item("validation_error"))
    answer = API.encode_answer(Put, items)
    assert answer.status == 400
    assert b'"Code":"validation_error"' in answer.body
    assert API.decode_answer(Put, answer) == items


@pytest.mark.parametrize(
    "body",
    [
        b'{"Code":"validation_error","Description":"no"}',
        b'{"Code":"validation_error","Description":"no","Result":[]}',
        b'{"Code":"validation_error","Description":"no","Result":{"Code":1}}',
    ],
)
def test_any_other_refusal_stays_one(body: bytes) -> None:
    assert API.decode_answer(Put, HttpAnswer(400, body)) == Refusal(Code.NO, "no", 400)
    with pytest.raises(DecodeError):
        API.decode_answer(Put, HttpAnswer(500, b'{"Result":[],"Code":"ok"}'))
