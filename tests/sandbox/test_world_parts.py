"""Messages that come segment by segment, are taken back, or are replaced."""

from __future__ import annotations

from datetime import timedelta, timezone
from decimal import Decimal

import pytest

from devino_core import Medium, State
from devino_core.testing import ManualClock
from devino_sandbox import Account, Pace, Refused, StoredMessage, Submission, World
from devino_sandbox.services._codes import sms_code

TO = "79161234567"
HOUR = timedelta(hours=1)


def submission(account: Account, **changes: object) -> Submission:
    sender = "me@example.org" if changes.get("medium") is Medium.EMAIL else "DEVINO"
    fields: dict[str, object] = {"via": "test", "sender": sender, "text": "test", **changes}
    return Submission(account=account, **fields)  # type: ignore[arg-type]


def pass_by(world: World, span: timedelta) -> None:
    assert isinstance(world.clock, ManualClock)
    world.clock.advance(span.total_seconds())
    world.advance()


class TestSegments:
    """``Submission.part_of``."""

    def test_each_has_its_id_its_price_and_its_life_and_is_listed_with_the_first(
        self, world: World, account: Account
    ) -> None:
        [first] = world.submit(submission(account, parts=1), [TO])
        [other] = world.submit(submission(account), [TO])
        pass_by(world, timedelta(seconds=0.2))
        [second] = world.submit(submission(account, parts=1, part_of=first), [TO])
        [third] = world.submit(submission(account, parts=1, part_of=first), [TO])
        assert list(world.messages()) == list(world.messages(to=TO)) == [first, other]
        assert first.ids == (*first.ids[:1], *second.ids, *third.ids)
        assert account.balance == Decimal("20015.3") - 4 * first.price
        assert (first.state, second.state) == (State.ENROUTE, State.ACCEPTED)
        for part in (first, second, third):
            assert world.find(account, str(part.first_id)) is part
        pass_by(world, HOUR)
        now = world.clock.now()
        [count] = world.tally(account, Medium.SMS, now - 2 * HOUR, now).values()
        assert count == 4

    def test_one_that_is_refused_is_listed_as_such(self, world: World, account: Account) -> None:
        account.balance = Decimal("1.5")
        [first] = world.submit(submission(account), [TO])
        with pytest.raises(Refused):
            world.submit(submission(account, part_of=first), [TO])
        assert len(first.ids) == 1
        listed, refused = world.messages()
        assert listed is first
        assert refused.reason

    def test_a_change_tells_what_the_service_knows_it_by(
        self, account: Account, clock: ManualClock
    ) -> None:
        world = World([account], clock=clock, pace=Pace.instant())
        told: list[object] = []
        world.subscribe(changed=lambda message: told.append(message.submission.context))
        world.submit(submission(account, context="mine"), [TO])
        assert told == ["mine", "mine"]


class TestCancel:
    """``World.cancel``."""

    @pytest.mark.parametrize("wait", [None, HOUR])
    def test_what_was_not_sent_yet_ends_deleted(
        self, world: World, account: Account, wait: timedelta | None
    ) -> None:
        send_at = None if wait is None else world.clock.now() + wait
        fallback = submission(account, text="instead")
        content = submission(account, send_at=send_at, fallback=fallback)
        one, two = world.submit(content, [TO, "79160000002"])
        told: list[StoredMessage] = []
        world.subscribe(changed=told.append)
        assert world.cancel(one)
        assert told == [one]
        assert (one.state, one.reported_at) == (State.DELETED, world.clock.now())
        assert sms_code(one.step) == 47
        assert not world.cancel(one)
        pass_by(world, 2 * HOUR)
        assert (one.state, two.state) == (State.DELETED, State.DELIVERED)
        assert len(list(world.messages())) == 2
        assert world.timeline.next_due() is None

    @pytest.mark.parametrize("medium", list(Medium))
    def test_every_medium_has_a_word_for_it(
        self, world: World, account: Account, medium: Medium
    ) -> None:
        to = "someone@example.org" if medium is Medium.EMAIL else TO
        [message] = world.submit(submission(account, medium=medium), [to])
        assert world.cancel(message)
        assert message.state is State.DELETED

    def test_what_was_sent_lives_on(self, world: World, account: Account) -> None:
        [message] = world.submit(submission(account), [TO])
        pass_by(world, timedelta(seconds=0.2))
        assert not world.cancel(message)
        pass_by(world, HOUR)
        assert message.state is State.DELIVERED


class TestReplace:
    """``World.replace``."""

    @pytest.mark.parametrize(
        ("wait", "first_look"), [(HOUR / 2, State.DELIVERED), (3 * HOUR, State.SCHEDULED)]
    )
    def test_it_is_sent_at_its_new_time_only(
        self, world: World, account: Account, wait: timedelta, first_look: State
    ) -> None:
        now = world.clock.now()
        [message] = world.submit(submission(account, send_at=now + HOUR), [TO])
        told: list[State] = []
        world.subscribe(changed=lambda message: told.append(message.state))
        paid = account.balance
        assert world.replace(message, submission(account, text="new", send_at=now + wait))
        assert account.balance == paid
        pass_by(world, 2 * HOUR)
        assert message.state is first_look
        pass_by(world, 2 * HOUR)
        assert message.state is State.DELIVERED
        assert message.submission.text == "new"
        assert message.submitted_at == now + wait + timedelta(seconds=0.2)
        assert told == [State.ACCEPTED, State.ENROUTE, State.DELIVERED]

    def test_it_may_be_sent_now(self, world: World, account: Account) -> None:
        send_at = world.clock.now() + HOUR
        [message] = world.submit(submission(account, send_at=send_at), [TO])
        assert world.replace(message, submission(account, validity=timedelta(seconds=0.5)))
        seen = [message.state]
        pass_by(world, 2 * HOUR)
        assert [*seen, message.state] == [State.ACCEPTED, State.EXPIRED]

    def test_what_is_queued_cannot_be_replaced(self, world: World, account: Account) -> None:
        [message] = world.submit(submission(account), [TO])
        assert not world.replace(message, submission(account, text="new"))
        assert message.submission.text == "test"

    def test_a_refusal_leaves_it_as_it_was(self, world: World, account: Account) -> None:
        send_at = world.clock.now() + HOUR
        [message] = world.submit(submission(account, send_at=send_at), [TO])
        never = world.clock.now().replace(year=9999, month=12, day=31, hour=23, tzinfo=None)
        world.zone_of = lambda number: timezone(-12 * HOUR)
        with pytest.raises(Refused):
            world.replace(message, submission(account, text="new", send_at=never))
        assert (message.submission.text, message.send_at) == ("test", send_at)
        pass_by(world, 2 * HOUR)
        assert message.state is State.DELIVERED
