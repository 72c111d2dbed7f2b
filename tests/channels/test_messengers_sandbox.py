"""The channels of messengers against the sandbox: what becomes of messages, and what calls us."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from devino_core import (
    AuthenticationFailed,
    Button,
    Card,
    ConnectFailed,
    Event,
    Incoming,
    InsufficientFunds,
    Medium,
    Message,
    OutcomeUnknown,
    Plugins,
    QueueFull,
    Receipt,
    Rejected,
    Secret,
    State,
    Status,
    StatusChanged,
    Template,
    Throttled,
    Unavailable,
)
from devino_core.callbacks import Callbacks
from devino_core.testing import ManualClock
from devino_sandbox import (
    AnswerError,
    AnswerHttp,
    Drop,
    DropAnswer,
    Fault,
    Hold,
    Repeat,
    World,
)
from devino_sandbox._callbacks import Callbacks as Posted
from devino_sandbox._server import HttpServer
from tests.channels._sandboxed import Wired, account, wired

VIBER, WHATSAPP, VK, SMS = Medium.VIBER, Medium.WHATSAPP, Medium.VK, Medium.SMS
TO = "79161234567"
CARD = Card("Ready", "https://shop.example/1.png", Button("Show", "https://shop.example/1"))
TEMPLATE = Template("123456", {"name": "Anna"})
CONTENT: Mapping[Medium, Any] = {VIBER: "Hello", WHATSAPP: "Hello", VK: TEMPLATE}
MESSENGERS = [("viber", VIBER), ("whatsapp", WHATSAPP), ("vk", VK)]


def chain(to: str, *media: Medium) -> Message:
    """A message by the first medium, with the others to go instead."""
    made: Message | None = None
    for medium in reversed(media):
        content = CONTENT.get(medium, "Hello") if medium is media[0] else f"By {medium}"
        made = Message(to, content, medium=medium, fallback=made)
    assert made is not None
    return made


async def sent(wire: Wired, *messages: Message) -> list[Receipt]:
    receipts = await wire.channel.send(messages)
    assert [receipt.error for receipt in receipts] == [None] * len(messages)
    return receipts


async def told(wire: Wired, receipt: Receipt, medium: Medium) -> Status:
    [status] = await wire.channel.status(receipt.ids, medium=medium)
    return status


@pytest.mark.parametrize(("kind", "medium"), MESSENGERS)
async def test_a_message_is_followed_until_it_is_read(kind: str, medium: Medium) -> None:
    async with wired(kind, kind) as wire:
        [receipt] = await sent(wire, chain(TO, medium))
        assert int(receipt.ids[0]) > 2**53
        states = []
        for seconds in (0, 0.5, 0.5, 1):
            await wire.clock.tick(seconds)
            status = await told(wire, receipt, medium)
            states.append(status.state)
            assert (status.medium, status.id) == (medium, receipt.ids[0])
        assert states == [State.ACCEPTED, State.ENROUTE, State.DELIVERED, State.READ]
        # Its time is the World's, whatever zone the wire has.
        assert status.reported_at == wire.clock.now()


async def test_a_card_arrives_with_all_of_it() -> None:
    async with wired("viber", "viber") as wire:
        await sent(wire, Message(TO, CARD, medium=VIBER))
        [message] = wire.world.messages()
        assert message.submission.content == CARD


async def test_a_template_arrives_with_its_values() -> None:
    async with wired("vk", "vk") as wire:
        await sent(wire, Message(TO, TEMPLATE, medium=VK))
        [message] = wire.world.messages()
        assert message.submission.content == TEMPLATE


@pytest.mark.parametrize(
    ("media", "number", "state", "by"),
    [
        ((VIBER, SMS), "79990003900", State.DELIVERED, VIBER),
        ((VIBER, SMS), "79990003910", State.DELIVERED, SMS),
        ((VIBER, SMS), "79990003911", State.UNDELIVERABLE, SMS),
        ((VIBER, SMS), "79990003914", State.ENROUTE, SMS),
        ((VIBER, SMS), "79990003940", State.ENROUTE, VIBER),
        # Both arrive, the SMS sooner or later: of equals the first leg decides.
        ((VIBER, SMS), "79990003950", State.DELIVERED, VIBER),
        ((VIBER, SMS), "79990003951", State.DELIVERED, VIBER),
        ((WHATSAPP, SMS), "79990003910", State.DELIVERED, SMS),
        ((VK, VIBER, SMS), "79990003000", State.DELIVERED, VK),
        ((VK, VIBER, SMS), "79990003160", State.READ, VIBER),
        ((VK, VIBER, SMS), "79990003110", State.DELIVERED, SMS),
        ((VK, VIBER, SMS), "79990003333", State.UNDELIVERABLE, SMS),
        ((VK, SMS), "79990003190", State.DELIVERED, SMS),
        ((VK, VIBER), "79990003110", State.UNDELIVERABLE, VIBER),
    ],
)
async def test_of_several_legs_the_best_is_told(
    media: tuple[Medium, ...], number: str, state: State, by: Medium
) -> None:
    kind = media[0].lower()
    async with wired(kind, kind, validity=60) as wire:
        [receipt] = await sent(wire, chain(number, *media))
        for _ in range(10):
            await wire.clock.tick(60)
            status = await told(wire, receipt, media[0])
        assert (status.state, status.medium) == (state, by)


async def test_the_sms_has_its_own_text_and_sender() -> None:
    async with wired("viber", "viber") as wire:
        instead = Message("79990003910", "By SMS", sender="SHOP", validity=timedelta(minutes=5))
        await sent(wire, Message("79990003910", CARD, medium=VIBER, fallback=instead))
        await wire.clock.tick(5)
        _, sms = wire.world.messages()
        found = sms.submission
        assert (found.text, found.sender, found.validity) == (
            "By SMS",
            "SHOP",
            timedelta(minutes=5),
        )


@pytest.mark.parametrize(("kind", "medium"), MESSENGERS)
async def test_a_failure_is_not_the_end_while_the_sms_is_to_come(kind: str, medium: Medium) -> None:
    number = "79990003110"
    async with wired(kind, kind) as wire:
        wire.world.faults.add(Fault(protocol="resend", operation="SMS", action=Hold(60)))
        [receipt] = await sent(wire, chain(number, medium, SMS))
        await wire.clock.tick(10)
        between = await told(wire, receipt, medium)
        assert (between.state, between.medium) == (State.ENROUTE, medium)
        await wire.clock.tick(60)
        status = await told(wire, receipt, medium)
        assert (status.state, status.medium) == (State.DELIVERED, SMS)


async def test_two_hundred_and_fifty_messages_go_in_three_calls_and_one_refusal_costs_nothing() -> (
    None
):
    async with wired("viber", "viber") as wire:
        wire.world.faults.add(
            Fault(protocol="viber", to="79160000007", action=AnswerError("error-address-unknown"))
        )
        numbers = [f"7916{number:07}" for number in range(250)]
        receipts = await wire.channel.send([Message(to, "x", medium=VIBER) for to in numbers])
        refused = [receipt for receipt in receipts if receipt.error is not None]
        assert [receipt.to for receipt in refused] == ["79160000007"]
        assert isinstance(refused[0].error, Rejected)
        assert refused[0].error.code == "error-address-unknown"
        ids = [receipt.ids[0] for receipt in receipts if receipt.ids]
        assert len(set(ids)) == 249
        statuses = await wire.channel.status([*ids, ids[0]], medium=VIBER)
        assert [status.id for status in statuses] == [*ids, ids[0]]


@pytest.mark.parametrize(
    ("kind", "action", "error"),
    [
        *[(kind, Drop(), OutcomeUnknown) for kind, _ in MESSENGERS],
        *[(kind, DropAnswer(), OutcomeUnknown) for kind, _ in MESSENGERS],
        *[(kind, AnswerHttp(502), OutcomeUnknown) for kind, _ in MESSENGERS],
        *[(kind, AnswerHttp(429), Throttled) for kind, _ in MESSENGERS],
        ("viber", AnswerError("error-auth"), AuthenticationFailed),
        ("viber", AnswerError("error-account-locked"), AuthenticationFailed),
        ("viber", AnswerError("error-system"), OutcomeUnknown),
        ("viber", AnswerError("error-syntax"), Rejected),
        ("viber", AnswerError("not-permitted"), Rejected),
        ("whatsapp", AnswerError("error-route-not-found"), Rejected),
        ("vk", AnswerError("login_send_queue_overflow"), QueueFull),
        ("vk", AnswerError("login_not_specified"), AuthenticationFailed),
        ("vk", AnswerError("system_error"), OutcomeUnknown),
        ("vk", AnswerError("text_invalid"), Rejected),
        ("vk", AnswerError("not-enough-credits"), InsufficientFunds),
    ],
)
async def test_each_failure_has_its_error(kind: str, action: Any, error: type[Exception]) -> None:
    medium = dict(MESSENGERS)[kind]
    async with wired(kind, kind) as wire:
        wire.world.faults.add(Fault(protocol=kind, action=action))
        found: BaseException | None
        try:
            [receipt] = await wire.channel.send([chain(TO, medium)])
            found = receipt.error
        except Exception as raised:  # noqa: BLE001 - it is what the test looks at
            found = raised
        assert type(found) is error
        assert "canary" not in f"{found!r}"


@pytest.mark.parametrize(("kind", "medium"), MESSENGERS)
async def test_a_question_that_fails_is_unavailable(kind: str, medium: Medium) -> None:
    async with wired(kind, kind) as wire:
        [receipt] = await sent(wire, chain(TO, medium))
        wire.world.faults.add(Fault(protocol=kind, action=AnswerHttp(502)))
        with pytest.raises(Unavailable):
            await wire.channel.status(receipt.ids, medium=medium)
        assert (await told(wire, receipt, medium)).state is State.ACCEPTED


@pytest.mark.parametrize(("kind", "medium"), MESSENGERS)
async def test_a_wrong_password_and_nobody_there(kind: str, medium: Medium) -> None:
    async with wired(kind, kind, password="wrong") as wire:
        with pytest.raises(AuthenticationFailed):
            await wire.channel.send([chain(TO, medium)])
    async with wired(kind, kind, base_url="http://127.0.0.1:9") as wire:
        with pytest.raises(ConnectFailed):
            await wire.channel.send([chain(TO, medium)])


async def test_an_empty_purse_refuses_that_message() -> None:
    world = World([account(balance=Decimal(2))], clock=ManualClock())
    async with wired("viber", "viber", world=world) as wire:
        taken, refused = await wire.channel.send([chain(TO, VIBER), chain(TO, VIBER)])
        assert taken.error is None
        assert isinstance(refused.error, Rejected)
        assert refused.error.code == "not-permitted"


@pytest.mark.parametrize(("kind", "medium"), MESSENGERS)
async def test_after_five_days_it_is_unknown(kind: str, medium: Medium) -> None:
    world = World([account()], clock=ManualClock())
    assert isinstance(world.clock, ManualClock)
    async with wired(kind, kind, world=world) as wire:
        [receipt] = await sent(wire, chain(TO, medium))
        world.clock.advance(wire.channel.remembers.total_seconds())
        assert (await told(wire, receipt, medium)).state is State.READ
        world.clock.advance(1)
        status = await told(wire, receipt, medium)
        assert status.state is State.UNKNOWN
        assert "unknown" in str(status.code)


class Heard:
    """What the platform has told a receiver of this library's."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.failures = 0

    async def __call__(self, event: Event) -> str | None:
        if self.failures:
            self.failures -= 1
            raise LookupError("not yet")
        self.events.append(event)
        return "Thank you" if isinstance(event, Incoming) else None

    @property
    def statuses(self) -> list[tuple[str, State, Medium | None]]:
        return [
            (event.message_id, event.status.state, event.medium)
            for event in self.events
            if isinstance(event, StatusChanged)
        ]

    @property
    def incoming(self) -> list[Incoming]:
        return [event for event in self.events if isinstance(event, Incoming)]


