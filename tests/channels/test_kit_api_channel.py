"""`kit.ApiChannel`: messages and ids go in lists as long as one call takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from devino_codecs.http import Api, header
from devino_core import (
    Medium,
    Message,
    OutcomeUnknown,
    Receipt,
    Rejected,
    Secret,
    State,
    Status,
    Takes,
    Unavailable,
    Unsupported,
)
from devino_plugins.kit import ApiChannel, ChannelKeySettings


class Raven(ApiChannel[ChannelKeySettings]):
    api = Api(name="raven", auth=header("X-Key"), operations=())
    takes: Mapping[Medium, Takes] = {Medium.SMS: Takes()}
    most_messages = 3
    most_ids = 2

    def __init__(self) -> None:
        settings = ChannelKeySettings(api_key=Secret("key"), base_url="https://raven.example")
        super().__init__(settings, name="raven")
        self.sent: list[list[str]] = []
        self.asked: list[list[str]] = []

    async def send_some(self, messages: Sequence[Message]) -> Sequence[Receipt]:
        self.sent.append([message.to for message in messages])
        if any(message.text == "lost" for message in messages):
            raise OutcomeUnknown("no answer")
        taken = Status(state=State.ACCEPTED)
        return [Receipt.of(m, taken, channel=self.name, ids=(f"id {m.to}",)) for m in messages]

    async def status_of_some(self, ids: Sequence[str], medium: Medium) -> Sequence[Status]:
        self.asked.append(list(ids))
        if "lost" in ids:
            raise Unavailable("no answer")
        return [Status(state=State.DELIVERED, id=one) for one in ids]


NUMBERS = [f"7916000000{n}" for n in range(7)]


async def test_messages_go_in_as_few_calls_as_the_gateway_allows() -> None:
    raven = Raven()
    receipts = await raven.send([Message(number, "Hello") for number in NUMBERS])
    assert [receipt.ids for receipt in receipts] == [(f"id {number}",) for number in NUMBERS]
    assert raven.sent == [NUMBERS[:3], NUMBERS[3:6], NUMBERS[6:]]


async def test_a_call_that_fails_costs_no_other_call_its_receipts() -> None:
    texts = ["Hello", "lost", *["Hello"] * 5]
    receipts = await Raven().send([Message(n, t) for n, t in zip(NUMBERS, texts, strict=True)])
    assert [type(receipt.error) for receipt in receipts] == [OutcomeUnknown] * 3 + [type(None)] * 4


async def test_nothing_is_sent_where_one_message_is_wrong() -> None:
    raven = Raven()
    with pytest.raises(Unsupported):
        await raven.send(
            [Message(NUMBERS[0], "Hello"), Message("a@b.example", "Hi", medium=Medium.EMAIL)]
        )
    assert not raven.sent


async def test_ids_are_asked_after_in_as_few_calls_too_and_in_order() -> None:
    raven = Raven()
    told = await raven.status(list("abcde"))
    assert [status.id for status in told] == list("abcde")
    assert raven.asked == [["a", "b"], ["c", "d"], ["e"]]
    assert await raven.status([]) == []
    with pytest.raises(Unsupported):
        await raven.status(["a"], medium=Medium.VK)


async def test_one_refused_call_is_data_as_with_every_channel() -> None:
    class Picky(Raven):
        most_messages = 1

        async def send_some(self, messages: Sequence[Message]) -> Sequence[Receipt]:
            raise Rejected("no such number", code=7)

    receipts = await Picky().send([Message(number, "Hello") for number in NUMBERS[:2]])
    assert [receipt.status.state for receipt in receipts] == [State.REJECTED] * 2


async def test_a_question_that_fails_costs_no_other_id_its_status() -> None:
    raven = Raven()
    statuses = await raven.status(["1", "2", "3", "lost", "5"])
    assert [status.id for status in statuses] == ["1", "2", "3", "lost", "5"]
    unread = [status for status in statuses if status.error is not None]
    assert [status.id for status in unread] == ["3", "lost"]
    assert all(isinstance(status.error, Unavailable) for status in unread)
    with pytest.raises(Unavailable):
        await raven.status(["lost"])
