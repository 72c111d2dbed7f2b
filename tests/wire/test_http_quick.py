"""Lists that msgspec alone writes and reads: all of it is as the long way has it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET, Meta, Struct, UnsetType

from devino_codecs.http import (
    ID,
    NULL,
    PHONE,
    TEXT_OR_NUMBER,
    UTC_SECONDS,
    WORD_OR_NUMBER,
    Also,
    Api,
    CodedStr,
    EncodeError,
    HttpAnswer,
    Listed,
    Operation,
    Refusal,
    Request,
    Unread,
    Verdict,
    header,
    read_json,
    write_json,
)
from devino_codecs.http import Within as Deeper
from devino_codecs.http._quick import reader_of, writer_of


class Word(CodedStr):
    RED = "red", "no", Verdict.REFUSED
    BLUE = "blue", "no", Verdict.REFUSED


class Within(Listed, frozen=True):
    text: str | None = None
    number: int | None = None


class Item(Listed, frozen=True, kw_only=True, rename="camel"):
    to: Annotated[str, PHONE]
    first_text: str
    id: Annotated[str, ID] = "7"
    said: Annotated[str | None, TEXT_OR_NUMBER] = None
    word: Word | None = None
    open_word: Word | str | None = None
    rank: Annotated[int | str | None, WORD_OR_NUMBER] = None
    is_it: bool | None = None
    fields: dict[str, str] | None = None
    within: Within | None = None
    several: tuple[Within, ...] | None = None
    unset: int | UnsetType | None = UNSET
    at: Annotated[datetime | None, UTC_SECONDS] = None
    price: Decimal | None = None
    default: str = "default"


class Spoken(Struct, frozen=True):
    """None is written here, which msgspec would leave out."""

    text: Annotated[str | None, NULL] = None


texts = st.text(max_size=5) | st.sampled_from(
    ["", " ", "79031234567", "+7", "\ud800", "\u2028\x7f"]
)
withins = st.builds(Within, text=st.none() | texts, number=st.none() | st.integers())


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly none, so that many lists can go the quick way."""
    return st.just(None) | st.just(None) | st.just(None) | values


items = st.builds(
    Item,
    to=st.sampled_from(["79031234567", "7903", "+7903", " 7903", ""]) | texts,
    first_text=texts,
    id=st.just("7") | texts,
    said=maybe(texts),
    word=maybe(st.sampled_from(Word)),
    open_word=maybe(st.sampled_from([*Word, "GREEN", ""])),
    rank=maybe(st.integers() | texts),
    is_it=maybe(st.booleans()),
    fields=maybe(st.dictionaries(texts, texts, max_size=2)),
    within=maybe(withins),
    several=maybe(st.lists(withins, max_size=2).map(tuple)),
    unset=st.just(UNSET) | st.none() | st.integers(),
    at=maybe(st.just(datetime(2026, 11, 28, tzinfo=UTC))),
    price=maybe(st.just(Decimal("1.10"))),
    default=st.just("default") | texts,
)
plain_items = st.builds(Item, to=st.just("79031234567"), first_text=texts, default=st.just("own"))


def written(of: Any, value: object) -> bytes | None:
    try:
        return write_json(of, value)
    except EncodeError:
        return None


@given(st.lists(items, min_size=4, max_size=5) | st.lists(plain_items, min_size=4, max_size=5))
def test_a_list_is_written_as_its_items_are(values: list[Item]) -> None:
    each = [written(Item, value) for value in values]
    whole = None if None in each else b"[" + b",".join(filter(None, each)) + b"]"
    assert written(tuple[Item, ...], tuple(values)) == whole


@given(items | plain_items, st.lists(st.sampled_from(["7903", "1", "x", "", "+7"]), min_size=4))
def test_items_that_differ_in_one_word_are_written_as_each_is(one: Item, words: list[str]) -> None:
    values = [msgspec.structs.replace(one, to=word) for word in words]
    each = [written(Item, value) for value in values]
    whole = None if None in each else b"[" + b",".join(filter(None, each)) + b"]"
    assert written(tuple[Item, ...], tuple(values)) == whole


@given(st.lists(st.sampled_from(["to", "firstText", "7", "own"]), min_size=4, max_size=6))
def test_a_word_that_stands_elsewhere_too_is_not_taken_for_it(words: list[str]) -> None:
    values = [Item(to=word, first_text=words[0], default="own") for word in words]
    each = b",".join([write_json(Item, value) for value in values])
    assert written(tuple[Item, ...], tuple(values)) == b"[" + each + b"]"


class Name(str):
    __slots__ = ()


@pytest.mark.parametrize("count", [1, 9])
def test_a_subclass_of_str_is_a_text_everywhere(count: int) -> None:
    odd = Item(to=Name("79"), first_text=Name("x"), id=Name("8"), fields={Name("a"): Name("b")})
    plain = Item(to="79", first_text="x", id="8", fields={"a": "b"})
    written = write_json(tuple[Item, ...], (odd,) * count)
    assert written == write_json(tuple[Item, ...], (plain,) * count)


class Deep(Listed, frozen=True):
    text: Annotated[str, Deeper("a")] = "none"
    number: Annotated[int | None, Deeper("a")] = None


class Holds(Listed, frozen=True):
    several: tuple[Annotated[Within, Deeper("a")], ...] = ()
    named: dict[str, Annotated[Within, Deeper("a")]] | None = None


