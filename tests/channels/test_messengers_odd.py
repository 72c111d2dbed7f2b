"""What a messenger's platform, or something before it, gets wrong costs no message its outcome."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from devino_codecs import viber, vk
from devino_codecs.http import HttpAnswer, Refusal
from devino_core import (
    Card,
    Message,
    OutcomeUnknown,
    ProtocolViolation,
    QueueFull,
    Rejected,
    Retry,
    State,
    Template,
    Throttled,
    Unavailable,
)
from tests.channels._messengers import FIRST, MEDIA, TO, Wired, always, sms, wired

SENDS = {"viber": viber.Send, "whatsapp": viber.Send, "vk": vk.Send}
ASKS = {"viber": viber.GetStatus, "whatsapp": viber.GetStatus, "vk": vk.GetStatus}
TOO_MUCH = HttpAnswer(200, b'{"status":"ok","code":"ok"%s}' % (b" " * 200_000))


@pytest.fixture(params=MEDIA)
async def wire(request: pytest.FixtureRequest) -> AsyncIterator[Wired]:
    async with wired(request.param) as wire:
        yield wire


def message(wire: Wired, **more: Any) -> Message:
    kind = wire.channel.name
    content: Any = Template("1") if kind == "vk" else "Hello"
    return Message(TO, content, medium=MEDIA[kind], **more)


def sent(wire: Wired, *ids: str) -> object:
    """The answer that gives these ids."""
    if wire.channel.name == "vk":
        return vk.SendResult(code=vk.SendCode.OK, message_id=ids[0])
    taken = [viber.Taken(provider_id=one, code=viber.MessageCode.OK) for one in ids]
    return viber.Sent(messages=tuple(taken))


def answer(wire: Wired, found: object) -> None:
    """From now on each send is answered so."""
    wire.platform.answers[SENDS[wire.channel.name]] = always(found)


async def test_an_id_of_another_call_is_no_success(wire: Wired) -> None:
    answer(wire, sent(wire, "17"))
    (receipt,) = await wire.channel.send([message(wire)])
    assert receipt.ids == ("17",)
    with pytest.raises(ProtocolViolation, match="the id 17, which is another message's") as caught:
        await wire.channel.send([message(wire)])
    assert caught.value.retry is Retry.MAY_DUPLICATE


@pytest.mark.parametrize("kind", ["viber", "whatsapp"])
async def test_an_id_of_another_call_costs_no_other_message_its_id(kind: str) -> None:
    async with wired(kind) as wire:
        answer(wire, sent(wire, "17"))
        await wire.channel.send([message(wire)])
        answer(wire, sent(wire, "17", "18"))
        old, new = await wire.channel.send([message(wire), message(wire)])
        assert type(old.error) is OutcomeUnknown
        assert "the id 17, which is another message's" in str(old.error)
        assert (old.ids, new.ids) == ((), ("18",))


async def test_an_answer_is_no_longer_than_its_question_allows(wire: Wired) -> None:
    answer(wire, TOO_MUCH)
    with pytest.raises(ProtocolViolation, match=r"more than [0-9]+ bytes"):
        await wire.channel.send([message(wire)])
    if wire.channel.name == "vk":
        wire.platform.answers[vk.GetStatus] = always(TOO_MUCH)
        with pytest.raises(ProtocolViolation, match=r"more than [0-9]+ bytes"):
            await wire.channel.status(["1"], medium=MEDIA["vk"])


@pytest.mark.parametrize("found", [HttpAnswer(502, b"<html>"), HttpAnswer(200, b"what?")])
async def test_a_question_that_fails_costs_no_other_id_its_state(
    wire: Wired, found: HttpAnswer
) -> None:
    kind = wire.channel.name
    ids = [str(FIRST + number) for number in range(3 if kind == "vk" else 250)]
    failing, whole = ids[-1], wire.platform.answers[ASKS[kind]]

    def told(ask: Any) -> Any:
        asked = [ask.id] if kind == "vk" else ask.messages
        return found if failing in asked else whole(ask)

    wire.platform.answers[ASKS[kind]] = told
    statuses = await wire.channel.status(ids, medium=MEDIA[kind])
    assert [status.id for status in statuses] == ids
    unread = [status for status in statuses if status.error is not None]
    assert [status.id for status in unread] == (ids[-1:] if kind == "vk" else ids[200:])
    assert {status.state for status in statuses if status.error is None} == {State.DELIVERED}
    assert {status.state for status in unread} == {State.UNKNOWN}
    expected = Unavailable if found.status == 502 else ProtocolViolation
    assert {type(status.error) for status in unread} == {expected}
    assert {status.medium for status in statuses} == {MEDIA[kind]}
    with pytest.raises(expected):
        await wire.channel.status([failing], medium=MEDIA[kind])


async def test_what_is_not_told_or_cannot_be_read_of_one_id_is_its_error() -> None:
    body = {"status": "ok", "messages": [{"providerId": 1.5, "code": "ok"}]}
    async with wired("viber") as wire:
        for elements in ([{"providerId": 1.5, "code": "ok", "status": "read"}], []):
            body["messages"] = elements
            found = HttpAnswer(200, json.dumps(body).encode())
            wire.platform.answers[viber.GetStatus] = always(found)
            (status,) = await wire.channel.status(["1"], medium=MEDIA["viber"])
            assert (status.state, status.id) == (State.UNKNOWN, "1")
            assert isinstance(status.error, ProtocolViolation)
            assert str(status.error) == status.description


async def test_a_full_queue_ends_the_calls_that_have_not_begun() -> None:
    async with wired("vk", concurrency=1) as wire:
        answer(wire, Refusal(vk.RequestCode.QUEUE_FULL, "login_send_queue_overflow"))
        with pytest.raises(QueueFull) as caught:
            await wire.channel.send([message(wire) for _ in range(5)])
        assert caught.value.retry is Retry.SAFE
        assert len(wire.platform.requests) == 1


async def test_how_long_to_wait_is_told(wire: Wired) -> None:
    answer(wire, HttpAnswer(429, b"", {"Retry-After": "7"}))
    with pytest.raises(Throttled) as caught:
        await wire.channel.send([message(wire)])
    assert caught.value.retry_after == 7


# A whole call that is refused for what one of its messages shows

BAD = "https://example.org/none.png"


def refusing(wire: Wired, status: viber.RequestStatus) -> None:
    """A call with this image is refused as a whole."""
    whole = wire.platform.answers[viber.Send]

    def found(send: viber.Send) -> object:
        shows = [
            each.content.image_url
            for each in send.messages
            if isinstance(each.content, viber.Content)
        ]
        return Refusal(status) if BAD in shows else whole(send)

    wire.platform.answers[viber.Send] = found


@pytest.mark.parametrize("kind", ["viber", "whatsapp"])
@pytest.mark.parametrize("bad", [{0}, {9}, {2, 7}, set(range(10))])
async def test_a_call_that_is_refused_for_one_image_sends_the_others(
    kind: str, bad: set[int]
) -> None:
    async with wired(kind) as wire:
        refusing(wire, viber.RequestStatus.IMAGE_ID_FORMAT)
        images = [BAD if n in bad else f"https://example.org/{n}.png" for n in range(10)]
        messages = [Message(TO, Card(image=image), medium=MEDIA[kind]) for image in images]
        receipts = await wire.channel.send(messages)
        assert [receipt.ref for receipt in receipts] == [one.ref for one in messages]
        assert {n for n, receipt in enumerate(receipts) if receipt.refused} == bad
        for receipt in receipts:
            assert receipt.refused is (not receipt.ids) is isinstance(receipt.error, Rejected)
        assert len({receipt.ids for receipt in receipts if receipt.ids}) == 10 - len(bad)


async def test_halves_keep_what_goes_instead() -> None:
    async with wired("viber") as wire:
        whole = wire.platform.answers[viber.Send]
        wire.platform.answers[viber.Send] = lambda send: (
            Refusal(viber.RequestStatus.CONTENT_TYPE_FORMAT)
            if len(send.messages) > 1
            else whole(send)
        )
        receipts = await wire.channel.send([message(wire, fallback=sms(str(n))) for n in range(3)])
        sends = [send for send in wire.platform.of(viber.Send) if len(send.messages) == 1]
        assert [send.messages[0].sms_text for send in sends] == ["0", "1", "2"]
        assert all(send.resend_sms for send in wire.platform.of(viber.Send))
        assert all(receipt.ids for receipt in receipts)


async def test_what_is_not_about_one_message_is_refused_at_once() -> None:
    async with wired("viber") as wire:
        answer(wire, Refusal(viber.RequestStatus.SYNTAX))
        receipts = await wire.channel.send([message(wire) for _ in range(10)])
        assert all(receipt.refused for receipt in receipts)
        assert len(wire.platform.requests) == 1
