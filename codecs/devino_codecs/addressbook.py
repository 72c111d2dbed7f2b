"""The address book (chapter 17): groups, contacts, imports, and who has unsubscribed.

>>> from devino_codecs import addressbook
>>> from devino_codecs.addressbook import API, Contact, GetContact, ImportContacts
>>> from devino_codecs.http import HttpAnswer, Login
>>> me = Login("tester", "111111")
>>> ivan = Contact(first_name="Ivan", email="ivan@example.com")
>>> http = API.encode_request(ImportContacts(contact_group_id=9731, contacts=(ivan,)), me)
>>> http.method, http.target, http.body
('POST', '/ContactsImport/?format=json', \
b'{"ContactGroupId":9731,"Contacts":[{"Email":"ivan@example.com","FirstName":"Ivan"}]}')
>>> body = b'{"Result": {"ContactId": 1, "DateOfBirth": "/Date(1454533200000-0000)/", ' \\
...     b'"Email": "xx@gmail.com", "ContactGroupId": 252}, "Code": "ok", "Description": "ok"}'
>>> found = API.decode_answer(GetContact, HttpAnswer(200, body))
>>> found.email, f"{found.date_of_birth:%d.%m.%Y}"
('xx@gmail.com', '04.02.2016')

**What a contact does not say is** ``UNSET``, so a change sends what was given and nothing else.

**A date of birth is a day of the platform's own clock**, which is Moscow's: on the wire it is the
instant of that midnight at UTC+3. It is read as this midnight, with its zone, which is a date
too. A plain date is written as that day; a datetime is written as its instant, for a platform with
another clock.

Answers stand in ServiceStack's envelope. Every refusal of a request has the code
``validation_error``; the HTTP status of the :class:`~devino_codecs.http.Refusal` tells a thing that
is not there (404) from a login that nobody has (401).
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta, timezone
from typing import Annotated, Any, ClassVar, Final, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from devino_codecs._response_code import ResponseCode
from devino_codecs.http import (
    IF_READABLE,
    IN_BODY_TOO,
    PHONE,
    RECIPIENT,
    SERVICE_STACK,
    SERVICE_STACK_DATE,
    TEXT_OR_NUMBER,
    WORDS,
    Api,
    CodedInt,
    NumberedStr,
    Operation,
    Page,
    Range,
    Request,
    Unread,
    Verdict,
    basic,
    form_of,
    name_of,
)

__all__ = [
    "API",
    "MOSCOW",
    "MOST_CONTACTS",
    "AddContact",
    "AddGroup",
    "ChangeContact",
    "ChangeGroup",
    "Contact",
    "ContactCode",
    "DeleteContact",
    "DeleteDuplicates",
    "DeleteGroup",
    "Duplicates",
    "DuplicatesField",
    "DuplicatesScope",
    "FindContacts",
    "Gender",
    "GetContact",
    "GetGroup",
    "GetProgress",
    "Group",
    "ImportContacts",
    "Imported",
    "ListGroups",
    "ListUnsubscribed",
    "Progress",
    "RejectedContact",
    "ResponseCode",
    "StoredContact",
    "Unsubscriber",
]

MOSCOW: Final = timezone(timedelta(hours=3))
"""The platform's clock, in whose calendar the dates of birth are."""
MOST_CONTACTS: Final = 10_000
"""How many contacts one :class:`ImportContacts` may have."""


class ContactCode(NumberedStr):
    """What is wrong with a contact of an import. Written by name; names and numbers are read."""

    OK = "Ok", 0, "Nothing", Verdict.DONE
    DUPLICATE = "Duplicate", 1, "Another one in the same request is the same", Verdict.REFUSED
    NO_PHONE_NO_EMAIL = "NoPhoneNoEmail", 2, "It has neither phone nor e-mail", Verdict.REFUSED
    INVALID_PHONE = "InvalidPhone", 3, "Its phone is none", Verdict.REFUSED
    INVALID_EMAIL = "InvalidEmail", 4, "Its e-mail address is none", Verdict.REFUSED
    INVALID_FIELD = "InvalidField", 5, "A name or an extra field is too long", Verdict.REFUSED


class DuplicatesField(NumberedStr):
    """By what contacts are the same. Written by name; names and numbers are read."""

    NO = "No", 0, "By nothing: none is a duplicate"
    PHONE_NUMBER = "PhoneNumber", 1, "By phone"
    EMAIL = "Email", 2, "By e-mail"


class DuplicatesScope(CodedInt):
    """Where duplicates are looked for: add them up, as in ``IMPORT | GROUPS``."""

    NO = 0, "Nowhere"
    IMPORT = 1, "Within the import"
    GROUPS = 2, "In the groups that are named"


class Gender(CodedInt):
    """What else a wire says is kept, and the platform takes it for UNKNOWN."""

    MALE = 1, "Male"
    FEMALE = 2, "Female"
    UNKNOWN = 3, "Not known"


def _read_birthday(text: str) -> object:
    if not text:
        # As some clients write what they do not know.
        return UNSET
    found = SERVICE_STACK_DATE.read(text)
    if found is None:
        return UNSET
    if text.startswith("/Date("):
        return found.astimezone(MOSCOW)
    # What is no instant on the wire is a day of the calendar.
    return datetime.combine(found.date(), time(), MOSCOW)


