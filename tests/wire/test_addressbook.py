"""The wire of the address book (chapter 17): the manual's examples, and odd spellings."""

from __future__ import annotations

import contextlib
import json
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import UNSET

from devino_codecs import addressbook as book
from devino_codecs.addressbook import API, MOSCOW, Contact
from devino_codecs.http import (
    NO_ZONE,
    DecodeError,
    EncodeError,
    HttpAnswer,
    HttpRequest,
    InvalidArgumentError,
    Items,
    Login,
    MissingArgumentError,
    Page,
    Refusal,
    Request,
    UnknownResourceError,
    Verdict,
)
from tests._vectors import VECTORS

LOGIN = Login("tester", "111111")
IMPORT = "50210B41-1C4E-4E48-9837-FB382A9BAE01"
HEADERS = {"authorization": "Basic dGVzdGVyOjExMTExMQ==", "content-type": "application/json"}
REQUESTS = {
    "17-010": ("POST", "/ContactGroups"),
    "17-013": ("PUT", "/ContactGroups/332"),
    "17-018": ("POST", "/ContactsImport/"),
    "17-023": ("DELETE", f"/ContactsImport/{IMPORT}/Duplicates"),
    "17-030": ("POST", "/Contacts"),
    "17-033": ("PATCH", "/Contacts/100013"),
}
ANSWERS: dict[str, type[Request[Any]]] = {
    "17-006": book.ListGroups,
    "17-008": book.GetGroup,
    "17-011": book.AddGroup,
    "17-014": book.ChangeGroup,
    "17-016": book.DeleteGroup,
    "17-019": book.ImportContacts,
    "17-021": book.GetProgress,
    "17-024": book.DeleteDuplicates,
    "17-026": book.FindContacts,
    "17-028": book.GetContact,
    "17-031": book.AddContact,
    "17-034": book.ChangeContact,
    "17-036": book.DeleteContact,
    "17-038": book.ListUnsubscribed,
}
DAY = datetime(2016, 2, 4, tzinfo=MOSCOW)


def read(method: str, target: str, body: bytes = b"", **headers: str) -> Any:
    call = API.decode_request(HttpRequest.of(method, target, "", {**HEADERS, **headers}, body))
    assert call.credentials == LOGIN
    return call.request


def came(http: HttpRequest) -> HttpRequest:
    """A request as a server gets it."""
    return HttpRequest.of(http.method, http.target, "", http.headers, http.body)


def test_no_example_of_the_chapter_is_left_out() -> None:
    examples = {vector.id for vector in VECTORS.values() if vector.chapter == 17}
    assert {*REQUESTS, *ANSWERS, "17-002"} == examples


@pytest.mark.parametrize("id_", REQUESTS)
def test_a_request_of_the_manual_is_read_and_written_the_same(id_: str) -> None:
    method, path = REQUESTS[id_]
    request = read(method, path, VECTORS[id_].data)
    http = API.encode_request(request, LOGIN)
    assert (http.method, http.target) == (method, f"{path}?format=json")
    assert json.loads(http.body) == json.loads(VECTORS[id_].data)
    assert http.headers == {"Accept": "*/*", "Authorization": HEADERS["authorization"]}
    assert API.decode_request(came(http)).request == request


@pytest.mark.parametrize("id_", ANSWERS)
def test_an_answer_of_the_manual_is_read_and_written_the_same(id_: str) -> None:
    answer = API.decode_answer(ANSWERS[id_], HttpAnswer(200, VECTORS[id_].data))
    assert not isinstance(answer, Refusal)
    written = API.encode_answer(ANSWERS[id_], answer)
    assert json.loads(written.body) == json.loads(VECTORS[id_].data)
    assert API.decode_answer(ANSWERS[id_], written) == answer
    created = {book.AddGroup, book.AddContact, book.ImportContacts}
    assert written.status == (201 if ANSWERS[id_] in created else 200)


def test_the_refusal_of_the_manual_is_read() -> None:
    refusal = API.decode_answer(book.GetGroup, HttpAnswer(401, VECTORS["17-002"].data))
    assert refusal == Refusal(book.ResponseCode.VALIDATION_ERROR, "user not found", 401)


