"""A message that is refused in the answer to a call of several: its error is that of the call."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import pytest

from devino_core import AsyncClient, DevinoError, Medium, Message, Secret, Template
from devino_core.plugins import Plugins
from devino_sandbox import Account, LocalSandbox, World

TO, OTHER = "79161234567", "79031234567"
CONTENTS: Mapping[str, tuple[Medium, Template | str]] = {
    "xml": (Medium.SMS, "Hello"),
    "viber": (Medium.VIBER, "Hello"),
    "whatsapp": (Medium.WHATSAPP, "Hello"),
    "vk": (Medium.VK, Template("1", {})),
}


def world() -> World:
    account = Account(
        login="demo",
        password=Secret("demo"),
        balance=Decimal(1000),
        senders=frozenset({"SHOP"}),
    )
    return World([account])


async def errors(sandbox: LocalSandbox, kind: str) -> list[DevinoError]:
    """What became of two messages that are each refused."""
    medium, content = CONTENTS[kind]
    settings = {**sandbox.settings(kind), "concurrency": 1}
    if kind == "xml":
        settings["ask_interval"] = 0
    messages = [Message(to, content, medium=medium, sender="EVIL") for to in (TO, OTHER)]
    async with AsyncClient({kind: settings}, plugins=Plugins(environ={})) as client:
        receipts = await client.send_many(messages)
    found = [receipt.error for receipt in receipts]
    assert None not in found
    return [error for error in found if error is not None]


@pytest.mark.parametrize("kind", CONTENTS)
async def test_its_error_has_the_id_and_the_status_of_the_call(kind: str) -> None:
    with LocalSandbox(world) as sandbox:
        found = await errors(sandbox, kind)
        calls = {one.call_id for one in sandbox.journal() if one.operation is not None}
        assert len(found) == 2
        for error in found:
            assert error.call_id in calls
            assert error.http_status == 200
            assert str(error).endswith(f"[call {error.call_id}]")
        # VK has a call for each message.
        assert {error.call_id for error in found} == calls
