"""What a client does by its own settings: who may get messages, repeats, whose numbers they are."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from devino_core import (
    AsyncClient,
    AuthenticationFailed,
    Channel,
    ChannelSettings,
    ChannelSpec,
    Client,
    ConfigurationError,
    ConnectFailed,
    DevinoError,
    InvalidMessage,
    Mail,
    Medium,
    Message,
    OutcomeUnknown,
    Plugins,
    Receipt,
    Rejected,
    State,
    Status,
    Takes,
    Throttled,
    Unavailable,
    Unsupported,
    read_config,
)
from devino_core.clock import ManualClock
from devino_core.dispatch import settle
from tests.core._fake import EVERYTHING, SHELF, plugin

pytestmark = pytest.mark.pythons

Outcome = DevinoError | None


class Scripted(Channel[ChannelSettings]):
    """Each call for a recipient takes the next outcome of its script; None: it is accepted."""

    takes: Mapping[Medium, Takes] = {
        Medium.SMS: EVERYTHING,
        Medium.EMAIL: Takes(contents=frozenset({str, Mail})),
    }

    def __init__(self, settings: ChannelSettings, **named: Any) -> None:
        super().__init__(settings, **named)
        self.script: dict[str, list[Outcome]] = {}
        self.asked: list[Outcome] = []
        self.batches: list[list[str]] = []
        self.at: list[float] = []

    async def send(self, messages: Sequence[Message]) -> list[Receipt]:
        self.check(messages)
        self.batches.append([message.to for message in messages])
        self.at.append(self.clock.monotonic())
        outcomes: list[Receipt | DevinoError] = []
        for message in messages:
            script = self.script.get(message.to, [])
            taken = Status(state=State.ACCEPTED)
            receipt = Receipt.of(message, taken, channel=self.name, ids=(f"id-{message.to}",))
            outcomes.append((script.pop(0) if script else None) or receipt)
        return settle(messages, outcomes, channel=self.name)

    async def balance(self) -> Decimal:
        self.at.append(self.clock.monotonic())
        if self.asked and (error := self.asked.pop(0)):
            raise error
        return Decimal(7)

    async def status(self, ids: Sequence[str], *, medium: Medium = Medium.SMS) -> list[Status]:
        await self.balance()
        return [Status(state=State.DELIVERED, id=one) for one in ids]


def plugins() -> Plugins:
    found = Plugins(discover=False)
    kind = ChannelSpec(
        name="scripted",
        summary="A channel without a wire.",
        media=frozenset(Scripted.takes),
        settings=ChannelSettings,
        load=SHELF.put(lambda: Scripted),
    )
    found.register(plugin(kind), "scripted")
    return found


@asynccontextmanager
async def opened(**settings: Any) -> AsyncIterator[tuple[AsyncClient, Scripted]]:
    clock = ManualClock(auto_advance=True)
    async with AsyncClient({"scripted": {}}, plugins=plugins(), clock=clock, **settings) as client:
        yield client, client.channel("scripted", Scripted)


# Where the settings come from


def test_settings_come_from_file_environment_and_arguments(tmp_path: Path) -> None:
    file = tmp_path / "devino.toml"
    file.write_text('[client]\nretries = 2\nonly_to = ["7903*"]\ndefault_region = "RU"\n')
    for kind in (Client, AsyncClient):
        told = kind(read_config(file, environ={}), plugins=plugins()).settings
        assert (told.retries, told.only_to, told.default_region) == (2, ("7903*",), "RU")
        environ = {"DEVINO__CLIENT__RETRIES": "5", "DEVINO__CLIENT__ONLY_TO": "7903*, a@b.example,"}
        told = kind(read_config(file, environ=environ), plugins=plugins()).settings
        assert (told.retries, told.only_to) == (5, ("7903*", " a@b.example"))
        config = read_config(file, environ=environ)
        told = kind(config, plugins=plugins(), retries=0, only_to=[], default_region="kz").settings
        assert (told.retries, told.only_to, told.default_region) == (0, (), "KZ")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"retrys": 1}, r"the client has no setting 'retrys': did you mean 'retries'\?"),
        ({"retries": -1}, "the client: retries: expected a whole number >= 0"),
        ({"retries": "many"}, "the client: retries: expected a whole number, got a text"),
        ({"only_to": 7903}, "the client: only_to: expected a list"),
        ({"only_to": ["+"]}, r"the client's only_to: '\+' names nobody"),
        ({"default_region": "Russia"}, "the client's default_region: 'RUSSIA' is no country"),
    ],
)
def test_a_wrong_setting_is_named_with_what_to_do(settings: dict[str, object], says: str) -> None:
    config = read_config(environ={})
    config.reserved["client"] = settings
    with pytest.raises(ConfigurationError, match=says):
        AsyncClient(config, plugins=plugins())


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_who_gives_one_channels_settings_is_shown_the_right_form(kind: type[Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        kind({"login": "a", "password": "hunter2"}, plugins=plugins())
    assert str(caught.value) == (
        "channels maps names to tables, as in {'rest': {'login': ...}}; 'login' is a string"
    )
    with pytest.raises(ConfigurationError, match=r"services maps names .* 'key' is of type int"):
        kind({}, services={"key": 17}, plugins=plugins())


# only_to


@pytest.mark.parametrize(
    ("only_to", "to", "goes"),
    [
        (["7903*"], "+7 (903) 123-45-67", True),
        (["+7 903 *"], "89031234567", True),
        (["7903*"], "79161234567", False),
        (["*"], "79161234567", True),
        (["79031234567"], "79031234568", False),
        ([], "79031234567", False),
        (["7903.*"], "79031234567", True),
        (["79031234567 "], "79031234567", True),
    ],
)
async def test_only_those_who_are_named_get_messages(
    only_to: list[str], to: str, *, goes: bool
) -> None:
    async with opened(only_to=only_to) as (client, channel):
        receipt = await client.send(Message(to, "Hello"))
        assert bool(channel.batches) is goes
        assert receipt.refused is not goes


async def test_what_is_held_back_gets_a_receipt_that_says_why_and_the_rest_goes() -> None:
    async with opened(only_to=["7903*", "*@shop.example"]) as (client, channel):
        receipts = await client.send_many(
            [
                Message("79161234567", "a", ref="held"),
                Message("79031234567", "b", ref="sent"),
                Message("Anna@Shop.Example", Mail("a", "b"), medium=Medium.EMAIL, ref="mail"),
                Message("anna@example.org", Mail("a", "b"), medium=Medium.EMAIL, ref="other"),
            ]
        )
    assert channel.batches == [["79031234567", "Anna@Shop.Example"]]
    assert [receipt.ref for receipt in receipts] == ["held", "sent", "mail", "other"]
    held = receipts[0]
    assert (held.status.state, held.status.description) == (State.REJECTED, "not in only_to")
    assert (held.parts, held.channel, held.ids) == (0, "scripted", ())
    assert isinstance(held.error, Rejected)
    assert [receipt.refused for receipt in receipts] == [True, False, False, True]


async def test_a_fallback_that_would_reach_somebody_else_holds_the_message_back() -> None:
    other = Message("79161234567", "instead")
    async with opened(only_to=["7903*"]) as (client, channel):
        receipt = await client.send(Message("79031234567", "a", fallback=other))
        assert (receipt.refused, channel.batches) == (True, [])


async def test_a_message_that_cannot_be_sent_is_refused_in_staging_too() -> None:
    wrong = Message("79161234567", Mail("a", "b"))
    async with opened(only_to=["7903*"]) as (client, channel):
        with pytest.raises(Unsupported):
            await client.send(wrong)
        with pytest.raises(Unsupported):
            await client.send_many([Message("79031234567", "a"), wrong])
        assert channel.batches == []


# retries


async def test_a_safe_error_is_tried_again_after_pauses_that_double() -> None:
    async with opened(retries=3) as (client, channel):
        channel.script["79031234567"] = [ConnectFailed("no"), Throttled("slow"), Unavailable("no")]
        receipt = await client.send(Message("79031234567", "Hello"))
    assert receipt.ids == ("id-79031234567",)
    pauses = [later - earlier for earlier, later in zip(channel.at, channel.at[1:], strict=False)]
    assert len(pauses) == 3
    for pause, longest in zip(pauses, (0.5, 1.0, 2.0), strict=True):
        assert longest / 2 <= pause <= longest


async def test_the_last_error_is_raised_when_the_retries_are_used_up() -> None:
    async with opened(retries=2) as (client, channel):
        channel.script["79031234567"] = [ConnectFailed(f"{n}") for n in range(9)]
        with pytest.raises(ConnectFailed, match="2") as caught:
            await client.send(Message("79031234567", "Hello", ref="r"))
    assert len(channel.batches) == 3
    assert caught.value.refs == ("r",)


@pytest.mark.parametrize(
    "error",
    [OutcomeUnknown("lost"), AuthenticationFailed("who?"), InvalidMessage("to", "no")],
)
async def test_what_may_not_be_repeated_is_not(error: DevinoError) -> None:
    async with opened(retries=5) as (client, channel):
        channel.script["79031234567"] = [error]
        with pytest.raises(type(error)):
            await client.send(Message("79031234567", "Hello"))
        assert len(channel.batches) == 1


async def test_without_retries_nothing_is_repeated() -> None:
    async with opened() as (client, channel):
        channel.script["79031234567"] = [ConnectFailed("no")]
        with pytest.raises(ConnectFailed):
            await client.send(Message("79031234567", "Hello"))
        assert len(channel.batches) == 1


async def test_only_the_messages_of_a_bulk_that_failed_safely_go_again() -> None:
    numbers = ["79031234501", "79031234502", "79031234503", "79031234504"]
    async with opened(retries=3) as (client, channel):
        channel.script[numbers[1]] = [Throttled("slow"), Throttled("slow")]
        channel.script[numbers[2]] = [OutcomeUnknown("lost")]
        channel.script[numbers[3]] = [Rejected("no", code=8)]
        receipts = await client.send_many([Message(to, "Hello") for to in numbers])
    assert channel.batches == [numbers, [numbers[1]], [numbers[1]]]
    states = [receipt.status.state for receipt in receipts]
    assert states == [State.ACCEPTED, State.ACCEPTED, State.UNKNOWN, State.REJECTED]
    assert [receipt.to for receipt in receipts] == numbers


async def test_a_pause_that_the_other_side_asks_for_is_kept() -> None:
    async with opened(retries=1) as (client, channel):
        channel.script["79031234567"] = [Throttled("slow", retry_after=45)]
        await client.send(Message("79031234567", "Hello"))
    assert channel.at[1] - channel.at[0] == 45


async def test_a_wait_of_more_than_a_minute_is_left_to_the_caller() -> None:
    async with opened(retries=5) as (client, channel):
        channel.script["79031234567"] = [Throttled("slow", retry_after=61)]
        with pytest.raises(Throttled) as caught:
            await client.send(Message("79031234567", "Hello"))
        assert (len(channel.batches), caught.value.retry_after) == (1, 61)


async def test_questions_are_asked_again_too() -> None:
    async with opened(retries=2) as (client, channel):
        channel.asked = [Unavailable("no"), ConnectFailed("no")]
        assert await client.balance() == 7
        receipt = await client.send(Message("79031234567", "Hello"))
        channel.asked = [Unavailable("no")]
        assert (await client.status(receipt)).state is State.DELIVERED
        channel.asked = [Unavailable(f"{n}") for n in range(3)]
        with pytest.raises(Unavailable, match="2"):
            await client.balance()


async def test_a_cancelled_pause_sends_nothing_more() -> None:
    clock = ManualClock()
    async with AsyncClient({"scripted": {}}, plugins=plugins(), clock=clock, retries=9) as client:
        channel = client.channel("scripted", Scripted)
        channel.script["79031234567"] = [ConnectFailed("no")]
        sending = asyncio.create_task(client.send(Message("79031234567", "Hello")))
        await clock.tick(0.1)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await clock.tick(60)
        assert len(channel.batches) == 1


# default_region


async def test_numbers_are_read_by_the_region_and_receipts_keep_the_senders_spelling() -> None:
    async with opened(default_region="RU", only_to=["7*"]) as (client, channel):
        written = ["903 123-45-67", "8 (495) 123-45-67", "+9031234567"]
        receipts = await client.send_many([Message(to, "Hello") for to in written])
        assert channel.batches == [["+79031234567", "+74951234567"]]
        assert [receipt.to for receipt in receipts] == written
        assert [receipt.refused for receipt in receipts] == [False, False, True]
        await client.send(
            Message("9031234567", "a", fallback=Message("9031234568", "b"), sender="DEVINO")
        )
        assert channel.batches[1:] == [["+79031234567"]]


async def test_an_address_that_is_no_number_is_left_to_the_channel() -> None:
    async with opened(default_region="RU") as (client, channel):
        await client.send(Message("anna@example.org", Mail("a", "b"), medium=Medium.EMAIL))
        await client.send(Message("@anna", "a"))
        assert channel.batches == [["anna@example.org"], ["@anna"]]


def test_a_region_without_its_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "phonenumbers", None)
    with pytest.raises(ConfigurationError, match=re.escape('pip install "devino[phone]"')):
        AsyncClient({"scripted": {}}, plugins=plugins(), default_region="RU")


@pytest.mark.parametrize("kind", ["rest", "viber"])
def test_a_setting_that_a_channel_refuses_is_told_with_the_channel_s_name(kind: str) -> None:
    settings = {"kind": kind, "login": "me", "password": "p", "base_url": "integrationapi.net"}
    with pytest.raises(ConfigurationError, match=r"^channel 'second': base_url must be"):
        Client({"second": settings})


# A plugin with a bug


@pytest.mark.parametrize(
    "settings", [{}, {"retries": 2}, {"only_to": ["7903*"]}, {"default_region": "RU"}]
)
@pytest.mark.parametrize("count", [1, 2])
async def test_too_few_receipts_are_an_unknown_outcome_whatever_the_settings(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any], count: int
) -> None:
    numbers = ["79031234501", "79031234502"]
    asked = 0

    async def lose(messages: Sequence[Message]) -> list[Receipt]:
        nonlocal asked
        asked += 1
        return []

    async with opened(**settings) as (client, channel):
        monkeypatch.setattr(channel, "send", lose)
        messages = [Message(number, "Hello") for number in numbers[:count]]
        attempts: list[Awaitable[object]] = [client.send_many(messages)]
        if count == 1:
            attempts.append(client.send(messages[0]))
        for attempt in attempts:
            told = f"channel 'scripted' gave 0 receipts for {count} messages"
            with pytest.raises(OutcomeUnknown, match=told) as caught:
                await attempt
            assert caught.value.refs == tuple(message.ref for message in messages)
    assert asked == len(attempts)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("smpp", {"login": "me", "password": "123456789"}),
        ("ftp", {"login": "me", "password": "a b", "directory": "/in", "encoding": "klingon"}),
        ("email-smtp", {"login": "me", "password": "p", "host": "a b"}),
    ],
)
def test_a_channel_that_names_itself_is_named_once(kind: str, settings: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        AsyncClient({kind: settings}, plugins=Plugins(environ={}))
    assert str(caught.value).count(f"channel '{kind}'") == 1
