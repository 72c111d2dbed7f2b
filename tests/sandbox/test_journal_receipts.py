"""Which messages calls are about, where segments come one by one and receipts tell of them."""

from __future__ import annotations

import pytest

from devino_codecs import smpp
from devino_codecs.smpp import IdForm, ReceiptStyle
from devino_core.testing import ManualClock
from devino_sandbox import World
from devino_sandbox.services.smpp import SmppSettings
from tests.sandbox._smpp import Esme, submit

pytestmark = pytest.mark.parametrize(
    "smpp_settings",
    [
        SmppSettings(max_nonsense=None),
        SmppSettings(max_nonsense=None, receipts=ReceiptStyle(ids=IdForm.DECIMAL)),
        SmppSettings(max_nonsense=None, receipts=ReceiptStyle(ids=IdForm.HEX)),
    ],
    ids=["usual", "decimal", "hexadecimal"],
)


async def test_a_receipt_names_its_message(esme: Esme, world: World, clock: ManualClock) -> None:
    await esme.submit(submit("Hello", registered_delivery=1))
    clock.advance(10)
    world.advance()
    await esme.delivered()
    [message] = world.messages()
    named = {one.operation: one.messages for one in world.journal.calls()}
    assert named["submit_sm"] == named["deliver_sm"] == (message.handle,)


async def test_segments_that_come_one_by_one_are_calls_of_one_message(
    esme: Esme, world: World, clock: ManualClock
) -> None:
    whole = submit(registered_delivery=1)
    for segment in smpp.compose(whole, "A long text. " * 20, reference=7):
        await esme.submit(segment)
    clock.advance(10)
    world.advance()
    for _ in range(2):
        await esme.delivered()
    [message] = world.messages()
    assert message.further
    about = [one.operation for one in world.journal.calls() if message.handle in one.messages]
    assert about == ["submit_sm", "submit_sm", "deliver_sm", "deliver_sm"]


async def test_what_a_subscriber_wrote_is_no_receipt(esme: Esme, world: World) -> None:
    world.receive(sender="79161234567", to="1234", text="id:579700854169272358 sub:001")
    await esme.delivered()
    [call] = [one for one in world.journal.calls() if one.operation == "deliver_sm"]
    assert call.messages == ()
