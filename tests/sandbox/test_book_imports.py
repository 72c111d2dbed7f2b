"""Imports into the address book: what the sandbox answers, by plain HTTP."""

from __future__ import annotations

import json

import pytest

from devino_core.testing import ManualClock
from tests._vectors import VECTORS
from tests.sandbox._book import IMPORT, Shelf
from tests.sandbox._http import Http


@pytest.fixture
def book(http: Http) -> Shelf:
    return Shelf(http)


async def test_the_import_of_the_manual(book: Shelf, clock: ManualClock) -> None:
    sent = {**json.loads(VECTORS["17-018"].data), "ContactGroupId": 252}
    answer = await book.ask("POST", "/ContactsImport/", sent)
    assert (answer.status, answer.json) == (201, json.loads(VECTORS["17-019"].data))
    clock.advance(1)
    progress = await book.done("GET", f"/ContactsImport/{IMPORT}/Progress")
    assert progress == {"Uploaded": 2, "Processed": 2}
    [found] = await book.find("ivanov@ivanov.com")
    assert found["DateOfBirth"] == "/Date(1454533200000-0000)/"


async def test_an_import_goes_into_the_book_as_time_passes(book: Shelf, clock: ManualClock) -> None:
    path = f"/ContactsImport/{IMPORT}"
    people = [{"PhoneNumber": f"7903{n:07}"} for n in range(10_000)]
    wanted = {"ContactGroupId": 252, "ImportId": IMPORT}
    for _ in range(2):
        told = await book.imports(*people, ImportId=IMPORT.lower())
        assert (told["ImportId"], told["ValidContacts"]) == (IMPORT, 10_000)
    assert await book.done("GET", f"{path}/Progress") == {"Uploaded": 20_000, "Processed": 0}
    assert await book.phones("79030000000") == []
    assert await book.no("DELETE", f"{path}/Duplicates", wanted) == (
        400,
        "the import has not finished",
    )
    for _ in range(4):
        clock.advance(0.25)
        await book.done("GET", f"{path}/Progress")
    assert await book.done("GET", f"{path}/Progress") == {"Uploaded": 20_000, "Processed": 10_000}
    assert await book.phones("79030000000") == ["79030000000"]
    clock.advance(1)
    [group] = await book.done("GET", "/ContactGroups")
    assert group["ContactsCount"] == 20_000
    given = {**wanted, "Field": "PhoneNumber", "Scope": 1}
    told = await book.done("DELETE", f"{path}/Duplicates", given)
    assert (len(told["InCurrentImport"]), told["InCurrentGroup"]) == (10_000, 0)
    assert await book.phones("79030000000") == ["79030000000"]


async def test_an_import_of_one_contact_too_many_or_of_no_group_is_refused_whole(
    book: Shelf,
) -> None:
    people = [{"PhoneNumber": f"7903{n:07}"} for n in range(10_001)]
    body = {"ContactGroupId": 252, "Contacts": people, "ImportId": IMPORT}
    assert await book.no("POST", "/ContactsImport/", body) == (400, "more than 10000 contacts")
    body = {"ContactGroupId": 9, "Contacts": people[:1]}
    assert await book.no("POST", "/ContactsImport/", body) == (400, "no such group")
    assert await book.no("GET", f"/ContactsImport/{IMPORT}/Progress") == (404, "no such import")
    status, _ = await book.no("GET", "/ContactsImport/1/Progress")
    assert status == 400


async def test_rejected_contacts_say_why_and_are_known_as_an_import_all_the_same(
    book: Shelf,
) -> None:
    twin = {"PhoneNumber": "79031234567", "Email": "a@b.ru"}
    told = await book.imports(
        {"LastName": "Nobody"},
        {"PhoneNumber": "12", "Email": "a@b.ru"},
        {"PhoneNumber": "79031234567", "Email": "no"},
        twin,
        {**twin, "PhoneNumber": "+79031234567", "Email": "a@B.RU"},
        {**twin, "LastName": "Again"},
        {"PhoneNumber": "79031234567"},
        ImportId=IMPORT,
    )
    assert told["ValidContacts"] == 2
    rejected = [
        (one["ErrorCode"], one["DuplicatesCount"], one["ErrorDescription"])
        for one in told["RejectedContacts"]
    ]
    assert rejected == [
        ("NoPhoneNoEmail", 0, "neither phone nor e-mail was given"),
        ("InvalidPhone", 0, "invalid phone number"),
        ("InvalidEmail", 0, "invalid e-mail address"),
        ("Duplicate", 2, "duplicate"),
    ]
    assert told["RejectedContacts"][0]["Contact"] == {"LastName": "Nobody"}
    assert (told["InvalidPhoneNumbers"], told["InvalidEmails"]) == (["12"], ["no"])
    only_wrong = await book.imports({"PhoneNumber": "12"})
    assert only_wrong["ValidContacts"] == 0
    path = f"/ContactsImport/{only_wrong['ImportId']}/Progress"
    assert await book.done("GET", path) == {"Uploaded": 0, "Processed": 0}