@asynccontextmanager
async def hearing(kind: str, sources: Iterable[str]) -> AsyncIterator[tuple[Wired, Heard]]:
    """A channel, and a receiver that the sandbox calls."""
    heard, secret, clock = Heard(), "a-secret-of-sixteen", ManualClock()
    plugins = Plugins(environ={})
    specs = [plugins.callback_spec(source) for source in sources]
    async with AsyncExitStack() as stack:
        receiver = Callbacks(heard, specs, secrets=[Secret(secret)], clock=clock)
        server = HttpServer(receiver.asgi)
        port = await server.start("127.0.0.1", 0, None)
        stack.push_async_callback(server.stop)
        stack.push_async_callback(receiver.aclose)
        urls = {one: Secret(f"http://127.0.0.1:{port}/{secret}/{one}") for one in sources}
        owner = account(callbacks=urls)
        world = World([owner], clock=clock)
        wire = await stack.enter_async_context(wired(kind, kind, world=world))
        yield wire._replace(clock=clock), heard


async def settled(wire: Wired, seconds: float) -> None:
    """Let time pass, until no callback is under way."""
    await wire.clock.tick(seconds)
    wire.world.advance()
    async with asyncio.timeout(10):
        while True:
            await asyncio.sleep(0)
            posted = wire.world.of(Posted).latest
            if all(one.due or one.given_up or not one.items for one in posted):
                return