def _write_birthday(day: date) -> str:
    if not isinstance(day, datetime):
        day = datetime.combine(day, time(), MOSCOW)
    return SERVICE_STACK_DATE.text(day)


_BIRTHDAY: Final = form_of("BIRTHDAY", _read_birthday, _write_birthday, of=date, noun="a date")

_GUID_FORMS = r"(?:[0-9A-F]{8}(?:-[0-9A-F]{4}){3}-[0-9A-F]{12}|[0-9A-F]{32})"


def _guid(text: str) -> str:
    bare = text.strip().upper()
    if (bare[:1], bare[-1:]) in {("{", "}"), ("(", ")")}:
        bare = bare[1:-1]
    if re.fullmatch(_GUID_FORMS, bare) is None:
        raise ValueError("expected a GUID, as in 50210B41-1C4E-4E48-9837-FB382A9BAE01")
    digits = bare.replace("-", "")
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


_GUID: Final = form_of("GUID", _guid, _guid, of=str, noun="a GUID")
ImportId: TypeAlias = Annotated[str, _GUID]
"""In capitals, as the manual prints it; .NET's other forms are read."""


def _read_scope(text: str) -> int:
    words = [word.strip().lower() for word in text.split(",")]
    numbers = [_SCOPES.get(word, word) for word in words]
    if not all(number.isascii() and number.isdecimal() and len(number) < 10 for number in numbers):
        raise ValueError("expected a sum of No (0), Import (1) and Groups (2)")
    scope = 0
    for number in numbers:
        scope |= int(number)
    return DuplicatesScope(scope) if scope in _KNOWN_SCOPES else scope


_SCOPES = {scope.name.lower(): str(scope.value) for scope in DuplicatesScope}
_KNOWN_SCOPES = frozenset(map(int, DuplicatesScope))
_SCOPE: Final = form_of("SCOPE", _read_scope, lambda scope: str(int(scope)), of=int, is_number=True)

When: TypeAlias = Annotated[datetime | None, SERVICE_STACK_DATE]
"""Aware, UTC; in :data:`~devino_codecs.http.NO_ZONE` where the platform's clock may have moved
it."""


