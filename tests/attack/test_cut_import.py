"""An import whose connection breaks after any octet: no contact is lost, none comes twice."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from math import inf
from uuid import UUID

import pytest

from devino_core import Secret
from devino_core.testing import ManualClock
from devino_plugins.addressbook import AddressBook
from devino_sandbox import Account, Book, Sandbox, World
from tests.attack._proxy import Cut, Direction, PassOn, cutting, proxied, untouched
from tests.attack.test_cut import places
from tests.channels._addressbook import PASSWORD, Impatient, people, settings

pytestmark = pytest.mark.attack

WORKERS = 10


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("how", Cut)
async def test_an_import_that_is_cut_brings_each_contact_once(how: Cut, is_full: bool) -> None:
    clock = ManualClock()
    account = Account(login="demo", password=Secret(PASSWORD))
    world = World([account], clock=clock)
    world.of(Book).per_second = inf
    contacts = people(5)
    async with Sandbox(world, discover=False) as sandbox:
        port = int(sandbox.endpoints["addressbook"].split(":")[2].partition("/")[0])

        async def converse(group: int, pass_on: PassOn) -> dict[Direction, int]:
            """Import through a proxy, from the connection on."""
            async with proxied(port, pass_on) as proxy:
                url = f"http://127.0.0.1:{proxy.port}/addressbook/v2"
                # Nobody waits: what was let through has arrived, and what was not never will.
                made = settings(base_url=url, import_patience=0)
                async with AddressBook(made, name="book", clock=Impatient(clock)) as book:
                    runs = book.imports.run(group, contacts, import_id=UUID(int=group), at_once=2)
                    assert [part.count async for part in runs] == [2, 2, 1]
            return proxy.passed

        kept = world.of(Book).of(account)
        passed = await converse(kept.add_group("whole").id, untouched)
        cuts = [(way, after) for way in Direction for after in places(passed[way], is_full=is_full)]
        groups: dict[tuple[Direction, int], int] = {}
        waiting: Iterator[tuple[Direction, int]] = iter(cuts)

        async def work() -> None:
            for way, after in waiting:
                group = groups[way, after] = kept.add_group(f"{way.name} {after}").id
                await converse(group, cutting(way, after, how))

        await asyncio.gather(*(work() for _ in range(WORKERS)))
        wrong = {
            cut: phones
            for cut, group in groups.items()
            if (phones := [one.phone_number for one in kept.groups[group].contacts.values()])
            != [one.phone_number for one in contacts]
        }
    assert len(groups) == len(cuts)
    assert wrong == {}
