"""Messages, states and secrets."""

from __future__ import annotations

import copy
import gc
import pickle
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.pretty import pretty_repr

from devino_core import (
    ConsentChanged,
    Event,
    Fill,
    Incoming,
    InvalidMessage,
    Medium,
    Message,
    Receipt,
    Secret,
    State,
    Status,
    StatusChanged,
)

pytestmark = pytest.mark.pythons

states = st.sampled_from(State)


def test_each_message_gets_its_own_ref() -> None:
    assert Message("79031234567", "a").ref != Message("79031234567", "a").ref


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"to": ""}, "to"),
        ({"to": " "}, "to"),
        ({"to": "7903\n1234567"}, "to"),
        ({"sender": "EVIL\r\nX-Header: 1"}, "sender"),
        ({"sender": "nul\0"}, "sender"),
        ({"ref": ""}, "ref"),
        ({"content": b"bytes"}, "content"),
        ({"medium": "FAX"}, "medium"),
        ({"validity": 60}, "validity"),
        ({"send_at": "2030-01-01"}, "send_at"),
        ({"fallback": "by SMS"}, "fallback"),
        ({"options": None}, "options"),
        ({"validity": timedelta(0)}, "validity"),
        ({"to": 79031234567}, "to"),
    ],
)
def test_a_message_that_no_channel_could_send_is_refused_by_field(
    changes: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidMessage) as caught:
        Message(**{"to": "79031234567", "content": "a", **changes})  # type: ignore[arg-type]
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")


def test_a_medium_may_be_given_by_its_name() -> None:
    assert Message("1", "a", medium="SMS").medium is Medium.SMS  # type: ignore[arg-type]


def test_a_message_may_be_extended() -> None:
    class Campaign(Message, frozen=True, kw_only=True):
        sender: str | None = "DEVINO"
        campaign: str = ""

    message = Campaign("79031234567", "Hello", campaign="spring")
    assert (message.sender, message.medium, message.campaign) == ("DEVINO", Medium.SMS, "spring")
    with pytest.raises(InvalidMessage, match="sender: must be str or None, not int"):
        Campaign("79031234567", "Hello", sender=7)  # type: ignore[arg-type]


def test_the_garbage_collector_does_not_look_through_messages() -> None:
    messages = [
        Message("79031234567", "a"),
        Message("79031234567", Fill("{a}", {"a": "b"}), options={"type": "flash"}),
        Message("79031234567", "a", medium=Medium.VIBER, fallback=Message("79031234567", "a")),
    ]
    assert not any(map(gc.is_tracked, messages))


def test_no_message_can_put_options_into_another() -> None:
    first, second = Message("79031234567", "a"), Message("79031234567", "b")
    options = cast("dict[str, object]", first.options)
    with pytest.raises(TypeError, match="when you make it"):
        options["type"] = "flash"
    with pytest.raises(TypeError):
        options.update(type="flash")
    with pytest.raises(TypeError):
        options.setdefault("type", "flash")
    with pytest.raises(TypeError):
        options |= {"type": "flash"}
    assert second.options == {} == msgspec.json.decode(msgspec.json.encode(second.options))
    assert pickle.loads(pickle.dumps(second)) == second == copy.deepcopy(second)


def test_a_report_of_the_same_state_brings_the_platforms_new_words() -> None:
    accepted = Status(state=State.ACCEPTED).advanced_by(Status(state=State.ACCEPTED, code=-2))
    assert accepted.code == -2
    unknown = accepted.advanced_by(Status(state=State.UNKNOWN, code=255))
    assert (unknown.state, unknown.code) == (State.ACCEPTED, 255)


def test_the_price_of_parts_is_known_when_every_part_has_one() -> None:
    known, unknown = Status(state=State.DELIVERED, price=Decimal(1)), Status(state=State.DELIVERED)
    assert Status.combined([known, unknown]).price is None


@given(st.lists(states, min_size=1))
def test_reports_in_any_order_never_move_a_message_backwards(reports: list[State]) -> None:
    status = Status(state=State.UNKNOWN)
    seen = [status.state.rank]
    for state in reports:
        status = status.advanced_by(Status(state=state))
        seen.append(status.state.rank)
    assert seen == sorted(seen)
    assert seen[-1] == max(state.rank for state in [State.UNKNOWN, *reports])


def test_only_states_from_failure_on_are_final() -> None:
    assert {state for state in State if not state.is_final} == {
        State.UNKNOWN,
        State.SCHEDULED,
        State.ACCEPTED,
        State.ENROUTE,
    }


def test_a_message_of_several_parts_is_where_its_slowest_part_is() -> None:
    parts = [
        Status(state=State.DELIVERED, price=Decimal("1.10")),
        Status(state=State.ENROUTE, price=Decimal("1.15")),
    ]
    combined = Status.combined(parts)
    assert (combined.state, combined.price) == (State.ENROUTE, Decimal("2.25"))


def test_a_failed_part_fails_the_message_once_all_parts_are_final() -> None:
    combined = Status.combined(
        [Status(state=State.DELIVERED), Status(state=State.EXPIRED, code=46)]
    )
    assert (combined.state, combined.code) == (State.EXPIRED, 46)


def test_a_secret_is_shown_only_when_asked() -> None:
    secret = Secret("hunter2")
    assert "hunter2" not in f"{secret} {secret!r} {secret:>20} {[secret]} %s %r" % (secret, secret)
    assert secret.reveal() == "hunter2"
    assert copy.deepcopy(secret) == secret
    with pytest.raises(TypeError):
        pickle.dumps(secret)


AT = datetime(2030, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (
            Receipt(ref="r", to="+79031234567", status=Status(state=State.READ), ids=("17",)),
            "Receipt(ref='r', to='7903***4567', status={status}, ids=('17',))",
        ),
        (
            Incoming(id="7", at=AT, sender="79031234567", to="1", text="s3cret", raw=[1]),
            "Incoming(id='7', at={at}, raw=<list>, sender='7903***4567', to='1', text=<6 chars>)",
        ),
        (
            ConsentChanged(id="7", at=AT, address="79031234567", medium=Medium.SMS, allowed=True),
            "ConsentChanged(id='7', at={at}, address='7903***4567', medium={medium}, allowed=True)",
        ),
        (
            StatusChanged(
                id="7", at=AT, raw="s3cret", message_id="17", status=Status(state=State.READ)
            ),
            "StatusChanged(id='7', at={at}, raw=<6 chars>, message_id='17', status={status})",
        ),
    ],
)
def test_a_receipt_and_an_event_show_no_text_and_no_whole_number(
    value: Receipt | Event, shown: str
) -> None:
    said = shown.format(at=repr(AT), medium=repr(Medium.SMS), status=repr(Status(state=State.READ)))
    assert repr(value) == said
    told = pretty_repr(value, max_width=1000)
    assert told == said


def test_a_receipt_of_nobody_known_shows_none() -> None:
    receipt = Receipt(ref="", to="", status=Status(state=State.READ))
    assert repr(receipt).startswith("Receipt(ref='', to='', status=")
