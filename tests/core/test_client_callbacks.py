"""Clients receive callbacks too: the sources of plugins, given to one function."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from types import SimpleNamespace

import pytest

from devino_core import (
    AsyncClient,
    Client,
    ConfigurationError,
    Event,
    Message,
    PluginError,
    Plugins,
    Secret,
    hookimpl,
)
from devino_core.callbacks import CallbackSpec
from devino_core.testing import ManualClock
from tests.core._callbacks import MESSAGES, REPORTS, SECRET, Application, posted, request, settle
from tests.core._fake import fake_plugins

CONFIG = {"fake": {"token": "t"}}


def bringing(*specs: CallbackSpec) -> object:
    @hookimpl
    def devino_callbacks() -> Iterable[CallbackSpec]:
        return specs

    return SimpleNamespace(devino_callbacks=devino_callbacks)


@pytest.fixture
def plugins() -> Plugins:
    plugins = fake_plugins()
    plugins.register(bringing(REPORTS, MESSAGES), "sources")
    return plugins


@pytest.fixture
async def client(plugins: Plugins) -> AsyncIterator[AsyncClient]:
    async with AsyncClient(CONFIG, plugins=plugins, clock=ManualClock()) as client:
        yield client


def test_plugins_bring_sources_by_name(plugins: Plugins) -> None:
    assert list(plugins.callbacks()) == ["messages", "reports"]
    assert plugins.callback_spec("reports") is REPORTS


def test_an_unknown_source_suggests_the_nearest(plugins: Plugins) -> None:
    with pytest.raises(ConfigurationError, match="'report': did you mean 'reports'"):
        plugins.callback_spec("report")
    with pytest.raises(ConfigurationError, match="known are messages, reports"):
        plugins.callback_spec("xyz")


def test_two_plugins_with_one_source_name_are_both_named(plugins: Plugins) -> None:
    plugins.register(bringing(REPORTS), "others", origin="others 1.2")
    with pytest.raises(
        PluginError, match=r"a source 'reports': registered in code and others 1\.2"
    ):
        plugins.callbacks()


async def test_a_client_receives_for_all_that_plugins_bring(client: AsyncClient) -> None:
    application = Application()
    client.callbacks(application, secrets=[Secret(SECRET)])
    assert (await client.handle_callback(posted("1"))).status == 200
    asked = request(path=f"/{SECRET}/messages", body=b"Hello")
    assert (await client.handle_callback(asked)).status == 200
    assert application.ids == ["1:READ", "Hello"]


@pytest.mark.parametrize("source", ["reports", REPORTS], ids=["named", "one's own"])
async def test_a_client_receives_for_the_sources_that_it_is_given(
    client: AsyncClient, source: str | CallbackSpec
) -> None:
    client.callbacks(Application(), secrets=[Secret(SECRET)], sources=[source])
    assert (await client.handle_callback(posted("1"))).status == 200
    asked = request(path=f"/{SECRET}/messages", body=b"Hello")
    assert (await client.handle_callback(asked)).status == 404


async def test_the_receiver_must_be_made_first_and_only_once(client: AsyncClient) -> None:
    with pytest.raises(RuntimeError, match="no receiver yet"):
        await client.handle_callback(posted("1"))
    client.callbacks(print, secrets=[Secret(SECRET)])
    with pytest.raises(RuntimeError, match="receives already"):
        client.callbacks(print, secrets=[Secret(SECRET)])


async def test_a_client_without_sources_says_so() -> None:
    async with AsyncClient(CONFIG, plugins=fake_plugins()) as client:
        with pytest.raises(ConfigurationError, match="callbacks need a source"):
            client.callbacks(print, secrets=[Secret(SECRET)])


async def test_closing_the_client_waits_for_takes_under_way(plugins: Plugins) -> None:
    application = Application()
    client = AsyncClient(CONFIG, plugins=plugins, clock=ManualClock())
    await client.open()
    client.callbacks(application, secrets=[Secret(SECRET)])
    application.busy()
    posting = asyncio.create_task(client.handle_callback(posted("1")))
    await settle()
    closing = asyncio.create_task(client.aclose())
    await settle()
    assert not closing.done()
    application.free()
    await closing
    assert (await posting).status == 200
    with pytest.raises(RuntimeError, match="open the client first"):
        await client.handle_callback(posted("2"))


@pytest.fixture
def blocking(plugins: Plugins) -> Iterator[Client]:
    with Client(CONFIG, plugins=plugins) as client:
        yield client


def test_a_blocking_client_answers_in_any_thread_and_its_take_may_use_it(blocking: Client) -> None:
    receipts: list[str] = []
    threads: set[int] = set()

    def take(event: Event) -> str:
        threads.add(threading.get_ident())
        receipts.append(blocking.send(Message("79031234567", event.id)).ref)
        return "Thanks"

    blocking.callbacks(take, secrets=[Secret(SECRET)])
    statuses: list[int] = []

    def post(number: int) -> None:
        statuses.append(blocking.handle_callback(posted(str(number))).status)

    posting = [threading.Thread(target=post, args=(number % 10,)) for number in range(20)]
    for thread in posting:
        thread.start()
    for thread in posting:
        thread.join()
    assert statuses == [200] * 20
    # Each request was repeated, but its event was taken once.
    assert len(receipts) == 10
    assert threading.get_ident() not in threads
    answer = blocking.handle_callback(request(path=f"/{SECRET}/messages", body=b"Hello"))
    assert answer.body == b"{sms=Thanks}"


def test_closing_a_blocking_client_lets_threads_get_their_answers(plugins: Plugins) -> None:
    begun, free = threading.Event(), threading.Event()

    def take(event: Event) -> None:
        begun.set()
        free.wait(60)

    statuses: list[int] = []
    client = Client(CONFIG, plugins=plugins)
    client.open()
    client.callbacks(take, secrets=[Secret(SECRET)])
    posting = threading.Thread(
        target=lambda: statuses.append(client.handle_callback(posted("1")).status)
    )
    posting.start()
    assert begun.wait(60)
    threading.Timer(0.05, free.set).start()
    client.close()
    posting.join(60)
    assert statuses == [200]
