"""The address book: what the sandbox answers, by plain HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest

from devino_core import Secret
from devino_sandbox import Account, AnswerError, AnswerHttp, Book, Fault, World
from tests._vectors import VECTORS
from tests.sandbox._book import IMPORT, Shelf
from tests.sandbox._http import Http


@pytest.fixture
def book(http: Http) -> Shelf:
    return Shelf(http)


async def test_a_new_account_has_one_empty_group(book: Shelf) -> None:
    [group] = await book.done("GET", "/ContactGroups")
    assert group.pop("CreatedDate") == "/Date(1295092800000-0000)/"
    assert group == {
        "ContactGroupId": 252,
        "Name": "Contacts",
        "Description": "",
        "ContactsCount": 0,
    }


async def test_groups_as_the_manual_prints_them(book: Shelf) -> None:
    answer = await book.ask("POST", "/ContactGroups", VECTORS["17-010"].data)
    assert (answer.status, answer.json) == (
        201,
        {**json.loads(VECTORS["17-011"].data), "Result": 253},
    )
    answer = await book.ask("PUT", "/ContactGroups/253", VECTORS["17-013"].data)
    assert (answer.status, answer.json) == (200, json.loads(VECTORS["17-014"].data))
    group = await book.done("GET", "/ContactGroups/253")
    assert (group["Name"], group["Description"]) == ("new group", "best new group")
    # Both texts are replaced.
    await book.done("PUT", "/ContactGroups/253", {"Name": "bare"})
    assert (await book.done("GET", "/ContactGroups/253"))["Description"] == ""
    answer = await book.ask("DELETE", "/ContactGroups/253")
    assert (answer.status, answer.json) == (200, json.loads(VECTORS["17-016"].data))
    assert await book.no("GET", "/ContactGroups/253") == (404, "no such group")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_group_that_is_not_there_is_404(book: Shelf, method: str) -> None:
    body = {"Name": "x"} if method == "PUT" else None
    assert await book.no(method, "/ContactGroups/999", body) == (404, "no such group")


@pytest.mark.parametrize("name", ["", " ", None])
async def test_a_group_needs_a_name(book: Shelf, name: str | None) -> None:
    for method, path in (("POST", "/ContactGroups"), ("PUT", "/ContactGroups/252")):
        status, why = await book.no(method, path, {"Name": name})
        assert (status, "Name" in why) == (400, True)


async def test_the_contact_of_the_manual_is_kept_as_it_was_sent(book: Shelf) -> None:
    answer = await book.ask("POST", "/Contacts", VECTORS["17-030"].data)
    assert (answer.status, answer.json["Result"]) == (201, 100005)
    sent = json.loads(VECTORS["17-030"].data)
    assert await book.done("GET", "/Contacts/100005") == {**sent, "ContactId": 100005}
    await book.done("PATCH", "/Contacts/100005", VECTORS["17-033"].data)
    changed = {**sent, **json.loads(VECTORS["17-033"].data), "ContactId": 100005}
    assert await book.done("GET", "/Contacts/100005") == changed
    assert (await book.done("GET", "/ContactGroups"))[0]["ContactsCount"] == 1
    answer = await book.ask("DELETE", "/Contacts/100005")
    assert (answer.status, answer.json) == (200, json.loads(VECTORS["17-036"].data))
    assert await book.no("GET", "/Contacts/100005") == (404, "no such contact")


async def test_what_a_contact_does_not_say_is_left_out_but_for_phone_email_and_gender(
    book: Shelf,
) -> None:
    added = await book.add(PhoneNumber="+79031234567", LastName="", Gender=7)
    assert await book.done("GET", f"/Contacts/{added}") == {
        "ContactId": added,
        "PhoneNumber": "+79031234567",
        "Email": "",
        "Gender": 3,
        "ContactGroupId": 252,
    }


WRONG: list[tuple[dict[str, object], str]] = [
    ({}, "neither phone nor e-mail was given"),
    ({"PhoneNumber": "", "Email": ""}, "neither phone nor e-mail was given"),
    ({"PhoneNumber": "7903123"}, "invalid phone number"),
    ({"PhoneNumber": "7" * 16}, "invalid phone number"),
    ({"PhoneNumber": "+7903 1234567"}, "invalid phone number"),
    ({"PhoneNumber": "++79031234567", "Email": "x"}, "invalid phone number"),
    ({"Email": "ivan"}, "invalid e-mail address"),
    ({"Email": "ivan@example"}, "invalid e-mail address"),
    ({"Email": "a b@example.com"}, "invalid e-mail address"),
    ({"Email": "a@b.ru", "LastName": "x" * 101}, "a name above 100 characters"),
    ({"Email": "a@b.ru", "ExtraField2": "x" * 701}, "a name above 100 characters"),
]


@pytest.mark.parametrize(("contact", "why"), WRONG)
async def test_a_contact_that_cannot_be_is_refused(
    book: Shelf, contact: dict[str, object], why: str
) -> None:
    given = {"ContactGroupId": 252, **contact}
    status, said = await book.no("POST", "/Contacts", given)
    assert (status, said.startswith(why)) == (400, True)
    told = await book.imports(contact)
    assert (told["ValidContacts"], len(told["RejectedContacts"])) == (0, 1)
    assert told["RejectedContacts"][0]["ErrorDescription"] == said


@pytest.mark.parametrize(
    "contact",
    [
        {"PhoneNumber": "79031234"},
        {"PhoneNumber": "+790312345678901"},
        {"Email": "Иван@пример.рф"},
        {"Email": "a@b.ru", "FirstName": "x" * 100, "ExtraField1": "x" * 700},
        {"Email": "a.b+c@sub.example.com", "DateOfBirth": "/Date(-1000000000000)/"},
    ],
)
async def test_the_limits_themselves_are_taken(book: Shelf, contact: dict[str, object]) -> None:
    await book.add(**contact)


async def test_a_contact_of_no_group_is_refused_and_an_id_of_no_contact_is_not_found(
    book: Shelf,
) -> None:
    contact = {"Email": "a@b.ru", "ContactGroupId": 9}
    assert await book.no("POST", "/Contacts", contact) == (400, "no such group")
    for method, body in (("GET", None), ("PATCH", {"Email": "a@b.ru"}), ("DELETE", None)):
        assert await book.no(method, "/Contacts/1", body) == (404, "no such contact")
        status, _ = await book.no(method, "/Contacts/ivan", body)
        assert status == 400


async def test_a_change_is_checked_as_the_contact_would_be(book: Shelf) -> None:
    added = await book.add(Email="a@b.ru", LastName="Ivanov", DateOfBirth="/Date(0)/")
    path = f"/Contacts/{added}"
    status, why = await book.no("PATCH", path, {"Email": ""})
    assert (status, why) == (400, "neither phone nor e-mail was given")
    await book.done("PATCH", path, {"Email": "", "PhoneNumber": "79031234567", "LastName": ""})
    await book.done("PATCH", path, {"PhoneNumber": None, "ContactGroupId": 9, "Gender": 2})
    assert await book.done("GET", path) == {
        "ContactId": added,
        "PhoneNumber": "79031234567",
        "Email": "",
        "Gender": 2,
        "DateOfBirth": "/Date(0-0000)/",
        "ContactGroupId": 252,
    }


async def test_ids_may_be_digits_names_in_any_case_and_slashes_doubled(book: Shelf) -> None:
    body = b'{"contactgroupid":"252","EMAIL":"a@b.ru","gender":"1","unknown":[1]}'
    added = await book.done("POST", "//CONTACTS/", body)
    assert (await book.done("GET", f"//contacts//{added}/?FORMAT=json"))["Gender"] == 1
    answer = await book.http.raw("GET", f"/AddressBook/contacts/{added}", None, {})
    assert answer.status == 401
    told = await book.done("POST", "/contactsimport", b'{"ContactGroupId":252,"Contacts":[]}')
    assert told["ValidContacts"] == 0


async def test_a_number_is_found_in_any_notation_and_an_address_with_its_domain_in_any_case(
    book: Shelf,
) -> None:
    await book.add(PhoneNumber="79031234567")
    await book.add(PhoneNumber="+79031234567", Email="Ivan@Example.com")
    await book.add(PhoneNumber="79031234568", Email="ivan@example.com")
    for key in ("79031234567", "%2B79031234567", "+79031234567", "89031234567"):
        assert await book.phones(key) == ["79031234567", "+79031234567"]
    assert len(await book.find("Ivan@EXAMPLE.COM")) == 1
    assert await book.find("7903123456") == []
    assert await book.find("nobody@example.com") == []
    for query in ("", "?Query="):
        status, _ = await book.no("GET", f"/Contacts{query}", Range="items=1-2")
        assert status == 400


async def test_a_list_is_given_in_parts(book: Shelf) -> None:
    for _ in range(5):
        await book.add(PhoneNumber="79031234567")
    for items, status, ids, said in (
        ("1-2", 206, [100005, 100006], "items 1-2/5"),
        ("5-9", 206, [100009], "items 5-5/5"),
        ("1-5", 200, list(range(100005, 100010)), "items 1-5/5"),
        ("6-9", 200, [], "items */5"),
    ):
        headers = {"Range": f"items={items}"}
        answer = await book.ask("GET", "/Contacts?Query=79031234567", headers=headers)
        assert (answer.status, answer.headers["Content-Range"]) == (status, said)
        assert [one["ContactId"] for one in answer.json["Result"]] == ids


@pytest.mark.parametrize("items", [None, "items=0-1", "items=2-1", "bytes=0-5", "items=1-", "x"])
async def test_a_list_without_a_range_is_416(book: Shelf, items: str | None) -> None:
    headers = {} if items is None else {"Range": items}
    for target in ("/Contacts?Query=79031234567", "/Unsubscribed"):
        status, why = await book.no("GET", target, **headers)
        assert (status, "Range: items=1-100" in why) == (416, True)


async def test_the_unsubscribed_are_listed_by_campaign(book: Shelf, world: World) -> None:
    [account] = world.accounts.values()
    kept = world.of(Book).of(account)
    kept.unsubscribe("A@Example.com", reason="Другая причина", task_id=133696)
    kept.unsubscribe("b@example.com", task_id=7)
    kept.unsubscribe("c@example.com")
    kept.subscribe("b@EXAMPLE.com")
    assert [kept.is_unsubscribed(f"{one}@example.com") for one in "Aabc"] == [
        True,
        False,
        False,
        True,
    ]
    of_all = await book.done("GET", "/Unsubscribed", Range="items=1-100")
    assert of_all == [
        {
            "Email": "A@Example.com",
            "DateTime": "/Date(1295092800000-0000)/",
            "Reason": "Другая причина",
            "TaskId": 133696,
        },
        {"Email": "c@example.com", "DateTime": "/Date(1295092800000-0000)/", "Reason": ""},
    ]
    for query in ("TaskId=133696", "taskId=133696"):
        assert await book.done("GET", f"/Unsubscribed?{query}", Range="items=1-9") == of_all[:1]
    assert await book.done("GET", "/Unsubscribed?TaskId=1", Range="items=1-9") == []


async def test_another_accounts_book_is_another(book: Shelf, world: World) -> None:
    world.accounts["other"] = Account(login="other", password=Secret("secret"))
    other = Shelf(book.http, "other", "secret")
    added = await book.add(Email="a@b.ru")
    await book.imports({"Email": "b@b.ru"}, ImportId=IMPORT)
    assert await other.no("GET", f"/Contacts/{added}") == (404, "no such contact")
    assert await other.no("GET", f"/ContactsImport/{IMPORT}/Progress") == (404, "no such import")
    assert (await other.done("GET", "/ContactGroups"))[0]["ContactsCount"] == 0


async def test_a_stranger_is_told_so_in_the_manuals_words(book: Shelf) -> None:
    answer = await Shelf(book.http, "demo", "wrong").ask("GET", "/ContactGroups")
    assert answer.status == 401
    assert answer.headers["WWW-Authenticate"] == 'Basic realm="devino"'
    told = json.loads(VECTORS["17-002"].data)
    assert answer.json == {name: told[name] for name in ("Code", "Description")}


@pytest.mark.parametrize(
    ("language", "why"),
    [
        ("ru-RU", "Группа не найдена"),
        ("de, ru;q=0.5, en", "Группа не найдена"),
        ("en-US, ru", "no such group"),
        ("de", "no such group"),
        ("", "no such group"),
    ],
)
async def test_refusals_are_said_in_english_or_russian(
    book: Shelf, language: str, why: str
) -> None:
    headers = {"Accept-Language": language}
    assert await book.no("GET", "/ContactGroups/9", **headers) == (404, why)


@pytest.mark.parametrize(
    ("target", "kind", "status"),
    [
        ("/ContactGroups", "application/json; charset=utf-8", 201),
        ("/ContactGroups?format=json", "text/json", 201),
        ("/ContactGroups?format=xml", "application/json", 400),
        ("/ContactGroups", "application/xml", 400),
        ("/ContactGroups", "application/x-www-form-urlencoded", 400),
    ],
)
async def test_json_alone_is_read(book: Shelf, target: str, kind: str, status: int) -> None:
    answer = await book.ask("POST", target, {"Name": "x"}, {"Content-Type": kind})
    assert answer.status == status


async def test_what_is_no_json_is_400_and_an_unknown_path_is_told_what_there_is(
    book: Shelf,
) -> None:
    status, _ = await book.no("POST", "/ContactGroups", b"{")
    assert status == 400
    answer = await book.ask("GET", "/Groups")
    assert (answer.status, "resources" in answer.json) == (404, True)
    answer = await book.ask("POST", "/ContactGroups/252", {"Name": "x"})
    assert (answer.status, answer.headers["Allow"]) == (405, "DELETE, GET, PUT")


@pytest.mark.parametrize(
    ("code", "status"),
    [("internal_error", 500), ("validation_error", 400), ("INTERNAL_ERROR", 500)],
)
async def test_faults_on_order(book: Shelf, world: World, code: str, status: int) -> None:
    world.faults.add(
        Fault(protocol="addressbook", operation="ContactGroups", action=AnswerError(code))
    )
    answer = await book.ask("GET", "/ContactGroups")
    assert (answer.status, answer.json["Code"]) == (status, code.lower())
    world.faults.add(Fault(to="79031234567", action=AnswerHttp(503, "later")))
    assert (await book.ask("GET", "/ContactGroups")).status == 200
    told: Any = await book.ask(
        "POST",
        "/ContactsImport/",
        {"ContactGroupId": 252, "Contacts": [{"PhoneNumber": "79031234567"}]},
    )
    assert told.status == 503


async def test_the_inspection_api_shows_the_books(book: Shelf, world: World) -> None:
    await book.add(PhoneNumber="79031234567", LastName="Ivanov")
    await book.add(Email="A@Example.com")
    await book.imports({"Email": "late@b.ru"}, ImportId=IMPORT)
    [account] = world.accounts.values()
    world.of(Book).of(account).unsubscribe("a@b.ru", task_id=7)
    [shown] = (await book.http.raw("GET", "/_sandbox/book")).json
    assert shown["login"] == "demo"
    [group] = shown["groups"]
    assert [one["id"] for one in group["contacts"]] == [100005, 100006]
    assert group["contacts"][0]["last_name"] == "Ivanov"
    assert shown["imports"] == [{"id": IMPORT, "uploaded": 1, "processed": 0}]
    assert [(one["email"], one["task_id"]) for one in shown["unsubscribed"]] == [("a@b.ru", 7)]
    for to, ids in (("%2B79031234567", [100005]), ("A@EXAMPLE.com", [100006]), ("7", [])):
        [shown] = (await book.http.raw("GET", f"/_sandbox/book?to={to}")).json
        [group] = shown["groups"]
        assert [one["id"] for one in group["contacts"]] == ids
