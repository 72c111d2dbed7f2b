"""Messages, states and secrets."""

from __future__ import annotations

import copy
import pickle
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_core import InvalidMessage, Message, Secret, State, Status
from devino_core.phone import normalize

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
        ({"text": b"bytes"}, "text"),
        ({"validity": timedelta(0)}, "validity"),
        ({"to": 79031234567}, "to"),
    ],
)
def test_a_message_that_no_channel_could_send_is_refused_by_field(
    changes: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidMessage) as caught:
        Message(**{"to": "79031234567", "text": "a", **changes})  # type: ignore[arg-type]
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")


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


@pytest.mark.parametrize(
    ("given_number", "digits"),
    [
        ("79031234567", "79031234567"),
        ("+79031234567", "79031234567"),
        ("89031234567", "79031234567"),
        ("+7 (903) 123-45-67", "79031234567"),
        ("0049 151 12345678", "4915112345678"),
        # Viet Nam and China begin with 8 too, and are not Russia.
        ("+84912345678", "84912345678"),
        ("8613800138000", "8613800138000"),
    ],
)
def test_numbers_are_taken_as_the_platform_takes_them(given_number: str, digits: str) -> None:
    assert normalize(given_number) == digits


@pytest.mark.parametrize("number", ["", "DEVINO", "12345", "7" * 16, "+0123456789", "7903 12a4567"])
def test_what_is_no_number_is_refused(number: str) -> None:
    with pytest.raises(ValueError, match="international format"):
        normalize(number)
