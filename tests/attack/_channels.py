"""Every kind of channel that the sandbox can serve, pointed at whatever a test puts in its way."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, NamedTuple

import msgspec
import pytest

from devino_core import (
    AsyncClient,
    DevinoError,
    Mail,
    Medium,
    Message,
    Plugins,
    Receipt,
    Retry,
    Secret,
    Template,
)
from devino_core.observe import Observer
from devino_sandbox import Access, Account, Pace, Sandbox, StoredMessage, World
from devino_sandbox._loading import load_services
from devino_sandbox.services.ftp._folders import Folders

__all__ = [
    "FTP",
    "HTTP",
    "KINDS",
    "MAIL",
    "PATIENCE",
    "SMPP",
    "WIRES",
    "Target",
    "Wire",
    "attempt",
    "by_turns",
    "client",
    "message",
    "port_of",
    "redirected",
    "target",
    "wrong",
]

PATIENCE = 2.0
"""Seconds that a channel waits; what takes much longer hangs."""
HANGS = 60.0


class Wire(enum.Enum):
    """What a channel speaks, known by a setting that only such channels have."""

    HTTP = "base_url"
    SMPP = "hosts"
    MAIL = "local_hostname"
    FTP = "temp_dir"


ADDRESSES: Mapping[Medium, Callable[[int], str]] = {
    Medium.EMAIL: lambda number: f"attack{number}@example.org",
}
"""Of recipients; a phone number where a medium is missing."""

_PLUGINS = Plugins(environ={})


def _demo_channels(access: Access, world: World) -> dict[str, dict[str, Any]]:
    """The first channel of each kind that a service declares."""
    found: dict[str, dict[str, Any]] = {}
    for service in load_services(world, discover=False).values():
        for name, settings in service.demo_channels(access).items():
            found.setdefault(name.split()[0], dict(settings))
    return found


class _Anywhere(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "http://127.0.0.1:1"


_NOBODY = Account(login="demo", password=Secret("demo"))
_NOWHERE = Access(endpoints=_Anywhere(), account=_NOBODY, sender="DEVINO")
KINDS: Sequence[str] = sorted(_demo_channels(_NOWHERE, World()))


def _wire(kind: str) -> Wire | None:
    fields = _PLUGINS.channel_spec(kind).settings.__struct_fields__
    return next((wire for wire in Wire if wire.value in fields), None)


WIRES: Mapping[str, Wire | None] = {kind: _wire(kind) for kind in KINDS}
HTTP, SMPP, MAIL, FTP = ([kind for kind in KINDS if WIRES[kind] is wire] for wire in Wire)


class Target(NamedTuple):
    """A sandbox, and how a channel of one kind reaches it as one of its accounts."""

    kind: str
    world: World
    port: int
    settings: Callable[[int], Mapping[str, Any]]
    """Of the nth account."""

    async def recorded(self) -> Mapping[str, int]:
        """How often each text was taken."""
        await self.world.of(Folders).look()
        counts: dict[str, int] = {}
        for stored in self.world.messages():
            if stored.reason is None:
                counts[_text(stored)] = counts.get(_text(stored), 0) + 1
        return counts


def _text(stored: StoredMessage) -> str:
    submission = stored.submission
    # The text of a template is known to the platform alone.
    content = submission.content
    return content.values["text"] if isinstance(content, Template) else submission.text


@asynccontextmanager
async def target(kind: str, *, accounts: int = 1, **options: Any) -> AsyncIterator[Target]:
    """A sandbox for this kind. ``options`` are those of :class:`Sandbox`."""
    known = [
        # SMPP has room for 8 characters, and lets one account have few sessions.
        Account(login=f"user{n}", password=Secret("pass"), balance=Decimal(10**9))
        for n in range(accounts)
    ]
    world = World(known, pace=Pace.instant(), keep=10**6)
    async with Sandbox(world, discover=False, **options) as sandbox:

        def settings(number: int) -> Mapping[str, Any]:
            access = Access(endpoints=sandbox.endpoints, account=known[number], sender="DEVINO")
            return _demo_channels(access, World())[kind]

        yield Target(kind, world, port_of(settings(0)), settings)


def port_of(settings: Mapping[str, Any]) -> int:
    """The port that these settings lead to."""
    if "port" in settings:
        return int(settings["port"])
    where = str(settings.get("base_url") or settings["hosts"])
    return int(where.split("://")[-1].partition("/")[0].rpartition(":")[2])


def redirected(settings: Mapping[str, Any], port: int) -> dict[str, Any]:
    """The same settings, to another port of this machine."""
    old = port_of(settings)
    return {
        name: port
        if value == old
        else value.replace(f":{old}", f":{port}")
        if isinstance(value, str)
        else value
        for name, value in settings.items()
    }


@asynccontextmanager
async def client(
    kind: str,
    settings: Mapping[str, Any],
    *,
    patience: float = PATIENCE,
    observers: Iterable[Observer] = (),
    **more: Any,
) -> AsyncIterator[AsyncClient]:
    """A client with this one channel, impatient as far as its kind has settings for that."""
    fields = _PLUGINS.channel_spec(kind).settings.__struct_fields__
    waits = dict.fromkeys(("connect_timeout", "timeout", "response_timeout"), patience)
    waits |= {
        "throttle_timeout": patience,
        "ask_interval": 0.01,
        "asks": 2,
        "requests_per_second": 0,
    }
    chosen = {name: value for name, value in waits.items() if name in fields}
    async with AsyncClient(
        {kind: {**settings, **chosen, **more}}, plugins=_PLUGINS, observers=observers
    ) as opened:
        yield opened


def message(kind: str, number: int, text: str) -> Message:
    """A message that this kind of channel carries, to a recipient of its own."""
    spec = _PLUGINS.channel_spec(kind)
    medium = min(spec.media, key=list(Medium).index)
    address = ADDRESSES.get(medium, _phone)
    contents = _PLUGINS.load(spec).takes[medium].contents
    content: str | Mail | Template = Template("1", {"text": text})
    if str in contents:
        content = text
    elif Mail in contents:
        content = Mail("Attack", text)
    return Message(address(number % 10**7), content, medium=medium)


def _phone(number: int) -> str:
    return f"7903{number:07}"


class Outcome(msgspec.Struct, frozen=True):
    """What the caller of a send was told."""

    accepted: bool = False
    retry: Retry | None = None
    told: str = ""

    def __str__(self) -> str:
        return self.told


def by_turns(metafunc: pytest.Metafunc, kinds: Sequence[str], names: Iterable[str]) -> None:
    """Every hostile peer for every kind; where a sample will do each peer once, by turns."""
    if "name" not in metafunc.fixturenames:
        return
    is_full = metafunc.config.getoption("--attack") == "full"
    cases = [
        pytest.param(kind, name, id=f"{kind}-{name}")
        for number, name in enumerate(names)
        for turn, kind in enumerate(kinds)
        if is_full or turn == number % len(kinds)
    ]
    metafunc.parametrize(("kind", "name"), cases)


async def attempt(opened: AsyncClient, sent: Message, *, within: float = HANGS) -> Outcome:
    """Send it, and say what came of it. What is neither a receipt nor a DevinoError escapes."""
    try:
        async with asyncio.timeout(within):
            receipt: Receipt = await opened.send(sent)
    except DevinoError as error:
        return Outcome(retry=error.retry, told=f"{type(error).__name__} {error.retry}: {error}")
    if receipt.error is not None:
        return Outcome(retry=receipt.error.retry, told=f"receipt with {receipt.error!r}")
    return Outcome(accepted=True, told=f"{receipt.status.state} {receipt.ids}")


def wrong(outcome: Outcome, recorded: int) -> str:
    """Why what the caller was told is untrue; empty if it is true."""
    if recorded > 1:
        return f"sent {recorded} times"
    if outcome.accepted and recorded != 1:
        return "accepted, and nothing was sent"
    if outcome.retry in (Retry.SAFE, Retry.NEVER) and recorded:
        return f"{outcome.retry}, and it was sent"
    return ""
