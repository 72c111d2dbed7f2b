"""Messages, statuses and receipts as plain data, through pydantic, and in a notebook."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, timedelta
from decimal import Decimal
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_core import (
    Button,
    Card,
    DevinoError,
    Fill,
    InvalidArgument,
    InvalidMessage,
    Mail,
    Medium,
    Message,
    Priority,
    Receipt,
    Rejected,
    State,
    Status,
    Template,
    Throttled,
)

pydantic = pytest.importorskip("pydantic")

pytestmark = pytest.mark.pythons

NUMBER = "79031234567"
CONTENTS = st.sampled_from(
    [
        "Hello",
        Fill("Dear {name}", {"name": "Ann"}),
        Card("See", image="https://example.com/a.png", button=Button("Go", "https://example.com")),
        Template("17", {"name": "Ann"}),
        Mail("Subject", text="Text", headers={"X-Order": "17"}),
    ]
)
TIMES = st.none() | st.datetimes() | st.datetimes(timezones=st.just(UTC))
MESSAGES = st.recursive(
    st.builds(
        Message,
        st.just(NUMBER),
        CONTENTS,
        sender=st.sampled_from([None, "DEVINO"]),
        medium=st.sampled_from(Medium),
        send_at=TIMES,
        validity=st.none() | st.timedeltas(timedelta(seconds=1), timedelta(days=9)),
        priority=st.none() | st.sampled_from(Priority),
        options=st.sampled_from([{}, {"tag": ["a", 1, None]}]),
    ),
    lambda inner: st.builds(Message, st.just(NUMBER), CONTENTS, fallback=inner),
    max_leaves=3,
)
STATUSES = st.builds(
    Status,
    state=st.sampled_from(State),
    code=st.none() | st.integers(-(2**31), 2**31) | st.text(max_size=5),
    description=st.text(max_size=9),
    reported_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    price=st.none() | st.decimals(0, 1000, places=2),
    legs=st.sampled_from([(), (Status(state=State.READ), Status(state=State.EXPIRED))]),
)
RECEIPTS = st.builds(
    Receipt, ref=st.text(max_size=9), to=st.just(NUMBER), status=STATUSES, send_at=TIMES
)


@given(MESSAGES | STATUSES | RECEIPTS)
def test_what_is_written_as_plain_data_is_read_again(value: Message | Status | Receipt) -> None:
    written = json.loads(json.dumps(value.to_dict()))
    assert type(value).from_dict(written) == value
    assert type(value).from_dict(MappingProxyType(written)) == value
    adapter = pydantic.TypeAdapter(type(value))
    assert adapter.validate_json(adapter.dump_json(value)) == value
    assert adapter.dump_python(value) == written
    assert adapter.validate_python(value) is value


def test_an_error_comes_back_with_its_facts() -> None:
    error = Throttled("too fast", retry_after=3.0)
    error.call_id = "0123456789abcdef"
    status = Status(state=State.UNKNOWN, error=error)
    read = Status.from_dict(json.loads(json.dumps(status.to_dict()))).error
    assert isinstance(read, Throttled)
    assert (str(read), read.retry, read.retry_after) == (str(error), error.retry, 3.0)


class Picky(Rejected):
    """Of a plugin that the reader does not have."""


def test_an_error_of_a_plugin_comes_back_as_its_nearest_class() -> None:
    receipt = Receipt(
        ref="1", to=NUMBER, status=Status(state=State.REJECTED), error=Picky("no", code=7)
    )
    read = Receipt.from_dict(receipt.to_dict()).error
    assert type(read) is Rejected
    assert str(read) == "no (code 7)"


WRONG: list[tuple[object, str]] = [
    (7, "must be a mapping, not int"),
    ({"content": "x"}, "is no Message: Object missing required field `to`"),
    ({"to": 7, "content": "x"}, "Expected `str`, got `int` - at `$.to`"),
    ({"to": "7", "content": "x", "medium": "PIGEON"}, "Invalid enum value 'PIGEON'"),
    ({"to": " ", "content": "x"}, "must not be blank"),
    ({"to": "7", "content": "x", "sent_at": "2026-01-01"}, "did you mean 'send_at'"),
]


@pytest.mark.parametrize(("value", "said"), WRONG)
def test_what_is_no_message_says_why(value: Mapping[str, object], said: str) -> None:
    with pytest.raises(InvalidArgument) as raised:
        Message.from_dict(value)
    assert said in str(raised.value)
    with pytest.raises(pydantic.ValidationError) as told:
        pydantic.TypeAdapter(Message).validate_python(value)
    assert said in str(told.value)


def test_a_field_that_no_message_has_is_named() -> None:
    with pytest.raises(InvalidMessage) as raised:
        Message.from_dict({"to": NUMBER, "content": "x", "text": "y"})
    assert raised.value.field == "text"


def test_an_option_that_json_cannot_say_is_refused() -> None:
    message = Message(NUMBER, "x", options={"file": object()})
    with pytest.raises(TypeError, match="type object cannot be written"):
        message.to_dict()


@pytest.mark.parametrize("kind", [Message, Status, Receipt])
def test_the_schema_names_every_field_and_refers_to_nothing_outside(kind: type) -> None:
    class Form(pydantic.BaseModel):  # type: ignore[misc, name-defined]
        value: kind  # type: ignore[valid-type]

    for mode in ("validation", "serialization"):
        schema = Form.model_json_schema(mode=mode)
        told = schema["properties"]["value"]
        assert set(told["properties"]) == set(kind.__struct_fields__)  # type: ignore[attr-defined]
        assert "$ref" not in json.dumps(schema)


def test_a_notebook_shows_a_receipt_without_the_number() -> None:
    receipt = Receipt(
        ref="<b>1</b>",
        to=NUMBER,
        status=Status(state=State.DELIVERED, description="a < b", price=Decimal("1.20")),
        channel="rest",
        ids=("17", "18"),
        error=DevinoError("no"),
    )
    shown = receipt._repr_html_()
    assert NUMBER not in shown
    assert "7903***4567" in shown
    assert "&lt;b&gt;1&lt;/b&gt;" in shown
    assert "<b>" not in shown
    for said in ("DELIVERED", "rest", "17, 18", "a &lt; b", "1.20", "DevinoError"):
        assert said in shown
