"""Two interfaces of the platform as tables, as far as the tests of tables need them.

That of Viber (chapter 12) is a strict and small one, :mod:`devino_codecs.viber` has the whole. That
of contacts comes with its chapter (17).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import UNSET, Struct, UnsetType

from devino_codecs.http import (
    BOOLEAN_WORD,
    NUMBER_ID,
    SERVICE_STACK,
    SERVICE_STACK_DATE,
    TEXT_OR_NUMBER,
    Also,
    Api,
    CodedInt,
    CodedStr,
    Envelope,
    InQuery,
    Operation,
    Page,
    Range,
    Refusal,
    RefusalForm,
    Request,
    Verdict,
    basic,
    moment,
    write_json,
)

# Viber (chapter 12)


class Result(CodedStr):
    OK = "ok", "done", Verdict.DONE
    AUTH = "error-auth", "who asks is not known", Verdict.LOGIN
    SYNTAX = "error-syntax", "not understood", Verdict.REFUSED
    SYSTEM = "error-system", "the platform failed", Verdict.FAILED


class ViberState(CodedStr):
    ENQUEUED = "enqueued", "", "ACCEPTED"
    SENT = "sent", "", "ENROUTE"
    DELIVERED = "delivered", "", "DELIVERED"
    READ = "read", "", "READ"
    UNDELIVERED = "undelivered", "", "UNDELIVERABLE"


STATUS_AT = moment("%Y-%m-%d %H:%M:%S")


class Content(Struct, frozen=True, rename="camel"):
    text: str | None = None
    caption: str | None = None
    action: str | None = None
    image_url: Annotated[str | None, Also("image")] = None


class ViberMessage(Struct, frozen=True, kw_only=True, rename="camel"):
    subject: str | None = None
    priority: str | None = None
    validity_period_sec: int | None = None
    comment: str | None = None
    type: str | None = None
    content_type: str | None = None
    content: Content | None = None
    address: Annotated[str | None, TEXT_OR_NUMBER] = None
    sms_text: str | None = None
    sms_src_address: str | None = None
    sms_validity_period_sec: int | None = None


class Taken(Struct, frozen=True, kw_only=True, rename="camel"):
    provider_id: Annotated[str | None, NUMBER_ID] = None
    code: str


class Sent(Struct, frozen=True, kw_only=True):
    status: Result | str
    messages: tuple[Taken, ...] = ()


class SmsLeg(Struct, frozen=True, kw_only=True):
    id: Annotated[str, NUMBER_ID]
    status: Annotated[ViberState | str, Also("state")]


class Report(Struct, frozen=True, kw_only=True, rename="camel"):
    provider_id: Annotated[str, NUMBER_ID]
    code: str
    sms_states: tuple[SmsLeg, ...] | None = None
    status: ViberState | str | None = None
    status_at: Annotated[datetime | None, STATUS_AT] = None
    error_code: Annotated[str | None, Also("error")] = None


class Reports(Struct, frozen=True, kw_only=True):
    status: Result | str
    messages: tuple[Report, ...] = ()


class Send(Request[Sent], frozen=True, kw_only=True, rename="camel"):
    resend_sms: Annotated[bool, BOOLEAN_WORD] = False
    common_data: Annotated[ViberMessage | None, Also("messageCommonData")] = None
    messages: tuple[ViberMessage, ...]


class GetReports(Request[Reports], frozen=True):
    messages: tuple[Annotated[str, NUMBER_ID], ...]


def _spring(body: object, http_status: int) -> Refusal | None:
    if http_status < 400 or not isinstance(body, dict) or "error" not in body:
        return None
    return Refusal(str(body["error"]), str(body.get("message", "")), http_status)


def _write_spring(refusal: Refusal) -> bytes | None:
    # In the envelope the word "ok" would say that it was done.
    if refusal.http_status < 400:
        return None
    text = {"error": str(refusal.code), "message": refusal.description}
    return write_json(dict[str, str], text)


VIBER = Api(
    name="viber",
    auth=basic(),
    operations=(
        Operation(Send, "POST", "send"),
        Operation(GetReports, "POST", "status", changes=False),
    ),
    envelope=Envelope("status", "message"),
    codes=Result,
    refused=200,
    refusal=RefusalForm(_spring, _write_spring),
)


# Contacts (chapter 17)


class ResponseCode(CodedStr):
    OK = "ok", "done", Verdict.DONE, "ok"
    VALIDATION_ERROR = "validation_error", "not changed", Verdict.REFUSED
    INTERNAL_ERROR = "internal_error", "may be repeated later", Verdict.FAILED


class Gender(CodedInt):
    MALE = 1
    FEMALE = 2
    UNKNOWN = 3


When = Annotated[datetime | None, SERVICE_STACK_DATE]


class Group(Struct, frozen=True, kw_only=True, rename="pascal"):
    contact_group_id: int
    name: str
    description: str = ""
    created_date: When = None
    contacts_count: int = 0


class Person(Struct, frozen=True, kw_only=True, rename="pascal"):
    phone_number: str | UnsetType = UNSET
    last_name: str | UnsetType = UNSET
    middle_name: str | UnsetType = UNSET
    first_name: str | UnsetType = UNSET
    email: str | UnsetType | None = UNSET
    gender: Gender | int | UnsetType = UNSET
    date_of_birth: Annotated[datetime | UnsetType, SERVICE_STACK_DATE] = UNSET
    extra_field1: str | UnsetType = UNSET
    extra_field2: str | UnsetType = UNSET
    merge_fields: dict[str, str] | UnsetType = UNSET


class Contact(Person, frozen=True, kw_only=True, rename="pascal"):
    contact_id: int
    contact_group_id: int


class Rejected(Struct, frozen=True, kw_only=True, rename="pascal"):
    contact: Person
    error_code: int
    error_description: str = ""
    duplicates_count: int = 0


class Imported(Struct, frozen=True, kw_only=True, rename="pascal"):
    import_id: str
    valid_contacts: int
    rejected_contacts: tuple[Rejected, ...] = ()
    invalid_phone_numbers: tuple[str, ...] = ()
    invalid_emails: tuple[str, ...] = ()


class Progress(Struct, frozen=True, rename="pascal"):
    uploaded: int
    processed: int


class Duplicates(Struct, frozen=True, kw_only=True, rename="pascal"):
    in_current_group: int
    in_other_groups: int
    in_current_import: tuple[str, ...] = ()


class Unsubscriber(Struct, frozen=True, kw_only=True, rename="pascal"):
    email: str
    date_time: When = None
    reason: str = ""
    task_id: int | None = None


class ListGroups(Request[tuple[Group, ...]], frozen=True):
    pass


class GetGroup(Request[Group], frozen=True, rename="pascal"):
    contact_group_id: int


class AddGroup(Request[int], frozen=True, rename="pascal"):
    name: str
    description: str | None = None


class ChangeGroup(Request[None], frozen=True, rename="pascal"):
    contact_group_id: int
    name: str
    description: str | None = None


class DeleteGroup(Request[None], frozen=True, rename="pascal"):
    contact_group_id: int


class Import(Request[Imported], frozen=True, kw_only=True, rename="pascal"):
    contact_group_id: int
    import_id: str | None = None
    convert_direct_phones: bool | None = None
    fill_gender: bool | None = None
    contacts: tuple[Person, ...]


class GetProgress(Request[Progress], frozen=True, rename="pascal"):
    import_id: str


class DeleteDuplicates(Request[Duplicates], frozen=True, kw_only=True, rename="pascal"):
    contact_group_id: int
    import_id: str
    field: str | None = None
    scope: int | None = None
    groups: tuple[int, ...] = ()


class FindContacts(Request[Page[Contact]], frozen=True, rename="pascal"):
    query: str
    items: Range


class GetContact(Request[Contact], frozen=True, rename="pascal"):
    contact_id: int


class AddContact(Person, Request[int], frozen=True, kw_only=True, rename="pascal"):
    contact_group_id: int


class ChangeContact(Person, Request[None], frozen=True, kw_only=True, rename="pascal"):
    contact_id: int
    # In no manual: a field of the query beside a body.
    silent: Annotated[bool | None, InQuery()] = None


class DeleteContact(Request[None], frozen=True, rename="pascal"):
    contact_id: int


class ListUnsubscribed(Request[Page[Unsubscriber]], frozen=True, kw_only=True, rename="pascal"):
    task_id: int | None = None
    items: Range


CONTACTS = Api(
    name="addressbook",
    auth=basic(),
    operations=(
        Operation(ListGroups, "GET", "ContactGroups", changes=False),
        Operation(GetGroup, "GET", "ContactGroups/{ContactGroupId}", changes=False),
        Operation(AddGroup, "POST", "ContactGroups", status=201),
        Operation(ChangeGroup, "PUT", "ContactGroups/{ContactGroupId}"),
        Operation(DeleteGroup, "DELETE", "ContactGroups/{ContactGroupId}"),
        Operation(Import, "POST", "ContactsImport", status=201),
        Operation(GetProgress, "GET", "ContactsImport/{ImportId}/Progress", changes=False),
        Operation(DeleteDuplicates, "DELETE", "ContactsImport/{ImportId}/Duplicates"),
        Operation(FindContacts, "GET", "Contacts", changes=False),
        Operation(GetContact, "GET", "Contacts/{ContactId}", changes=False),
        Operation(AddContact, "POST", "Contacts", status=201),
        Operation(ChangeContact, "PATCH", "Contacts/{ContactId}"),
        Operation(DeleteContact, "DELETE", "Contacts/{ContactId}"),
        Operation(ListUnsubscribed, "GET", "Unsubscribed", changes=False),
    ),
    prefixes=("addressbook/v2",),
    envelope=SERVICE_STACK,
    codes=ResponseCode,
)
