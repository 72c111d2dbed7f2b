"""Channels that send in many calls heed a brake: what began ends, and nothing else begins."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from devino_core import AsyncClient, DevinoError, Message, Receipt
from devino_core.dispatch import Brake, NotBegun
from devino_sandbox import Sandbox, World

MESSAGES = [Message(f"7903{nth:07}", f"Hello {nth}", sender="SHOP") for nth in range(60)]


def settings(kind: str, sandbox: Sandbox) -> dict[str, object]:
    given: dict[str, object] = {"kind": kind, "login": "demo", "password": "demo"}
    found: dict[str, dict[str, object]] = {
        "rest": {"base_url": sandbox.endpoints["rest"]},
        "rest-v2": {"base_url": sandbox.endpoints["rest_v2"]},
        "smpp": {"hosts": sandbox.endpoints["smpp"], "tls": False},
        "soap": {
            "base_url": sandbox.endpoints["soap_sms"].rpartition("/")[0],
        },
        "xml": {"base_url": sandbox.endpoints["xml"], "package_size": 1},
    }
    return given | found[kind]


@pytest.mark.parametrize("kind", ["rest", "rest-v2", "smpp", "soap", "xml"])
@pytest.mark.parametrize("cuts", [False, True], ids=["pulled", "cut"])
async def test_what_did_not_begin_is_told_so_and_did_not_arrive(kind: str, *, cuts: bool) -> None:
    told: set[str] = set()

    def tell(messages: Sequence[Message], outcome: Sequence[Receipt] | DevinoError) -> None:
        assert len(messages) == 1
        told.add(messages[0].ref)
        if len(told) == 5:
            (brake.cut if cuts else brake.pull)()

    async with Sandbox(World(), discover=False) as sandbox:
        async with AsyncClient({kind: settings(kind, sandbox)}) as client:
            with Brake(tell) as brake:
                receipts = await client.send_many(MESSAGES)
        arrived = {message.to for message in sandbox.world.messages()}
    accepted = {one.to for one in receipts if one.error is None}
    unsent = {one.to for one in receipts if isinstance(one.error, NotBegun)}
    assert [one.ref for one in receipts] == [message.ref for message in MESSAGES]
    assert accepted <= arrived
    assert not unsent & arrived
    assert unsent
    assert {one.ref for one in receipts if not isinstance(one.error, NotBegun)} == told
    # Those that were cut off may have arrived.
    if not cuts:
        assert accepted == arrived
        assert accepted | unsent == {message.to for message in MESSAGES}
