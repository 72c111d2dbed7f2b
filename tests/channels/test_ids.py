"""The ids that REST and SOAP give for messages: given to the right ones, or refused."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence

import pytest

from devino_codecs import soap
from devino_core import Message, ProtocolViolation, Retry, State
from devino_sandbox import AnswerHttp, Fault
from tests.channels._sandboxed import Wired
from tests.channels._services import SERVICES, reached

ONE, TWO, THREE = (f"7903123456{last}" for last in range(3))


@pytest.fixture(params=SERVICES)
async def wire(request: pytest.FixtureRequest) -> AsyncIterator[Wired]:
    async with reached(request.param) as wire:
        yield wire


def answer(wire: Wired, ids: Sequence[object]) -> None:
    """The next send is answered with these ids, as they are."""
    if wire.channel.name.startswith("rest"):
        body, operation = json.dumps(ids), "Sms/Send"
    else:
        strings = tuple([None if one is None else str(one) for one in ids])
        body, operation = soap.encode_answer(soap.SendMessage, strings).decode(), "SendMessage"
    for name in (operation, "Sms/SendBulk")[: 2 if operation == "Sms/Send" else 1]:
        wire.world.faults.add(Fault(operation=name, action=AnswerHttp(200, body)))


async def test_an_id_that_was_not_given_costs_no_other_message_its_own(wire: Wired) -> None:
    answer(wire, ["5755", None, "5757"])
    receipts = await wire.channel.send([Message(to, "a") for to in (ONE, TWO, THREE)])
    assert [receipt.ids for receipt in receipts] == [("5755",), (), ("5757",)]
    assert {receipt.status.state for receipt in receipts} == {State.ACCEPTED}


async def test_a_message_that_got_no_id_at_all_may_have_been_sent(wire: Wired) -> None:
    answer(wire, [None])
    with pytest.raises(ProtocolViolation, match="gave no id") as caught:
        await wire.channel.send([Message(ONE, "a")])
    assert caught.value.retry is Retry.MAY_DUPLICATE


async def test_blanks_around_an_id_are_no_part_of_it(wire: Wired) -> None:
    answer(wire, ["5755\n"])
    (receipt,) = await wire.channel.send([Message(ONE, "a")])
    assert receipt.ids == ("5755",)


@pytest.mark.parametrize("ids", [["0"], [-1], ["a b"], ["a" * 65], ["ид"], ["5", "000"]])
async def test_what_can_be_no_id_is_none(wire: Wired, ids: Sequence[object]) -> None:
    answer(wire, ids)
    with pytest.raises(ProtocolViolation, match="something that is no id"):
        await wire.channel.send([Message(ONE, "a")])


async def test_no_message_has_more_ids_than_a_text_has_segments(wire: Wired) -> None:
    answer(wire, list(range(1, 257)))
    with pytest.raises(ProtocolViolation, match="256 ids where 255 are possible"):
        await wire.channel.send([Message(ONE, "a")])


@pytest.mark.parametrize("given", ["SAR-GW01+79160000000-5f3b1972-2-1", "GW0261BBD6B3"])
async def test_older_ids_are_ids(wire: Wired, given: str) -> None:
    answer(wire, [given])
    (receipt,) = await wire.channel.send([Message(ONE, "a")])
    assert receipt.ids == (given,)
