"""Following messages: what is told, what is waited for, and when it ends."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from devino_core import (
    AsyncClient,
    AuthenticationFailed,
    DevinoError,
    Medium,
    Message,
    ProtocolViolation,
    Receipt,
    Rejected,
    State,
    Status,
    Throttled,
    Unavailable,
)
from devino_core.testing import ManualClock
from tests.core._fake import FakeChannel, fake_plugins

NOW = datetime(2030, 1, 31, 12, 0, tzinfo=UTC)
pytestmark = pytest.mark.pythons
CONFIG = {name: {"kind": "fake", "token": "t", "prefix": name} for name in ("one", "two")}

Told = Callable[[str], Status]


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    clock = ManualClock(NOW)
    clock.auto_advance = True
    async with AsyncClient(CONFIG, plugins=fake_plugins(), clock=clock) as client:
        yield client


def channel(client: AsyncClient, name: str = "one") -> FakeChannel:
    return cast(FakeChannel, client.channel(name))


def clock_of(client: AsyncClient) -> ManualClock:
    return cast(ManualClock, channel(client).clock)


def tells(
    client: AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    of: dict[str, State | DevinoError | list[State | DevinoError]],
    name: str = "one",
) -> list[Sequence[str]]:
    """Let a channel tell this of each id, a list one after the other; gives what it was asked."""
    asked: list[Sequence[str]] = []

    def told(one: str) -> Status:
        said = of[one]
        if isinstance(said, list):
            said = said.pop(0) if len(said) > 1 else said[0]
        if isinstance(said, DevinoError):
            return Status(state=State.UNKNOWN, id=one, error=said)
        return Status(state=said, id=one)

    async def status(ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        asked.append(tuple(ids))
        statuses = list(map(told, ids))
        errors = [one.error for one in statuses if one.error is not None]
        if len(errors) == len(statuses):
            raise errors[0]
        return statuses

    monkeypatch.setattr(channel(client, name), "status", status)
    return asked


async def sent(client: AsyncClient, *numbers: str) -> list[Receipt]:
    return await client.send_many([Message(number, "a") for number in numbers])


@pytest.mark.parametrize(
    "error",
    [Unavailable("502"), Throttled("429"), ProtocolViolation("a page", changes=False)],
    ids=lambda error: type(error).__name__,
)
async def test_a_message_that_cannot_be_read_silences_no_other(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch, error: DevinoError
) -> None:
    tells(
        client,
        monkeypatch,
        {"one-1": State.DELIVERED, "one-2": error, "one-3": State.EXPIRED},
    )
    receipts = await sent(client, "1", "2", "3")
    changes = [r async for r in client.follow(receipts, interval=3600)]
    assert {(r.to, r.status.state) for r in changes if r.status.error is None} == {
        ("1", State.DELIVERED),
        ("3", State.EXPIRED),
    }
    (unread,) = [r for r in changes if r.status.error is not None]
    assert (unread.to, unread.status.error) == ("2", error)


async def test_an_answer_that_cannot_be_read_is_told_at_once_and_asked_for_again(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = ProtocolViolation("a page", changes=False)
    tells(client, monkeypatch, {"one-1": [page, page, State.DELIVERED]})
    (receipt,) = await sent(client, "1")
    changes = [(r.status.state, r.status.error) async for r in client.follow(receipt)]
    assert changes == [(State.ACCEPTED, page), (State.DELIVERED, None)]


async def test_a_refused_message_is_told_and_not_asked_about_again(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = Rejected("no such id", code=2)
    asked = tells(
        client, monkeypatch, {"one-1": refused, "one-2": [State.ENROUTE, State.DELIVERED]}
    )
    receipts = await sent(client, "1", "2")
    changes = [(r.to, r.status.error) async for r in client.follow(receipts)]
    assert changes == [("1", refused), ("2", None), ("2", None)]
    assert asked == [("one-1", "one-2"), ("one-2",)]


async def test_an_error_that_may_pass_is_told_at_the_end_if_it_did_not(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = Unavailable("502")
    tells(client, monkeypatch, {"one-1": down})
    (receipt,) = await sent(client, "1")
    changes = [r async for r in client.follow(receipt, timeout=12)]
    assert [(r.status.state, r.status.error) for r in changes] == [(State.ACCEPTED, down)]


async def test_an_error_that_passed_is_not_told(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    tells(client, monkeypatch, {"one-1": [Unavailable("502"), State.ENROUTE]})
    (receipt,) = await sent(client, "1")
    changes = [r async for r in client.follow(receipt, timeout=12)]
    assert [(r.status.state, r.status.error) for r in changes] == [(State.ENROUTE, None)]


async def test_a_login_that_is_refused_ends_it_after_the_others_have_told(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    tells(client, monkeypatch, {"one-1": AuthenticationFailed("who?")})
    tells(client, monkeypatch, {"two-2": State.DELIVERED}, "two")
    receipts = [
        await client.send(Message("1", "a"), channel="one"),
        await client.send(Message("2", "a"), channel="two"),
    ]
    changes = client.follow(receipts)
    assert (await anext(changes)).to == "2"
    with pytest.raises(AuthenticationFailed):
        await anext(changes)


async def test_the_pause_heeds_how_long_the_platform_asks_to_wait(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    tells(
        client,
        monkeypatch,
        {"one-1": [Throttled("429", retry_after=600), State.DELIVERED], "one-2": State.DELIVERED},
    )
    receipts = await sent(client, "1", "2")
    began = clock_of(client).monotonic()
    assert [r.to async for r in client.follow(receipts)] == ["2", "1"]
    assert clock_of(client).monotonic() - began == 600


async def test_a_part_that_cannot_be_read_is_an_error_of_the_message(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = ProtocolViolation("a page", changes=False)
    tells(client, monkeypatch, {"a": State.DELIVERED, "b": page})
    whole = Receipt(
        ref="r", to="1", status=Status(state=State.ACCEPTED), channel="one", ids=("a", "b")
    )
    changes = [r async for r in client.follow(whole, timeout=12)]
    assert [(r.status.state, r.status.error) for r in changes] == [(State.ACCEPTED, page)]
    assert (await client.status(whole)).error is page


def scheduled(send_at: datetime) -> Receipt:
    message = Message("1", "a", send_at=send_at)
    return Receipt.of(message, Status(state=State.SCHEDULED), channel="one", ids=("one-1",))


@pytest.mark.parametrize(
    "send_at",
    [
        NOW + timedelta(days=3),
        # By the recipient's clock, which may be the first on earth to show it.
        (NOW + timedelta(days=3, hours=14)).replace(tzinfo=None),
    ],
    ids=["an instant", "a wall clock"],
)
async def test_a_scheduled_message_stays_scheduled_in_the_queue_until_its_time(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch, send_at: datetime
) -> None:
    clock = clock_of(client)
    queued = Status(state=State.ACCEPTED, code=-2, description="in the queue")

    async def status(ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        over = clock.now() >= NOW + timedelta(days=3, hours=5)
        return [Status(state=State.DELIVERED) if over else queued]

    monkeypatch.setattr(channel(client), "status", status)
    waiting = await client.status(scheduled(send_at))
    assert (waiting.state, waiting.code, waiting.description) == (
        State.SCHEDULED,
        -2,
        "in the queue",
    )
    changes = [
        (r.status.state, clock.now() - NOW)
        async for r in client.follow(scheduled(send_at), interval=3600)
    ]
    assert changes == [
        (State.ACCEPTED, timedelta(days=3)),
        (State.DELIVERED, timedelta(days=3, hours=5)),
    ]


async def test_what_happens_before_the_time_is_told(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    tells(client, monkeypatch, {"one-1": State.DELETED})
    receipt = scheduled(NOW + timedelta(days=3))
    assert [r.status.state async for r in client.follow(receipt)] == [State.DELETED]