def test_the_examples_mean_what_they_say() -> None:
    groups = API.decode_answer(book.ListGroups, HttpAnswer(200, VECTORS["17-006"].data))
    assert not isinstance(groups, Refusal)
    one, other = groups
    assert isinstance(one, book.Group)
    assert isinstance(other, book.Group)
    assert (one.contact_group_id, other.contact_group_id) == (252, 331)
    assert one.created_date == datetime(2015, 3, 16, 11, 12, 34, 337000, UTC)
    # Its name has the time of a clock in Moscow, three hours after the server's idea of it.
    assert other.created_date is not None
    assert other.created_date.tzinfo is NO_ZONE
    assert f"{other.created_date:%H:%M:%S}" == "10:49:38"
    page = API.decode_answer(book.FindContacts, HttpAnswer(206, VECTORS["17-026"].data))
    assert isinstance(page, Page)
    first, second = page.items
    assert isinstance(first, book.StoredContact)
    assert isinstance(second, book.StoredContact)
    assert (first.contact_id, first.phone_number, first.gender) == (1, "", book.Gender.UNKNOWN)
    assert first.date_of_birth == DAY
    assert (second.contact_id, second.date_of_birth, second.extra_field1) == (100005, UNSET, UNSET)
    duplicates = read(*REQUESTS["17-023"], VECTORS["17-023"].data)
    assert duplicates.field is book.DuplicatesField.EMAIL
    assert duplicates.scope == book.DuplicatesScope.IMPORT | book.DuplicatesScope.GROUPS
    assert duplicates.groups == (123, 345, 9731)


def test_a_birthday_is_a_day_of_moscows_calendar() -> None:
    contact = read("POST", "/Contacts", VECTORS["17-030"].data)
    # 21:00 on the third in London.
    assert contact.date_of_birth == datetime(2016, 2, 3, 21, tzinfo=UTC)
    assert f"{contact.date_of_birth:%d.%m}" == "04.02"
    for same in (date(2016, 2, 4), DAY, DAY.astimezone(UTC)):
        http = API.encode_request(
            book.AddContact(contact_group_id=1, email="a@b.ru", date_of_birth=same), LOGIN
        )
        assert b'"DateOfBirth":"/Date(1454533200000-0000)/"' in http.body


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("/Date(1454533200000)/", DAY),
        ("/Date(1454533200000+0300)/", DAY),
        ("2016-02-04", DAY),
        ("2016-02-04T00:00:00", DAY),
        ("02/04/2016", DAY),
        ("02/04/2016 00:00:00", DAY),
        ("/Date(-62135596800000)/", UNSET),
        ("", UNSET),
    ],
)
def test_a_birthday_is_read_in_any_form(written: str, day: object) -> None:
    body = json.dumps({"ContactGroupId": 1, "Email": "a@b.ru", "DateOfBirth": written}).encode()
    assert read("POST", "/Contacts", body).date_of_birth == day


@pytest.mark.parametrize("written", ["the fourth", "/Date()/", "32.01.2016", "2016-13-01"])
def test_what_is_no_birthday_is_refused_by_name(written: str) -> None:
    body = json.dumps({"ContactGroupId": 1, "DateOfBirth": written}).encode()
    with pytest.raises(InvalidArgumentError) as caught:
        read("POST", "/Contacts", body)
    assert caught.value.path == "DateOfBirth"


def test_a_change_says_what_was_given_and_nothing_else() -> None:
    http = API.encode_request(book.ChangeContact(contact_id=7, last_name="", gender=2), LOGIN)
    assert http.body == b'{"LastName":"","Gender":2}'
    request = read("PATCH", "/Contacts/7", b'{"lastname":"","GENDER":"2","Email":null}')
    assert request == book.ChangeContact(contact_id=7, last_name="", gender=book.Gender.FEMALE)
    assert request.email is UNSET


@pytest.mark.parametrize(
    "written",
    [IMPORT, IMPORT.lower(), IMPORT.replace("-", ""), f"{{{IMPORT}}}", f"({IMPORT.lower()})"],
)
def test_an_import_id_is_read_in_any_form_of_nets(written: str) -> None:
    assert read("GET", f"/ContactsImport/{written}/Progress").import_id == IMPORT
    body = json.dumps({"ContactGroupId": 1, "ImportId": written, "Contacts": []}).encode()
    assert read("POST", "/contactsimport", body).import_id == IMPORT


