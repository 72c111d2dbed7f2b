"""A client belongs to the event loop that opened it."""

from __future__ import annotations

import asyncio

import pytest

from devino_core import AsyncClient, Message
from tests.core._fake import fake_plugins

pytestmark = pytest.mark.pythons


def test_a_client_of_another_loop_says_so() -> None:
    client = AsyncClient({"one": {"kind": "fake", "token": "t"}}, plugins=fake_plugins())
    asyncio.run(client.open())
    for call in (
        lambda: client.send(Message("1", "a")),
        lambda: client.send_many([Message("1", "a")]),
        client.balance,
    ):
        with pytest.raises(RuntimeError, match="opened in another event loop"):
            asyncio.run(call())
    asyncio.run(client.aclose())
