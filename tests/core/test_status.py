"""The status of a message: from reports in any order, from parts, and from several legs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise, permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devino_core import Medium, Message, Receipt, State, Status

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
FAILURES = (State.UNDELIVERABLE, State.EXPIRED, State.DELETED, State.REJECTED)

reports = st.builds(
    Status,
    state=st.sampled_from(State),
    reported_at=st.none() | st.datetimes(timezones=st.timezones()),
    code=st.integers(0, 3),
)


def told(*seen: Status) -> Status:
    status = Status(state=State.UNKNOWN)
    for report in seen:
        status = status.advanced_by(report)
    return status


@given(st.lists(reports, min_size=1, max_size=5))
def test_reports_in_every_order_and_repeated_end_in_one_state(seen: list[Status]) -> None:
    ends = {told(*order).state for order in permutations(seen)}
    again = {told(*order, *order).state for order in permutations(seen)}
    assert ends == again == {told(*seen).state}


@given(reports, reports)
def test_a_report_that_was_told_before_changes_nothing(one: Status, other: Status) -> None:
    assert told(one, other, one, other).state is told(one, other).state


def test_the_later_of_two_failures_counts() -> None:
    expired = Status(state=State.EXPIRED, reported_at=NOON + timedelta(seconds=1))
    rejected = Status(state=State.REJECTED, reported_at=NOON)
    assert told(expired, rejected) == told(rejected, expired) == expired


def test_a_failure_that_names_no_time_counts_as_the_oldest() -> None:
    timed = Status(state=State.UNDELIVERABLE, reported_at=NOON)
    untimed = Status(state=State.REJECTED)
    assert told(timed, untimed) == told(untimed, timed) == timed


def test_failures_of_one_time_have_an_order_of_their_own() -> None:
    for lower, higher in pairwise(FAILURES):
        one, other = Status(state=lower), Status(state=higher)
        assert told(one, other).state is told(other, one).state is higher


def test_returned_mail_replaces_delivered_but_not_read() -> None:
    delivered, bounced, read = (
        Status(state=state) for state in (State.DELIVERED, State.BOUNCED, State.READ)
    )
    assert told(delivered, bounced) == told(bounced, delivered) == bounced
    assert told(bounced, read) == told(read, bounced) == read


def test_every_state_says_whether_it_is_final_and_whether_it_is_a_success() -> None:
    assert {state for state in State if state.is_success} == {
        State.DELIVERED,
        State.READ,
        State.CLICKED,
    }
    assert {state for state in State if state.is_final} == {
        *FAILURES,
        State.DELIVERED,
        State.BOUNCED,
        State.READ,
        State.CLICKED,
    }
    assert not State.BOUNCED.is_success


def leg(medium: Medium, state: State, **more: object) -> Status:
    return Status(state=state, medium=medium, **more)  # type: ignore[arg-type]


VK, VIBER, SMS = Medium.VK, Medium.VIBER, Medium.SMS


@pytest.mark.parametrize(
    ("legs", "decides"),
    [
        # A success of any leg beats a failure of another, whichever came first.
        ([leg(VIBER, State.READ), leg(SMS, State.EXPIRED)], 0),
        ([leg(VIBER, State.UNDELIVERABLE), leg(SMS, State.DELIVERED)], 1),
        ([leg(VIBER, State.DELIVERED), leg(SMS, State.BOUNCED)], 0),
        # Of several successes the one that got furthest counts.
        ([leg(VIBER, State.READ), leg(SMS, State.DELIVERED)], 0),
        ([leg(VK, State.DELIVERED), leg(VIBER, State.CLICKED), leg(SMS, State.READ)], 1),
        # Of equal successes the first: without it nothing else would have been needed.
        ([leg(VIBER, State.DELIVERED), leg(SMS, State.DELIVERED)], 0),
        ([leg(VK, State.EXPIRED), leg(VIBER, State.READ), leg(SMS, State.READ)], 1),
        # Of equals that are under way the last: it is the newest attempt.
        ([leg(VIBER, State.ENROUTE), leg(SMS, State.ENROUTE)], 1),
        # None arrived: the leg that is still under way counts.
        ([leg(VIBER, State.UNDELIVERABLE), leg(SMS, State.ENROUTE)], 1),
        ([leg(VIBER, State.ENROUTE), leg(SMS, State.REJECTED)], 0),
        ([leg(VIBER, State.ENROUTE), leg(SMS, State.UNKNOWN)], 0),
        ([leg(VIBER, State.EXPIRED), leg(SMS, State.UNKNOWN)], 1),
        # All are over: the last leg's reason counts.
        ([leg(VIBER, State.EXPIRED), leg(SMS, State.UNDELIVERABLE)], 1),
    ],
)
def test_one_leg_decides_and_gives_its_medium(legs: list[Status], decides: int) -> None:
    decided = Status.of_legs(legs)
    assert decided.legs == tuple(legs)
    assert msgspec.structs.replace(decided, legs=()) == legs[decides]
    assert msgspec.json.decode(msgspec.json.encode(decided), type=Status) == decided


@given(st.lists(st.builds(leg, st.sampled_from(Medium), st.sampled_from(State)), max_size=4))
def test_no_failure_hides_a_success(legs: list[Status]) -> None:
    decided = Status.of_legs(legs).state
    assert decided.is_success == any(one.state.is_success for one in legs)
    assert decided.is_final or not decided.is_success
    if legs and all(one.state.is_final for one in legs):
        assert decided.is_final


def test_the_price_of_legs_is_the_sum_of_the_known_prices() -> None:
    legs = [leg(VIBER, State.EXPIRED, price=Decimal("1.8")), leg(SMS, State.DELIVERED)]
    assert Status.of_legs(legs).price == Decimal("1.8")
    legs[1] = leg(SMS, State.DELIVERED, price=Decimal("1.5"))
    assert Status.of_legs(legs).price == Decimal("3.3")
    assert Status.of_legs([leg(VIBER, State.EXPIRED), leg(SMS, State.DELIVERED)]).price is None


def test_a_receipts_status_has_the_medium_of_the_message() -> None:
    message = Message("79031234567", "Hello", medium=Medium.VIBER)
    receipt = Receipt.of(message, Status(state=State.ACCEPTED), channel="rest")
    assert receipt.status.medium is Medium.VIBER
    by_sms = Receipt.of(message, leg(SMS, State.ACCEPTED), channel="rest")
    assert by_sms.status.medium is Medium.SMS


@pytest.mark.parametrize("medium", [None, Medium.VIBER])
def test_receipts_made_together_are_those_made_one_by_one(medium: Medium | None) -> None:
    at = datetime(2026, 11, 28, tzinfo=UTC)
    messages = [
        Message("79031234567", "Hello", medium=Medium.VIBER),
        Message("79031234568", "Hello", medium=Medium.VIBER, send_at=at),
    ]
    status = Status(state=State.ACCEPTED, medium=medium)
    each: list[tuple[str, ...]] = [("1",), ("2", "3")]
    for parts in (None, [1, 2]):
        assert Receipt.of_each(messages, status, channel="viber", ids=each, parts=parts) == [
            Receipt.of(message, status, channel="viber", ids=own, parts=segments)
            for message, own, segments in zip(messages, each, parts or [1, 1], strict=True)
        ]
    assert Receipt.of_each([], status, channel="viber", ids=[]) == []
