"""Marks of tables: what cannot be read, one item or a list, shortcuts, spellings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from msgspec import Struct, defstruct

from devino_codecs.http import (
    NUMBER_ID,
    ONE_OR_LIST,
    PHONE,
    UTC_SECONDS,
    Also,
    Api,
    ApiKey,
    CodedStr,
    DecodeError,
    EncodeError,
    HttpAnswer,
    HttpRequest,
    InHeader,
    InQuery,
    Operation,
    Refusal,
    Request,
    Shortcut,
    Unread,
    Within,
    header,
    read_json,
    read_value,
    spelt,
    write_json,
)


class Colour(CodedStr):
    RED = "dark-red", "red"
    BLUE = "blue", "blue"


class Part(Struct, frozen=True, kw_only=True):
    id: Annotated[str, NUMBER_ID]


class Thing(Struct, frozen=True, kw_only=True):
    size: int | Unread
    colour: Colour | str | Unread = Colour.RED
    at: Annotated[datetime | Unread | None, UTC_SECONDS] = None
    parts: tuple[Part | Unread, ...] | Unread | None = None
    name: Annotated[str | Unread | None, Also("title")] = None


def thing(**given: object) -> Thing:
    return read_value(Thing, given)


def test_what_can_be_read_is_read_as_ever() -> None:
    read = thing(size="5", colour="BLUE", at="2026-01-01T00:00:00", parts=[{"id": 1}], title="t")
    assert read == Thing(
        size=5,
        colour=Colour.BLUE,
        at=datetime(2026, 1, 1, tzinfo=UTC),
        parts=(Part(id="1"),),
        name="t",
    )
    assert read_json(Thing, write_json(Thing, read)) == read


@pytest.mark.parametrize(
    ("field", "value", "unread"),
    [
        ("size", "five", Unread("expected a whole number, got a string")),
        ("size", None, Unread("expected a whole number, got nothing")),
        ("colour", [], Unread("expected a string, got an array")),
        ("at", "soon", Unread("not a date, expected yyyy-MM-ddTHH:mm:ss")),
        ("parts", {}, Unread("expected an array, got an object")),
        ("title", 5, Unread("expected a string, got a number")),
    ],
)
def test_a_field_that_cannot_be_read_says_why(field: str, value: object, unread: Unread) -> None:
    read = thing(**{"size": 1, field: value})
    assert getattr(read, "name" if field == "title" else field) == unread


def test_a_required_field_that_lacks_is_unread() -> None:
    assert thing().size == Unread("expected a whole number, got nothing")


def test_what_is_absent_or_null_is_not_unread() -> None:
    read = thing(size=1, at=None, parts=None, name=None)
    assert (read.at, read.parts, read.name) == (None, None, None)


def test_an_item_that_cannot_be_read_keeps_the_place_of_the_others() -> None:
    read = thing(size=1, parts=[{"id": 1}, {"id": 1.5}, None, {"id": 2}])
    assert isinstance(read.parts, tuple)
    assert [type(part) for part in read.parts] == [Part, Unread, Unread, Part]
    assert str(read.parts[1]).startswith("id: ")


def test_what_is_unread_cannot_be_written() -> None:
    with pytest.raises(EncodeError, match="size: expected int, got Unread"):
        write_json(Thing, Thing(size=Unread("why")))


class Ask(Request[None], frozen=True):
    ids: tuple[Annotated[str | Unread, PHONE], ...] = ()
    size: int | Unread | None = None


API = Api(name="things", auth=header("X-Key"), operations=(Operation(Ask, "GET", "things"),))


def test_an_argument_that_cannot_be_read_says_why() -> None:
    request = API.decode_request(HttpRequest.of("GET", "/things?ids=1&ids=2&size=x")).request
    assert request.ids == ("1", "2")
    assert isinstance(request.size, Unread)
    with pytest.raises(EncodeError, match="size"):
        API.encode_request(request, ApiKey("key"))


class Both(Struct, frozen=True, kw_only=True):
    one: Annotated[Part, ONE_OR_LIST]
    many: Annotated[tuple[Part, ...] | None, ONE_OR_LIST] = None


@pytest.mark.parametrize("one", [{"id": 1}, [{"id": 1}]])
@pytest.mark.parametrize("many", [{"id": 2}, [{"id": 2}]])
def test_one_item_and_a_list_of_one_are_the_same(one: object, many: object) -> None:
    read = read_value(Both, {"one": one, "many": many})
    assert read == Both(one=Part(id="1"), many=(Part(id="2"),))
    assert write_json(Both, read) == b'{"one":{"id":1},"many":[{"id":2}]}'


@pytest.mark.parametrize("one", [[], [{"id": 1}, {"id": 2}], None])
def test_no_other_list_is_one_item(one: object) -> None:
    with pytest.raises(DecodeError):
        read_value(Both, {"one": one})


class Held(Struct, frozen=True):
    size: int
    name: str | None = None


class GetHeld(Request[Annotated[Held, Within("result.Account")]], frozen=True):
    pass


class GetSizes(Request[Annotated[tuple[int, ...], Within("data")]], frozen=True):
    pass


DEEP = Api(
    name="deep",
    auth=header("X-Key"),
    operations=(Operation(GetHeld, "GET", "held"), Operation(GetSizes, "GET", "sizes")),
)


def test_a_value_that_stands_deeper() -> None:
    body = b'{"Result":{"account":{"size":7},"more":1}}'
    assert DEEP.decode_answer(GetHeld, HttpAnswer(200, body)) == Held(7)
    assert DEEP.decode_answer(GetSizes, HttpAnswer(200, b'{"data":[1,2]}')) == (1, 2)
    for request, value in ((GetHeld, Held(7, "seven")), (GetSizes, (1, 2))):
        asked: Any = request
        assert DEEP.decode_answer(asked, DEEP.encode_answer(asked, value)) == value
    written = DEEP.encode_answer(GetHeld, Held(7)).body
    assert written == b'{"result":{"Account":{"size":7}}}'
    with pytest.raises(EncodeError, match=r"^result\.Account\.size"):
        DEEP.encode_answer(GetHeld, Held("seven"))  # type: ignore[arg-type]
    _, told = DEEP.kinds(GetHeld)
    assert "size" in told


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b"[1]", ""),
        (b'{"account":{"size":7}}', "result"),
        (b'{"result":7}', "result"),
        (b'{"result":{}}', "result.Account"),
        (b'{"result":{"account":{"size":"x"}}}', "result.Account.size"),
    ],
)
def test_what_does_not_stand_there_is_told_by_its_path(body: bytes, path: str) -> None:
    with pytest.raises(DecodeError) as error:
        DEEP.decode_answer(GetHeld, HttpAnswer(200, body))
    assert error.value.path == path


class Some(Struct, frozen=True, kw_only=True):
    must: Annotated[int | None, Within("a.b")]
    number: Annotated[int, Within("a.b")] = 5
    text: Annotated[str | None, Within("a.b")] = "none"


@pytest.mark.parametrize(
    "body", ["null", "{}", '{"a":null}', '{"a":{}}', '{"a":{"b":null}}', '{"A":{"B":null}}']
)
def test_a_deeper_place_without_a_value_is_as_empty_as_one_that_is_missing(body: str) -> None:
    told: Any = Annotated[Held | None, Within("a.b")]
    assert read_json(told, body.encode()) is None
    some = f'{{"must":{body},"number":{body},"text":{body}}}'
    assert read_json(Some, some.encode()) == Some(must=None)


def test_an_empty_text_is_a_value_deeper_down_only_where_it_is_one_elsewhere() -> None:
    deep = b'{"a":{"b":""}}'
    number: Any = Annotated[int | None, Within("a.b")]
    assert read_json(number, deep) is read_json(int | None, b'""') is None  # type: ignore[arg-type]
    text: Any = Annotated[str | None, Within("a.b")]
    assert read_json(text, deep) == read_json(str | None, b'""')  # type: ignore[arg-type]
    some = read_json(Some, b'{"must":null,"text":' + deep + b"}")
    assert some == Some(must=None, text="")


@pytest.mark.parametrize("body", ["7", "[]", '{"a":7}', '{"a":{"b":[]}}'])
def test_what_stands_on_the_way_to_a_value_is_an_object(body: str) -> None:
    told: Any = Annotated[Held | None, Within("a.b")]
    with pytest.raises(DecodeError):
        read_json(told, body.encode())
    with pytest.raises(DecodeError):
        read_json(Some, f'{{"must":null,"number":{body}}}'.encode())


class Seek(Request[None], frozen=True):
    size: Annotated[int | None, Within("page.size")] = None
    ids: Annotated[tuple[int, ...], Within("of.ids")] = ()


class Fetch(Request[None], frozen=True):
    id: Annotated[str, Within("message.id")]


FLAT = Api(
    name="flat",
    auth=header("X-Key"),
    operations=(Operation(Seek, "GET", "find"), Operation(Fetch, "POST", "get/{id}")),
)


@pytest.mark.parametrize("request_", [Seek(), Seek(7), Seek(ids=(7,)), Fetch("x")])
def test_a_deeper_place_where_there_is_no_json_is_told_when_the_table_is_used(
    request_: Request[None],
) -> None:
    with pytest.raises(TypeError, match=r"within '[a-z.]+' stands in JSON alone"):
        FLAT.encode_request(request_, ApiKey("k"))


@pytest.mark.parametrize("came", ["find", "find?size=7", "find?ids=7", "get/x"])
def test_no_request_is_read_by_a_table_that_cannot_be(came: str) -> None:
    path, _, query = came.partition("?")
    http = HttpRequest.of("POST" if path == "get/x" else "GET", path, query)
    with pytest.raises(TypeError, match="stands in JSON alone"):
        FLAT.decode_request(http)


class Look(Request[None], frozen=True):
    sizes: tuple[Annotated[int, Within("a")], ...] = ()


class Pick(Request[None], frozen=True):
    held: Held | None = None


class Tell(Request[None], frozen=True):
    sizes: Annotated[dict[str, int] | None, InQuery()] = None


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (Look, r"Look\.sizes: what is within 'a' stands in JSON alone"),
        (Pick, r"Pick\.held: an object stands in JSON alone"),
        (Tell, r"Tell\.sizes: an object stands in JSON alone"),
    ],
)
@pytest.mark.parametrize("form", [False, True])
def test_what_is_of_json_alone_stands_in_no_line(
    request_: type[Request[None]], told: str, form: bool
) -> None:
    verb = "POST" if form or request_ is Tell else "GET"
    flat = Api(
        name="flat",
        auth=header("X-Key"),
        operations=(Operation(request_, verb, "find"),),
        form=form,
    )
    with pytest.raises(TypeError, match=told):
        flat.encode_request(request_(), ApiKey("k"))


@pytest.mark.parametrize("mark", [InHeader("X-Size"), InQuery()])
def test_a_deeper_place_beside_json_is_a_mistake_of_the_table(mark: object) -> None:
    marked: Any = Annotated[int, mark, Within("page.size")]
    torn = defstruct("Torn", [("size", marked)], frozen=True)
    with pytest.raises(TypeError, match=r"Torn\.size: what is Within stands in JSON alone"):
        write_json(torn, torn(7))


def test_a_value_that_may_be_missing_comes_back_from_its_deeper_place() -> None:
    some = Some(must=1, number=2, text="three")
    written = write_json(Some, some)
    assert written == (b'{"must":{"a":{"b":1}},"number":{"a":{"b":2}},"text":{"a":{"b":"three"}}}')
    assert read_json(Some, written) == some


def short_text(values: Any) -> str:
    if values != (7,):
        raise TypeError("the long way")
    return "[0]"


class Counted(Struct, frozen=True):
    counts: Annotated[tuple[int, ...], Shortcut(write=short_text)]


def short(body: bytes) -> Counted:
    if body != b'{"counts":[1,2]}':
        raise ValueError("the long way")
    return Counted((12,))


class Count(Request[Annotated[Counted, Shortcut(decode=short)]], frozen=True):
    pass


def test_a_shortcut_leaves_what_is_unusual_to_the_long_way() -> None:
    api = Api(
        name="counting",
        auth=header("X-Key"),
        operations=(Operation(Count, "GET", "count"),),
    )

    def read(body: bytes) -> Counted | Refusal:
        return api.decode_answer(Count, HttpAnswer(200, body, {}))

    assert read(b'{"counts":[1,2]}') == Counted((12,))
    assert read(b'{"counts":["1",3]}') == Counted((1, 3))
    with pytest.raises(DecodeError, match=r"counts\[0\]"):
        read(b'{"counts":["one"]}')
    refused = HttpAnswer(400, b'{"Code":1,"Description":"no","counts":[1,2]}', {})
    assert isinstance(api.decode_answer(Count, refused), Refusal)
    assert write_json(Counted, Counted((7,))) == b'{"counts":[0]}'
    assert write_json(Counted, Counted((8,))) == b'{"counts":[8]}'


def test_words_in_the_spelling_of_their_place() -> None:
    form = spelt(Colour, also={"azure": Colour.BLUE}, write=str.upper)
    assert [form.read(word) for word in ("Dark_Red", "AZURE", "Green")] == [
        Colour.RED,
        Colour.BLUE,
        "Green",
    ]
    assert [form.write(word) for word in (Colour.RED, "Green")] == ['"DARK-RED"', '"Green"']
    with pytest.raises(DecodeError):
        form.read(5)
    with pytest.raises(EncodeError):
        form.write(5)