@pytest.mark.parametrize("written", ["", "1", IMPORT[:-1], f"{{{IMPORT}", f"{IMPORT}0"])
def test_what_is_no_import_id_is_neither_read_nor_written(written: str) -> None:
    with pytest.raises(EncodeError) as refused:
        API.encode_request(book.GetProgress(written), LOGIN)
    assert refused.value.path == "ImportId"
    if written:
        with pytest.raises(InvalidArgumentError):
            read("GET", f"/ContactsImport/{written}/Progress")


def test_the_import_id_stands_in_path_and_body_and_the_paths_counts() -> None:
    other = IMPORT.replace("5", "7")
    wanted = book.DeleteDuplicates(contact_group_id=1, import_id=IMPORT)
    http = API.encode_request(wanted, LOGIN)
    assert json.loads(http.body)["ImportId"] == IMPORT
    body = json.dumps({"ContactGroupId": 1, "ImportId": other}).encode()
    assert read("DELETE", f"/ContactsImport/{IMPORT}/Duplicates", body) == wanted


@pytest.mark.parametrize(
    ("written", "scope"),
    [
        (3, 3),
        ("3", 3),
        ("Import, Groups", 3),
        ("groups", book.DuplicatesScope.GROUPS),
        ("No", book.DuplicatesScope.NO),
        (12, 12),
    ],
)
def test_a_scope_is_read_as_a_sum_or_as_names(written: object, scope: int) -> None:
    asked = {"ContactGroupId": 1, "Scope": written, "Field": "phonenumber"}
    path = f"/ContactsImport/{IMPORT}/Duplicates"
    request = read("DELETE", path, json.dumps(asked).encode())
    assert (request.scope, request.field) == (scope, book.DuplicatesField.PHONE_NUMBER)
    # The body of a DELETE gets lost on some ways.
    query = "&".join(f"{name}={value}".replace(" ", "+") for name, value in asked.items())
    assert read("DELETE", f"{path}?{query}&groups=1&groups=2").scope == scope


@pytest.mark.parametrize("written", ["Everywhere", "Import,", "-1", "1.5", "9" * 30])
def test_what_is_no_scope_is_refused(written: str) -> None:
    body = json.dumps({"ContactGroupId": 1, "Scope": written}).encode()
    with pytest.raises(InvalidArgumentError) as caught:
        read("DELETE", f"/ContactsImport/{IMPORT}/Duplicates", body)
    assert caught.value.path == "Scope"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ('"InvalidPhone"', book.ContactCode.INVALID_PHONE),
        ('"invalidphone"', book.ContactCode.INVALID_PHONE),
        ("3", book.ContactCode.INVALID_PHONE),
        ("99", 99),
        ('"TooOld"', "TooOld"),
    ],
)
def test_an_error_is_read_by_name_or_number_and_an_unknown_one_is_kept(
    written: str, code: object
) -> None:
    result = (
        f'{{"ImportId":"{IMPORT}","RejectedContacts":[{{"Contact":{{}},"ErrorCode":{written}}}]}}'
    )
    body = f'{{"Result":{result},"Code":"ok","Description":"ok"}}'.encode()
    answer = API.decode_answer(book.ImportContacts, HttpAnswer(201, body))
    assert isinstance(answer, book.Imported)
    assert answer.rejected_contacts[0].error_code == code
    again = API.decode_answer(book.ImportContacts, API.encode_answer(book.ImportContacts, answer))
    assert again == answer


def test_errors_are_written_by_name() -> None:
    rejected = book.RejectedContact(contact=Contact(), error_code=book.ContactCode.DUPLICATE)
    answer = book.Imported(import_id=IMPORT, rejected_contacts=(rejected,))
    assert b'"ErrorCode":"Duplicate"' in API.encode_answer(book.ImportContacts, answer).body


@pytest.mark.parametrize("target", ["/contacts?query=%2B79031234567", "/V2//Contacts/?Query=+7903"])
def test_a_search_wants_a_range(target: str) -> None:
    found = read("GET", target, range="items=1-100")
    assert (found.query.strip("+")[:4], found.items) == ("7903", Items(1, 100))
    with pytest.raises(MissingArgumentError) as missing:
        read("GET", target)
    assert missing.value.path == "Items"
    for wrong in ("items=2-1", "items=0-1", "bytes=1-2", "items=1-"):
        with pytest.raises(InvalidArgumentError) as invalid:
            read("GET", target, range=wrong)
        assert invalid.value.path == "Items"


