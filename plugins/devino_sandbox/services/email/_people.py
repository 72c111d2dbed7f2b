"""Whom a campaign goes to, and what the address book says of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from msgspec import UnsetType

from devino_codecs.addressbook import MOSCOW, StoredContact
from devino_codecs.email import ContactRef, TaskDraft
from devino_sandbox._accounts import Account
from devino_sandbox._admission import mail_address
from devino_sandbox._book import AddressBook, Book
from devino_sandbox._world import World

__all__ = ["Audience", "audience_of", "has_birthday", "lacks_a_group", "values_of"]

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "first_name": ("FirstName", "Имя"),
    "middle_name": ("MiddleName", "Отчество"),
    "last_name": ("LastName", "Фамилия"),
    "extra_field1": ("ExtraField1",),
    "extra_field2": ("ExtraField2",),
}
"""The macros that a contact fills, by its attributes."""


class Audience(NamedTuple):
    """The contacts of a campaign, and how many of them are left out."""

    recipients: Sequence[StoredContact]
    total: int
    duplicates: int
    excluded: int
    unsubscribed: int


def lacks_a_group(world: World, account: Account, draft: TaskDraft) -> bool:
    """Whether a campaign names a group that the account does not have."""
    groups = world.of(Book).of(account).groups
    named = [one.id for one in draft.contact_groups or ()]
    if draft.sms_resend_task is not None and draft.sms_resend_task.contact_group_id is not None:
        named.append(draft.sms_resend_task.contact_group_id)
    return any(number not in groups for number in named)


def audience_of(world: World, account: Account, draft: TaskDraft) -> Audience:
    """Who gets a campaign: each contact once, of those that have an address.

    They are left out in this order: an address that an earlier contact has, unless the campaign
    sends duplicates; a contact that it spares; an address that has unsubscribed.
    """
    book = world.of(Book).of(account)
    spared = {one.contact_id for one in _named(book, draft, included=False)}
    recipients: list[StoredContact] = []
    seen: set[str] = set()
    taken: set[int] = set()
    duplicates = excluded = unsubscribed = 0
    for contact in _named(book, draft, included=True):
        address = _address(contact)
        if contact.contact_id in taken or not address:
            continue
        taken.add(contact.contact_id)
        if address in seen and not draft.send_duplicates:
            duplicates += 1
        elif contact.contact_id in spared:
            excluded += 1
        elif world.consents.has_unsubscribed(account, address):
            unsubscribed += 1
        else:
            recipients.append(contact)
        seen.add(address)
    return Audience(recipients, len(taken), duplicates, excluded, unsubscribed)


def values_of(contact: StoredContact) -> Mapping[str, str]:
    """What the macros of a campaign become for this contact."""
    found = {
        name: value
        for attribute, names in _FIELDS.items()
        if isinstance(value := getattr(contact, attribute), str)
        for name in names
    }
    own = contact.merge_fields
    return found if isinstance(own, UnsetType) else {**found, **own}


def has_birthday(contact: StoredContact, now: datetime) -> bool:
    """Whether it is the contact's birthday by the platform's calendar."""
    born, today = contact.date_of_birth, now.astimezone(MOSCOW)
    if isinstance(born, datetime):
        born = born.astimezone(MOSCOW) if born.tzinfo else born
    return isinstance(born, date) and (born.month, born.day) == (today.month, today.day)


def _named(book: AddressBook, draft: TaskDraft, *, included: bool) -> Iterator[StoredContact]:
    """The contacts of the groups and those that are named alone, in this order."""
    for number in _ids(draft.contact_groups, included=included):
        group = book.groups.get(number)
        if group is not None:
            yield from group.contacts.values()
    for number in _ids(draft.contacts, included=included):
        contact = book.contact(number)
        if contact is not None:
            yield contact


def _ids(named: Iterable[ContactRef] | None, *, included: bool) -> list[int]:
    return [one.id for one in named or () if one.included is included]


def _address(contact: StoredContact) -> str:
    if not isinstance(contact.email, str):
        return ""
    try:
        return mail_address(contact.email)
    except ValueError:
        return ""
