"""The client: routing, partial failure and following."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import cast

import pytest

from devino_core import (
    AsyncClient,
    ConfigurationError,
    ConnectFailed,
    InvalidArgument,
    InvalidMessage,
    Medium,
    Message,
    OutcomeUnknown,
    Receipt,
    Rejected,
    State,
    Status,
    Unavailable,
    Unsupported,
)
from devino_core.testing import ManualClock
from tests.core._fake import FakeChannel, fake_plugins

NOW = datetime(2030, 1, 31, 12, 0, tzinfo=UTC)
pytestmark = pytest.mark.pythons

CONFIG = {
    "one": {"kind": "fake", "token": "t", "prefix": "one"},
    "two": {"kind": "fake", "token": "t", "prefix": "two"},
    "viber": {"kind": "fake-viber", "token": "t"},
}


@pytest.fixture
async def client() -> AsyncIterator[AsyncClient]:
    async with AsyncClient(CONFIG, plugins=fake_plugins(), clock=ManualClock(NOW)) as client:
        yield client


def channel(client: AsyncClient, name: str) -> FakeChannel:
    return cast(FakeChannel, client.channel(name))


def viber(to: str) -> Message:
    return Message(to, "a", medium=Medium.VIBER)


async def test_a_message_goes_to_the_first_channel_that_carries_its_medium(
    client: AsyncClient,
) -> None:
    receipts = await client.send_many([Message("1", "a"), viber("2"), Message("3", "c")])
    assert [receipt.channel for receipt in receipts] == ["one", "viber", "one"]
    assert [receipt.to for receipt in receipts] == ["1", "2", "3"]


async def test_the_default_channel_comes_first_for_what_it_carries() -> None:
    async with AsyncClient(CONFIG, default="two", plugins=fake_plugins()) as client:
        receipts = await client.send_many([Message("1", "a"), viber("2")])
    assert [receipt.channel for receipt in receipts] == ["two", "viber"]


async def test_a_failed_channel_does_not_lose_what_another_sent(client: AsyncClient) -> None:
    channel(client, "viber").failures["2"] = OutcomeUnknown("lost")
    sent, lost = await client.send_many([Message("1", "a"), viber("2")])
    assert sent.ids == ("one-1",)
    assert (lost.status.state, type(lost.error)) == (State.UNKNOWN, OutcomeUnknown)


async def test_a_refused_message_among_others_is_a_rejected_receipt(client: AsyncClient) -> None:
    channel(client, "viber").failures["2"] = Rejected("bad number", code=6)
    _, refused = await client.send_many([Message("1", "a"), viber("2")])
    assert refused.refused
    assert (refused.status.code, refused.status.description) == (6, "bad number")


async def test_when_all_fail_alike_the_error_is_raised_and_names_the_refs(
    client: AsyncClient,
) -> None:
    messages = [Message("1", "a"), viber("2")]
    channel(client, "one").failures["1"] = ConnectFailed("down")
    channel(client, "viber").failures["2"] = ConnectFailed("down")
    with pytest.raises(ConnectFailed) as caught:
        await client.send_many(messages)
    assert caught.value.refs == tuple(message.ref for message in messages)


async def test_a_ref_that_occurs_twice_is_refused_before_sending(client: AsyncClient) -> None:
    message = Message("1", "a")
    with pytest.raises(InvalidMessage, match="twice"):
        await client.send_many([message, message])
    assert channel(client, "one").sent == []


async def test_a_stream_of_messages_is_sent_in_batches_as_it_comes(client: AsyncClient) -> None:
    produced = 0

    async def messages() -> AsyncIterator[Message]:
        nonlocal produced
        for number in range(10):
            produced += 1
            yield Message(str(number), "a")

    seen = []
    async for receipt in client.send_stream(messages(), batch=3):
        seen.append((receipt.to, produced))
    assert [to for to, _ in seen] == [str(number) for number in range(10)]
    assert max(ahead - int(to) for to, ahead in seen) <= 3


async def test_a_broken_stream_names_the_messages_that_failed(client: AsyncClient) -> None:
    channel(client, "one").failures["4"] = OutcomeUnknown("lost")
    messages = [Message(str(number), "a") for number in range(9)]
    given: list[str] = []

    async def consume() -> None:
        async for receipt in client.send_stream(messages, batch=3):
            given.append(receipt.to)

    with pytest.raises(OutcomeUnknown) as caught:
        await consume()
    assert given == ["0", "1", "2"]
    assert caught.value.refs == tuple(message.ref for message in messages[3:6])


async def test_following_gives_every_change_until_all_are_final(client: AsyncClient) -> None:
    clock = cast(ManualClock, channel(client, "one").clock)
    first, second = await client.send_many([Message("1", "a"), Message("2", "a")])
    channel(client, "one").script = {
        "one-1": [State.ACCEPTED, State.ENROUTE, State.DELIVERED],
        "one-2": [State.ENROUTE, State.ACCEPTED, State.EXPIRED],
    }
    clock.auto_advance = True
    changes = [(r.to, r.status.state) async for r in client.follow([first, second], interval=5)]
    assert changes == [
        ("2", State.ENROUTE),
        ("1", State.ENROUTE),
        ("1", State.DELIVERED),
        ("2", State.EXPIRED),
    ]


async def test_following_ends_at_its_timeout(client: AsyncClient) -> None:
    clock = cast(ManualClock, channel(client, "one").clock)
    clock.auto_advance = True
    began = clock.monotonic()
    receipt = await client.send(Message("1", "a"))
    channel(client, "one").script = {"one-1": [State.ENROUTE]}
    changes = [r async for r in client.follow(receipt, interval=5, timeout=12)]
    assert [change.status.state for change in changes] == [State.ENROUTE]
    assert clock.monotonic() - began == 12


async def test_following_skips_receipts_without_ids(client: AsyncClient) -> None:
    lost = Receipt(ref="lost", to="9", status=Status(state=State.UNKNOWN), channel="one")
    sent = await client.send(Message("1", "a"))
    assert [r.to async for r in client.follow([lost, sent])] == ["1"]
    with pytest.raises(Unsupported, match="no id"):
        await anext(client.follow(lost))


async def test_following_goes_on_after_a_question_without_an_answer(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = cast(ManualClock, channel(client, "one").clock)
    clock.auto_advance = True
    receipt = await client.send(Message("1", "a"))
    working, asked = channel(client, "one").status, 0

    async def failing_once(ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        nonlocal asked
        asked += 1
        if asked == 1:
            raise Unavailable("try again")
        return await working(ids, medium=medium)

    monkeypatch.setattr(channel(client, "one"), "status", failing_once)
    assert [r.status.state async for r in client.follow(receipt)] == [State.DELIVERED]


async def test_following_without_a_pause_does_not_end_early(client: AsyncClient) -> None:
    receipt = await client.send(Message("1", "a"))
    channel(client, "one").script = {"one-1": [State.ACCEPTED, State.ACCEPTED, State.DELIVERED]}
    changes = [r.status.state async for r in client.follow(receipt, interval=0)]
    assert changes == [State.DELIVERED]


async def test_following_ends_when_the_platform_has_forgotten(client: AsyncClient) -> None:
    clock = cast(ManualClock, channel(client, "one").clock)
    clock.auto_advance = True
    receipt = await client.send(Message("1", "a"))
    channel(client, "one").script = {"one-1": [State.UNKNOWN]}
    began = clock.monotonic()
    assert [r async for r in client.follow(receipt, interval=3600)] == []
    assert clock.monotonic() - began == 48 * 3600


async def test_each_message_is_followed_for_as_long_as_its_channel_remembers_it(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = cast(ManualClock, channel(client, "one").clock)
    clock.auto_advance = True
    sent = await client.send_many([Message("1", "a"), viber("2")])
    channel(client, "one").script = {"one-1": [State.ENROUTE]}
    monkeypatch.setattr(channel(client, "viber"), "remembers", timedelta(hours=72))
    channel(client, "viber").script = {"id-2": [State.ENROUTE] * 72 + [State.DELIVERED]}
    asked: list[str] = []
    for name in ("one", "viber"):
        monkeypatch.setattr(channel(client, name), "status", _noting(channel(client, name), asked))
    changes = [(r.to, r.status.state) async for r in client.follow(sent, interval=3600)]
    assert changes == [("1", State.ENROUTE), ("2", State.ENROUTE), ("2", State.DELIVERED)]
    assert (asked.count("one"), asked.count("viber")) == (49, 73)


def _noting(
    one: FakeChannel, asked: list[str]
) -> Callable[[Sequence[str]], Awaitable[list[Status]]]:
    status = one.status

    async def ask(ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        asked.append(one.name)
        return await status(ids, medium=medium)

    return ask


@pytest.mark.parametrize(
    ("send_at", "hours"),
    [
        (NOW + timedelta(days=7), 7 * 24 + 48),
        (NOW - timedelta(days=7), 48),
        # A time by the recipient's clock, which may be the last clock on earth to show it.
        ((NOW + timedelta(days=7)).replace(tzinfo=None), 7 * 24 + 12 + 48),
    ],
)
async def test_a_scheduled_message_is_followed_from_its_sending_time(
    client: AsyncClient, send_at: datetime, hours: int
) -> None:
    clock = cast(ManualClock, channel(client, "one").clock)
    clock.auto_advance = True
    receipt = await client.send(Message("1", "a", send_at=send_at))
    channel(client, "one").script = {"one-1": [State.ACCEPTED]}
    began = clock.monotonic()
    assert [r async for r in client.follow(receipt, interval=3600)] == []
    assert clock.monotonic() - began == hours * 3600


async def test_nothing_goes_out_when_one_of_several_channels_refuses_a_message(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(messages: Sequence[Message]) -> None:
        raise InvalidMessage("text", "is too long", ref=messages[0].ref)

    monkeypatch.setattr(channel(client, "viber"), "check", refuse)
    messages = [Message("1", "a"), viber("2")]
    for attempt in (client.send_many(messages), _soon(client.check, messages)):
        with pytest.raises(InvalidMessage) as caught:
            await attempt
        assert caught.value.ref == messages[1].ref
    assert channel(client, "one").sent == []


async def test_a_bug_in_one_channel_does_not_lose_what_another_sent(client: AsyncClient) -> None:
    channel(client, "viber").failures["2"] = KeyError("a bug")  # type: ignore[assignment]
    sent, lost = await client.send_many([Message("1", "a"), viber("2")])
    assert sent.ids == ("one-1",)
    assert isinstance(lost.error, OutcomeUnknown)


async def test_a_channel_that_loses_receipts_is_found_out(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lose(messages: Sequence[Message]) -> list[Receipt]:
        return []

    monkeypatch.setattr(channel(client, "one"), "send", lose)
    with pytest.raises(OutcomeUnknown, match="0 receipts for 1 messages"):
        await client.send(Message("1", "a"))


@pytest.mark.parametrize("receipts", [[], None])
async def test_a_channel_that_loses_receipts_loses_no_other_channels(
    client: AsyncClient, monkeypatch: pytest.MonkeyPatch, receipts: list[Receipt]
) -> None:
    async def lose(messages: Sequence[Message]) -> list[Receipt]:
        return receipts

    monkeypatch.setattr(channel(client, "viber"), "send", lose)
    sent, lost = await client.send_many([Message("1", "a"), viber("2")])
    assert sent.ids == ("one-1",)
    assert isinstance(lost.error, OutcomeUnknown)
    if receipts is not None:
        assert "channel 'viber' gave 0 receipts for 1 messages" in str(lost.error)


async def _soon(function: Callable[[list[Message]], None], messages: list[Message]) -> None:
    function(messages)


async def test_ids_that_could_not_be_assigned_cannot_be_followed(client: AsyncClient) -> None:
    receipt = Receipt(
        ref="r", to="1", status=Status(state=State.ACCEPTED), channel="one",
        unassigned_ids=("7", "8"),
    )  # fmt: skip
    with pytest.raises(Unsupported, match="cannot be assigned"):
        await client.status(receipt)


async def test_a_medium_that_no_channel_carries_is_unsupported(client: AsyncClient) -> None:
    with pytest.raises(Unsupported, match="VK"):
        await client.send(Message("1", "a", medium=Medium.VK))


async def test_naive_times_of_a_period_are_refused(client: AsyncClient) -> None:
    with pytest.raises(InvalidArgument, match="aware"):
        await client.inbox(datetime(2026, 1, 1), datetime.now(UTC))  # noqa: DTZ001


def test_an_unknown_channel_suggests_the_nearest() -> None:
    client = AsyncClient(CONFIG, plugins=fake_plugins())
    with pytest.raises(ConfigurationError, match=r"did you mean 'viber'\?"):
        client.channel("vibr")


async def test_without_channels_the_error_says_how_to_configure_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("DEVINO_CONFIG", raising=False)
    async with AsyncClient({}, plugins=fake_plugins()) as client:
        with pytest.raises(ConfigurationError, match="DEVINO_CONFIG"):
            await client.send(Message("1", "a"))


async def test_a_closed_client_says_so() -> None:
    with pytest.raises(RuntimeError, match="open the client first"):
        await AsyncClient(CONFIG, plugins=fake_plugins()).send(Message("1", "a"))


async def test_channels_are_closed_with_the_client() -> None:
    async with AsyncClient(CONFIG, plugins=fake_plugins()) as client:
        one = channel(client, "one")
        assert one.is_open
    assert not one.is_open
