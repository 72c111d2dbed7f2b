"""The demo: messages of several fates through every channel, followed to their ends.

The channels are those that the sandbox's services declare, a plugin's services too; a fate joins by
a line in :data:`SCENARIOS`. Where a wire does not tell what became of a message, the World does.

A subscriber writes, too. The platform hands that SMS to a receiver on a port of its own, and the
receiver's reply goes back.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import chain
from typing import TypeAlias, TypedDict

import msgspec

from devino_core import (
    AsyncClient,
    Capability,
    Channel,
    ChannelSettings,
    ConfigurationError,
    Event,
    Incoming,
    Mail,
    Message,
    PluginError,
    Plugins,
    Receipt,
    Secret,
    State,
    Status,
    Unsupported,
)
from devino_core.callbacks import Callbacks
from devino_core.clock import SYSTEM_CLOCK

from ._accounts import Account
from ._demo_scenarios import (
    ANSWER,
    NUMBER,
    REPLIED,
    REPLY,
    SCENARIOS,
    SENDER,
    SUBSCRIBER,
    Scenario,
)
from ._fates import Pace
from ._messages import Submission
from ._questions import Answered
from ._runner import Sandbox
from ._service import Access
from ._world import World

__all__ = ["SCENARIOS", "Demo", "Result", "Row", "Scenario"]

_Settings: TypeAlias = dict[str, dict[str, object]]

HANDLER = "incoming"
"""The handler's rows have no channel."""
PACE = Pace(sent=0.3, final=0.8, read=1.2, look=0.5)
POLL, PATIENCE = 0.15, 15.0


def _kind(channel: str) -> str:
    return channel.partition(" ")[0]


class Row(msgspec.Struct, kw_only=True):
    """One message on its way."""

    channel: str
    scenario: Scenario
    receipt: Receipt
    states: list[State]
    """Every state that it was seen in, in order."""

    @property
    def state(self) -> State:
        """Where it is."""
        return self.receipt.status.state

    @property
    def reached(self) -> bool:
        """It came where it was expected."""
        return self.state is self.scenario.expected

    def as_json(self) -> dict[str, object]:
        """What ``devino demo --json`` prints of it."""
        return {
            "channel": self.channel,
            "to": self.scenario.to,
            "medium": self.scenario.medium,
            "by": self.receipt.status.medium or self.scenario.medium,
            "about": self.scenario.about,
            "expected": self.scenario.expected,
            "state": self.state,
            "states": self.states,
            "description": self.receipt.status.description,
            "ids": self.receipt.ids,
            "parts": self.receipt.parts,
        }


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """How it ended."""

    rows: Sequence[Row]
    inboxes: Mapping[str, Sequence[str]]
    """By channel: the texts of its incoming messages."""
    balance: Decimal
    spent: Decimal
    answers: Sequence[Answered] = ()
    left_out: Mapping[str, str] = {}
    """Channels and services whose extra is not installed, and what to install."""

    @property
    def ok(self) -> bool:
        """Every message reached its state, every channel with an inbox brought the answer, and
        every question was answered as expected."""
        return (
            bool(self.rows)
            and all(row.reached for row in self.rows)
            and all(answer.as_expected for answer in self.answers)
            and all(ANSWER in texts for texts in self.inboxes.values())
        )

    @property
    def sum(self) -> str:
        """How many messages came where they should, and what all of it cost."""
        reached = sum(row.reached for row in self.rows)
        return (
            f"{reached} of {len(self.rows)} messages came where they should; "
            f"{self.spent} spent, {self.balance} left"
        )


