"""The address book end to end: groups, contacts, lists, errors, against the sandbox."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from msgspec import UNSET

from devino_core import (
    AuthenticationFailed,
    Client,
    ConfigurationError,
    ConnectFailed,
    DevinoError,
    InsufficientFunds,
    InvalidArgument,
    NotFound,
    OutcomeUnknown,
    ProtocolViolation,
    Rejected,
    Retry,
    Secret,
    Throttled,
    Unavailable,
)
from devino_plugins.addressbook import (
    AddressBook,
    Contact,
    Gender,
    Group,
    StoredContact,
    Unsubscriber,
)
from devino_sandbox import AnswerError, AnswerHttp, Drop, DropAnswer, Fault
from devino_sandbox._faults import Action
from tests.channels._addressbook import GROUP, PASSWORD, gathered, people, settings, wired
from tests.core._peer import Peer, answer, serving


async def test_groups_are_made_changed_listed_and_removed() -> None:
    async with wired() as wire:
        groups = wire.book.groups
        added = await groups.add("Customers", "of the shop")
        await groups.change(added, "Buyers")
        found = await groups.get(added)
        assert found == Group(contact_group_id=added, name="Buyers", created_date=wire.clock.now())
        assert found.created_date is not None
        assert found.created_date.tzinfo is UTC
        assert [one.contact_group_id for one in await groups.list()] == [GROUP, added]
        await groups.remove(added)
        with pytest.raises(NotFound, match="no such group"):
            await groups.get(added)


async def test_a_contact_is_kept_changed_found_and_removed() -> None:
    ivan = Contact(
        phone_number="+79031234567",
        email="ivan@example.com",
        first_name="Иван",
        gender=Gender.MALE,
        date_of_birth=date(1990, 5, 17),
        merge_fields={"shop": "Москва"},
    )
    async with wired() as wire:
        contacts = wire.book.contacts
        added = await contacts.add(GROUP, ivan)
        await contacts.change(added, Contact(email="", last_name="Иванов"))
        found = await contacts.get(added)
        assert found == StoredContact(
            contact_id=added,
            contact_group_id=GROUP,
            phone_number="+79031234567",
            email="",
            first_name="Иван",
            last_name="Иванов",
            gender=Gender.MALE,
            date_of_birth=date(1990, 5, 17),
            merge_fields={"shop": "Москва"},
        )
        assert type(found.date_of_birth) is date
        assert (found.middle_name, found.extra_field1) == (UNSET, UNSET)
        assert await gathered(contacts.find("+79031234567")) == [found]
        assert await gathered(contacts.find("ivan@example.com")) == []
        await contacts.remove(added)
        with pytest.raises(NotFound, match="no such contact"):
            await contacts.get(added)


@pytest.mark.parametrize("hours", [-12, 0, 3, 5, 14])
async def test_a_birthday_is_the_same_day_wherever_the_book_is_kept(hours: int) -> None:
    sign, here = "-" if hours < 0 else "+", timedelta(hours=hours)
    async with wired(book_utc_offset=f"{sign}{abs(hours):02}:00") as wire:
        for day in (date(1990, 1, 1), date(2000, 2, 29), date(1969, 12, 31)):
            added = await wire.book.contacts.add(GROUP, Contact(email="a@b.ru", date_of_birth=day))
            kept = wire.kept.contact(added)
            assert kept is not None
            # On the wire it is midnight there.
            assert kept.date_of_birth == datetime(day.year, day.month, day.day, tzinfo=UTC) - here
            assert (await wire.book.contacts.get(added)).date_of_birth == day


async def test_times_that_are_early_are_moved_and_birthdays_are_not() -> None:
    async with wired(server_utc_offset="+03:00") as wire:
        wire.kept.unsubscribe("a@b.ru")
        later = wire.clock.now() + timedelta(hours=3)
        [group] = await wire.book.groups.list()
        [gone] = await gathered(wire.book.unsubscribed())
        assert group.created_date == gone.date_time == later
        born = Contact(email="a@b.ru", date_of_birth=date(1990, 5, 17))
        added = await wire.book.contacts.add(GROUP, born)
        assert (await wire.book.contacts.get(added)).date_of_birth == date(1990, 5, 17)


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 250])
async def test_a_long_list_is_asked_for_in_parts_and_each_item_given_once(count: int) -> None:
    async with wired() as wire:
        for number in range(count):
            wire.kept.unsubscribe(f"{number}@b.ru", task_id=number % 2)
        found = await gathered(wire.book.unsubscribed())
        assert [one.email for one in found] == [f"{number}@b.ru" for number in range(count)]
        of_one = await gathered(wire.book.unsubscribed(1))
        assert of_one == found[1::2]


def page(first: int, count: int, said: str = "", status: str = "206 Partial Content") -> Peer:
    items = [{"Email": f"{number}@b.ru"} for number in range(first, first + count)]
    body = json.dumps({"Result": items, "Code": "ok", "Description": "ok"}).encode()
    return answer(f"{status}\r\nContent-Range: {said}" if said else status, body)


NO_RANGE = answer(
    "416 Requested Range Not Satisfiable", b'{"Code":"validation_error","Description":"range"}'
)


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        ([page(0, 100), page(100, 1), page(0, 0)], 101),
        ([page(0, 100), NO_RANGE], 100),
        ([NO_RANGE], 0),
        ([page(0, 30), page(30, 30), NO_RANGE], 60),
        ([page(0, 100, "items 1-100/100")], 100),
        ([page(0, 7, "items 1-7/8"), page(7, 1, "items 8-8/8")], 8),
        ([page(0, 7, "nonsense"), page(0, 7)], 7),
        ([page(0, 250)], 250),
    ],
    ids=[
        "no total",
        "416 behind the end",
        "416 of an empty list",
        "short parts",
        "a total",
        "a total and short parts",
        "the same again",
        "all at once",
    ],
)
async def test_a_list_ends_however_the_platform_says_it(answers: list[Peer], found: int) -> None:
    waiting = iter(answers)

    async def respond(reader: Any, writer: Any) -> None:
        await next(waiting)(reader, writer)

    async with serving(respond, answers=100) as (port, requests):
        url = f"http://127.0.0.1:{port}"
        async with AddressBook(settings(base_url=url), name="book") as book:
            gone = await gathered(book.unsubscribed())
    assert [one.email for one in gone] == [f"{number}@b.ru" for number in range(found)]
    assert next(waiting, None) is None
    assert b"Range: items=1-100\r\n" in requests[0]


BAD = {"ContactGroupId": "x", "ContactId": [], "Email": {}}


@pytest.mark.parametrize(
    ("listed", "good"),
    [
        (lambda book: book.groups.list(), {"ContactGroupId": 1}),
        (
            lambda book: gathered(book.contacts.find("a@b.ru")),
            {"ContactId": 1, "ContactGroupId": 2},
        ),
        (lambda book: gathered(book.unsubscribed()), {"Email": "a@b.ru"}),
    ],
)
async def test_an_entry_that_cannot_be_read_costs_no_other_its_place(
    listed: Callable[[AddressBook], Awaitable[Sequence[object]]],
    good: dict[str, object],
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def told(*items: object) -> Sequence[object]:
        body = json.dumps({"Result": items, "Code": "ok"}).encode()
        said = f"200 OK\r\nContent-Range: items 1-{len(items)}/{len(items)}"
        async with serving(answer(said, body)) as (port, _):
            url = f"http://127.0.0.1:{port}"
            async with AddressBook(settings(base_url=url), name="book") as book:
                return await listed(book)

    assert len(await told(good, BAD, 5, good)) == 2
    assert [one.getMessage().count("cannot be read") for one in caplog.records] == [1, 1]
    with pytest.raises(ProtocolViolation) as error:
        await told(BAD)
    assert error.value.retry is Retry.SAFE


async def test_every_call_says_what_the_platform_wants_to_hear() -> None:
    async with serving(answer("200 OK", b'{"Result":[],"Code":"ok"}')) as (port, requests):
        url = f"http://127.0.0.1:{port}/addressbook/v2"
        async with AddressBook(settings(base_url=url, language="ru"), name="book") as book:
            assert await book.groups.list() == ()
    head = requests[0].decode()
    assert head.startswith("GET /addressbook/v2/ContactGroups?format=json HTTP/1.1\r\n")
    for line in ("Accept: */*", "Accept-Language: ru", "Authorization: Basic "):
        assert f"\r\n{line}" in head


async def test_a_refusal_is_told_in_the_language_that_was_chosen() -> None:
    async with wired(language="ru") as wire:
        with pytest.raises(NotFound, match="Группа не найдена"):
            await wire.book.groups.get(9)
        with pytest.raises(Rejected, match="Не передан телефон") as caught:
            await wire.book.contacts.add(GROUP, Contact(last_name="Иванов"))
        assert caught.value.code == "validation_error"
    async with wired(password="wrong") as wire:
        with pytest.raises(AuthenticationFailed, match="user not found"):
            await wire.book.groups.list()


def no(status: int, code: str = "validation_error") -> AnswerHttp:
    body = json.dumps({"Code": code, "Description": "because"})
    return AnswerHttp(status, body, content_type="application/json")


# What a fault of a call is told as: of a question, and of a change. After a failure of the platform
# a change that may be made twice is told as a question.
FAULTS: dict[str, tuple[Action, type[DevinoError], type[DevinoError]]] = {
    "400": (no(400), Rejected, Rejected),
    "401": (no(401), AuthenticationFailed, AuthenticationFailed),
    "402": (no(402), InsufficientFunds, InsufficientFunds),
    "403": (no(403), AuthenticationFailed, AuthenticationFailed),
    "404": (no(404, "not_found"), NotFound, NotFound),
    "409": (no(409), Rejected, Rejected),
    "429": (no(429), Throttled, Throttled),
    "500": (AnswerError("internal_error"), Unavailable, OutcomeUnknown),
    "503": (no(503, "overloaded"), Unavailable, OutcomeUnknown),
    "a page": (AnswerHttp(502, "<html>"), Unavailable, OutcomeUnknown),
    "no such path": (AnswerHttp(404, "<html>"), ConfigurationError, ConfigurationError),
    "nonsense": (AnswerHttp(200, "what?"), ProtocolViolation, ProtocolViolation),
    "a redirect": (AnswerHttp(302, ""), ProtocolViolation, ProtocolViolation),
    "drop": (Drop(), Unavailable, OutcomeUnknown),
    "drop the answer": (DropAnswer(), Unavailable, OutcomeUnknown),
}
FAILURES = ("500", "503", "a page")

Call = Callable[[AddressBook], Awaitable[object]]
QUESTIONS: dict[str, Call] = {
    "groups.list": lambda book: book.groups.list(),
    "groups.get": lambda book: book.groups.get(GROUP),
    "contacts.find": lambda book: gathered(book.contacts.find("a@b.ru")),
    "contacts.get": lambda book: book.contacts.get(100005),
    "unsubscribed": lambda book: gathered(book.unsubscribed()),
}
CHANGES: dict[str, Call] = {
    "groups.add": lambda book: book.groups.add("x"),
    "groups.change": lambda book: book.groups.change(GROUP, "x"),
    "groups.remove": lambda book: book.groups.remove(GROUP),
    "contacts.add": lambda book: book.contacts.add(GROUP, people(1)[0]),
    "contacts.change": lambda book: book.contacts.change(100005, people(1)[0]),
    "contacts.remove": lambda book: book.contacts.remove(100005),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_every_call_that_fails_says_what_is_known_of_it(fault: str) -> None:
    action, of_question, of_change = FAULTS[fault]
    async with wired() as wire:
        await wire.book.contacts.add(GROUP, Contact(email="a@b.ru"))
        for calls, expected in ((QUESTIONS, of_question), (CHANGES, of_change)):
            for name, call in calls.items():
                # A question is asked again where a kept connection broke.
                wire.world.faults.add(Fault(protocol="addressbook", times=2, action=action))
                with pytest.raises(DevinoError) as caught:
                    await call(wire.book)
                error = expected
                if fault in FAILURES and not name.endswith(".add"):
                    error = of_question
                assert type(caught.value) is error, (name, caught.value)
                wire.world.faults.clear()


async def test_without_a_connection_nothing_was_sent() -> None:
    async with AddressBook(settings(), name="book") as book:
        for call in (*QUESTIONS.values(), *CHANGES.values()):
            with pytest.raises(ConnectFailed):
                await call(book)


@pytest.mark.parametrize(
    ("contact", "field"),
    [
        (Contact(phone_number=" 79031234567"), "PhoneNumber"),
        (Contact(email="\ud800"), "Email"),
        (Contact(date_of_birth=datetime(1990, 5, 17)), "DateOfBirth"),  # noqa: DTZ001
    ],
)
async def test_what_cannot_be_written_is_refused_before_anything_is_sent(
    contact: Contact, field: str
) -> None:
    async with AddressBook(settings(), name="book") as book:
        for call in (book.contacts.add(GROUP, contact), book.contacts.change(1, contact)):
            with pytest.raises(InvalidArgument) as caught:
                await call
            assert caught.value.field == field


@pytest.mark.parametrize("contact", [None, "79031234567", {"phone_number": "79031234567"}])
async def test_what_is_no_contact_is_refused_before_anything_is_sent(contact: Any) -> None:
    says = f"contact: must be a Contact, not {type(contact).__name__}"
    async with AddressBook(settings(), name="book") as book:
        for call in (
            book.contacts.add(GROUP, contact),
            book.contacts.change(1, contact),
            gathered(book.imports.run(GROUP, [contact])),
        ):
            with pytest.raises(InvalidArgument, match=says):
                await call


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"login": "a:b"}, "colon"),
        ({"book_utc_offset": "3"}, "book_utc_offset: expected hours and minutes"),
        ({"server_utc_offset": "+15:00"}, "server_utc_offset"),
        ({"language": "de"}, "language"),
        ({"import_attempts": 0}, "import_attempts"),
    ],
)
def test_settings_that_cannot_be_are_named(given: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        settings(**given)


async def test_the_blocking_client_has_the_book_too() -> None:
    def work(url: str) -> tuple[int, list[Unsubscriber], list[str]]:
        given = {"kind": "addressbook", "login": "demo", "password": PASSWORD, "base_url": url}
        with Client(services={"book": given}) as client:
            book = client.service("book", AddressBook)
            added = client.call(book.groups.add, "x")
            gone = list(client.iterate(book.unsubscribed))
            parts = client.iterate(book.imports.run, added, people(25), at_once=10)
            return added, gone, [str(part.taken) for part in parts]

    async with wired() as wire:
        wire.kept.unsubscribe("a@b.ru")
        added, gone, parts = await asyncio.to_thread(work, wire.book.settings.base_url)
        assert [one.email for one in gone] == ["a@b.ru"]
        assert parts == ["10", "10", "5"]
        wire.clock.advance(1)
        assert len(wire.kept.groups[added].contacts) == 25


def test_the_settings_show_no_password() -> None:
    shown = repr(settings())
    assert PASSWORD not in shown
    assert isinstance(settings().password, Secret)
