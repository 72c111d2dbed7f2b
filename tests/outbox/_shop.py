"""The web services of the documentation that store an order and its message together."""

from __future__ import annotations

import json

import pytest

from devino_core.outbox import Outbox, Query
from tests.core._asgi import ask, scope
from tests.core._examples import example

__all__ = ["check_shop"]


async def check_shop(name: str) -> None:
    """An order that is rolled back leaves no message, any other one does."""
    shop = example(name)
    async with shop.lifespan(shop.app) as state:

        async def order(query: bytes) -> bytes:
            asked = scope("/orders", query_string=query, state=dict(state))
            answer = await ask(shop.app, asked)
            assert answer is not None
            return answer.body

        assert json.loads(await order(b"phone=79031234567")) == {"order": 1}
        with pytest.raises(RuntimeError, match="rolled back"):
            await order(b"phone=79031234567&fails=true")
        outbox: Outbox = state["outbox"]
        assert [entry.ref async for entry in outbox.entries(Query())] == ["order-1"]
