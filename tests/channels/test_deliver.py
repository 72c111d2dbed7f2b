"""A message that goes from channel to channel of the sandbox, for every fate of each leg."""

from __future__ import annotations

import asyncio
import itertools
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest
from msgspec.structs import replace

from devino_core import (
    AsyncClient,
    Client,
    Event,
    InvalidMessage,
    Mail,
    Medium,
    Message,
    Receipt,
    State,
    Status,
    StatusChanged,
    Template,
    Unsupported,
)
from devino_core.observe import Call, Observer, Outcome
from devino_core.outbox import Delivery, Store
from devino_core.testing import ManualClock
from devino_outbox import SqliteSettings
from devino_outbox.sqlite import SqliteStore
from devino_sandbox import LocalSandbox, Sandbox, World
from tests.channels._sandboxed import PASSWORD, account
from tests.outbox._world import counted

T = TypeVar("T")
MINUTE = timedelta(minutes=1)


class Traffic(Observer):
    """Whether anything is on a wire, and what was handed over."""

    def __init__(self) -> None:
        self.busy = 0
        self.sent: list[Message] = []
        self.events: list[Event] = []

    def call_started(self, call: Call) -> Callable[[Outcome], None]:
        self.busy += 1
        return self._ended

    def _ended(self, outcome: Outcome) -> None:
        self.busy -= 1

    def message_done(self, message: Message, receipt: Receipt) -> None:
        self.sent.append(message)

    def event(self, event: Event) -> None:
        self.events.append(event)


class Wired(NamedTuple):
    client: AsyncClient
    world: World
    clock: ManualClock
    traffic: Traffic

    async def run(self, work: Awaitable[T], *, hours: float = 1) -> T:
        """Let time pass whenever nothing is on a wire, until this is done."""
        task = asyncio.ensure_future(work)
        end = self.clock.monotonic() + 3600 * hours
        while not task.done():
            assert self.clock.monotonic() < end, "it does not end"
            await self.clock.tick(0 if self.traffic.busy else 1)
            await asyncio.sleep(0.001 if self.traffic.busy else 0)
        return task.result()


@asynccontextmanager
async def wired(
    *names: str, client: dict[str, Any] | None = None, **settings: dict[str, object]
) -> AsyncIterator[Wired]:
    clock = ManualClock()
    world = World([account()], clock=clock)
    traffic = Traffic()
    async with Sandbox(world, discover=False) as sandbox:
        given: dict[str, dict[str, object]] = {}
        for name in names:
            given[name] = {"login": "demo", "password": PASSWORD, "sender": "DEVINO"}
            if name == "email2sms":
                host, _, port = sandbox.endpoints["smtp"].rpartition(":")
                given[name] |= {
                    "host": host,
                    "port": int(port),
                    "tls": "none",
                    "from_addr": "service@example.org",
                    "local_hostname": "localhost",
                }
            else:
                given[name]["base_url"] = sandbox.endpoints[name]
            given[name] |= settings.get(name, {})
        async with AsyncClient(given, observers=[traffic], clock=clock, **(client or {})) as opened:
            yield Wired(opened, world, clock, traffic)


MEDIA = (Medium.VK, Medium.VIBER, Medium.SMS)


def chain(to: str, media: Sequence[Medium] = MEDIA, **fields: Any) -> Message:
    message: Message | None = None
    for medium in reversed(media):
        message = Message(
            to,
            Template("123456") if medium is Medium.VK else f"Your order is ready ({medium})",
            medium=medium,
            validity=MINUTE,
            fallback=message,
        )
    assert message is not None
    return message


async def all_of(deliveries: AsyncIterator[Delivery]) -> list[Delivery]:
    return [delivery async for delivery in deliveries]


# What becomes of a leg by the digit of its fate, as the sandbox's documentation says.
ENDS = {
    "0": State.DELIVERED,
    "1": State.UNDELIVERABLE,
    "2": State.EXPIRED,
    "3": State.UNDELIVERABLE,
    "4": State.UNKNOWN,
    "5": State.EXPIRED,
    "6": State.READ,
}


def expected(digits: str) -> tuple[list[State], set[Medium]]:
    """The ends of the legs that go, and the media that are reached for all that is known then."""
    ends: list[State] = []
    reached = set()
    for medium, digit in zip(MEDIA, digits, strict=True):
        end = ENDS[digit]
        if medium is Medium.SMS and digit in "36":
            end = State.REJECTED if digit == "3" else State.DELIVERED
        ends.append(end)
        if end.is_success:
            reached.add(medium)
            break
    return ends, reached