@pytest.mark.parametrize(
    ("item", "value"),
    [
        (Annotated[Within, Deeper("a")], Within("x")),
        (Deep, Deep("x", 7)),
        (Deep, Deep("x")),
        (Holds, Holds((Within("x"),), {"y": Within("z")})),
    ],
)
def test_what_stands_deeper_stands_there_in_a_list_of_many(item: Any, value: Any) -> None:
    body = b"[" + b",".join([write_json(item, value)] * 9) + b"]"
    assert write_json(tuple[item, ...], (value,) * 9) == body
    assert read_json(tuple[item, ...], body) == (value,) * 9


class Deepest(Listed, frozen=True):
    text: Annotated[str, Deeper("a")]


@pytest.mark.parametrize("item", [Annotated[str, Deeper("a")], Deepest])
def test_what_does_not_stand_deeper_is_not_read_from_where_it_stands(item: Any) -> None:
    assert reader_of(tuple[item, ...]) is None


def test_what_is_as_it_mostly_is_goes_the_quick_way() -> None:
    write = writer_of(Item | Unread)
    assert write is not None
    plain = Item(to="79031234567", first_text="Hello", id="8", default="own")
    assert json.loads(write((plain,))) == [
        {"to": "79031234567", "firstText": "Hello", "id": "8", "default": "own"}
    ]
    for changed in (
        {"to": "+7903"},
        {"id": ""},
        {"at": datetime(2026, 11, 28, tzinfo=UTC)},
        {"price": Decimal(1)},
        {"default": "default"},
        {"unset": None},
        {"first_text": None},
    ):
        with pytest.raises((ValueError, TypeError)):
            write((msgspec.structs.replace(plain, **changed),))
    with pytest.raises(TypeError):
        write((plain, Unread("odd")))
    assert writer_of(Spoken) is None
    assert (
        written(tuple[Spoken, ...], (Spoken(),) * 4)
        == b"[" + b",".join([b'{"text":null}'] * 4) + b"]"
    )


class Told(Listed, frozen=True, rename="camel"):
    code: str
    own_id: Annotated[str, ID, Meta(min_length=1), Also("ident")] | None = None
    parts: tuple[Annotated[str, ID, Meta(min_length=1)], ...] | None = None
    word: Word | None = None


class Sent(Struct, frozen=True):
    result: tuple[Told | Unread, ...]


class Send(Request[Sent], frozen=True):
    to: str


class Ask(Request[tuple[Told | Unread, ...]], frozen=True):
    to: str


API = Api(
    name="quick",
    auth=header("X-Key"),
    operations=(Operation(Send, "POST", "send"), Operation(Ask, "POST", "ask")),
)

keys = st.sampled_from(["code", "CODE", "ownId", "ident", "parts", "word", "other"])
values: st.SearchStrategy[Any] = st.sampled_from(
    ["a", "", None, 7, True, 1.5, [], ["1", "2"], [""], [7], "red", "RED", {}]
)
members = st.dictionaries(keys, values, max_size=4)
likely = st.fixed_dictionaries({"code": st.just("OK"), "ownId": st.sampled_from(["1", "22"])})
answers = st.lists(likely, min_size=1, max_size=3) | st.lists(likely | members | values, max_size=3)


@given(answers)
def test_an_answer_is_read_as_the_long_way_reads_it(found: list[Any]) -> None:
    listed: Any = tuple[Told | Unread, ...]
    body = json.dumps(found).encode()
    long = read_json(listed, body)
    assert API.decode_answer(Ask, HttpAnswer(200, body)) == long
    whole = json.dumps({"result": found}).encode()
    assert API.decode_answer(Send, HttpAnswer(200, whole)) == Sent(long)


def test_answers_that_have_a_quick_way() -> None:
    for hint in (Sent, tuple[Told | Unread, ...], tuple[str, ...], tuple[Annotated[str, ID], ...]):
        assert reader_of(hint) is not None
    read = reader_of(Sent)
    assert read is not None
    assert read(b'{"result":[{"code":"OK","ownId":"1"}]}') == Sent((Told("OK", "1"),))
    for odd in (
        b'{"result":[{"code":"OK","ident":"1"}]}',
        b'{"result":[1]}',
        b"{}",
        b"[]",
        b"\xff",
    ):
        with pytest.raises((ValueError, TypeError)):
            read(odd)


class Tolerant(Struct, frozen=True):
    code: str


class Counted(Listed, frozen=True):
    count: int


class Empty(Listed, frozen=True):
    id: Annotated[str, ID]


class Odd(Listed, frozen=True):
    text: str | None = "odd"


@pytest.mark.parametrize("item", [Tolerant, Counted, Empty, Odd, Decimal, Word | str, int | Unread])
def test_an_item_that_msgspec_reads_otherwise_has_no_quick_way(item: Any) -> None:
    assert reader_of(tuple[item, ...]) is None
    assert reader_of(item) is None


def test_an_object_without_a_code_is_no_answer_where_there_is_a_code_for_done() -> None:
    class Code(CodedStr):
        DONE = "done", "done", Verdict.DONE
        NO = "no", "no", Verdict.REFUSED

    api = msgspec.structs.replace(API, codes=Code)
    body = b'{"result":[{"code":"OK"}],"Code":"no"}'
    found = api.decode_answer(Send, HttpAnswer(200, body))
    assert isinstance(found, Refusal)
    assert found.code is Code.NO
