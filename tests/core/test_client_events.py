"""Events of a channel, through the client."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime

import pytest

from devino_core import AsyncClient, Client, Event
from tests.core._fake import FakeChannel, fake_plugins, plugin, spec


class Pushing(FakeChannel):
    """Gives an event again if the iterator is closed on it."""

    given_back: list[str]

    async def open(self) -> None:
        await super().open()
        self.given_back = []

    async def events(self) -> AsyncIterator[Event]:
        for number in range(3):
            event = Event(id=str(number), at=datetime.now(UTC), channel=self.name)
            try:
                yield event
            except GeneratorExit:
                self.given_back.append(event.id)
                raise


CONFIG = {"pushing": {"token": "t"}}


@pytest.fixture
def client() -> AsyncClient:
    plugins = fake_plugins()
    plugins.register(plugin(spec("pushing", Pushing)), "pushing")
    return AsyncClient(CONFIG, plugins=plugins)


async def test_an_event_is_given_back_at_once_when_the_iteration_ends(client: AsyncClient) -> None:
    async with client:
        events = client.events()
        assert (await anext(events)).id == "0"
        assert isinstance(events, AsyncGenerator)
        await events.aclose()
        assert client.channel("pushing", Pushing).given_back == ["0"]


def test_so_it_is_for_code_that_blocks() -> None:
    plugins = fake_plugins()
    plugins.register(plugin(spec("pushing", Pushing)), "pushing")
    with Client(CONFIG, plugins=plugins) as client:
        events = client.events()
        assert [next(events).id, next(events).id] == ["0", "1"]
        del events
        assert client.channel("pushing", Pushing).given_back == ["1"]