@pytest.mark.parametrize(("kind", "medium"), MESSENGERS)
async def test_each_change_is_heard_once(kind: str, medium: Medium) -> None:
    async with hearing(kind, [kind]) as (wire, heard):
        for fault in (Repeat(3), DropAnswer()):
            nth = 1 if isinstance(fault, Repeat) else 2
            wire.world.faults.add(Fault(protocol=f"{kind}-callback", nth=nth, action=fault))
        [receipt] = await sent(wire, chain(TO, medium))
        for seconds in (1, 1, 100, 100):
            await settled(wire, seconds)
        [message_id] = receipt.ids
        states = [State.DELIVERED, State.READ]
        found = [one for one in heard.statuses if one[1] is not State.ENROUTE]
        assert found == [(message_id, state, medium) for state in states]


async def test_an_event_that_cannot_be_placed_yet_comes_again() -> None:
    async with hearing("viber", ["viber"]) as (wire, heard):
        heard.failures = 1
        [receipt] = await sent(wire, chain("79990000002", VIBER))
        await settled(wire, 1)
        assert heard.events == []
        await settled(wire, 60)
        assert heard.statuses == [(receipt.ids[0], State.DELIVERED, VIBER)]


async def test_a_failure_that_is_heard_is_the_end_of_that_leg_alone() -> None:
    async with hearing("viber", ["viber"]) as (wire, heard):
        [receipt] = await sent(wire, chain("79990003910", VIBER, SMS))
        await settled(wire, 5)
        await settled(wire, 5)
        assert heard.statuses == [(receipt.ids[0], State.UNDELIVERABLE, VIBER)]
        status = await told(wire, receipt, VIBER)
        assert (status.state, status.medium) == (State.DELIVERED, SMS)


