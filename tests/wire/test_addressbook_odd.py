"""The address book: what cannot be read of an answer hides nothing around it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from devino_codecs import EncodeError
from devino_codecs import addressbook as book
from devino_codecs.addressbook import API
from devino_codecs.http import (
    HttpAnswer,
    HttpRequest,
    InvalidArgumentError,
    Items,
    Login,
    Refusal,
)


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


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (book.AddGroup("\ud800"), "Name"),
        (book.FindContacts("\ud800", Items(1, 2)), "Query"),
        (book.DeleteDuplicates(contact_group_id=1, import_id="\ud800"), "ImportId"),
    ],
)
def test_a_text_that_has_no_utf8_is_told_in_plain_words(request_: Any, field: str) -> None:
    with pytest.raises(EncodeError) as error:
        API.encode_request(request_, Login("me", "secret"))
    assert error.value.path == field
    assert "codec" not in str(error.value)
