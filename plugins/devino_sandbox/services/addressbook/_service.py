"""The interface of the address book on a World."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar, TypeVar
from uuid import uuid4

from msgspec.structs import replace

from devino_codecs import addressbook as codec
from devino_codecs.addressbook import (
    MOST_CONTACTS,
    Contact,
    ContactCode,
    DuplicatesField,
    DuplicatesScope,
    StoredContact,
)
from devino_codecs.http import Api, Items, Page, parse_json
from devino_sandbox._accounts import Account
from devino_sandbox._book import AddressBook, Book, BookGroup, BookImport, same_address
from devino_sandbox._http import RawRequest
from devino_sandbox._service import Access
from devino_sandbox._views import shows
from devino_sandbox.services._api import Asked, InDemo, answers
from devino_sandbox.services._service_stack import Denied, ServiceStackService, Words

from ._contacts import WHY, converted, fault_of, fields_of, kept, key_of, same_phone

__all__ = ["AddressBookService"]

T = TypeVar("T")


class No(Words):
    """Why a call is refused."""

    NO_NAME = "Name is empty", "Не указано имя группы"
    NO_GROUP = "no such group", "Группа не найдена"
    NO_CONTACT = "no such contact", "Контакт не найден"
    NO_IMPORT = "no such import", "Импорт не найден"
    TOO_MANY = "more than 10000 contacts", "Более 10000 контактов"
    NOT_FINISHED = "the import has not finished", "Импорт ещё не завершён"
    NO_QUERY = "Query is empty", "Не указан ключ поиска"
    GROUP_STAYS = "the group of a contact cannot be changed", "Группу контакта менять нельзя"
    TWO_IMPORTS = (
        "ImportId differs from the one in the URL",
        "ImportId отличается от указанного в url",
    )


class AddressBookService(ServiceStackService):
    """The address book on one World."""

    name = "addressbook"
    apis: ClassVar[Mapping[str, Api]] = {"/addressbook": codec.API}
    in_demo: ClassVar[InDemo | None] = "service"

    @property
    def _book(self) -> Book:
        return self.world.of(Book)

    def endpoints(self, base_url: str) -> Mapping[str, str]:
        return {self.name: f"{base_url}/addressbook/v2"}

    def example(self, access: Access) -> codec.ListGroups:
        return codec.ListGroups()

    # Groups.

    @answers(codec.ListGroups)
    def list_groups(
        self, account: Account, asked: Asked[codec.ListGroups]
    ) -> tuple[codec.Group, ...]:
        return tuple(map(_told, self._book.of(account).groups.values()))

    @answers(codec.GetGroup)
    def get_group(self, account: Account, asked: Asked[codec.GetGroup]) -> codec.Group:
        return _told(self._group(account, asked.request.contact_group_id))

    @answers(codec.AddGroup)
    def add_group(self, account: Account, asked: Asked[codec.AddGroup]) -> int:
        name = _name(asked.request.name)
        return self._book.of(account).add_group(name, asked.request.description).id

    @answers(codec.ChangeGroup)
    def change_group(self, account: Account, asked: Asked[codec.ChangeGroup]) -> None:
        group = self._group(account, asked.request.contact_group_id)
        group.name = _name(asked.request.name)
        group.description = asked.request.description

    @answers(codec.DeleteGroup)
    def delete_group(self, account: Account, asked: Asked[codec.DeleteGroup]) -> None:
        group = self._group(account, asked.request.contact_group_id)
        self._book.of(account).delete_group(group.id)

    # Contacts.

    @answers(codec.FindContacts)
    def find(self, account: Account, asked: Asked[codec.FindContacts]) -> Page[StoredContact]:
        wanted = asked.request.query
        if not wanted:
            raise Denied(No.NO_QUERY)
        return _page(_having(self._book.of(account).contacts(), wanted), asked.request.items)

    @answers(codec.GetContact)
    def get_contact(self, account: Account, asked: Asked[codec.GetContact]) -> StoredContact:
        return self._contact(account, asked.request.contact_id)

    @answers(codec.AddContact)
    def add_contact(self, account: Account, asked: Asked[codec.AddContact]) -> int:
        book, group_id = self._book.of(account), asked.request.contact_group_id
        _check(asked.request)
        if group_id not in book.groups:
            raise Denied(No.NO_GROUP)
        return book.add(kept(asked.request, group_id))

    @answers(codec.ChangeContact)
    def change_contact(self, account: Account, asked: Asked[codec.ChangeContact]) -> None:
        if self.world.strict and "contactgroupid" in _said(asked.http):
            raise Denied(No.GROUP_STAYS)
        found = self._contact(account, asked.request.contact_id)
        changed = replace(found, **fields_of(asked.request))
        _check(changed)
        self._book.of(account).change(kept(changed, found.contact_group_id, found.contact_id))

    @answers(codec.DeleteContact)
    def delete_contact(self, account: Account, asked: Asked[codec.DeleteContact]) -> None:
        found = self._contact(account, asked.request.contact_id)
        self._book.of(account).delete(found.contact_id)

    # Imports.

    @answers(codec.ImportContacts)
    def import_contacts(
        self, account: Account, asked: Asked[codec.ImportContacts]
    ) -> codec.Imported:
        request, book = asked.request, self._book.of(account)
        if request.contact_group_id not in book.groups:
            raise Denied(No.NO_GROUP)
        if len(request.contacts) > MOST_CONTACTS:
            raise Denied(No.TOO_MANY)
        valid: dict[tuple[str, str], StoredContact] = {}
        rejected: dict[object, codec.RejectedContact] = {}
        for place, given in enumerate(request.contacts):
            contact = converted(
                given,
                phones=bool(request.convert_direct_phones),
                gender=bool(request.fill_gender),
            )
            code, key = fault_of(contact), key_of(contact)
            if code is not None:
                rejected[place] = _rejected(given, code, asked.http)
            elif key not in valid:
                valid[key] = kept(contact, request.contact_group_id)
            elif (twin := rejected.get(key)) is not None:
                rejected[key] = replace(twin, duplicates_count=twin.duplicates_count + 1)
            else:
                rejected[key] = _rejected(given, ContactCode.DUPLICATE, asked.http, 1)
        import_id = request.import_id or str(uuid4()).upper()
        contacts, now = list(valid.values()), self.world.clock.now()
        book.take(import_id, request.contact_group_id, contacts, now)
        told = tuple(rejected.values())
        return codec.Imported(
            import_id=import_id,
            valid_contacts=len(contacts),
            rejected_contacts=told,
            invalid_phone_numbers=_texts(told, ContactCode.INVALID_PHONE, "phone_number"),
            invalid_emails=_texts(told, ContactCode.INVALID_EMAIL, "email"),
        )

    @answers(codec.GetProgress)
    def progress(self, account: Account, asked: Asked[codec.GetProgress]) -> codec.Progress:
        found = self._import(account, asked.request.import_id)
        return codec.Progress(found.uploaded, found.processed)

    @answers(codec.DeleteDuplicates)
    def delete_duplicates(
        self, account: Account, asked: Asked[codec.DeleteDuplicates]
    ) -> codec.Duplicates:
        request, book = asked.request, self._book.of(account)
        found = self._import(account, request.import_id)
        if self.world.strict:
            said = str(_said(asked.http).get("importid") or request.import_id)
            if re.sub(r"\W", "", said.upper()) != request.import_id.replace("-", ""):
                raise Denied(No.TWO_IMPORTS)
        if request.contact_group_id not in book.groups:
            raise Denied(No.NO_GROUP)
        if found.waiting:
            raise Denied(No.NOT_FINISHED)
        return _without_twins(book, found, request)

    # The unsubscribed.

    @answers(codec.ListUnsubscribed)
    def list_unsubscribed(
        self, account: Account, asked: Asked[codec.ListUnsubscribed]
    ) -> Page[codec.Unsubscriber]:
        wanted = asked.request.task_id
        gone = self._book.of(account).unsubscribed
        return _page([one for one in gone if wanted in (None, one.task_id)], asked.request.items)

    def _group(self, account: Account, group_id: int) -> BookGroup:
        found = self._book.of(account).groups.get(group_id)
        if found is None:
            raise Denied(No.NO_GROUP, 404)
        return found

    def _contact(self, account: Account, contact_id: int) -> StoredContact:
        found = self._book.of(account).contact(contact_id)
        if found is None:
            raise Denied(No.NO_CONTACT, 404)
        return found

    def _import(self, account: Account, import_id: str) -> BookImport:
        found = self._book.of(account).imports.get(import_id)
        if found is None:
            raise Denied(No.NO_IMPORT, 404)
        return found

    @shows("book", "the address books; ?to=NUMBER or ADDRESS: the contacts that have it")
    def _shown(self, to: str | None) -> list[object]:
        return [
            _shown(account, self._book.of(account), to) for account in self.world.accounts.values()
        ]


def _shown(account: Account, book: AddressBook, to: str | None) -> dict[str, object]:
    """One account's book, as the inspection API shows it."""
    return {
        "login": account.login,
        "groups": [
            {
                "id": group.id,
                "name": group.name,
                "description": group.description,
                "created_at": group.created_at,
                "contacts": [
                    {"id": one.contact_id, **fields_of(one)}
                    for one in _having(group.contacts.values(), to)
                ],
            }
            for group in book.groups.values()
        ],
        "imports": [
            {"id": one.id, "uploaded": one.uploaded, "processed": one.processed}
            for one in book.imports.values()
        ],
        "unsubscribed": [
            {"email": one.email, "at": one.date_time, "reason": one.reason, "task_id": one.task_id}
            for one in book.unsubscribed
            if to is None or same_address(one.email) == same_address(to)
        ],
    }


def _having(contacts: Iterable[StoredContact], key: str | None) -> list[StoredContact]:
    """Those whose phone or e-mail this is; of no key all."""
    if key is None:
        return list(contacts)
    if "@" in key:
        wanted = same_address(key)
        return [one for one in contacts if same_address(str(one.email)) == wanted]
    wanted = same_phone(key)
    return [one for one in contacts if one.phone_number and _phone_of(one) == wanted]


def _page(found: Sequence[T], items: Items) -> Page[T]:
    return Page(tuple(found[items.first - 1 : items.last]), items.first, len(found))


def _told(group: BookGroup) -> codec.Group:
    return codec.Group(
        contact_group_id=group.id,
        name=group.name,
        description=group.description,
        created_date=group.created_at,
        contacts_count=len(group.contacts),
    )


def _name(text: str) -> str:
    if not text.strip():
        raise Denied(No.NO_NAME)
    return text


def _check(contact: Contact) -> None:
    code = fault_of(contact)
    if code is not None:
        raise Denied(WHY[code])


def _said(http: RawRequest) -> dict[str, object]:
    """The body's members, for what a strict World asks beyond the table."""
    value = parse_json(http.body) if http.body else {}
    return {name.lower(): one for name, one in value.items()} if isinstance(value, dict) else {}