class Demo:
    """A sandbox, a client and the rows, which ``show`` is given whenever one of them changed."""

    def __init__(self, plugins: Plugins, show: Callable[[Sequence[Row]], None]) -> None:
        self._plugins = plugins
        self._show = show
        self._clock = SYSTEM_CLOCK

    async def run(self) -> Result:
        """From the start of the sandbox to its end, within seconds."""
        account = Account(
            login="demo",
            # SMPP has room for 8 characters.
            password=Secret(secrets.token_urlsafe(6)),
            senders=frozenset({SENDER}),
        )
        opening = account.balance
        world = World([account], pace=PACE)
        async with _handler(self._plugins) as url:
            account.callbacks = {"sms": url}
            return await self._run(account, world, opening)

    async def _run(self, account: Account, world: World, opening: Decimal) -> Result:
        async with Sandbox(world) as sandbox:
            configured = _configured(sandbox, account)
            left_out = _leave_out(configured, self._plugins)
            async with AsyncClient(**configured, plugins=self._plugins) as client:
                return await self._asked(client, sandbox, account, opening, left_out)

    async def _asked(
        self,
        client: AsyncClient,
        sandbox: Sandbox,
        account: Account,
        opening: Decimal,
        left_out: Mapping[str, str],
    ) -> Result:
        world = sandbox.world
        rows = await self._send(client)
        world.receive(sender=SUBSCRIBER, to=NUMBER, text=ANSWER)
        rows.append(_replied(self._clock.now()))
        answers, _ = await asyncio.gather(
            self._answers(client, sandbox), self._follow(client, world, rows)
        )
        return Result(
            rows=rows,
            answers=answers,
            inboxes=await self._inboxes(client),
            balance=account.balance,
            spent=opening - account.balance,
            left_out=left_out,
        )

    async def _send(self, client: AsyncClient) -> list[Row]:
        sent: dict[str, list[Row]] = {name: [] for name in client.channels}

        async def send(name: str) -> None:
            channel, now = client.channel(name), self._clock.now()
            messages = [
                (scenario, message)
                for scenario in SCENARIOS
                if _carries(channel, message := scenario.message(now))
            ]
            receipts = await client.send_many([message for _, message in messages], channel=name)
            sent[name] = [
                Row(
                    channel=name,
                    scenario=scenario,
                    receipt=receipt,
                    states=[receipt.status.state],
                )
                for (scenario, _), receipt in zip(messages, receipts, strict=True)
            ]
            self._show(list(chain.from_iterable(sent.values())))

        await asyncio.gather(*map(send, client.channels))
        return list(chain.from_iterable(sent.values()))

    async def _follow(self, client: AsyncClient, world: World, rows: Sequence[Row]) -> None:
        """Until each is where it is expected. client.follow() would stop before READ."""

        async def ask(row: Row) -> bool:
            channel = client.channels.get(row.channel)
            if channel is not None and Capability.STATUS in channel.capabilities:
                status = await client.status(row.receipt)
            else:
                status = _status_in(world, row, rows)
            if status.state is row.state:
                return False
            row.receipt = msgspec.structs.replace(row.receipt, status=status)
            row.states.append(status.state)
            return True

        end = self._clock.monotonic() + PATIENCE
        while waiting := [row for row in rows if not row.reached]:
            await self._clock.sleep(POLL)
            if any(await asyncio.gather(*map(ask, waiting))):
                self._show(rows)
            if self._clock.monotonic() > end:
                return

    async def _answers(self, client: AsyncClient, sandbox: Sandbox) -> Sequence[Answered]:
        asked = {**client.channels, **client.services}
        questions = [
            one
            for service in sandbox.services
            for one in service.demo_questions()
            if one.of in asked
        ]
        return await asyncio.gather(*[one.answered(asked[one.of]) for one in questions])

    async def _inboxes(self, client: AsyncClient) -> dict[str, Sequence[str]]:
        now, minute = self._clock.now(), timedelta(minutes=1)
        return {
            name: [
                incoming.text
                for incoming in await client.inbox(now - minute, now + minute, channel=name)
            ]
            for name, channel in client.channels.items()
            if Capability.INBOX in channel.capabilities
        }


