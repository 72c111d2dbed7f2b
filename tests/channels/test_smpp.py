"""The SMPP channel against the sandbox, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial

import pytest

from devino_codecs.smpp import CommandStatus, IdForm, ReceiptStyle
from devino_core import (
    AsyncClient,
    AuthenticationFailed,
    Channel,
    ChannelSettings,
    ConnectFailed,
    Incoming,
    InvalidMessage,
    Medium,
    Message,
    OutcomeUnknown,
    Plugins,
    Rejected,
    Retry,
    State,
    StatusChanged,
    Unavailable,
    Unsupported,
)
from devino_core.testing import ChannelConformance, ManualClock
from devino_plugins.smpp._session import SmppSession
from devino_sandbox import (
    AnswerError,
    AnswerHttp,
    Drop,
    DropAnswer,
    Fault,
    Sandbox,
    World,
)
from devino_sandbox.services.smpp import SmppService, SmppSettings
from tests.channels._sandboxed import struck
from tests.channels._smpp import Listening, Wired, account, smpp_channel, until, wired

TO, OTHER = "79031234567", "79031234568"
LONG = "Длинное сообщение. " * 10


@pytest.mark.pythons
class _Conformance(ChannelConformance):
    spec = Plugins(environ={}).channel_spec("smpp")
    bind = "separate"
    carries = (
        Message(TO, LONG, sender="2435"),
        Message(TO, "Hello", send_at=datetime(2026, 12, 31, tzinfo=UTC)),
        Message(TO, "Hello", validity=timedelta(seconds=60)),
    )
    refuses = (
        (Message(TO, ""), InvalidMessage),
        (Message("soon", "a"), InvalidMessage),
        (Message(TO, "a", sender="ДЕВИНО"), InvalidMessage),
        (Message(TO, "a", validity=timedelta(seconds=59)), InvalidMessage),
        (Message(TO, "a", send_at=datetime(2100, 1, 1, tzinfo=UTC)), InvalidMessage),
    )
    faults = (
        (struck(partial(wired, hosts="127.0.0.1:1")), ConnectFailed),
        (struck(partial(wired, password="wrong")), AuthenticationFailed),
        (struck(wired, Fault(operation="submit_sm", action=DropAnswer())), OutcomeUnknown),
        (struck(wired, Fault(operation="submit_sm", action=AnswerError(0x0A))), Rejected),
        (struck(wired, Fault(operation="submit_sm", action=AnswerError(0x08))), Retry.SAFE),
    )

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[Channel[ChannelSettings]]:
        async with wired(bind=self.bind) as wire:
            yield wire.channel


class TestSeparate(_Conformance):
    pass


class TestTransceiver(_Conformance):
    bind = "transceiver"


@pytest.fixture(params=["separate", "transceiver"])
async def wire(request: pytest.FixtureRequest) -> AsyncIterator[Wired]:
    async with wired(bind=request.param) as wire:
        yield wire


async def test_a_message_lives_from_accepted_to_delivered(wire: Wired) -> None:
    (receipt,) = await wire.channel.send([Message(TO, "Hello")])
    assert receipt.status.state is State.ACCEPTED
    seen = [(await wire.channel.status(receipt.ids))[0].state]
    for _ in range(3):
        await wire.clock.tick(0.5)
        seen.append((await wire.channel.status(receipt.ids))[0].state)
    assert seen == [State.ACCEPTED, State.ENROUTE, State.DELIVERED, State.DELIVERED]


FATES = {
    "79990000010": (State.REJECTED, 10),
    "79990000041": (State.UNDELIVERABLE, 41),
    "79990000046": (State.EXPIRED, 46),
    "79990000047": (State.DELETED, 47),
    TO: (State.DELIVERED, 0),
}


async def test_every_fate_is_an_event_with_the_ref_of_what_was_sent(wire: Wired) -> None:
    events = Listening(wire.channel)
    first = asyncio.create_task(events.next())
    receipts = await wire.channel.send([Message(to, "Hello") for to in FATES])
    await wire.clock.tick(5)
    told = [await first, *[await events.next() for _ in range(len(FATES) - 1)]]
    assert all(isinstance(event, StatusChanged) for event in told)
    by_ref = {event.ref: event for event in told if isinstance(event, StatusChanged)}
    assert {r.to: by_ref[r.ref].message_id for r in receipts} == {r.to: r.ids[0] for r in receipts}
    assert {
        r.to: (by_ref[r.ref].status.state, by_ref[r.ref].status.code) for r in receipts
    } == FATES
    # query_sm says the same.
    statuses = await wire.channel.status([r.ids[0] for r in receipts])
    assert {r.to: (s.state, s.code) for r, s in zip(receipts, statuses, strict=True)} == FATES
    assert all(status.reported_at is not None for status in statuses)
    said = [*told, *statuses, *(event.status for event in told), *(r.status for r in receipts)]
    assert {each.medium for each in said} == {Medium.SMS}
    wire.world.receive(sender=TO, to="2435", text="Hi")
    assert (await events.next()).medium is Medium.SMS
    await events.aclose()


async def test_the_times_of_a_receipt_are_aware_once_their_zone_is_known() -> None:
    async with wired(receipt_zone="UTC") as wire:
        events = Listening(wire.channel)
        first = asyncio.create_task(events.next())
        began = wire.clock.now()
        await wire.channel.send([Message(TO, "Hello")])
        await wire.clock.tick(5)
        event = await first
        assert isinstance(event, StatusChanged)
        # Receipts have no seconds.
        assert (event.at, event.status.submitted_at) == (began, began)
        await events.aclose()


async def test_a_long_text_has_an_id_and_a_receipt_for_each_part(wire: Wired) -> None:
    events = Listening(wire.channel)
    first = asyncio.create_task(events.next())
    (receipt,) = await wire.channel.send([Message(TO, LONG)])
    (stored,) = wire.world.messages(to=TO)
    assert stored.submission.text == LONG
    assert receipt.ids == stored.ids
    assert (receipt.parts, len(receipt.ids)) == (3, 3)
    await wire.clock.tick(5)
    told = [await first, await events.next(), await events.next()]
    assert [e.message_id for e in told if isinstance(e, StatusChanged)] == list(receipt.ids)
    assert {e.ref for e in told if isinstance(e, StatusChanged)} == {receipt.ref}
    await events.aclose()


@pytest.mark.parametrize(("concatenation", "ids"), [("udh", 3), ("sar", 3), ("payload", 1)])
async def test_a_long_text_by_every_way_to_send_one(concatenation: str, ids: int) -> None:
    async with wired(concatenation=concatenation) as wire:
        (receipt,) = await wire.channel.send([Message(TO, LONG)])
        (stored,) = wire.world.messages(to=TO)
        assert stored.submission.text == LONG
        assert (len(receipt.ids), receipt.parts, len(stored.ids)) == (ids, 3, 3)


async def test_what_subscribers_write_comes_as_events(wire: Wired) -> None:
    events = Listening(wire.channel)
    first = asyncio.create_task(events.next())
    await wire.clock.tick()
    for text in ("Да", LONG):
        wire.world.receive(sender=TO, to="2435", text=text)
    told = [await first, await events.next()]
    assert [(e.sender, e.to, e.text, e.at) for e in told if isinstance(e, Incoming)] == [
        (TO, "2435", "Да", wire.clock.now()),
        (TO, "2435", LONG, wire.clock.now()),
    ]
    assert len({event.id for event in told if event is not None}) == 2
    await events.aclose()


async def test_an_event_is_acknowledged_when_the_next_is_asked_for() -> None:
    world = World([account()], clock=ManualClock())
    async with wired(world=world) as wire:
        events = Listening(wire.channel)
        waiting = asyncio.create_task(events.next())
        await asyncio.sleep(0)
        for text in ("one", "two"):
            world.receive(sender=TO, to="2435", text=text)
        first = await waiting
        assert isinstance(first, Incoming)
        # The iterator is closed on the first event, so that event comes again.
        await events.aclose()
        events = Listening(wire.channel)
        again = [await events.next(), await events.next()]
        told = [(e.text, e.id == first.id) for e in again if isinstance(e, Incoming)]
        assert told == [("one", True), ("two", False)]
        await events.aclose()


async def test_what_was_not_acknowledged_is_given_again_with_the_same_id_after_a_break() -> None:
    async with wired() as wire:
        events = Listening(wire.channel)
        waiting = asyncio.create_task(events.next())
        await wire.clock.tick()
        wire.world.faults.add(Fault(operation="deliver_sm", action=DropAnswer()))
        wire.world.receive(sender=TO, to="2435", text="one")
        first = await waiting
        again = asyncio.create_task(events.next())
        await wire.clock.tick(60)
        repeated = await again
        assert isinstance(first, Incoming)
        assert isinstance(repeated, Incoming)
        assert repeated.id == first.id
        # The next "one" is another message.
        wire.world.receive(sender=TO, to="2435", text="one")
        other = await events.next()
        assert isinstance(other, Incoming)
        assert other.id != first.id
        await events.aclose()


async def test_a_throttled_message_goes_back_and_the_connection_rests_one_second(
    wire: Wired,
) -> None:
    throttled = "79990001088"

    def tries() -> int:
        return len(list(wire.world.messages(to=throttled)))

    sending = asyncio.create_task(wire.channel.send([Message(throttled, "a")]))
    for count in (1, 2):
        await until(lambda count=count: tries() == count)  # type: ignore[misc]
        await asyncio.sleep(0.01)
        await wire.clock.tick(0.999)
        await asyncio.sleep(0.01)
        assert tries() == count
        await wire.clock.tick(0.001)
    (receipt,) = await sending
    assert receipt.status.state is State.ACCEPTED


async def test_a_refused_destination_is_a_receipt_and_is_never_sent_again(wire: Wired) -> None:
    refused, sent = await wire.channel.send([Message("79990001011", "a"), Message(TO, "a")])
    assert refused.refused
    assert isinstance(refused.error, Rejected)
    assert (refused.status.code, refused.status.description) == (11, "invalid destination address")
    assert sent.status.state is State.ACCEPTED
    await wire.clock.tick(600)
    assert len(list(wire.world.messages(to="79990001011"))) == 1


async def test_what_the_account_cannot_pay_is_not_to_be_sent_again_and_again() -> None:
    world = World([account(balance=Decimal(2))], clock=ManualClock())
    async with wired(world=world) as wire:
        sent, refused = await wire.channel.send([Message(TO, "a"), Message(OTHER, "a")])
    assert sent.ids
    # The status has other causes, too. None of them passes by waiting.
    assert isinstance(refused.error, Rejected)
    assert refused.error.retry is Retry.NEVER
    assert refused.status.code == CommandStatus.ESME_RSUBMITFAIL


async def test_a_long_text_that_is_refused_midway_keeps_the_ids_of_its_parts() -> None:
    async with wired() as wire:
        action = AnswerError("ESME_RINVDSTADR")
        wire.world.faults.add(Fault(operation="submit_sm", nth=2, action=action))
        (receipt,) = await wire.channel.send([Message(TO, LONG)])
    assert receipt.refused
    assert isinstance(receipt.error, Rejected)
    assert len(receipt.ids) == 1


async def test_a_long_text_that_is_cut_midway_is_of_unknown_outcome_with_the_ids_it_got() -> None:
    async with wired() as wire:
        wire.world.faults.add(Fault(operation="submit_sm", nth=2, action=Drop()))
        message = Message(TO, LONG)
        (receipt,) = await wire.channel.send([message])
        (stored,) = wire.world.messages(to=TO)
        assert receipt.ids == stored.ids[:1]
        assert (receipt.parts, receipt.status.state) == (3, State.UNKNOWN)
        assert isinstance(receipt.error, OutcomeUnknown)
        assert receipt.error.refs == (message.ref,)
        assert "1 of 3 parts were taken" in str(receipt.error)
        assert receipt.error.call_id is not None
        assert receipt.status.description == receipt.error.said


async def test_a_bug_on_one_message_loses_neither_its_ids_nor_the_other_messages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def bug(session: SmppSession, answer: object) -> None:
        raise LookupError("oops")

    monkeypatch.setattr(SmppSession, "refusal", bug)
    async with wired() as wire:
        action = AnswerError("ESME_RSYSERR")
        wire.world.faults.add(Fault(operation="submit_sm", nth=2, to=TO, action=action))
        struck, other = await wire.channel.send([Message(TO, LONG), Message(OTHER, "a")])
        assert isinstance(struck.error, OutcomeUnknown)
        assert "LookupError" in str(struck.error)
        assert struck.ids == next(iter(wire.world.messages(to=TO))).ids[:1]
        assert other.status.state is State.ACCEPTED


@pytest.mark.parametrize(
    ("action", "in_world"),
    [(DropAnswer(), 1), (Drop(), 0), (AnswerHttp(502, "<html>Bad gateway</html>"), 0)],
)
async def test_a_send_whose_end_is_not_known_says_so(
    wire: Wired, action: Drop, in_world: int
) -> None:
    wire.world.faults.add(Fault(operation="submit_sm", action=action))
    message = Message(TO, "a")
    with pytest.raises(OutcomeUnknown) as caught:
        await wire.channel.send([message])
    assert caught.value.refs == (message.ref,)
    assert len(list(wire.world.messages())) == in_world


@pytest.mark.parametrize(
    "status",
    [
        "ESME_RINVBNDSTS",
        "ESME_RALYBND",
        "ESME_RSYSERR",
        "ESME_RX_T_APPN",
        "ESME_RUNKNOWNERR",
    ],
)
async def test_a_centre_that_failed_took_nothing(wire: Wired, status: str) -> None:
    wire.world.faults.add(Fault(operation="submit_sm", action=AnswerError(status)))
    with pytest.raises(Unavailable, match=status):
        await wire.channel.send([Message(TO, "a")])
    await wire.channel.send([Message(TO, "a")])


async def test_the_text_beside_a_refusal_is_told() -> None:
    async with wired() as wire:
        action = AnswerError("ESME_RINVSRCADR", description="out of stamps")
        wire.world.faults.add(Fault(operation="submit_sm", action=action))
        (receipt,) = await wire.channel.send([Message(TO, "a")])
    assert (receipt.status.code, receipt.status.description) == (0x0A, "out of stamps")


async def test_a_question_without_an_answer_can_be_asked_again() -> None:
    async with wired(wait_for_session=100) as wire:
        (receipt,) = await wire.channel.send([Message(TO, "a")])
        wire.world.faults.add(Fault(operation="query_sm", action=Drop()))
        with pytest.raises(Unavailable):
            await wire.channel.status(receipt.ids)
        asking = asyncio.create_task(wire.channel.status(receipt.ids))
        await wire.clock.tick(60)
        (status,) = await asking
        assert status.state is State.DELIVERED


async def test_an_id_that_the_centre_does_not_know_is_unknown(wire: Wired) -> None:
    (receipt,) = await wire.channel.send([Message(TO, "a")])
    ids = ["17", receipt.ids[0], "x" * 65]
    statuses = await wire.channel.status(ids)
    assert [(s.id, s.state) for s in statuses] == [
        ("17", State.UNKNOWN), (receipt.ids[0], State.ACCEPTED), ("x" * 65, State.UNKNOWN),
    ]  # fmt: skip
    assert statuses[0].code == 12


async def test_query_sm_names_the_sender_that_the_message_was_sent_with(wire: Wired) -> None:
    receipts = await wire.channel.send(
        [Message(TO, "a", sender="2435"), Message(TO, "a", sender="+79160000000")]
    )
    statuses = await wire.channel.status([receipt.ids[0] for receipt in receipts])
    assert {status.state for status in statuses} == {State.ACCEPTED}


async def test_a_wrong_password_is_authentication_failed_and_not_tried_again() -> None:
    async with wired(password="wrong") as wire:
        for _ in range(3):
            with pytest.raises(AuthenticationFailed, match="ESME_RINVPASWD") as caught:
                await wire.channel.send([Message(TO, "a")])
            assert caught.value.code == 0x0E
        with pytest.raises(AuthenticationFailed):
            await Listening(wire.channel).next()


@pytest.mark.parametrize("times", ["natural", "absolute", "relative"])
async def test_an_aware_time_is_an_instant_however_it_is_written(times: str) -> None:
    async with wired(times=times) as wire:
        at = wire.clock.now() + timedelta(hours=5)
        (receipt,) = await wire.channel.send(
            [Message(TO, "a", send_at=at, validity=timedelta(seconds=90.5))]
        )
        assert receipt.status.state is State.SCHEDULED
        (stored,) = wire.world.messages(to=TO)
        assert (stored.send_at, stored.submission.validity) == (at, timedelta(seconds=91))


async def test_what_smpp_cannot_say_is_refused_before_anything_is_sent(wire: Wired) -> None:
    wall = datetime(2027, 1, 1, 9, 0)  # noqa: DTZ001 - the recipient's
    for message in (
        Message(TO, "a", send_at=wall),
        Message(TO, "a", fallback=Message(TO, "b")),
        Message(TO, "a", medium=Medium.VIBER),
    ):
        with pytest.raises(Unsupported):
            await wire.channel.send([Message(TO, "a"), message])
    with pytest.raises(Unsupported):
        await wire.channel.status(["1"], medium=Medium.VIBER)
    assert not list(wire.world.messages())


async def test_a_session_does_only_what_it_is_bound_for() -> None:
    async with wired(bind="transmitter") as wire:
        assert (await wire.channel.send([Message(TO, "a")]))[0].ids
        with pytest.raises(Unsupported, match="bind = 'transmitter'"):
            wire.channel.events()
    async with wired(bind="receiver") as wire:
        with pytest.raises(Unsupported, match="bind = 'receiver'"):
            await wire.channel.send([Message(TO, "a")])
        with pytest.raises(Unsupported):
            await wire.channel.status(["1"])
        wire.world.receive(sender=TO, to="2435", text="Hi")
        events = Listening(wire.channel)
        assert isinstance(await events.next(), Incoming)
        await events.aclose()


async def test_many_messages_over_all_sessions() -> None:
    async with wired(sessions=3, window=5) as wire:
        messages = [Message(f"7903{number:07}", "Hello") for number in range(200)]
        receipts = await wire.channel.send(messages)
        assert [receipt.ref for receipt in receipts] == [message.ref for message in messages]
        assert len({receipt.ids for receipt in receipts}) == 200


async def test_a_strict_platform_takes_what_is_sent_and_how() -> None:
    world = World([account()], clock=ManualClock(), strict=True)
    async with wired(world=world) as wire:
        senders = ("DEVINO", "2435", "79160000000", "+79160000000")
        receipts = await wire.channel.send(
            [Message(TO, LONG, sender=sender, validity=timedelta(seconds=60)) for sender in senders]
        )
        assert [receipt.error for receipt in receipts] == [None] * 4


@pytest.mark.parametrize("ids", ["hex", "decimal"])
async def test_receipts_that_write_ids_otherwise_than_answers_do(ids: str) -> None:
    clock = ManualClock()
    world = World([account()], clock=clock)
    settings = SmppSettings(
        receipts=ReceiptStyle(ids=IdForm(ids), zone=UTC), receipt_parameters=False
    )
    services = [partial(SmppService, settings=settings)]
    async with Sandbox(world, services=services, discover=False) as sandbox:
        channel = smpp_channel(clock, hosts=sandbox.endpoints["smpp"], receipt_ids=ids)
        async with channel:
            events = Listening(channel)
            waiting = asyncio.create_task(events.next())
            (receipt,) = await channel.send([Message(TO, "Hello")])
            await clock.tick(5)
            event = await waiting
            assert isinstance(event, StatusChanged)
            assert (event.message_id, event.ref) == (receipt.ids[0], receipt.ref)
            await events.aclose()


async def test_a_client_has_events_of_its_channel() -> None:
    async with Sandbox(discover=False) as sandbox:
        config = {
            "smpp": {
                "login": "demo",
                "password": "demo",
                "sender": "DEVINO",
                "hosts": sandbox.endpoints["smpp"],
                "tls": False,
            }
        }
        async with AsyncClient(config, plugins=Plugins(environ={})) as client:
            receipt = await client.send(Message(TO, "Hello"))
            async with asyncio.timeout(10):
                async for event in client.events():
                    assert isinstance(event, StatusChanged)
                    assert event.ref == receipt.ref
                    break