@pytest.mark.parametrize("store", [None, "sqlite"])
async def test_every_fate_of_each_leg(
    store: str | None, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    full = request.config.getoption("--attack") == "full"
    fates = ["".join(digits) for digits in itertools.product(ENDS, repeat=3)][:: 1 if full else 23]
    # A limit of requests a second counts real seconds.
    async with wired("vk", "viber", "rest", vk={"requests_per_second": 0}) as wire:
        journal: Store | None = None
        if store == "sqlite":
            settings = SqliteSettings(url=f"sqlite:///{tmp_path / 'outbox.db'}")
            journal = counted(SqliteStore(settings, clock=wire.clock), wire.traffic)
        told = await wire.run(
            asyncio.gather(
                *[
                    all_of(
                        wire.client.deliver(chain(f"79990003{digits}"), native=False, store=journal)
                    )
                    for digits in fates
                ]
            )
        )
        for digits, deliveries in zip(fates, told, strict=True):
            last = deliveries[-1]
            ends, reached = expected(digits)
            assert last.done, digits
            assert [leg.ended for leg in last.legs] == ends, digits
            # Those that arrived too late are told, too, if it was not over by then.
            late = {
                medium
                for medium, digit in zip(MEDIA, digits, strict=True)
                if digit == "5" and medium is not Medium.SMS
            }
            assert reached <= set(last.reached) <= reached | late, digits
            if digits[0] == "5" and len(ends) == 3 and digits[1] == "4":
                assert Medium.VK in last.reached, digits
            if last.reached:
                assert last.status.state.is_success, digits
            elif "4" in digits[: len(ends)]:
                assert last.status.state is State.UNKNOWN, digits
            sent = [one for one in wire.traffic.sent if one.to.endswith(f"3{digits}")]
            assert [one.medium for one in sent] == list(MEDIA[: len(ends)]), digits


async def test_what_a_wire_can_say_is_one_leg() -> None:
    async with wired("vk", "viber", "rest") as wire:
        for digits, reached in (("000", Medium.VK), ("110", Medium.SMS), ("106", Medium.VIBER)):
            deliveries = await wire.run(all_of(wire.client.deliver(chain(f"79990003{digits}"))))
            last = deliveries[-1]
            assert len(last.legs) == 1
            assert last.legs[0].ref == f"{last.ref}/1"
            assert last.reached == (reached,)
        assert [one.medium for one in wire.traffic.sent] == [Medium.VK] * 3
        assert wire.traffic.sent[0].fallback is not None


async def test_after_a_chain_of_the_wire_another_leg_goes_once_the_whole_chain_failed() -> None:
    to = "79990003111"
    async with wired("vk", "email") as wire:
        message = chain(to)
        mail = Message(
            "read@fate.test",
            Mail("Order", "It is ready"),
            sender="a@example.org",
            medium=Medium.EMAIL,
        )
        assert message.fallback is not None
        assert message.fallback.fallback is not None
        message = _appended(message, mail)
        deliveries = await wire.run(all_of(wire.client.deliver(message)))
        last = deliveries[-1]
        assert [leg.medium for leg in last.legs] == [Medium.VK, Medium.EMAIL]
        assert last.reached == (Medium.EMAIL,)


def _appended(message: Message, last: Message) -> Message:
    rest = message.fallback
    return replace(message, fallback=last if rest is None else _appended(rest, last))


@pytest.mark.parametrize("digits", ["11", "14", "41", "55"])
async def test_email2sms_is_the_last_leg(digits: str) -> None:
    async with wired("vk", "viber", "email2sms") as wire:
        message = chain(f"79990003{digits}0")
        sms = message.fallback and message.fallback.fallback
        assert sms is not None
        assert message.fallback is not None
        bare = replace(sms, validity=None, content="Your order is ready")
        message = replace(message, fallback=replace(message.fallback, fallback=bare))
        deliveries = await wire.run(all_of(wire.client.deliver(message, native=False)))
        last = deliveries[-1]
        assert [leg.channel for leg in last.legs] == ["vk", "viber", "email2sms"]
        assert last.done
        # Nobody ever tells what became of it.
        assert last.legs[-1].ended is State.UNKNOWN


async def test_all_is_checked_before_anything_is_sent() -> None:
    async with wired("vk", "viber", "rest", "email2sms") as wire:
        last_is_bad = chain("79990003110")
        assert last_is_bad.fallback is not None
        bad = Message("no number", "Hello", medium=Medium.SMS)
        last_is_bad = replace(last_is_bad, fallback=replace(last_is_bad.fallback, fallback=bad))
        with pytest.raises(InvalidMessage):
            await all_of(wire.client.deliver(last_is_bad))
        silent = Message(
            "79990003110",
            "Hello",
            validity=MINUTE,
            fallback=Message("79990003110", "Hello", medium=Medium.VIBER),
        )
        endless = replace(silent, validity=None)
        with pytest.raises(InvalidMessage, match="validity"):
            await all_of(wire.client.deliver(endless))
        assert wire.traffic.sent == []
    async with wired("email2sms", "viber") as wire:
        with pytest.raises(Unsupported, match="never tells"):
            await all_of(wire.client.deliver(silent))
        assert wire.traffic.sent == []


async def test_the_clients_own_settings_hold_here_too() -> None:
    async with wired("vk", "viber", "rest", client={"only_to": ["79030000000"]}) as wire:
        deliveries = await wire.run(all_of(wire.client.deliver(chain("79990003110"), native=False)))
        assert [leg.ended for leg in deliveries[-1].legs] == [State.REJECTED] * 3
        assert list(wire.world.messages()) == []


async def test_sending_a_chain_says_what_else_there_is() -> None:
    async with wired("rest") as wire:
        with pytest.raises(Unsupported, match=r"client\.deliver\(\)"):
            await wire.client.send(chain("79990003110", (Medium.SMS, Medium.SMS)))


def test_the_example(tmp_path: Path) -> None:
    example = Path(__file__).parents[2] / "docs" / "examples" / "deliver.py"
    with LocalSandbox() as sandbox:
        environ = {name: value for name, value in os.environ.items() if "DEVINO" not in name}
        environ |= sandbox.environ("viber", "rest")
        done = subprocess.run(
            [sys.executable, str(example), "79990003900", "17"],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "reached by VIBER"


def test_the_blocking_client_delivers(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'outbox.db'}"
    with (
        LocalSandbox() as sandbox,
        Client({kind: sandbox.settings(kind) for kind in ("viber", "rest")}) as client,
    ):
        message = chain("79990003900", (Medium.VIBER, Medium.SMS))
        for store in (None, url):
            told = list(client.deliver(message, store=store))
            assert told[-1].reached == (Medium.VIBER,)
        assert list(client.resume(url)) == []
        assert not client.stop(message.ref)
        event = StatusChanged(
            id="1",
            at=datetime.now(UTC),
            channel="viber",
            message_id="nobody's",
            status=Status(state=State.READ),
        )
        client.feed(event)