class Group(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """A group of contacts."""

    reads_what_it_can: ClassVar[bool] = True

    contact_group_id: int
    name: str = ""
    description: str = ""
    created_date: When = None
    contacts_count: int = 0


class Contact(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """A person, as far as the book is told. It needs a phone or an e-mail.

    Names have at most 100 characters, and extra fields 700. A phone has 8 to 15 digits, with or
    without a plus sign.
    """

    phone_number: Annotated[str | UnsetType, PHONE] = UNSET
    email: Annotated[str | UnsetType, RECIPIENT] = UNSET
    first_name: str | UnsetType = UNSET
    middle_name: str | UnsetType = UNSET
    last_name: str | UnsetType = UNSET
    gender: Gender | int | UnsetType = UNSET
    date_of_birth: Annotated[date | UnsetType, _BIRTHDAY] = UNSET
    """Read as midnight in :data:`MOSCOW`, a datetime; a plain date is written as that."""
    extra_field1: str | UnsetType = UNSET
    extra_field2: str | UnsetType = UNSET
    merge_fields: dict[str, Annotated[str, TEXT_OR_NUMBER]] | UnsetType = UNSET
    """Values of your own, by name."""


class StoredContact(Contact, frozen=True, kw_only=True, rename="pascal"):
    """A contact of the book. Phone and e-mail are ``""`` where it has none."""

    reads_what_it_can: ClassVar[bool] = True

    contact_id: int
    contact_group_id: int


class RejectedContact(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """A contact that an import did not take."""

    contact: Annotated[Contact, IF_READABLE] = Contact()
    """As it was sent; without anything where the platform tells it in a way that cannot be read."""
    error_code: Annotated[ContactCode | str | int, name_of(ContactCode)] = ContactCode.OK
    error_description: Annotated[str, WORDS] = ""
    duplicates_count: int = 0
    """How many times it stood in the request besides the first."""


class Imported(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """What became of the contacts of an import."""

    import_id: ImportId
    valid_contacts: int = 0
    rejected_contacts: tuple[RejectedContact, ...] = ()
    invalid_phone_numbers: tuple[Annotated[str, RECIPIENT], ...] = ()
    invalid_emails: tuple[Annotated[str, RECIPIENT], ...] = ()


class Progress(msgspec.Struct, frozen=True, rename="pascal"):
    """How far an import is: contacts that were taken, and those of them that are in the book."""

    uploaded: int = 0
    processed: int = 0


class Duplicates(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """Which contacts of an import were deleted as duplicates."""

    in_current_group: int = 0
    in_other_groups: int = 0
    in_current_import: tuple[str, ...] = ()
    """The phones or addresses that stood in the import more than once."""


class Unsubscriber(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """Somebody who wants no more mails."""

    reads_what_it_can: ClassVar[bool] = True

    email: Annotated[str, RECIPIENT]
    date_time: When = None
    reason: Annotated[str, WORDS] = ""
    task_id: int | None = None
    """The campaign that it was said to."""


class ListGroups(Request[tuple[Group | Unread, ...]], frozen=True):
    """``GET ContactGroups``: all groups."""


class GetGroup(Request[Group], frozen=True, rename="pascal"):
    """``GET ContactGroups/{ContactGroupId}``."""

    contact_group_id: int


class AddGroup(Request[int], frozen=True, rename="pascal"):
    """``POST ContactGroups``, answered with the new group's id."""

    name: str
    description: str = ""


class ChangeGroup(Request[None], frozen=True, rename="pascal"):
    """``PUT ContactGroups/{ContactGroupId}``: both texts are replaced."""

    contact_group_id: int
    name: str
    description: str = ""


class DeleteGroup(Request[None], frozen=True, rename="pascal"):
    """``DELETE ContactGroups/{ContactGroupId}``."""

    contact_group_id: int


class ImportContacts(Request[Imported], frozen=True, kw_only=True, rename="pascal"):
    """``POST ContactsImport``: at most 10,000 contacts, which go into the book later.

    Requests with one ``import_id`` add up; without it the platform makes one.
    ``convert_direct_phones``: turn city numbers of mobile lines into federal ones.
    ``fill_gender``: guess it by the name.
    """

    contact_group_id: int
    import_id: Annotated[str | None, _GUID] = None
    convert_direct_phones: bool | None = None
    fill_gender: bool | None = None
    contacts: tuple[Contact, ...]


class GetProgress(Request[Progress], frozen=True, rename="pascal"):
    """``GET ContactsImport/{ImportId}/Progress``."""

    import_id: ImportId


class DeleteDuplicates(Request[Duplicates], frozen=True, kw_only=True, rename="pascal"):
    """``DELETE ContactsImport/{ImportId}/Duplicates``, of an import that has ended."""

    contact_group_id: int
    import_id: Annotated[str, _GUID, IN_BODY_TOO]
    field: Annotated[DuplicatesField | str | int, name_of(DuplicatesField)] = DuplicatesField.NO
    scope: Annotated[DuplicatesScope | int, _SCOPE] = DuplicatesScope.NO
    groups: tuple[int, ...] = ()


class FindContacts(Request[Page[StoredContact | Unread]], frozen=True, rename="pascal"):
    """``GET Contacts``: those whose phone or e-mail this is, a range of them."""

    query: Annotated[str, PHONE]
    items: Range


class GetContact(Request[StoredContact], frozen=True, rename="pascal"):
    """``GET Contacts/{ContactId}``."""

    contact_id: int


class AddContact(Contact, Request[int], frozen=True, kw_only=True, rename="pascal"):
    """``POST Contacts``, answered with the new contact's id."""

    contact_group_id: int


class ChangeContact(Contact, Request[None], frozen=True, kw_only=True, rename="pascal"):
    """``PATCH Contacts/{ContactId}``: what is said is changed, and ``""`` clears a text."""

    contact_id: int


class DeleteContact(Request[None], frozen=True, rename="pascal"):
    """``DELETE Contacts/{ContactId}``."""

    contact_id: int


class ListUnsubscribed(
    Request[Page[Unsubscriber | Unread]], frozen=True, kw_only=True, rename="pascal"
):
    """``GET Unsubscribed``: who has unsubscribed, of one campaign or of any; a range of them."""

    task_id: int | None = None
    items: Range


def _row(request: type[Request[Any]], method: str, path: str, status: int = 200) -> Operation:
    return Operation(request, method, path, changes=method != "GET", status=status)


API: Final = Api(
    name="addressbook",
    auth=basic(),
    operations=(
        _row(ListGroups, "GET", "ContactGroups"),
        _row(GetGroup, "GET", "ContactGroups/{ContactGroupId}"),
        _row(AddGroup, "POST", "ContactGroups", 201),
        _row(ChangeGroup, "PUT", "ContactGroups/{ContactGroupId}"),
        _row(DeleteGroup, "DELETE", "ContactGroups/{ContactGroupId}"),
        _row(ImportContacts, "POST", "ContactsImport/", 201),
        _row(GetProgress, "GET", "ContactsImport/{ImportId}/Progress"),
        _row(DeleteDuplicates, "DELETE", "ContactsImport/{ImportId}/Duplicates"),
        _row(FindContacts, "GET", "Contacts"),
        _row(GetContact, "GET", "Contacts/{ContactId}"),
        _row(AddContact, "POST", "Contacts", 201),
        _row(ChangeContact, "PATCH", "Contacts/{ContactId}"),
        _row(DeleteContact, "DELETE", "Contacts/{ContactId}"),
        _row(ListUnsubscribed, "GET", "Unsubscribed"),
    ),
    query="format=json",
    headers={"Accept": "*/*"},
    prefixes=("v2",),
    envelope=SERVICE_STACK,
    codes=ResponseCode,
)
"""The interface of chapter 17. Every request has the account's
:class:`~devino_codecs.http.Login`."""
