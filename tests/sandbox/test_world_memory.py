"""What a World that runs for long remembers, and what it forgets."""

from __future__ import annotations

import tracemalloc
from datetime import timedelta

import pytest

from devino_core import State
from devino_core.testing import ManualClock
from devino_sandbox import Account, Fate, Refused, StoredMessage, Submission, World
from devino_sandbox.services.xml import XmlService
from tests.sandbox.conftest import START

KEEP = 100
MOST = KEEP * 5 // 4


@pytest.fixture
def world(account: Account, clock: ManualClock) -> World:
    account.balance *= 1000
    return World([account], clock=clock, keep=KEEP)


def submission(world: World, **fields: object) -> Submission:
    [account] = world.accounts.values()
    usual: dict[str, object] = {"account": account, "via": "test", "sender": "X", "text": "x"}
    return Submission(**usual | fields)  # type: ignore[arg-type]


def submit(world: World, count: int = 1, **fields: object) -> list[StoredMessage]:
    """Messages one by one, each of which ends before the next."""
    clock = world.clock
    assert isinstance(clock, ManualClock)
    taken = []
    for number in range(count):
        taken += world.submit(submission(world, **fields), [f"7916{number:07}"])
        clock.advance(1)
    world.advance()
    return taken


def knows(world: World, message: StoredMessage) -> bool:
    """By its id, and in the list."""
    found = world.find(message.submission.account, message.ids[0]) is message
    assert found == (message in list(world.messages()))
    return found


def test_the_latest_are_remembered_and_the_oldest_forgotten(world: World) -> None:
    taken = submit(world, KEEP * 10)
    assert all(knows(world, message) for message in taken[-KEEP:])
    assert not any(knows(world, message) for message in taken[:-MOST])
    assert KEEP <= len(list(world.messages())) <= MOST


def test_statistics_count_what_is_remembered(world: World, account: Account) -> None:
    taken = submit(world, KEEP * 3)
    until = taken[-1].created_at
    tally = world.tally(account, taken[0].submission.medium, START, until)
    assert tally.total() == len(list(world.messages()))


def test_what_is_yet_to_be_sent_is_not_forgotten(world: World, clock: ManualClock) -> None:
    told: list[tuple[StoredMessage, State]] = []
    [scheduled] = submit(world, send_at=START + timedelta(days=1))
    submit(world, KEEP * 10)
    assert knows(world, scheduled)
    world.subscribe(changed=lambda message: told.append((message, message.state)))
    clock.advance(24 * 60 * 60)
    world.advance()
    assert told[-1] == (scheduled, State.DELIVERED)
    submit(world, KEEP * 2)
    assert not knows(world, scheduled)


def test_a_bulk_that_is_under_way_is_remembered_whole(world: World, clock: ManualClock) -> None:
    bulk = world.submit(submission(world), [f"7917{number:07}" for number in range(KEEP * 5)])
    assert all(knows(world, message) for message in bulk)
    clock.advance(10)
    world.advance()
    submit(world, KEEP * 2)
    assert not any(knows(world, message) for message in bulk)


def test_what_is_scheduled_takes_no_room_from_what_has_ended(world: World) -> None:
    submit(world, KEEP * 2, send_at=START + timedelta(days=1))
    taken = submit(world, KEEP * 10)
    assert all(knows(world, message) for message in taken[-KEEP:])
    assert not any(knows(world, message) for message in taken[: -KEEP - 3 * KEEP // 4])


def test_when_many_come_to_their_ends_no_more_are_remembered_than_of_others(
    world: World, clock: ManualClock
) -> None:
    for number in range(KEEP * 10):
        world.submit(submission(world), [f"7917{number:07}"])
        clock.advance(0.001)
    assert len(list(world.messages())) == KEEP * 10
    for _ in range(KEEP * 10):
        clock.advance(0.001)
        world.advance()
        ended = sum(not message.way for message in world.messages())
        pending = sum(bool(message.way) for message in world.messages())
        assert ended <= KEEP + (KEEP + pending) / 4
    clock.advance(1)
    assert KEEP <= len(list(world.messages())) <= MOST


def test_a_fate_that_is_over_at_once_counts_too(clock: ManualClock) -> None:
    world = World(clock=clock, keep=KEEP, fate_of=lambda *_: Fate(()))
    submit(world, KEEP * 3)
    for at in (None, START + timedelta(hours=1)):
        for scheduled in submit(world, KEEP * 3, send_at=START + timedelta(days=1)):
            world.replace(scheduled, submission(world, send_at=at))
    clock.advance(24 * 60 * 60)
    assert KEEP <= len(list(world.messages())) <= MOST


@pytest.mark.parametrize("to", ["79990000099", "79990000255", "79990000046"])
def test_every_fate_comes_to_an_end(world: World, to: str) -> None:
    [message] = world.submit(submission(world), [to])
    submit(world, KEEP * 2)
    assert message not in list(world.messages())


def test_what_is_cancelled_and_what_is_refused_is_forgotten_too(world: World) -> None:
    [scheduled] = submit(world, send_at=START + timedelta(days=1))
    assert world.cancel(scheduled)
    with pytest.raises(Refused):
        submit(world, sender="much too long")
    [_, refused] = world.messages()
    submit(world, KEEP * 2)
    assert not {scheduled, refused} & set(world.messages())


def test_parts_that_came_one_by_one_are_forgotten_like_others(world: World) -> None:
    [first] = submit(world)
    [second] = submit(world, part_of=first)
    assert list(world.messages()) == [first]
    submit(world, KEEP * 2)
    assert not knows(world, first)
    assert world.find(second.submission.account, second.ids[0]) is None


def test_incoming_messages_are_forgotten_and_their_ids_never_used_again(
    world: World, account: Account
) -> None:
    came = [world.receive(sender="79161234567", to="1234", text="x") for _ in range(KEEP * 3)]
    assert world.incoming(account, START, START) == came[-KEEP:]
    assert len({message.id for message in came}) == KEEP * 3


def test_the_xml_service_forgets_with_the_world(world: World) -> None:
    service = XmlService(world)
    for number in range(KEEP * 3):
        [message] = submit(world)
        service._by_id["demo", number] = message
    del message
    submit(world)
    assert len(service._by_id) <= MOST


def test_its_memory_does_not_grow(world: World) -> None:
    submit(world, KEEP * 3)
    tracemalloc.start()
    try:
        submit(world, KEEP * 3)
        before = tracemalloc.get_traced_memory()[0]
        submit(world, KEEP * 30)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    # Of 3000 messages more, less than what half a hundred take.
    assert grown < 50 * 1024


def test_open_sessions_are_limited(
    world: World, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devino_sandbox._accounts._SESSIONS", 3)
    sessions = [world.open_session(account) for _ in range(5)]
    assert [world.session(session) for session in sessions] == [None] * 2 + [account] * 3


@pytest.mark.parametrize("keep", [0, -1, True, 1.5, "5", None])
def test_what_is_no_number_of_messages_cannot_be_kept(keep: object) -> None:
    with pytest.raises(ValueError, match=f"keep is {keep!r}"):
        World(keep=keep)  # type: ignore[arg-type]
