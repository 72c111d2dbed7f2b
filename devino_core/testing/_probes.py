"""Functions by which a conformance kit looks at a channel from outside."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Coroutine, Sequence
from typing import Any, TypeAlias

import msgspec
import pytest

from devino_core._channel import Capability, Channel, ChannelSettings
from devino_core._events import Event
from devino_core._message import Message
from devino_core._secret import Secret
from devino_core._status import Receipt
from devino_core.errors import DevinoError, Unsupported

__all__ = [
    "AnyChannel",
    "at_once",
    "checked",
    "require",
    "require_receipts",
    "secrets",
    "skip_without",
    "step",
    "supported",
]

AnyChannel: TypeAlias = Channel[ChannelSettings]

_TURNS = 100
"""After so many turns of the event loop an iterator of events counts as waiting."""


def require(so: bool, otherwise: str) -> None:
    """An assertion that says what is wrong even if pytest does not rewrite this module."""
    if not so:
        raise AssertionError(otherwise)


def require_receipts(
    channels: Collection[str], messages: Sequence[Message], receipts: Sequence[Receipt]
) -> None:
    require(
        [(r.ref, r.to, r.medium) for r in receipts] == [(m.ref, m.to, m.medium) for m in messages],
        "receipts are not those of the messages, in their order",
    )
    require(
        all(receipt.channel in channels for receipt in receipts),
        "a receipt does not name the channel",
    )


def checked(channel: AnyChannel, message: Message) -> DevinoError | None:
    try:
        channel.check([message])
    except DevinoError as error:
        return error
    return None


async def at_once(sending: Coroutine[Any, Any, object]) -> DevinoError | None:
    """The error that it raises before it waits for anything, and so before any I/O."""
    task = asyncio.ensure_future(sending)
    await asyncio.sleep(0)
    if not task.done():
        task.cancel()
        await asyncio.wait([task])
        return None
    try:
        task.result()
    except DevinoError as error:
        return error
    return None


async def step(events: AsyncIterator[Event]) -> None:
    """Ask for the first event, until the iterator waits for one."""

    async def first() -> None:
        async for _ in events:
            return

    asking = asyncio.ensure_future(first())
    for _ in range(_TURNS):
        if asking.done():
            break
        await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait([asking])
    close = getattr(events, "aclose", None)
    if close is not None:
        await close()
    if not asking.cancelled():
        asking.result()


async def supported(call: Callable[[], Awaitable[object]]) -> bool:
    try:
        await call()
    except Unsupported:
        return False
    return True


def skip_without(capability: Capability, channel: AnyChannel) -> None:
    if capability not in channel.capabilities:
        pytest.skip(f"the channel does not claim {capability}")


def secrets(channel: AnyChannel) -> list[str]:
    values = msgspec.structs.asdict(channel.settings).values()
    return [value.reveal() for value in values if isinstance(value, Secret) and value]
