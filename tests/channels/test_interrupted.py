"""A send that its caller cancels, times out or interrupts shows no secret, wherever it stood."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Coroutine, Generator
from contextlib import AbstractAsyncContextManager
from html import escape
from typing import Any
from urllib.parse import quote_plus

import pytest

from devino_core import Message
from devino_sandbox import Account, Fault, Hang
from tests.channels import _smpp
from tests.channels._canary import reported, shows, spellings
from tests.channels._mailed import mailed
from tests.channels._over_http import KINDS, message
from tests.channels._sandboxed import PASSWORD

pytestmark = pytest.mark.attack

_LOGIN: dict[str, Any] = {"smtp_username": "demo", "smtp_password": PASSWORD, "timeout": 0.2}
WIRES: dict[str, Callable[[], AbstractAsyncContextManager[Any]]] = {
    **KINDS,
    "smpp": _smpp.wired,
    "email2sms": lambda: mailed(connect_timeout=0.2, **_LOGIN),
}


def messages(kind: str, count: int) -> list[Message]:
    return [message(kind, f"7903123456{n}", f"Hello {n}") for n in range(count)]


class Interrupting:
    """Awaits a call until its nth wait for the event loop, and raises this error there."""

    def __init__(
        self, call: Coroutine[Any, Any, object], nth: int, error: type[BaseException]
    ) -> None:
        self.call = call
        self.nth = nth
        self.error = error

    def __await__(self) -> Generator[Any, None, object]:
        steps = self.call.__await__()
        number = 0
        while True:
            try:
                waited = next(steps)
                if number == self.nth:
                    waited = steps.throw(self.error())
            except StopIteration as ended:
                return ended.value
            number += 1
            yield waited


async def interrupted(
    call: Coroutine[Any, Any, object], nth: int, error: type[BaseException]
) -> BaseException | None:
    """What a caller sees who is interrupted there; None if the call had ended before."""
    try:
        await Interrupting(call, nth, error)
    except BaseException as ended:  # noqa: BLE001 - any is to be searched
        return ended
    return None


async def given_up(call: Coroutine[Any, Any, object]) -> None:
    async with asyncio.timeout(0.05):
        await call
        await asyncio.sleep(1)


def remembering(world: Any) -> list[str]:
    """The session ids that a World gives from now on."""
    given: list[str] = []
    opening = world.open_session

    def open_session(account: Account) -> str:
        given.append(opening(account))
        return given[-1]

    world.open_session = open_session
    return given


def shown_in(error: BaseException, sessions: list[str]) -> list[str]:
    secrets = {
        spelt
        for secret in (PASSWORD, *sessions)
        for spelt in (secret, quote_plus(secret), escape(secret), repr(secret)[1:-1])
    }
    for login in (f"\0demo\0{PASSWORD}", f"demo:{PASSWORD}"):
        secrets.add(base64.b64encode(login.encode()).decode())
    secrets |= spellings(PASSWORD)
    return [text for text in reported(error) if shows(text, secrets)]


@pytest.mark.parametrize("error", [asyncio.CancelledError, KeyboardInterrupt], ids=str)
@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("kind", WIRES)
async def test_no_secret_shows_in_a_send_that_is_interrupted_at_any_wait(
    kind: str, count: int, error: type[BaseException]
) -> None:
    places = 0
    for nth in range(100):
        async with WIRES[kind]() as wire:
            sessions = remembering(wire.world)
            ended = await interrupted(wire.channel.send(messages(kind, count)), nth, error)
            if ended is None:
                break
            places += 1
            assert not shown_in(ended, sessions), f"at wait {nth}"
            # The sandbox ends with its connections; one that it is taking up would be left over.
            for _ in range(20):
                await asyncio.sleep(0)
    assert 0 < places < 99


@pytest.mark.parametrize("kind", WIRES)
async def test_no_secret_shows_in_a_send_whose_caller_gives_up_waiting(kind: str) -> None:
    async with WIRES[kind]() as wire:
        sessions = remembering(wire.world)
        if kind != "smpp":
            # The login of the session, too, is a call.
            wire.world.faults.add(Fault(times=None, action=Hang()))
        for _ in range(2):
            with pytest.raises(TimeoutError) as caught:
                await given_up(wire.channel.send(messages(kind, 1)))
            assert not shown_in(caught.value, sessions)


async def test_the_interruption_is_raised_where_a_call_waits() -> None:
    async def call() -> None:
        for _ in range(3):
            await asyncio.sleep(0)

    ends = [await interrupted(call(), nth, KeyboardInterrupt) for nth in range(4)]
    assert list(map(type, ends)) == [KeyboardInterrupt] * 3 + [type(None)]
