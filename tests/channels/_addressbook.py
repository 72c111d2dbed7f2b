"""The service of the address book, wired to a sandbox or to a peer that a test chooses."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import NamedTuple, TypeVar

from devino_core import Secret
from devino_core.settings import convert_settings
from devino_core.testing import ManualClock
from devino_plugins.addressbook import AddressBook, AddressBookSettings, Contact
from devino_sandbox import Account, Book, Sandbox, World
from devino_sandbox import AddressBook as Kept

PASSWORD = "canary+4d1f&"
GROUP = 252

T = TypeVar("T")


class Impatient:
    """A clock by which nobody waits: who sleeps moves the World's clock, at once.

    With ``auto_advance`` the World's own tasks would move it, too.
    """

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.now()

    def monotonic(self) -> float:
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        self._clock.advance(seconds)
        await asyncio.sleep(0)


class Wired(NamedTuple):
    book: AddressBook
    world: World
    sandbox: Sandbox
    clock: ManualClock
    """The World's; the service moves it when it waits."""

    @property
    def kept(self) -> Kept:
        """What the sandbox keeps."""
        [account] = self.world.accounts.values()
        return self.world.of(Book).of(account)

    def phones(self) -> list[str]:
        """The numbers in the sandbox's book, once all imports are in it."""
        self.clock.advance(3600)
        return [str(one.phone_number) for one in self.kept.contacts()]


def settings(**given: object) -> AddressBookSettings:
    values = {"login": "demo", "password": PASSWORD, "base_url": "http://127.0.0.1:1", **given}
    return convert_settings(values, AddressBookSettings, name="book")


@asynccontextmanager
async def wired(**given: object) -> AsyncIterator[Wired]:
    clock = ManualClock()
    world = World([Account(login="demo", password=Secret(PASSWORD))], clock=clock)
    async with Sandbox(world, discover=False) as sandbox:
        values = {"base_url": sandbox.endpoints["addressbook"], **given}
        async with AddressBook(settings(**values), name="book", clock=Impatient(clock)) as book:
            yield Wired(book, world, sandbox, clock)


def people(count: int, first: int = 0) -> list[Contact]:
    return [Contact(phone_number=f"7903{number:07}") for number in range(first, first + count)]


async def gathered(items: AsyncIterator[T]) -> list[T]:
    return [one async for one in items]


async def streamed(items: Iterable[T]) -> AsyncIterator[T]:
    for one in items:
        yield one
