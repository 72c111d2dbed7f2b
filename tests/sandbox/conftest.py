"""A sandbox on a driven clock, and plain HTTP to it; its SMSC alone, and an ESME."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal

import aiohttp
import pytest

from devino_core import Secret
from devino_core.testing import ManualClock
from devino_sandbox import Account, Sandbox, World
from devino_sandbox.services.smpp import SmppSettings
from tests.sandbox._callbacks import Receiver, receiving
from tests.sandbox._http import LOGIN, PASSWORD, Http
from tests.sandbox._smpp import Esme, Smsc, running

# Within a year of the manual's examples, and before the dates for which they send.
START = datetime(2011, 1, 15, 12, tzinfo=UTC)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture
def account() -> Account:
    return Account(login=LOGIN, password=Secret(PASSWORD), balance=Decimal("20015.3"))


@pytest.fixture
def world(account: Account, clock: ManualClock) -> World:
    return World([account], clock=clock)


@pytest.fixture
async def sandbox(world: World) -> AsyncIterator[Sandbox]:
    async with Sandbox(world, discover=False) as sandbox:
        yield sandbox


@pytest.fixture
async def http(sandbox: Sandbox) -> AsyncIterator[Http]:
    async with aiohttp.ClientSession() as session:
        yield Http(session, sandbox.endpoints)


@pytest.fixture
def smpp_settings() -> SmppSettings:
    # Time stands still, so a second may hold any number of enquiries.
    return SmppSettings(max_nonsense=None)


@pytest.fixture
async def smsc(world: World, smpp_settings: SmppSettings) -> AsyncIterator[Smsc]:
    async with running(world, smpp_settings) as smsc:
        yield smsc


@pytest.fixture
async def esme(smsc: Smsc) -> Esme:
    return await smsc.bind()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver
