"""Odd answers of the address book: what cannot be read costs only itself."""

from __future__ import annotations

import json

import pytest

from devino_codecs import addressbook as book
from devino_codecs.addressbook import API
from devino_codecs.http import HttpAnswer, HttpRequest, InvalidArgumentError, Refusal


@pytest.mark.parametrize("odd", [[], {"x": 1}, 1.5, True])
def test_what_cannot_be_read_of_one_contact_hides_no_other(odd: object) -> None:
    whole = {"ContactId": 1, "ContactGroupId": 2, "Email": "a@b.ru"}
    spoilt = {**whole, "ContactId": 3, "DateOfBirth": odd, "FirstName": {"x": odd}, "Email": [odd]}
    body = json.dumps({"Result": [whole, spoilt, whole], "Code": "ok"}).encode()
    page = API.decode_answer(book.FindContacts, HttpAnswer(200, body))
    assert not isinstance(page, Refusal)
    first, second, third = page.items
    assert first == third == book.StoredContact(contact_id=1, contact_group_id=2, email="a@b.ru")
    assert second == book.StoredContact(contact_id=3, contact_group_id=2)


def test_a_rejected_contact_that_cannot_be_read_hides_no_other() -> None:
    contact = {"DateOfBirth": "some day"}
    rejected = [{"Contact": contact, "ErrorCode": "InvalidEmail"}, {"Contact": {"Email": "a@b.ru"}}]
    result = {"ImportId": "c0ffee00-0000-4000-8000-000000000000", "RejectedContacts": rejected}
    body = json.dumps({"Result": {**result, "ValidContacts": 7}, "Code": "ok"}).encode()
    imported = API.decode_answer(book.ImportContacts, HttpAnswer(201, body))
    assert not isinstance(imported, Refusal)
    assert imported.valid_contacts == 7
    assert [(one.contact, one.error_code) for one in imported.rejected_contacts] == [
        (book.Contact(), book.ContactCode.INVALID_EMAIL),
        (book.Contact(email="a@b.ru"), book.ContactCode.OK),
    ]


def test_a_request_is_read_as_strictly_as_before() -> None:
    with pytest.raises(InvalidArgumentError):
        API.decode_request(
            HttpRequest.of(
                "POST", "/Contacts", headers={"authorization": "Basic YTpi"},
                body=b'{"ContactGroupId": 2, "DateOfBirth": "some day"}',
            )
        )  # fmt: skip
