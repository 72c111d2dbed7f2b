"""What a World holds beside its messages: books of services, and keys of accounts."""

from __future__ import annotations

import pytest

from devino_core import Secret
from devino_sandbox import Account, Kept, World


class Codes:
    """What a service has to remember, and no other."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.codes: dict[str, int] = {}


class Contacts(Codes):
    pass


def test_a_book_is_made_on_first_use_and_is_the_same_for_all_who_ask(world: World) -> None:
    codes = world.of(Codes)
    codes.codes["79161234567"] = 1234
    assert world.of(Codes) is codes
    assert codes.world is world


def test_each_world_and_each_kind_of_book_has_one_of_its_own(world: World) -> None:
    assert len({world.of(Codes), world.of(Contacts), World().of(Codes)}) == 3
    assert type(world.of(Contacts)) is Contacts


def test_a_mapping_keeps_as_much_as_the_world_keeps_messages() -> None:
    class Numbers(Kept[str, int]):
        pass

    book = World(keep=3).of(Numbers)
    for number in range(5):
        book[f"{number}"] = number
    assert book == {"2": 2, "3": 3, "4": 4}


@pytest.mark.parametrize(
    ("keys", "given", "owner"),
    [
        ((None, None), "demo", 0),
        ((None, None), "anything", 0),
        ((None, None), "", None),
        ((None, "two"), "two", 1),
        ((None, "two"), "anything", 0),
        (("one", None), "one", 0),
        (("one", None), "anything", None),
        (("one", None), "demo", None),
        (("one", "two"), "two", 1),
    ],
)
def test_any_key_is_the_first_accounts_unless_that_has_one(
    keys: tuple[str | None, ...], given: str, owner: int | None
) -> None:
    accounts = [
        Account(
            login=str(number),
            password=Secret("x"),
            api_key=None if key is None else Secret(key),
        )
        for number, key in enumerate(keys)
    ]
    found = World(accounts).account_of_key(given)
    assert found is (None if owner is None else accounts[owner])


def test_an_account_shows_neither_its_key_nor_its_urls() -> None:
    url = "https://example.org/s3cret/viber"
    account = Account(
        login="me",
        password=Secret("x"),
        api_key=Secret("k3y"),
        callbacks={"viber": Secret(url)},
    )
    assert "k3y" not in repr(account)
    assert "s3cret" not in repr(account)