@asynccontextmanager
async def _handler(plugins: Plugins) -> AsyncIterator[Secret]:
    """A receiver of incoming SMS that replies to each. Gives its URL."""
    from ._server import HttpServer

    async def reply(event: Event) -> str | None:
        return REPLY if isinstance(event, Incoming) else None

    secret = secrets.token_urlsafe(16)
    receiver = Callbacks(reply, [plugins.callback_spec("sms")], secrets=[Secret(secret)])
    server = HttpServer(receiver.asgi)
    port = await server.start("127.0.0.1", 0, None)
    try:
        yield Secret(f"http://127.0.0.1:{port}/{secret}/sms")
    finally:
        await receiver.aclose()
        await server.stop()


def _replied(now: datetime) -> Row:
    """The reply, which the platform has not sent yet."""
    awaited = Status(state=State.UNKNOWN)
    receipt = Receipt.of(REPLIED.message(now), awaited, channel=HANDLER)
    return Row(channel=HANDLER, scenario=REPLIED, receipt=receipt, states=[])


class _Configured(TypedDict):
    channels: _Settings
    services: _Settings


def _configured(sandbox: Sandbox, account: Account) -> _Configured:
    """The channels and services that the sandbox declares, in the order of their names."""
    access = Access(endpoints=sandbox.endpoints, account=account, sender=SENDER)
    found: _Configured = {"channels": {}, "services": {}}
    for service in sandbox.services:
        _add(found["channels"], service.demo_channels(access), service.name)
        _add(found["services"], service.demo_services(access), service.name)
    return {
        "channels": dict(sorted(found["channels"].items())),
        "services": dict(sorted(found["services"].items())),
    }


def _leave_out(configured: _Configured, plugins: Plugins) -> Mapping[str, str]:
    """Take out whatever cannot be loaded because its extra is not installed. Gives why, by name."""
    missing: dict[str, str] = {}
    groups = (
        (configured["channels"], plugins.channel_spec),
        (configured["services"], plugins.service_spec),
    )
    for group, spec in groups:
        for name in list(group):
            # A kind that no plugin brings is a mistake; one whose extra is missing is not.
            found = spec(_kind(name))
            try:
                plugins.load(found)
            except PluginError:
                raise
            except ConfigurationError as error:
                missing[name] = str(error)
                del group[name]
    return missing


def _add(found: _Settings, more: Mapping[str, Mapping[str, object]], whose: str) -> None:
    for name, settings in more.items():
        if name in found:
            raise PluginError(f"service {whose!r}: demo channel {name!r} is another's")
        found[name] = {"kind": _kind(name), **settings}


def _carries(channel: Channel[ChannelSettings], message: Message) -> bool:
    """Its wire has the medium, and can say all of the message."""
    try:
        channel.check([message])
    except Unsupported:
        return False
    return message.medium in channel.media


def _is_of(order: Submission, scenario: Scenario) -> bool:
    """Whether it says what this scenario says to its recipient, who gets but one mail."""
    if isinstance(scenario.content, Mail):
        return order.medium is scenario.medium
    return (order.sender, order.text) == (scenario.sender or SENDER, scenario.content)


def _status_in(world: World, row: Row, rows: Sequence[Row]) -> Status:
    """Where the World has it: of several messages that are alike, the one in the same place."""
    scenario, via = row.scenario, _kind(row.channel)
    alike = [r.channel for r in rows if r.scenario is scenario and _kind(r.channel) == via]
    found = [
        message.state
        for message in world.messages(to=scenario.to)
        if message.submission.via == via and _is_of(message.submission, scenario)
    ]
    nth = alike.index(row.channel)
    if nth < len(found):
        return Status(state=found[nth])
    # A file that is refused as a whole is on record under its name, which is all that was told.
    name = row.receipt.status.description
    refused = [message.state for message in world.messages(to=name)] if name else []
    return Status(state=refused[0]) if refused else row.receipt.status
