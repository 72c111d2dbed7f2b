"""One rule if the caller names no channel: the default if it can, else the first that can."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from devino_core import (
    AsyncClient,
    Capability,
    ChannelSpec,
    Client,
    ConfigurationError,
    Event,
    Incoming,
    Medium,
    Message,
    Plugins,
    Receipt,
    State,
    Status,
    Unsupported,
)
from tests.core._fake import FakeChannel, FakeSettings, FakeViberChannel, fake_plugins, plugin, spec

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


class Rich(FakeChannel):
    """Can everything."""

    async def balance(self) -> Decimal:
        return Decimal(7)

    async def inbox(self, since: datetime, until: datetime) -> list[Incoming]:
        return [Incoming(id="1", at=since, channel=self.name, sender="1", to="2", text="hi")]

    async def events(self) -> AsyncIterator[Event]:
        yield Event(id="1", at=NOW, channel=self.name)


class Muted(Rich):
    """A channel whose settings let it only listen."""

    async def open(self) -> None:
        await super().open()
        self.media = frozenset()

    @property
    def capabilities(self) -> frozenset[Capability]:
        return frozenset({Capability.EVENTS})


def plugins() -> Plugins:
    found = fake_plugins()
    found.register(plugin(spec("rich", Rich), spec("muted", Muted)), "rich")
    return found


def client(*kinds: str, default: str | None = None) -> AsyncClient:
    channels = {kind: {"token": "t"} for kind in kinds}
    return AsyncClient(channels, default=default, plugins=plugins())


async def test_the_first_channel_that_can_is_asked() -> None:
    async with client("fake", "rich") as asked:
        assert await asked.balance() == 7
        assert [one.channel for one in await asked.inbox(NOW - DAY, NOW)] == ["rich"]
        assert [event.channel async for event in asked.events()] == ["rich"]
        with pytest.raises(Unsupported, match="'fake'"):
            await asked.balance(channel="fake")


async def test_a_default_that_cannot_is_skipped() -> None:
    async with client("muted", "rich", "fake", default="fake") as asked:
        assert await asked.balance() == 7
        assert asked.channel_for(medium=Medium.SMS).name == "fake"
        assert asked.channel_for(Capability.EVENTS).name == "muted"


async def test_a_kind_finds_the_channels_of_its_class() -> None:
    async with client("fake", "muted", "rich", default="fake") as asked:
        assert asked.channel_for(kind=Rich).name == "rich"
        assert asked.channel_for(Capability.EVENTS, kind=Rich).name == "muted"
        with pytest.raises(ConfigurationError, match="'fake' is a FakeChannel, not a Rich"):
            asked.channel_for(kind=Rich, channel="fake")
    async with client("fake") as asked:
        with pytest.raises(Unsupported, match=r"is a Rich; kinds that could, .*: muted, rich$"):
            asked.channel_for(kind=Rich)


async def test_the_settings_of_a_channel_decide_and_not_its_class() -> None:
    async with client("muted", "fake") as asked:
        assert (await asked.send(Message("1", "a"))).channel == "fake"
        assert (await asked.send_many([Message("1", "a")]))[0].channel == "fake"
        assert asked.channel_for(Capability.STATUS, medium=Medium.SMS).name == "fake"
        could = r"tells the balance; kinds that could, .*: muted, rich"
        with pytest.raises(Unsupported, match=could):
            await asked.balance()


async def test_if_no_channel_can_the_error_lists_the_kinds_that_could() -> None:
    async with client("fake") as asked:
        with pytest.raises(Unsupported, match=r"carries VIBER; kinds that could, .*: fake-viber$"):
            await asked.send(Message("1", "a", medium=Medium.VIBER))
        with pytest.raises(Unsupported, match=r"carries VK; kinds .*: none that is installed$"):
            await asked.send(Message("1", "a", medium=Medium.VK))
        with pytest.raises(Unsupported, match=r"pushes events; .*: muted, rich$"):
            await anext(asked.events())


async def test_a_kind_that_cannot_be_imported_is_not_suggested() -> None:
    found = plugins()
    lacking = ChannelSpec(
        name="lacking", summary="", media=frozenset({Medium.VK}), settings=FakeSettings,
        load="acme_lacking:Acme",
    )  # fmt: skip
    found.register(plugin(lacking), "lacking")
    asked = AsyncClient({"fake": {"token": "t"}}, plugins=found)
    with pytest.raises(Unsupported, match=r"asked about VK messages; .*: none that is installed"):
        asked.channel_for(Capability.STATUS, medium=Medium.VK)


async def test_a_receipt_without_a_channel_goes_to_one_that_knows_its_medium() -> None:
    receipt = Receipt(
        ref="r", to="1", ids=("7",), medium=Medium.VIBER, status=Status(state=State.ACCEPTED)
    )
    async with client("fake", "fake-viber") as asked:
        viber = asked.channel("fake-viber", FakeViberChannel)
        viber.script = {"7": [State.READ]}
        assert (await asked.status(receipt)).state is State.READ


def test_the_channel_can_be_found_out_beforehand() -> None:
    blocking = Client({"fake": {"token": "t"}, "rich": {"token": "t"}}, plugins=plugins())
    assert blocking.channel_for(Capability.BALANCE).name == "rich"
    assert blocking.channel_for(channel="fake").name == "fake"
    with pytest.raises(ConfigurationError, match="did you mean 'rich'"):
        blocking.channel_for(Capability.BALANCE, channel="rihc")
