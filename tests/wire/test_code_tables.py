"""Compares every code table with the manual's, and tests what its rows mean for programs."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from devino_codecs import (
    addressbook,
    email,
    onec,
    rest,
    soap,
    verification,
    viber,
    vk,
    xmlpackage,
)
from devino_codecs.http import Coded, Verdict
from devino_core import State
from tests._vectors import ROOT

STATES = {state.name for state in State}
VERDICTS: set[str] = set(Verdict)


class Table(NamedTuple):
    codes: Any
    manual: str
    key: str
    means: set[str]
    """What its rows may mean."""
    text: str | None = None
    """The manual's column for the text on the wire, if there is one."""
    beyond: frozenset[int | str] = frozenset()
    """Codes that the manual's table lacks."""
    without: frozenset[int | str] = frozenset()
    """Rows of the manual's table that are not codes on the wire."""


OF_VIBER_ALONE = frozenset({"not-permitted", "error-route-not-found"})
"""Codes of a Viber message that the list of chapter 15 lacks."""

TABLES = [
    Table(rest.ErrorCode, "rest_errors", "code", VERDICTS, without=frozenset({0})),
    Table(rest.SmsStateCode, "rest_sms_states", "state", STATES, beyond=frozenset({-97})),
    Table(rest.ViberStateCode, "rest_viber_states", "state", STATES, "manual_ru"),
    Table(rest.ViberResultCode, "rest_viber_result_codes", "code", VERDICTS | {""}),
    Table(
        rest.HlrStateCode,
        "hlr_states",
        "state",
        {"PENDING", "REACHABLE", "UNREACHABLE", "NONEXISTENT", "FAILED", "UNKNOWN"},
        "manual_ru",
    ),
    Table(
        soap.SmsStateCode,
        "soap_states",
        "state",
        STATES | {""},
        beyond=frozenset({-98, -97, -10, 69, 99}),
    ),
    Table(soap.ViberStateCode, "soap_viber_states", "name", STATES),
    Table(xmlpackage.MessageStatus, "xml_message_statuses", "code", STATES),
    Table(xmlpackage.MessageError, "xml_message_errors", "code", VERDICTS),
    Table(xmlpackage.PackageErrorCode, "xml_package_errors", "code", VERDICTS),
    Table(
        onec.MessageStatus,
        "onec_message_statuses",
        "status",
        STATES,
        "manual_ru",
        without=frozenset({"*"}),
    ),
    Table(onec.OperationStatus, "onec_operation_statuses", "status", VERDICTS, "manual_ru"),
    Table(viber.RequestStatus, "viber_request_statuses", "code", VERDICTS),
    Table(viber.MessageCode, "vk_viber_codes", "code", VERDICTS, beyond=OF_VIBER_ALONE),
    Table(
        viber.MessageCode,
        "viber_message_codes",
        "code",
        VERDICTS,
        beyond=frozenset({"error-instant-message-client-id-not-unique"}),
    ),
    Table(viber.DeliveryStatus, "viber_delivery_statuses", "poll", STATES),
    Table(viber.SmsStatus, "viber_sms_states", "status", STATES),
    Table(vk.SendCode, "vk_validation_codes", "code", VERDICTS),
    Table(vk.IdCode, "vk_id_validation_codes", "code", VERDICTS),
    Table(vk.VkStatus, "vk_statuses", "status", STATES),
    Table(vk.RequestCode, "vk_send_response_codes", "code", VERDICTS),
    Table(
        vk.RequestCode,
        "vk_status_response_codes",
        "code",
        VERDICTS,
        beyond=frozenset({"queue_full"}),
    ),
    Table(
        email.ResponseCode,
        "email_response_codes",
        "code",
        VERDICTS,
        beyond=frozenset({"not_found"}),
    ),
    Table(email.MessageState, "email_message_states", "state", STATES),
    Table(email.CallbackEvent, "email_callback_events", "event", STATES | {""}),
    Table(email.BounceReason, "email_bounce_reasons", "reason", {"BOUNCED", "REJECTED"}),
    Table(email.SenderState, "email_sender_states", "name", {""}),
    Table(email.TaskType, "email_task_types", "name", {""}),
    Table(email.TaskState, "email_task_states", "name", {""}),
    Table(email.SmtpError, "email_smtp_errors", "begins", VERDICTS),
    Table(verification.SentCode, "twofa_generate_codes", "code", VERDICTS | {""}, "description"),
    Table(verification.CheckedCode, "twofa_check_codes", "code", VERDICTS | {""}, "description"),
    Table(
        addressbook.ResponseCode,
        "addressbook_response_codes",
        "code",
        VERDICTS,
        beyond=frozenset({"not_found"}),
    ),
    Table(addressbook.ContactCode, "addressbook_contact_validation", "name", VERDICTS),
    Table(addressbook.DuplicatesField, "addressbook_duplicates_field", "name", {""}),
    Table(addressbook.DuplicatesScope, "addressbook_duplicates_scope", "value", {""}),
    Table(addressbook.Gender, "addressbook_gender", "value", {""}),
]


def rows(table: Table) -> list[dict[str, Any]]:
    found = json.loads((ROOT / "codes" / f"{table.manual}.json").read_text())["rows"]
    return [row for row in found if row[table.key] not in table.without]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.manual)