def _rejected(
    contact: Contact, code: ContactCode, http: RawRequest, count: int = 0
) -> codec.RejectedContact:
    return codec.RejectedContact(
        contact=contact,
        error_code=code,
        error_description=WHY[code].said(http),
        duplicates_count=count,
    )


def _texts(
    rejected: Iterable[codec.RejectedContact], code: ContactCode, field: str
) -> tuple[str, ...]:
    return tuple([getattr(one.contact, field) for one in rejected if one.error_code is code])


def _phone_of(contact: StoredContact) -> str:
    return same_phone(str(contact.phone_number))


def _without_twins(
    book: AddressBook, found: BookImport, request: codec.DeleteDuplicates
) -> codec.Duplicates:
    """Delete the contacts of an import that have an older twin, and count them."""
    if request.field not in (DuplicatesField.PHONE_NUMBER, DuplicatesField.EMAIL):
        return codec.Duplicates()
    by_phone = request.field is DuplicatesField.PHONE_NUMBER

    def key_of_one(one: StoredContact) -> str:
        return _phone_of(one) if by_phone else same_address(str(one.email))

    own = [one for id_ in found.ids if (one := book.contact(id_)) is not None]
    older: dict[str, StoredContact] = {}
    if request.scope & DuplicatesScope.GROUPS:
        mine = set(found.ids)
        for group_id in request.groups or (request.contact_group_id,):
            group = book.groups.get(group_id)
            for one in group.contacts.values() if group else ():
                key = key_of_one(one)
                if one.contact_id not in mine and key:
                    first = older.setdefault(key, one)
                    older[key] = min(first, one, key=lambda each: each.contact_id)
    in_group = elsewhere = 0
    in_import: list[str] = []
    seen: set[str] = set()
    for one in own:
        key = key_of_one(one)
        twin = older.get(key)
        if twin is not None and twin.contact_id < one.contact_id:
            is_current = twin.contact_group_id == request.contact_group_id
            in_group, elsewhere = in_group + is_current, elsewhere + (not is_current)
        elif key and key in seen and request.scope & DuplicatesScope.IMPORT:
            in_import.append(key)
        else:
            seen.add(key)
            continue
        book.delete(one.contact_id)
    return codec.Duplicates(
        in_current_group=in_group,
        in_other_groups=elsewhere,
        in_current_import=tuple(in_import),
    )