async def test_an_answer_of_the_recipient_names_the_message() -> None:
    async with hearing("viber", ["viber"]) as (wire, heard):
        [receipt] = await sent(wire, chain(TO, VIBER))
        wire.world.receive(sender=TO, text="Да", medium=VIBER, in_reply_to=receipt.ids[0])
        await settled(wire, 0.1)
        [came] = heard.incoming
        assert (came.sender, came.to, came.text) == (TO, "DEVINO", "Да")
        assert (came.in_reply_to, came.medium) == (receipt.ids[0], VIBER)
        assert came.at == wire.clock.now() - timedelta(seconds=0.1)


async def test_an_incoming_sms_is_answered_once_however_often_it_comes() -> None:
    async with hearing("viber", ["sms"]) as (wire, heard):
        wire.world.faults.add(Fault(protocol="sms-callback", action=Repeat(3)))
        wire.world.receive(sender=TO, to="1234", text="Да", prefix="loto")
        await settled(wire, 0.1)
        await settled(wire, 5)
        [came] = heard.incoming
        assert (came.sender, came.to, came.text, came.medium) == (TO, "1234", "Да", SMS)
        [reply] = wire.world.messages()
        assert (reply.to, reply.submission.sender, reply.submission.text) == (
            TO,
            "1234",
            "Thank you",
        )
