"""An import of any number of contacts takes the memory of a few parts."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from devino_plugins.addressbook import AddressBook, Contact
from tests.attack._memory import bounded
from tests.bench._canned_import import canned_import
from tests.channels._addressbook import GROUP, settings

pytestmark = pytest.mark.attack


def people(count: int) -> Iterator[Contact]:
    for number in range(count):
        yield Contact(
            phone_number=f"7903{number:07}",
            email=f"user{number}@example.com",
            first_name="Иван",
            last_name="Иванов",
            extra_field1="x" * 50,
        )


@pytest.mark.timeout(1200)
async def test_a_million_contacts_take_the_memory_of_a_few_thousand(is_full: bool) -> None:
    count = 1_000_000 if is_full else 100_000
    with canned_import() as port:
        made = settings(base_url=f"http://127.0.0.1:{port}")
        async with AddressBook(made, name="book") as book:
            # What every first call loads is no memory of the import.
            assert [part.taken async for part in book.imports.run(GROUP, people(10))] == [10]
            gc.collect()
            async with bounded(32 * 1.048576):
                taken = 0
                async for part in book.imports.run(GROUP, people(count)):
                    taken += part.taken
            assert taken == count
