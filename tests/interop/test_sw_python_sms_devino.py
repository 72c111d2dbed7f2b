"""The published client sw-python-sms-devino, unmodified, against the sandbox."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from devino_core import Secret
from devino_core.testing import ManualClock
from devino_sandbox import Account, Sandbox, World

sms_devino = pytest.importorskip("sms_devino.client")


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    account = Account(login="tester", password=Secret("p&ss"), balance=Decimal("20015.3"))
    async with Sandbox(World([account], clock=ManualClock()), discover=False) as sandbox:
        yield sandbox


@pytest.fixture
def client(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Any:
    # requests would ask a proxy of this machine's environment for 127.0.0.1.
    monkeypatch.setenv("NO_PROXY", "*")
    return sms_devino.DevinoClient("tester", "p&ss", url=sandbox.endpoints["rest"])


async def test_balance(client: Any) -> None:
    assert await asyncio.to_thread(client.get_balance) == 20015.3


async def test_one_session_serves_all_calls(client: Any) -> None:
    await asyncio.to_thread(client.get_balance)
    session = client._session_id
    assert len(session) == 36
    await asyncio.to_thread(client.get_balance)
    assert client._session_id == session


async def test_send_one_and_follow_it(client: Any, sandbox: Sandbox) -> None:
    sent = await asyncio.to_thread(client.send_one, "DEVINO", "+79161234567", "Привет, мир")
    assert (sent.address, len(sent.sms_ids)) == ("+79161234567", 1)
    state = await asyncio.to_thread(client.get_state, sent.sms_ids[0])
    assert (state.code, state.price, state.reported_dt) == (-2, Decimal("1.5"), None)
    clock = sandbox.world.clock
    assert isinstance(clock, ManualClock)
    clock.advance(10)
    state = await asyncio.to_thread(client.get_state, sent.sms_ids[0])
    assert (state.code, state.description) == (0, "Доставлено")
    # The client's times are naive and local.
    assert state.creation_dt.timestamp() == datetime(2026, 1, 1, 12, tzinfo=UTC).timestamp()


async def test_send_bulk_gives_each_address_its_ids(client: Any) -> None:
    numbers = ["79160000001", "79160000002", "79160000003"]
    sent = await asyncio.to_thread(client.send_bulk, "DEVINO", numbers, "x" * 200, 10)
    assert [result.address for result in sent] == numbers
    ids = [message_id for result in sent for message_id in result.sms_ids]
    assert len(set(ids)) == 6


async def test_the_state_of_an_unknown_message(client: Any) -> None:
    state = await asyncio.to_thread(client.get_state, "1")
    assert (state.code, state.description, state.price) == (255, "Неизвестный", None)


async def test_refusals_carry_code_and_description(client: Any) -> None:
    with pytest.raises(sms_devino.DevinoException) as refused:
        await asyncio.to_thread(client.send_one, "DEVINO", "42", "x")
    assert refused.value.http_status == 400
    assert refused.value.error.code == 6
    assert refused.value.error.description == "Invalid destination address"


async def test_a_wrong_password(client: Any) -> None:
    client.password = "wrong"
    with pytest.raises(sms_devino.DevinoException) as refused:
        await asyncio.to_thread(client.get_balance)
    assert (refused.value.http_status, refused.value.error.code) == (401, 4)
