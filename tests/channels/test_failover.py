"""One channel instead of the other, where nothing can be sent twice by it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from devino_core import (
    AsyncClient,
    AuthenticationFailed,
    Capability,
    Card,
    Channel,
    ChannelSettings,
    ChannelSpec,
    ConfigurationError,
    ConnectFailed,
    DevinoError,
    Expressible,
    InsufficientFunds,
    InvalidMessage,
    Medium,
    Message,
    OutcomeUnknown,
    Plugins,
    Receipt,
    Rejected,
    Retry,
    State,
    Status,
    Takes,
    Throttled,
    Unsupported,
)
from devino_core.clock import ManualClock
from devino_core.dispatch import settle
from devino_core.testing import ChannelConformance
from devino_plugins import failover
from devino_plugins.failover import FailoverChannel
from tests.channels._everything import everything
from tests.core._fake import SHELF, plugin

pytestmark = pytest.mark.pythons
(SPEC,) = failover.devino_channels()

CHANNELS: Mapping[str, Mapping[str, object]] = {
    "main": {"kind": "failover", "channels": ["one", "two"]},
    "one": {"kind": "fake"},
    "two": {"kind": "fake"},
}
NUMBERS = ["79031234501", "79031234502", "79031234503"]


class Fake(Channel[ChannelSettings]):
    """Fails each message as ``failures`` says, by number or whole (``""``)."""

    takes: Mapping[Medium, Takes] = {
        Medium.SMS: Takes(expresses=frozenset(Expressible)),
        Medium.VIBER: Takes(contents=frozenset({str, Card})),
    }
    longest = 100

    def __init__(self, settings: ChannelSettings, **named: Any) -> None:
        super().__init__(settings, **named)
        self.failures: dict[str, DevinoError | Exception] = {}
        self.batches: list[list[Message]] = []

    def check(self, messages: Sequence[Message]) -> None:
        self.check_takes(messages)
        for message in messages:
            if len(message.text) > self.longest:
                raise InvalidMessage("content", "is too long", ref=message.ref)

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        self.check(messages)
        self.batches.append(list(messages))
        whole = self.failures.get("")
        if whole is not None:
            raise whole
        outcomes: list[Receipt | DevinoError] = []
        for message in messages:
            failure = self.failures.get(message.to)
            taken = Status(state=State.ACCEPTED)
            receipt = Receipt.of(message, taken, channel=self.name, ids=(f"{message.ref}",))
            outcomes.append(failure if isinstance(failure, DevinoError) else receipt)
        return settle(messages, outcomes, channel=self.name)

    async def balance(self) -> Decimal:
        return Decimal(len(self.name))


class Plain(Fake):
    takes: Mapping[Medium, Takes] = {Medium.SMS: Takes(), Medium.VIBER: Takes()}
    longest = 10


class Mailing(Fake):
    takes: Mapping[Medium, Takes] = {Medium.EMAIL: Takes()}


def _plugins() -> Plugins:
    def spec(name: str, kind: type[Fake]) -> ChannelSpec:
        return ChannelSpec(
            name=name,
            summary="A channel without a wire.",
            media=frozenset(kind.takes),
            settings=ChannelSettings,
            load=SHELF.put(lambda: kind),
        )

    found = Plugins(discover=False)
    kinds = spec("fake", Fake), spec("plain", Plain), spec("mailing", Mailing)
    found.register(plugin(*kinds), "fakes")
    found.register(failover, "failover")
    return found


@asynccontextmanager
async def opened(
    channels: Mapping[str, Mapping[str, object]] = CHANNELS, clock: ManualClock | None = None
) -> AsyncIterator[tuple[AsyncClient, Fake, Fake]]:
    clock = clock or ManualClock()
    async with AsyncClient(channels, default="main", plugins=_plugins(), clock=clock) as client:
        yield client, client.channel("one", Fake), client.channel("two", Fake)


def sent(channel: Fake) -> list[list[str]]:
    return [[message.to for message in call] for call in channel.batches]


@asynccontextmanager
async def _of_memories() -> AsyncIterator[Channel[ChannelSettings]]:
    memories: dict[str, Mapping[str, object]] = {name: {"kind": "memory"} for name in ("a", "b")}
    main = {"failover": {"channels": "a, b"}}
    async with AsyncClient(memories | main, plugins=Plugins(environ={})) as client:
        yield client.channel("failover")


def _broken(*errors: DevinoError | None) -> Any:
    @asynccontextmanager
    async def connected() -> AsyncIterator[Channel[ChannelSettings]]:
        async with opened() as (client, *members):
            for member, error in zip(members, errors, strict=True):
                if error is not None:
                    member.failures[""] = error
            yield client.channel("main")

    return connected


class TestFailover(ChannelConformance):
    spec = SPEC
    carries = tuple(everything())
    sent_by = ("a", "b")
    faults = (
        (_broken(ConnectFailed("no"), ConnectFailed("no")), ConnectFailed),
        (_broken(ConnectFailed("no"), OutcomeUnknown("lost")), OutcomeUnknown),
        (_broken(OutcomeUnknown("lost"), None), Retry.MAY_DUPLICATE),
        (_broken(AuthenticationFailed("no"), None), AuthenticationFailed),
        (_broken(ConnectFailed("no"), InsufficientFunds("no")), InsufficientFunds),
    )

    def connected(self) -> Any:
        return _of_memories()

    def message(self, number: int) -> Message:
        return Message(f"7916000{number:04}", f"Message {number}", sender="DEVINO")


async def test_the_first_channel_sends_and_its_receipt_names_it() -> None:
    async with opened() as (client, one, two):
        receipt = await client.send(Message(NUMBERS[0], "Hello"))
        assert (receipt.channel, sent(one), sent(two)) == ("one", [[NUMBERS[0]]], [])


@pytest.mark.parametrize("error", [ConnectFailed("no"), Throttled("slow")])
async def test_what_was_safely_not_sent_is_sent_by_the_next(error: DevinoError) -> None:
    async with opened() as (client, one, two):
        one.failures[""] = error
        receipt = await client.send(Message(NUMBERS[0], "Hello", ref="r"))
        assert (receipt.channel, receipt.ref, sent(two)) == ("two", "r", [[NUMBERS[0]]])


@pytest.mark.parametrize(
    "error",
    [
        OutcomeUnknown("lost"),
        AuthenticationFailed("who?"),
        InsufficientFunds("no money"),
        ConnectFailed("no trust", retry=Retry.NEVER),
    ],
)
async def test_after_any_other_error_no_other_channel_is_tried(error: DevinoError) -> None:
    async with opened() as (client, one, two):
        one.failures[""] = error
        with pytest.raises(type(error)):
            await client.send(Message(NUMBERS[0], "Hello"))
        assert two.batches == []


async def test_only_those_messages_of_a_bulk_go_on_that_were_safely_not_sent() -> None:
    async with opened() as (client, one, two):
        one.failures = {NUMBERS[1]: Throttled("slow"), NUMBERS[2]: OutcomeUnknown("lost")}
        receipts = await client.send_many([Message(to, "Hello") for to in NUMBERS])
        assert (sent(one), sent(two)) == ([NUMBERS], [[NUMBERS[1]]])
    assert [receipt.channel for receipt in receipts] == ["one", "two", "one"]
    assert [receipt.to for receipt in receipts] == NUMBERS
    assert isinstance(receipts[2].error, OutcomeUnknown)


async def test_what_one_channel_sent_is_not_lost_when_the_next_one_fails() -> None:
    async with opened() as (client, one, two):
        one.failures = {NUMBERS[1]: Throttled("slow"), NUMBERS[2]: Throttled("slow")}
        two.failures = {NUMBERS[1]: Rejected("no", code=8), NUMBERS[2]: OutcomeUnknown("lost")}
        receipts = await client.send_many([Message(to, "Hello") for to in NUMBERS])
    states = [receipt.status.state for receipt in receipts]
    assert states == [State.ACCEPTED, State.REJECTED, State.UNKNOWN]


async def test_a_bug_of_a_channel_is_no_reason_to_send_again() -> None:
    async with opened() as (client, one, two):
        one.failures[""] = KeyError("bug")
        with pytest.raises(OutcomeUnknown, match="a bug ended the call"):
            await client.send(Message(NUMBERS[0], "Hello"))
        assert two.batches == []


async def test_a_channel_that_failed_rests_and_is_then_the_first_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    clock = ManualClock()
    async with opened(clock=clock) as (client, one, two):
        one.failures[""] = ConnectFailed("nobody there")
        with caplog.at_level(logging.WARNING, "devino.failover"):
            await client.send(Message(NUMBERS[0], "1"))
        assert caplog.messages == ["main: channel one rests for 60 s: nobody there"]
        one.failures.clear()
        clock.advance(59)
        await client.send(Message(NUMBERS[1], "2"))
        assert (sent(one), sent(two)) == ([[NUMBERS[0]]], [[NUMBERS[0]], [NUMBERS[1]]])
        clock.advance(1)
        receipt = await client.send(Message(NUMBERS[2], "3"))
        assert receipt.channel == "one"


async def test_a_longer_pause_that_a_channel_asks_for_is_kept() -> None:
    clock = ManualClock()
    async with opened(clock=clock) as (client, one, _):
        one.failures[""] = Throttled("slow", retry_after=300)
        await client.send(Message(NUMBERS[0], "1"))
        one.failures.clear()
        clock.advance(299)
        assert (await client.send(Message(NUMBERS[0], "2"))).channel == "two"
        clock.advance(1)
        assert (await client.send(Message(NUMBERS[0], "3"))).channel == "one"


async def test_when_all_rest_they_are_tried_all_the_same() -> None:
    clock = ManualClock()
    async with opened(clock=clock) as (client, one, two):
        one.failures[""] = Throttled("slow", retry_after=300)
        two.failures[""] = ConnectFailed("no")
        with pytest.raises(ConnectFailed):
            await client.send(Message(NUMBERS[0], "1"))
        one.failures.clear()
        two.failures.clear()
        # That of the two whose rest ends first.
        assert (await client.send(Message(NUMBERS[0], "2"))).channel == "two"


async def test_every_channel_must_be_able_to_send_a_message() -> None:
    channels = {**CHANNELS, "two": {"kind": "plain"}}
    async with opened(channels) as (client, one, _):
        main = client.channel("main")
        assert main.takes == {Medium.SMS: Takes(), Medium.VIBER: Takes()}
        for message, error in (
            (Message(NUMBERS[0], "a", validity=timedelta(hours=1)), Unsupported),
            (Message(NUMBERS[0], Card("a"), medium=Medium.VIBER), Unsupported),
            (Message(NUMBERS[0], "a" * 11), InvalidMessage),
        ):
            with pytest.raises(error):
                client.check([message])
            with pytest.raises(error):
                await client.send(message)
        assert one.batches == []


async def test_it_can_do_what_the_first_one_can() -> None:
    async with opened() as (client, *_):
        main = client.channel("main", FailoverChannel)
        assert main.capabilities == {Capability.BALANCE}
        assert await client.balance() == len("one")
        with pytest.raises(Unsupported):
            await main.inbox(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))


async def test_its_sender_is_that_of_messages_that_name_none() -> None:
    channels = {**CHANNELS, "main": {**CHANNELS["main"], "sender": "SHOP"}}
    async with opened(channels) as (client, one, _):
        await client.send_many([Message(NUMBERS[0], "a"), Message(NUMBERS[1], "b", sender="X")])
        assert [message.sender for message in one.batches[0]] == ["SHOP", "X"]


async def test_the_status_is_asked_of_the_channel_that_sent() -> None:
    memories: dict[str, Mapping[str, object]] = {name: {"kind": "memory"} for name in ("a", "b")}
    channels = {"main": {"kind": "failover", "channels": ["a", "b"]}, **memories}
    async with AsyncClient(channels, default="main", plugins=Plugins(environ={})) as client:
        receipt = await client.send(Message("79990000046", "Hello"))
        assert receipt.channel == "a"
        assert (await client.status(receipt)).state is State.EXPIRED


def _of(names: Iterable[str] | str, **more: Mapping[str, object]) -> Mapping[str, Any]:
    return {**CHANNELS, "main": {"kind": "failover", "channels": names}, **more}


@pytest.mark.parametrize(
    ("channels", "says"),
    [
        (_of(["one", "tow"]), r"no other channel is named 'tow': did you mean 'two'\?"),
        (_of(["main"]), "no other channel is named 'main'"),
        (_of([]), "channels: names none"),
        (_of(" , "), "channels: names none"),
        (_of("one, one"), "one is named twice"),
        (
            _of(["one", "mail"], mail={"kind": "mailing"}),
            "nothing can be sent by both one and mail",
        ),
        (
            _of(["second"], second={"kind": "failover", "channels": ["one"]}),
            "'second' is a failover, too: name its channels",
        ),
    ],
)
def test_channels_that_make_no_failover_are_refused(
    channels: Mapping[str, Mapping[str, object]], says: str
) -> None:
    with pytest.raises(ConfigurationError, match=says) as caught:
        AsyncClient(channels, plugins=_plugins())
    assert "channel 'main': channels" in str(caught.value)
