"""Imports into the address book: CPU against bare aiohttp, which posts the same with msgspec."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from io import BytesIO

import aiohttp
import msgspec

from devino_core import Secret
from devino_plugins.addressbook import AddressBook, AddressBookSettings, Contact
from tests.bench._canned_import import canned_import
from tests.bench.conftest import Table

COUNT, AT_ONCE = 100_000, 10_000


def contacts() -> Iterator[Contact]:
    for number in range(COUNT):
        yield Contact(
            phone_number=f"7903{number:07}",
            email=f"user{number}@example.com",
            first_name="Иван",
            last_name="Иванов",
        )


async def ours(port: int) -> None:
    made = AddressBookSettings(
        login="demo", password=Secret("demo"), base_url=f"http://127.0.0.1:{port}"
    )
    async with AddressBook(made, name="book") as book:
        taken = [part.taken async for part in book.imports.run(252, contacts())]
    assert sum(taken) == COUNT


async def bare(port: int) -> None:
    taken, some = 0, list[dict[str, str]]()
    headers = {"Content-Type": "application/json", "Authorization": "Basic ZGVtbzpkZW1v"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for one in contacts():
            some.append(
                {
                    "PhoneNumber": str(one.phone_number),
                    "Email": str(one.email),
                    "FirstName": str(one.first_name),
                    "LastName": str(one.last_name),
                }
            )
            if len(some) == AT_ONCE:
                body = {"ContactGroupId": 252, "ImportId": "x", "Contacts": some}
                data = msgspec.json.encode(body)
                async with session.post(f"http://127.0.0.1:{port}/", data=BytesIO(data)) as answer:
                    taken += msgspec.json.decode(await answer.read())["Result"]["ValidContacts"]
                some = []
    assert taken == COUNT


def test_cpu_of_an_import(compare: Table) -> None:
    name = f"import of {COUNT:,} contacts, CPU"
    with canned_import() as port:
        compare(
            name,
            lambda: asyncio.run(ours(port)),
            {"bare aiohttp": lambda: asyncio.run(bare(port))},
            rounds=3,
            clock=time.process_time,
        )
    took = next(row[2] for row in compare.rows if row[:2] == (name, "devino"))
    compare.note(f"{name}: {took / COUNT * 1e6:.1f} us a contact")