def test_a_path_of_another_chapter_is_not_one_of_the_book() -> None:
    with pytest.raises(UnknownResourceError, match="contactgroups"):
        read("GET", "/v2/ContactGroup")
    with pytest.raises(UnknownResourceError) as caught:
        read("POST", "/ContactGroups/1")
    assert caught.value.methods == {"GET", "PUT", "DELETE"}


@pytest.mark.parametrize(
    ("status", "code", "means"),
    [
        (400, "validation_error", Verdict.REFUSED),
        (404, "not_found", Verdict.NOT_FOUND),
        (500, "internal_error", Verdict.FAILED),
        (503, "too_busy", ""),
    ],
)
def test_a_refusal_keeps_its_code_its_words_and_its_status(
    status: int, code: str, means: str
) -> None:
    body = json.dumps({"code": code, "DESCRIPTION": "no"}).encode()
    refusal = API.decode_answer(book.AddGroup, HttpAnswer(status, body))
    assert refusal == Refusal(code, "no", status)
    assert refusal.means == means
    assert API.encode_answer(book.AddGroup, refusal).status == status


texts = st.text(st.characters(exclude_categories=["Cs"]))
words = texts.map(str.strip).filter(bool)
days = st.dates(date(1, 1, 3), date(9999, 12, 30)).map(
    lambda day: datetime(day.year, day.month, day.day, tzinfo=MOSCOW)
)
numbers = st.integers(-(2**63) + 1, 2**63 - 1)
given_fields: dict[str, st.SearchStrategy[Any]] = {
    "phone_number": st.just("") | words,
    "email": texts,
    "first_name": texts,
    "middle_name": texts,
    "last_name": texts,
    "gender": st.sampled_from(book.Gender) | st.integers(4, 9),
    "date_of_birth": days,
    "extra_field1": texts,
    "extra_field2": texts,
    "merge_fields": st.dictionaries(texts, texts, max_size=2),
}
contacts = st.fixed_dictionaries({}, optional=given_fields)
guids = st.uuids().map(lambda one: str(one).upper())
ranges = st.tuples(st.integers(1, 10**9), st.integers(0, 10**9)).map(
    lambda ends: Items(ends[0], ends[0] + ends[1])
)
requests: st.SearchStrategy[Request[Any]] = st.one_of(
    st.just(book.ListGroups()),
    st.builds(book.GetGroup, numbers),
    st.builds(book.AddGroup, words, texts),
    st.builds(book.ChangeGroup, numbers, words, texts),
    st.builds(book.DeleteGroup, numbers),
    st.builds(
        book.ImportContacts,
        contact_group_id=numbers,
        import_id=st.none() | guids,
        convert_direct_phones=st.none() | st.booleans(),
        fill_gender=st.none() | st.booleans(),
        contacts=st.lists(contacts.map(lambda one: Contact(**one)), min_size=1, max_size=3).map(
            tuple
        ),
    ),
    st.builds(book.GetProgress, guids),
    st.builds(
        book.DeleteDuplicates,
        contact_group_id=numbers,
        import_id=guids,
        field=st.sampled_from(book.DuplicatesField) | st.integers(3, 9),
        scope=st.integers(0, 9),
        groups=st.lists(numbers, max_size=3).map(tuple),
    ),
    st.builds(book.FindContacts, words, ranges),
    st.builds(book.GetContact, numbers),
    contacts.flatmap(
        lambda one: numbers.map(lambda group: book.AddContact(**one, contact_group_id=group))
    ),
    contacts.flatmap(
        lambda one: numbers.map(lambda id_: book.ChangeContact(**one, contact_id=id_))
    ),
    st.builds(book.DeleteContact, numbers),
    st.builds(book.ListUnsubscribed, task_id=st.none() | numbers, items=ranges),
)


@given(requests)
def test_what_was_written_is_read_the_same(request: Request[Any]) -> None:
    assert API.decode_request(came(API.encode_request(request, LOGIN))).request == request


