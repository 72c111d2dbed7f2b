"""The World: charging, lives, ids, subscribers; no protocol and no socket."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from devino_core import Medium, Secret, State
from devino_core.testing import ManualClock
from devino_sandbox import (
    Account,
    Fate,
    Pace,
    RefusalReason,
    Refused,
    Step,
    StoredMessage,
    Submission,
    World,
)
from devino_sandbox.services._codes import sms_code

TO = "79161234567"
LAST_HOUR = datetime(9999, 12, 31, 23)  # noqa: DTZ001 - a wall clock
FINALS = (State.DELIVERED, State.READ, State.UNDELIVERABLE, State.EXPIRED, State.REJECTED)


def submission(world: World, **changes: object) -> Submission:
    [account] = world.accounts.values()
    sender = "me@example.org" if changes.get("medium") is Medium.EMAIL else "DEVINO"
    fields: dict[str, object] = {"via": "test", "sender": sender, "text": "test", **changes}
    return Submission(account=account, **fields)  # type: ignore[arg-type]


def test_without_accounts_there_is_one_named_demo() -> None:
    world = World()
    account = world.authenticate("demo", "demo")
    assert account is world.accounts["demo"]
    assert world.authenticate("demo", "other") is None
    assert world.authenticate("other", "demo") is None
    assert "demo'" not in repr(account.password)


def test_each_account_has_its_own_messages_and_balance(clock: ManualClock) -> None:
    one, two = (Account(login=name, password=Secret(name)) for name in ("one", "two"))
    world = World([one, two], clock=clock)
    [message] = world.submit(Submission(account=two, via="test", sender="X", text="x"), [TO])
    assert one.balance - two.balance == Decimal("1.5")
    assert world.find(two, message.ids[0]) is message
    assert world.find(one, message.ids[0]) is None


@pytest.mark.parametrize(
    ("changes", "to", "refusal"),
    [
        ({"sender": "TwelveLetter"}, TO, RefusalReason.SENDER_MALFORMED),
        ({"sender": ""}, TO, RefusalReason.SENDER_MALFORMED),
        ({"sender": "1234567890123456"}, TO, RefusalReason.SENDER_MALFORMED),
        ({"sender": "123456789012", "medium": Medium.VIBER}, TO, RefusalReason.SENDER_MALFORMED),
        ({"sender": "Tab\there"}, TO, RefusalReason.SENDER_MALFORMED),
        ({"sender": "UNKNOWN"}, TO, RefusalReason.SENDER_UNKNOWN),
        ({}, "42", RefusalReason.DESTINATION),
        ({"text": "\ud800"}, TO, RefusalReason.TEXT),
        ({"send_at": LAST_HOUR}, TO, RefusalReason.SEND_AT),
        ({"text": "x" * 161}, TO, RefusalReason.BALANCE),
    ],
)
def test_what_is_refused_costs_nothing_and_is_on_record(
    account: Account, world: World, changes: dict[str, object], to: str, refusal: RefusalReason
) -> None:
    account.senders = frozenset({"DEVINO"})
    account.balance = Decimal(2)
    # West of Greenwich the last hours of the calendar are beyond it in UTC.
    world.zone_of = lambda number: timezone(timedelta(hours=-12))
    with pytest.raises(Refused) as refused:
        world.submit(submission(world, **changes), [to])
    assert refused.value.refusal is refusal
    assert account.balance == 2
    [recorded] = world.messages()
    assert recorded.reason == refused.value.reason != ""
    assert (recorded.state, recorded.ids) == (State.REJECTED, ())


def test_a_refusal_takes_no_id_and_hides_none(account: Account, world: World) -> None:
    sent = []
    for number in range(3):
        sent += world.submit(submission(world, text="x" * 161), [f"7916000000{number}"])
        with pytest.raises(Refused):
            world.submit(submission(world), ["42"])
    ids = [message_id for message in sent for message_id in message.ids]
    assert ids == [str(579700854169272358 + n) for n in range(6)]
    found = [world.find(account, message_id) for message_id in ids]
    assert found == [message for message in sent for _ in range(2)]


def test_messages_are_listed_by_number_in_any_notation(world: World) -> None:
    world.submit(submission(world), ["79160000001", "79160000002"])
    with pytest.raises(Refused):
        world.submit(submission(world), ["no number"])
    assert [m.to for m in world.messages(to="+7 916 000-00-02")] == ["79160000002"]
    assert [m.to for m in world.messages(to="no number")] == ["no number"]
    assert len(list(world.messages())) == 3


def test_with_no_pace_a_message_ends_at_once(account: Account, clock: ManualClock) -> None:
    world = World([account], clock=clock, pace=Pace.instant())
    [message] = world.submit(submission(world), [TO])
    assert message.state is State.DELIVERED
    assert message.reported_at == message.submitted_at == message.created_at == clock.now()


@pytest.mark.parametrize("pace", [{"sent": -1}, {"sent": 2}, {"read": 0.5}, {"clicked": 1.5}])
def test_a_pace_out_of_order_is_refused(pace: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="sent <= final"):
        Pace(**pace)


def test_a_fate_of_ones_own(account: Account, clock: ManualClock) -> None:
    lost = Fate((Step(State.ENROUTE), Step(State.EXPIRED)))
    world = World([account], clock=clock, fate_of=lambda medium, to: lost)
    [message] = world.submit(submission(world), [TO])
    clock.advance(1)
    world.advance()
    assert (message.state, sms_code(message.step)) == (State.EXPIRED, 46)


@pytest.mark.parametrize("medium", list(Medium))
def test_every_medium_lives_and_costs(account: Account, world: World, medium: Medium) -> None:
    to = "someone@example.org" if medium is Medium.EMAIL else TO
    [message] = world.submit(submission(world, medium=medium), [to])
    assert message.state is State.ACCEPTED
    world.clock.advance(10)  # type: ignore[attr-defined]
    world.advance()
    assert message.state.is_success
    assert account.balance == Decimal("20015.3") - message.price
    assert message.price > 0


@pytest.mark.parametrize(
    ("number", "hours"),
    [
        ("79161234567", 3),
        ("74012000000", 2),
        ("79126000000", 5),
        ("79131234567", 7),
        ("79241234567", 10),
        ("74152000000", 12),
        ("77011234567", 5),
        ("998901234567", 5),
        ("79140700000", 10),
        ("1", 3),
        ("who@example.com", 3),
    ],
)
def test_a_naive_time_is_the_recipients_wall_clock(world: World, number: str, hours: int) -> None:
    assert world.zone_of(number).utcoffset(None) == timedelta(hours=hours)


def test_a_time_in_the_past_is_now(world: World, clock: ManualClock) -> None:
    past = clock.now() - timedelta(days=1)
    messages = [
        message
        for at in (past, past.replace(tzinfo=None), clock.now())
        for message in world.submit(submission(world, send_at=at), [TO])
    ]
    assert {(m.state, m.send_at) for m in messages} == {(State.ACCEPTED, None)}


def test_an_instant_may_be_given_in_any_zone(world: World, clock: ManualClock) -> None:
    at = (clock.now() + timedelta(hours=1)).astimezone(timezone(timedelta(hours=9)))
    [message] = world.submit(submission(world, send_at=at), [TO])
    assert message.send_at == at
    assert message.send_at.tzinfo is UTC


def test_the_fallback_that_cannot_be_paid_is_refused_on_record(
    account: Account, world: World, clock: ManualClock
) -> None:
    account.balance = Decimal("1.8")
    sms = submission(world)
    viber = submission(world, medium=Medium.VIBER, fallback=sms)
    [message] = world.submit(viber, ["79990000004"])
    clock.advance(10)
    world.advance()
    assert message.state is State.UNDELIVERABLE
    assert message.resent is None
    _, refused = world.messages()
    assert refused.reason == "not enough credits: 1.5 needed, 0.0 left"


def test_subscribers_are_told_every_change_in_order(world: World, clock: ManualClock) -> None:
    told: list[tuple[str, State]] = []
    end = world.subscribe(changed=lambda message: told.append((message.to[-2:], message.state)))
    world.submit(submission(world), ["79990000041", "79160000000"])
    clock.advance(0.5)
    world.submit(submission(world), ["79160000001"])
    clock.advance(1)
    world.advance()
    assert told == [
        ("41", State.ENROUTE),
        ("00", State.ENROUTE),
        ("01", State.ENROUTE),
        ("41", State.UNDELIVERABLE),
        ("00", State.DELIVERED),
        ("01", State.DELIVERED),
    ]
    end()
    world.submit(submission(world), ["79160000001"])
    clock.advance(9)
    world.advance()
    assert len(told) == 6


def test_a_subscriber_may_send_and_one_that_fails_harms_no_other(
    world: World, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(message: StoredMessage) -> None:
        raise RuntimeError("subscriber down")

    def answer(message: StoredMessage) -> None:
        if message.state is State.DELIVERED and message.submission.text == "test":
            world.submit(submission(world, text="thanks"), [message.to])

    world.subscribe(changed=broken)
    world.subscribe(changed=answer)
    world.submit(submission(world), [TO])
    clock.advance(10)
    world.advance()
    assert [m.submission.text for m in world.messages()] == ["test", "thanks"]
    assert "subscriber down" in caplog.text


def test_an_action_that_fails_does_not_stop_time(
    world: World, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[datetime] = []

    def broken(due: datetime) -> None:
        raise RuntimeError("action down")

    soon = clock.now() + timedelta(seconds=1)
    world.timeline.at(soon, broken)
    world.timeline.at(soon, done.append)
    clock.advance(5)
    world.advance()
    assert done == [soon]
    assert "action down" in caplog.text


def test_incoming_messages_are_the_accounts_that_they_were_sent_to(clock: ManualClock) -> None:
    one, two = (Account(login=name, password=Secret(name)) for name in ("one", "two"))
    world = World([one, two], clock=clock)
    arrived: list[str] = []
    world.subscribe(arrived=lambda message: arrived.append(message.text))
    world.receive(sender=TO, to="1234", text="first")
    world.receive(sender=TO, to="1234", text="second", account=two)
    now = clock.now()
    assert [m.text for m in world.incoming(one, now, now)] == ["first"]
    assert [m.text for m in world.incoming(two, now, now)] == ["second"]
    assert world.incoming(one, now + timedelta(seconds=1), now + timedelta(hours=1)) == []
    assert arrived == ["first", "second"]
    with pytest.raises(ValueError, match="not a phone number"):
        world.receive(sender="nobody", to="1234", text="x")


def test_a_bulk_of_many_waits_as_one_entry(world: World) -> None:
    world.submit(submission(world), [f"7916{n:07}" for n in range(1000)])
    assert len(world.timeline._due) == 1


NUMBERS = st.sampled_from(
    ["79161234567", "74232000000", "79990000041", "79990000004", "79990000255", "42"]
)


class Sending(RuleBasedStateMachine):
    """Any mixture of sends and passing time."""

    @initialize(balance=st.integers(0, 40))
    def begin(self, balance: int) -> None:
        self.clock = ManualClock()
        self.account = Account(login="a", password=Secret("a"), balance=Decimal(balance))
        self.paid_in = self.account.balance
        self.world = World([self.account], clock=self.clock)
        self.told: dict[int, list[State]] = {}
        self.world.subscribe(
            changed=lambda message: self.told.setdefault(id(message), []).append(message.state)
        )

    @rule(
        to=st.lists(NUMBERS, min_size=1, max_size=4),
        length=st.integers(0, 400),
        medium=st.sampled_from([Medium.SMS, Medium.VIBER]),
        wait=st.none() | st.integers(-100, 7200),
        validity=st.none() | st.sampled_from([timedelta(seconds=0.5), timedelta(minutes=1)]),
        resend=st.booleans(),
    )
    def send(
        self,
        to: Sequence[str],
        length: int,
        medium: Medium,
        wait: int | None,
        validity: timedelta | None,
        resend: bool,
    ) -> None:
        send_at = None if wait is None else self.clock.now() + timedelta(seconds=wait)
        content = submission(
            self.world, text="x" * length, medium=medium, send_at=send_at, validity=validity
        )
        if resend:
            content = submission(
                self.world, medium=medium, send_at=send_at, validity=validity, fallback=content
            )
        before = self.account.balance
        try:
            messages = self.world.submit(content, to)
        except Refused:
            assert self.account.balance == before
        else:
            assert "42" not in to
            assert [m.to for m in messages] == to

    @rule(seconds=st.sampled_from([0, 0.2, 0.5, 1, 60, 7200]))
    def wait(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @rule(cents=st.integers(1, 1000))
    def pay_in(self, cents: int) -> None:
        self.account.balance += Decimal(cents) / 100
        self.paid_in += Decimal(cents) / 100

    @invariant()
    def what_was_charged_is_what_was_taken(self) -> None:
        charged = sum(m.price * m.parts for m in self.world.messages())
        assert self.paid_in - self.account.balance == charged
        assert self.account.balance >= 0

    @invariant()
    def each_id_finds_its_message(self) -> None:
        ids = [(i, m) for m in self.world.messages() for i in m.ids]
        assert [int(i) for i, _ in ids] == list(
            range(579700854169272358, 579700854169272358 + len(ids))
        )
        for message_id, message in ids:
            found = self.world.find(self.account, message_id)
            assert found is (message if message.to != "79990000255" else None)

    @invariant()
    def nothing_due_is_left_undone(self) -> None:
        self.world.advance()
        due = self.world.timeline.next_due()
        assert due is None or due > self.clock.now()

    @invariant()
    def no_life_runs_backwards(self) -> None:
        for message in self.world.messages():
            ranks = [state.rank for state in self.told.get(id(message), [])]
            assert ranks == sorted(ranks)
            for earlier, later in (
                (message.created_at, message.submitted_at),
                (message.submitted_at, message.reported_at),
            ):
                assert earlier is None or later is None or earlier <= later

    @precondition(lambda self: self.world.timeline.next_due() is not None)
    @rule()
    def wait_for_all(self) -> None:
        while self.world.timeline.next_due() is not None:
            self.clock.advance(7200)
            self.world.advance()
        assert {m.state for m in self.world.messages()} <= set(FINALS)


TestSending = Sending.TestCase
TestSending.settings = settings(max_examples=30, stateful_step_count=15, deadline=None)


@settings(max_examples=50, deadline=None)
@given(
    steps=st.lists(st.tuples(NUMBERS, st.sampled_from([0, 0.1, 0.2, 0.7, 1, 30])), max_size=12),
    looks=st.sampled_from([2, 4, 5]),
)
def test_how_often_the_clock_is_looked_at_makes_no_difference(
    steps: Sequence[tuple[str, float]], looks: int
) -> None:
    def lived(looks: int) -> object:
        clock = ManualClock()
        world = World(clock=clock)
        sms = submission(world)
        viber = submission(world, medium=Medium.VIBER, fallback=sms)
        for to, seconds in [*steps, ("79990000004", 60.0)]:
            for content in (sms, viber):
                try:
                    world.submit(content, [to])
                except Refused:
                    assert to == "42"
            for _ in range(looks):
                clock.advance(seconds / looks)
                if looks > 1:
                    world.advance()
        return sorted(
            (m.to, m.submission.medium, m.ids, m.step, m.created_at, m.submitted_at, m.reported_at)
            for m in world.messages()
            if m.reason is None
        )

    assert repr(lived(1)) == repr(lived(looks))


def test_an_answer_in_a_messenger_names_what_it_answers(world: World, account: Account) -> None:
    order = Submission(account=account, via="x", sender="SHOP", text="x", medium=Medium.VIBER)
    [sent] = world.submit(order, ["79161234567"])
    came = world.receive(
        sender="79161234567", text="yes", medium=Medium.VIBER, in_reply_to=sent.ids[0]
    )
    assert (came.to, came.in_reply_to, came.medium) == ("SHOP", sent.ids[0], Medium.VIBER)
    # It is no SMS.
    day = timedelta(days=1)
    assert world.incoming(account, came.at - day, came.at + day) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"medium": Medium.VIBER}, "in_reply_to"),
        ({"medium": Medium.VIBER, "in_reply_to": "1"}, "in_reply_to"),
        ({"medium": Medium.WHATSAPP}, "to"),
        ({}, "to"),
        ({"to": "1234", "sender": "nobody"}, "sender"),
    ],
)
def test_nobody_can_write_so(world: World, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}: "):
        world.receive(**{"sender": "79161234567", "text": "yes", **changes})


def test_only_what_came_by_that_medium_is_answered(world: World, account: Account) -> None:
    [sms] = world.submit(
        Submission(account=account, via="x", sender="X", text="x"), ["79161234567"]
    )
    with pytest.raises(ValueError, match="VIBER"):
        world.receive(sender="79161234567", text="yes", medium=Medium.VIBER, in_reply_to=sms.ids[0])