@pytest.mark.parametrize(
    ("phone", "becomes"),
    [
        ("9031234567", "79031234567"),
        ("89031234567", "79031234567"),
        ("+89031234567", "+89031234567"),
        ("79031234567", "79031234567"),
        ("12345678", "12345678"),
    ],
)
async def test_direct_phones_become_federal_where_that_is_asked(
    book: Shelf, clock: ManualClock, phone: str, becomes: str
) -> None:
    await book.imports({"PhoneNumber": phone, "Email": "a@b.ru"}, ConvertDirectPhones=True)
    await book.imports({"PhoneNumber": phone, "Email": "b@b.ru"})
    clock.advance(1)
    [one] = await book.find("a@b.ru")
    [other] = await book.find("b@b.ru")
    assert (one["PhoneNumber"], other["PhoneNumber"]) == (becomes, phone)


@pytest.mark.parametrize(
    ("name", "gender", "becomes"),
    [("Иванович", None, 1), ("Ивановна", 3, 2), ("Ivanovich", None, 3), ("Ивановна", 1, 1)],
)
async def test_the_gender_is_filled_in_by_the_middle_name(
    book: Shelf, clock: ManualClock, name: str, gender: int | None, becomes: int
) -> None:
    contact = {"Email": "a@b.ru", "MiddleName": name, "Gender": gender}
    await book.imports(contact, FillGender=True)
    clock.advance(1)
    [one] = await book.find("a@b.ru")
    assert one["Gender"] == becomes


async def test_duplicates_of_an_import_go_and_what_was_there_before_stays(
    book: Shelf, clock: ManualClock
) -> None:
    other = await book.done("POST", "/ContactGroups", {"Name": "other"})
    kept = [
        await book.add(PhoneNumber="79030000001"),
        await book.add(PhoneNumber="79030000002", ContactGroupId=other),
    ]
    await book.imports(
        *({"PhoneNumber": f"7903000000{n}", "Email": f"{n}@b.ru"} for n in (1, 2, 3)),
        {"PhoneNumber": "+79030000003", "Email": "x@b.ru"},
        {"Email": "only@b.ru"},
        {"Email": "mails@b.ru"},
        ImportId=IMPORT,
    )
    clock.advance(1)
    later = await book.add(PhoneNumber="79030000003")
    path = f"/ContactsImport/{IMPORT}/Duplicates"
    asked = {"ContactGroupId": 252, "ImportId": IMPORT, "Field": 1, "Groups": [252, other, 9]}
    nothing = {"InCurrentGroup": 0, "InOtherGroups": 0, "InCurrentImport": []}
    assert await book.done("DELETE", path, {**asked, "Scope": 0}) == nothing
    assert await book.done("DELETE", path, {**asked, "Scope": 3, "Field": "No"}) == nothing
    assert await book.done("DELETE", path, {**asked, "Scope": "Import, Groups"}) == {
        "InCurrentGroup": 1,
        "InOtherGroups": 1,
        "InCurrentImport": ["79030000003"],
    }
    for one in (*kept, later):
        await book.done("GET", f"/Contacts/{one}")
    assert len(await book.find("79030000003")) == 2
    # Those without a phone are not the same by phone.
    assert len([*await book.find("only@b.ru"), *await book.find("mails@b.ru")]) == 2
    assert await book.done("DELETE", path, {**asked, "Scope": 3}) == nothing
    wrong = {**asked, "ContactGroupId": 9}
    assert await book.no("DELETE", path, wrong) == (400, "no such group")
    assert await book.no("DELETE", path.replace("5", "7"), asked) == (404, "no such import")


async def test_a_group_takes_its_contacts_with_it(book: Shelf, clock: ManualClock) -> None:
    group = await book.done("POST", "/ContactGroups", {"Name": "short"})
    gone = await book.add(Email="a@b.ru", ContactGroupId=group)
    await book.imports({"Email": "late@b.ru"}, ContactGroupId=group, ImportId=IMPORT)
    await book.done("DELETE", f"/ContactGroups/{group}")
    assert await book.no("GET", f"/Contacts/{gone}") == (404, "no such contact")
    clock.advance(1)
    assert await book.find("late@b.ru") == []
    progress = await book.done("GET", f"/ContactsImport/{IMPORT}/Progress")
    assert progress == {"Uploaded": 1, "Processed": 1}