stored = contacts.flatmap(
    lambda one: st.builds(
        book.StoredContact,
        contact_id=numbers,
        contact_group_id=numbers,
        **{name: st.just(value) for name, value in one.items()},
    )
)
instants = st.none() | st.datetimes(
    datetime(1970, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    datetime(9999, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000))
counts = st.integers(0, 2**31)
pages = st.integers(1, 99)
answers: st.SearchStrategy[tuple[type[Request[Any]], Any]] = st.one_of(
    st.tuples(
        st.just(book.ListGroups),
        st.lists(
            st.builds(
                book.Group,
                contact_group_id=numbers,
                name=texts,
                description=texts,
                created_date=instants,
                contacts_count=counts,
            ),
            max_size=2,
        ).map(tuple),
    ),
    st.tuples(
        st.just(book.ImportContacts),
        st.builds(
            book.Imported,
            import_id=guids,
            valid_contacts=counts,
            rejected_contacts=st.lists(
                st.builds(
                    book.RejectedContact,
                    contact=contacts.map(lambda one: Contact(**one)),
                    error_code=st.sampled_from(book.ContactCode) | st.integers(6, 99),
                    error_description=texts,
                    duplicates_count=counts,
                ),
                max_size=2,
            ).map(tuple),
            invalid_phone_numbers=st.lists(texts, max_size=2).map(tuple),
            invalid_emails=st.lists(texts, max_size=2).map(tuple),
        ),
    ),
    st.tuples(st.just(book.GetProgress), st.builds(book.Progress, counts, counts)),
    st.tuples(
        st.just(book.FindContacts),
        st.builds(lambda one, first: Page((one,), first, first + 7), stored, pages),
    ),
    st.tuples(st.just(book.GetContact), stored),
    st.tuples(st.just(book.AddContact), numbers),
    st.tuples(st.just(book.ChangeContact), st.none()),
    st.tuples(
        st.just(book.ListUnsubscribed),
        st.builds(
            lambda one, first: Page((one,), first, first),
            st.builds(
                book.Unsubscriber,
                email=texts,
                date_time=instants,
                reason=texts,
                task_id=st.none() | numbers,
            ),
            pages,
        ),
    ),
)


@given(answers)
def test_an_answer_that_was_written_is_read_the_same(
    exchange: tuple[type[Request[Any]], Any],
) -> None:
    request, answer = exchange
    assert API.decode_answer(request, API.encode_answer(request, answer)) == answer


jsons = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
names = st.sampled_from(
    ["Result", "Code", "Description", "Contact", "ImportId", "DateOfBirth", "Items", "Scope"]
)


@given(
    st.sampled_from([row.request for row in API.operations]),
    st.binary(max_size=40)
    | st.dictionaries(names, jsons, max_size=4).map(lambda one: json.dumps(one).encode()),
)
@example(book.FindContacts, b'{"Result":[{"ContactId":1e999,"ContactGroupId":1}],"Code":"ok"}')
@example(book.GetContact, b'{"Result":{"DateOfBirth":"/Date(253402300799999)/"},"Code":"ok"}')
def test_any_answer_is_a_value_or_a_decode_error(request: type[Request[Any]], body: bytes) -> None:
    with contextlib.suppress(DecodeError):
        API.decode_answer(request, HttpAnswer(200, body))


@given(
    st.sampled_from(API.operations),
    st.binary(max_size=40)
    | st.dictionaries(names, jsons, max_size=4).map(lambda one: json.dumps(one).encode()),
    st.text(max_size=10),
)
def test_any_request_is_a_value_or_a_decode_error(row: Any, body: bytes, word: str) -> None:
    path = row.path.replace("{ImportId}", IMPORT).replace("{ContactGroupId}", word)
    with contextlib.suppress(DecodeError):
        read(row.method, path.replace("{ContactId}", word), body, range=word)


def test_a_birthday_at_the_ends_of_time_is_an_error_and_no_crash() -> None:
    for day in (date(1, 1, 1), datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=3)))):
        with pytest.raises(EncodeError):
            API.encode_request(book.ChangeContact(contact_id=1, date_of_birth=day), LOGIN)
    naive = datetime(2016, 2, 4)  # noqa: DTZ001
    with pytest.raises(EncodeError, match="naive"):
        API.encode_request(book.ChangeContact(contact_id=1, date_of_birth=naive), LOGIN)
