"""The manual's JSON of chapters 17 and 18 through tables, both ways.

Chapter 16 has its vectors among those of REST, and chapters 12 and 15 have tests of their own.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, cast

import pytest

from devino_codecs.http import (
    Api,
    ApiKey,
    HttpAnswer,
    HttpRequest,
    Login,
    Page,
    Refusal,
    Request,
    Verdict,
)
from devino_codecs.verification import API as VERIFICATION
from devino_codecs.verification import CheckCode, CheckedCode, GenerateCode, SentCode
from tests._vectors import VECTORS, vectors
from tests.wire import _http_tables as tables
from tests.wire._http_tables import CONTACTS

IMPORT = "50210B41-1C4E-4E48-9837-FB382A9BAE01"
REQUESTS: dict[str, tuple[Api, str, str]] = {
    "17-010": (CONTACTS, "POST", "/addressbook/v2/ContactGroups"),
    "17-013": (CONTACTS, "PUT", "/addressbook/v2//contactgroups/332/"),
    "17-018": (CONTACTS, "POST", "/addressbook/v2/ContactsImport/"),
    "17-023": (CONTACTS, "DELETE", f"/addressbook/v2/ContactsImport/{IMPORT}/Duplicates"),
    "17-030": (CONTACTS, "POST", "/Contacts"),
    "17-033": (CONTACTS, "PATCH", "/AddressBook/V2/Contacts/100013"),
    "18-002": (VERIFICATION, "POST", "/GenerateCode"),
    "18-004": (VERIFICATION, "POST", "/json/reply/CheckCode"),
}
ANSWERS: dict[str, tuple[Api, type[Request[Any]]]] = {
    "17-002": (CONTACTS, tables.GetGroup),
    "17-006": (CONTACTS, tables.ListGroups),
    "17-008": (CONTACTS, tables.GetGroup),
    "17-011": (CONTACTS, tables.AddGroup),
    "17-014": (CONTACTS, tables.ChangeGroup),
    "17-016": (CONTACTS, tables.DeleteGroup),
    "17-019": (CONTACTS, tables.Import),
    "17-021": (CONTACTS, tables.GetProgress),
    "17-024": (CONTACTS, tables.DeleteDuplicates),
    "17-026": (CONTACTS, tables.FindContacts),
    "17-028": (CONTACTS, tables.GetContact),
    "17-031": (CONTACTS, tables.AddContact),
    "17-034": (CONTACTS, tables.ChangeContact),
    "17-036": (CONTACTS, tables.DeleteContact),
    "17-038": (CONTACTS, tables.ListUnsubscribed),
    "18-001": (VERIFICATION, GenerateCode),
    "18-003": (VERIFICATION, GenerateCode),
    "18-005": (VERIFICATION, CheckCode),
}
LOGIN = {"authorization": "Basic dGVzdGVyOjExMTExMQ==", "x-apikey": "key"}
JSON = {**LOGIN, "content-type": "application/json"}


def test_no_example_is_left_out() -> None:
    examples = {v.id for v in VECTORS.values() if v.chapter in {17, 18}}
    assert {*REQUESTS, *ANSWERS} == examples


def tree(data: bytes) -> Any:
    return json.loads(data, parse_float=Decimal)


@pytest.mark.parametrize("id_", REQUESTS)
def test_a_request_of_the_manual_is_read_and_written_the_same(id_: str) -> None:
    api, method, target = REQUESTS[id_]
    http = HttpRequest.of(method, target, headers=JSON, body=VECTORS[id_].data)
    call = api.decode_request(http)
    request, credentials = call.request, call.credentials
    written = api.encode_request(request, credentials)
    printed = tree(VECTORS[id_].data)
    # In one example an argument stands both in the path and in the body.
    assert tree(written.body) == {k: v for k, v in printed.items() if v not in written.segments}
    assert (written.method, call.operation.method) == (method, method)
    again = api.decode_request(
        HttpRequest.of(method, written.path, headers=JSON, body=written.body)
    )
    assert again.request == request
    if credentials == Login("tester", "111111"):
        assert written.headers["Authorization"] == LOGIN["authorization"]
    else:
        assert credentials == ApiKey("key")
        assert written.headers["X-ApiKey"] == "key"


CHANGED: dict[str, Any] = {
    "18-001": ('"0"', "0"),
    "18-003": ('"0"', "0"),
}
"""They are read as printed, and written in the one canonical form."""


@pytest.mark.parametrize("id_", ANSWERS)
def test_an_answer_of_the_manual_is_read_and_written_the_same(id_: str) -> None:
    api, request = ANSWERS[id_]
    answer = api.decode_answer(request, HttpAnswer(200, VECTORS[id_].data))
    written = api.encode_answer(request, cast("Any", answer))
    canonical = VECTORS[id_].text.replace(*CHANGED.get(id_, ("", "")))
    if id_ == "17-002":
        assert isinstance(answer, Refusal)
        assert (answer.code, answer.means) == (
            tables.ResponseCode.VALIDATION_ERROR,
            Verdict.REFUSED,
        )
        canonical = canonical.replace('"Result":{},', "")
    assert tree(written.body) == tree(canonical.encode())
    assert api.decode_answer(request, written) == answer


def test_the_vectors_mean_what_they_say() -> None:
    found = CONTACTS.decode_answer(tables.FindContacts, HttpAnswer(206, VECTORS["17-026"].data))
    assert isinstance(found, Page)
    assert [one.contact_id for one in found.items] == [1, 100005]
    assert found.items[0].phone_number == ""
    for vector in vectors("2fa", direction="response"):
        api, request = ANSWERS[vector.id]
        code = api.decode_answer(request, HttpAnswer(200, vector.data))
        assert code in (SentCode.SENT, CheckedCode.VALID)
