"""``try_login`` and ``machines`` of every kind that the sandbox declares."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import pytest

from devino_core import (
    AsyncClient,
    AuthenticationFailed,
    Channel,
    ChannelSettings,
    Plugins,
    Secret,
    Service,
    ServiceSettings,
    Unsupported,
)
from devino_sandbox import Account, Sandbox, World
from devino_sandbox._demo import _configured

UNTOLD = {"2fa", "email2sms"}
"""Kinds of whose login nothing tells but what has an effect."""


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(World(), discover=False) as running:
        yield running


def settings_of(
    sandbox: Sandbox, account: Account
) -> tuple[Mapping[str, Mapping[str, object]], Mapping[str, Mapping[str, object]]]:
    found = _configured(sandbox, account)
    return found["channels"], found["services"]


def client_of(sandbox: Sandbox, account: Account) -> AsyncClient:
    channels, services = settings_of(sandbox, account)
    return AsyncClient(channels, services=services, plugins=Plugins(environ={}))


def all_of(client: AsyncClient) -> Mapping[str, Service[ServiceSettings]]:
    return {**client.channels, **client.services}


async def test_who_is_let_in_learns_so_and_nothing_is_sent(sandbox: Sandbox) -> None:
    account = next(iter(sandbox.world.accounts.values()))
    before = account.balance
    async with client_of(sandbox, account) as client:
        for name, service in all_of(client).items():
            if name.partition(" ")[0] in UNTOLD:
                with pytest.raises(Unsupported):
                    await service.try_login()
            else:
                await service.try_login()
            (machine,) = service.machines()
            assert (machine.host, machine.tls, machine.is_proxy) == ("127.0.0.1", "never", False)
            assert any(f":{machine.port}" in where for where in sandbox.endpoints.values())
    assert not list(sandbox.world.messages())
    assert account.balance == before


async def test_who_is_not_let_in_learns_so(sandbox: Sandbox) -> None:
    account = next(iter(sandbox.world.accounts.values()))
    stranger = Account(login=account.login, password=Secret("wrong"))
    async with client_of(sandbox, stranger) as client:
        for name, service in all_of(client).items():
            if name.partition(" ")[0] not in UNTOLD:
                with pytest.raises(AuthenticationFailed):
                    await service.try_login()


async def test_a_channel_without_such_a_call_says_so() -> None:
    class Wireless(Channel[ChannelSettings]):
        async def send(self, messages: object) -> list[object]:  # type: ignore[override]
            return []

    with pytest.raises(Unsupported, match="'pigeon' cannot try its login"):
        await Wireless(ChannelSettings(), name="pigeon").try_login()
    assert not Wireless(ChannelSettings(), name="pigeon").machines()