def test_a_table_has_the_codes_of_the_manuals(table: Table) -> None:
    ours = {member.value for member in table.codes}
    assert ours - table.beyond == {row[table.key] for row in rows(table)}
    assert ours >= table.beyond


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.manual)
def test_every_code_says_what_it_means(table: Table) -> None:
    codes = table.codes
    assert issubclass(codes, Coded)
    for member in list(table.codes):
        assert member.means in table.means, member
        assert member.meaning, member
        assert member.meaning.isascii(), member


@pytest.mark.parametrize(
    "table", [t for t in TABLES if t.text is not None], ids=lambda table: table.manual
)
def test_the_text_on_the_wire_is_the_manuals(table: Table) -> None:
    assert table.text is not None
    for row in rows(table):
        assert table.codes(row[table.key]).text == row[table.text], row


def test_texts_that_were_seen_on_the_wire_are_kept() -> None:
    for row in rows(next(table for table in TABLES if table.codes is rest.SmsStateCode)):
        seen = row["wire_state_description"]
        code = rest.SmsStateCode(row["state"])
        assert code.attested is (seen is not None)
        assert not seen or code.text == seen
    for row in rows(TABLES[0]):
        assert rest.ErrorCode(row["code"]).http_status == row["http_status"]


def test_the_names_of_xml_and_soap_are_the_manuals() -> None:
    for table in TABLES:
        for row in rows(table):
            if table.codes.__module__.startswith("devino_codecs.xmlpackage"):
                assert table.codes(row["code"]).name == row["name"]


def test_the_numbers_of_the_address_book_are_the_manuals() -> None:
    for table in (addressbook.ContactCode, addressbook.DuplicatesField):
        [manual] = [one for one in TABLES if one.codes is table]
        assert {row["name"]: row["value"] for row in rows(manual)} == {
            code.value: code.number for code in table
        }
    [scopes] = [one for one in TABLES if one.codes is addressbook.DuplicatesScope]
    assert {row["name"].upper() for row in rows(scopes)} == set(
        addressbook.DuplicatesScope.__members__
    )


DECIDED = json.loads((ROOT / "codes" / "decided.json").read_text())


def test_the_reasons_of_viber_are_the_manuals() -> None:
    rows = json.loads((ROOT / "codes" / "viber_error_codes.json").read_text())["rows"]
    callbacks = {reason.upper().replace("-", "_") for reason in viber.Reason}
    # The page on WhatsApp has one more.
    assert callbacks - {"NOT_TEMPLATE_MATCH"} == {row["callback"] for row in rows}
    assert {row["poll"] for row in rows if row["poll"]} <= set(viber.Reason)


def test_the_words_of_vk_are_the_manuals() -> None:
    rows = json.loads((ROOT / "codes" / "vk_enums.json").read_text())["rows"]
    ours = {"priority": vk.Priority, "routes": vk.Route, "deliveryPolicy": vk.DeliveryPolicy}
    for field, table in ours.items():
        assert {row["value"] for row in rows if row["field"] == field} == set(table)
    told = json.loads((ROOT / "codes" / "vk_send_response_codes.json").read_text())["rows"]
    told += json.loads((ROOT / "codes" / "vk_status_response_codes.json").read_text())["rows"]
    refused = {
        row["description"] for row in told if row["code"] in {"validation_error", "queue_full"}
    }
    assert refused == set(vk.RequestError)


def test_of_every_table_it_was_decided_what_its_codes_mean() -> None:
    assert DECIDED.keys() == {table.manual for table in TABLES}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.manual)
def test_each_code_means_and_says_what_was_decided(table: Table) -> None:
    ours = [
        {"code": each.value, "name": each.name, "means": each.means, "text": each.text}
        for each in table.codes
    ]
    assert ours == DECIDED[table.manual]


@pytest.mark.parametrize("name", ["rest_sms_states", "soap_states"])
def test_the_texts_of_states_are_words_of_the_manuals_table(name: str) -> None:
    (table,) = [table for table in TABLES if table.manual == name]
    for row in rows(table):
        printed = {str(row[column]) for column in row if column.endswith("_ru")}
        # What stands in brackets explains the word; one row tells in prose when it is said.
        words = {text.partition(" (")[0] for text in printed} | {row.get("wire_state_description")}
        said = table.codes(row[table.key]).text
        assert said in words or said == "Доставлено", row


def test_numbers_of_rest_mean_the_same_over_soap() -> None:
    for state in rest.SmsStateCode:
        assert soap.SmsStateCode(state.value).means == state.means
    for number, code in enumerate(soap.ViberStateCode):
        assert rest.ViberStateCode(number).means == code.means


def test_the_numbers_of_names_are_the_manuals() -> None:
    for codes, name in (
        (email.SenderState, "email_sender_states"),
        (email.TaskType, "email_task_types"),
        (email.TaskState, "email_task_states"),
    ):
        rows = json.loads((ROOT / "codes" / f"{name}.json").read_text())["rows"]
        assert {each.value: each.number for each in codes} == {
            row["name"]: row["value"] for row in rows
        }
