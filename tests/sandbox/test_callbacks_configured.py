"""What the owner of the sandbox chooses for callbacks, and what must not end them."""

from __future__ import annotations

import logging
import sys
from typing import Any

import aiohttp
import msgspec
import pytest

from devino_core import ConfigurationError, PluginError, Secret
from devino_core.testing import ManualClock
from devino_sandbox import (
    Account,
    Sandbox,
    World,
)
from devino_sandbox._poster import Poster
from tests.sandbox._callbacks import (
    OTHER,
    SECRET,
    TO,
    Pigeon,
    Receiver,
    broken,
    calling,
    concluded,
    deliver,
    endless,
    receiving,
    send,
    shown,
    silent,
    wait,
)
from tests.sandbox._http import Http


class TestConfiguration:
    """What the owner of the sandbox chooses."""

    @pytest.mark.parametrize(
        ("kind", "url", "says"),
        [
            (
                "sttus",
                "http://127.0.0.1/",
                "callbacks 'sttus': there are email, email-xml, reply, sms, status, ",
            ),
            ("status", f"127.0.0.1/{SECRET}", "callback 'status': its URL must begin with http"),
            ("status", f"ftp://127.0.0.1/{SECRET}", "callback 'status': its URL must begin"),
            ("status", f"http://127.0.0.1:99999/{SECRET}", "callback 'status': its URL must begin"),
            ("status", f"http://[/{SECRET}", "callback 'status': its URL must begin"),
            ("status", f"http://a b/{SECRET}", "callback 'status': its URL must begin"),
            ("status", f"http:///{SECRET}", "callback 'status': its URL must begin"),
            ("status", f"http://127.0.0.1:x/{SECRET}", "callback 'status': its URL must begin"),
        ],
    )
    async def test_a_callback_that_cannot_be_made_is_a_configuration_error(
        self, world: World, account: Account, kind: str, url: str, says: str
    ) -> None:
        with pytest.raises(ConfigurationError, match=says) as raised:
            async with calling(world, account, {kind: Secret(url)}):
                pass
        assert SECRET not in str(raised.value)

    @pytest.mark.parametrize("kind", ["viber", "whatsapp"])
    async def test_a_kind_that_is_called_at_the_url_of_another_is_not_blamed_for_it(
        self, world: World, account: Account, kind: str
    ) -> None:
        account.callbacks = {kind: Secret(SECRET)}
        with pytest.raises(ConfigurationError, match=f"callback '{kind}': its URL must begin"):
            async with Sandbox(world):
                pass

    def test_where_no_service_calls_back_it_says_so(self, world: World, account: Account) -> None:
        account.callbacks = {"status": Secret("http://127.0.0.1/")}
        with pytest.raises(ConfigurationError, match="callbacks 'status': there are none"):
            Poster(world, {})

    async def test_two_services_with_one_kind_are_an_error(self, world: World) -> None:
        second = Pigeon(world)
        second.name, second.prefixes = "second", ("/second",)
        with pytest.raises(PluginError, match="service 'second': callback 'status' is another's"):
            async with Sandbox(world, services=[Pigeon, lambda _: second], discover=False):
                pass

    async def test_without_its_package_it_says_what_to_install(
        self, world: World, account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "aiohttp", None)
        monkeypatch.delitem(sys.modules, "devino_sandbox._poster", raising=False)
        async with Sandbox(world, services=[Pigeon], discover=False):
            pass  # nothing is to be posted
        account.callbacks = {"status": Secret("http://127.0.0.1/")}
        with pytest.raises(ConfigurationError, match=r"needs aiohttp: pip install"):
            async with Sandbox(world, services=[Pigeon], discover=False):
                pass

    async def test_no_proxy_of_the_environment_is_used(
        self,
        world: World,
        account: Account,
        receiver: Receiver,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        async with calling(world, account, {"status": receiver.url("status")}) as http:
            await deliver(http, world)
            await receiver.call()

    async def test_credentials_in_the_url_are_sent(
        self, world: World, account: Account, receiver: Receiver
    ) -> None:
        url = Secret(receiver.url("status").reveal().replace("://", "://me:pass@"))
        async with calling(world, account, {"status": url}) as http:
            await deliver(http, world)
            assert (await receiver.call()).headers["Authorization"].startswith("Basic ")


async def test_no_log_shows_a_url(
    world: World, account: Account, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answers = [500, broken, silent, 302]
    with caplog.at_level(logging.DEBUG):
        async with calling(world, account, {"status": receiver.url("status")}) as http:
            await deliver(http, world)
            for number in range(4):
                await receiver.call()
                if number == 2:
                    await wait(http, 30)
                await concluded(http)
                await wait(http, 60)
        async with receiving() as gone:
            url = gone.url("status")
        async with calling(world, account, {"status": url}) as http:
            await deliver(http, world)
            await concluded(http)
    assert "the callback status" in caplog.text
    assert SECRET not in caplog.text
    assert SECRET not in repr(world.accounts)


@pytest.mark.parametrize("answer", [silent, endless({}), 500])
async def test_the_sandbox_stops_whatever_a_receiver_does(
    world: World, account: Account, receiver: Receiver, answer: Any
) -> None:
    receiver.answers = [answer]
    async with calling(world, account, {"status": receiver.url("status")}) as http:
        await deliver(http, world)
        await receiver.call()
    # What was yet to be sent is not sent when the World goes on.
    clock = world.clock
    assert isinstance(clock, ManualClock)
    send(world)
    await clock.tick(3600)
    world.advance()
    async with calling(world, account, {"status": receiver.url("status")}) as http:
        await deliver(http, world, OTHER)
        assert (await receiver.call()).rows == [[OTHER, "DELIVERED"]]


async def test_a_service_that_fails_at_its_callbacks_does_not_end_them(
    world: World, account: Account, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    def write(items: Any) -> bytes:
        if items[0][0] == TO:
            raise RuntimeError("no ink")
        return msgspec.json.encode(items)

    class Clumsy(Pigeon):
        def __init__(self, world: World) -> None:
            super().__init__(world)
            replace = msgspec.structs.replace
            usual = self.callback_kinds["status"]
            mine = replace(usual, write=write, answered=self._fail)
            self.callback_kinds = {"status": mine}

        def _fail(self, *_: object) -> None:
            raise RuntimeError("no ears")

    account.callbacks = {"status": receiver.url("status")}
    async with (
        Sandbox(world, services=[Clumsy], discover=False) as sandbox,
        aiohttp.ClientSession() as session,
    ):
        http = Http(session, sandbox.endpoints)
        await deliver(http, world)
        for _ in range(2):
            await deliver(http, world, OTHER)
            assert (await receiver.call()).rows == [[OTHER, "DELIVERED"]]
    assert "no ink" in caplog.text
    assert "no ears" in caplog.text


@pytest.mark.parametrize(
    "mistake", [{"content_type": "a\r\nb"}, {"verb": "GET", "write": lambda _: "да".encode()}]
)
async def test_what_cannot_be_sent_does_not_end_the_others(
    world: World,
    account: Account,
    receiver: Receiver,
    mistake: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    urls = {"status": receiver.url("all"), "reply": receiver.url("all")}
    async with calling(world, account, urls, **mistake) as http:
        await deliver(http, world)
        world.receive(sender=TO, to="1234", text="x")
        assert (await receiver.call()).query == f"from={TO}&text=x"
        assert "the callback status cannot be sent: " in caplog.text
        assert [row["given_up"] for row in await concluded(http)] == [True, False]


@pytest.mark.parametrize("wrong", [{"batch": 0}, {"after_error": -1}])
def test_a_kind_that_cannot_be_is_refused(world: World, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a callback needs"):
        Pigeon(world, **wrong)


async def test_at_the_end_of_all_time_nothing_breaks(account: Account, receiver: Receiver) -> None:
    clock = ManualClock()
    clock.advance(clock.now().max.timestamp() - clock.now().timestamp() - 60)
    world = World([account], clock=clock)
    receiver.answers = [500]
    async with calling(world, account, {"reply": receiver.url("reply")}) as http:
        world.receive(sender=TO, to="1234", text="1")
        await receiver.call()
        world.receive(sender=TO, to="1234", text="2")
        await receiver.call()
        first, second = await shown(http)
        assert (first["answered"], second["answered"]) == (500, 200)
