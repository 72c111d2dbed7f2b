"""What the accounts of a World keep in the platform's address book."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import count
from math import inf

import msgspec

from devino_codecs.addressbook import StoredContact, Unsubscriber

from ._accounts import Account
from ._admission import same_address
from ._consents import ConsentGiven
from ._fates import Consent
from ._kept import Kept
from ._world import World

__all__ = ["AddressBook", "Book", "BookGroup", "BookImport", "same_address"]

# The first ids of the manual's examples.
_FIRST_GROUP = 252
_FIRST_CONTACT = 100005


class BookGroup(msgspec.Struct, kw_only=True, eq=False):
    """A group of contacts."""

    id: int
    name: str
    description: str = ""
    created_at: datetime
    contacts: dict[int, StoredContact] = {}
    """By id, the oldest first."""


class BookImport(msgspec.Struct, kw_only=True, eq=False):
    """An import: contacts that were taken, and go into the book as time passes."""

    id: str
    group_id: int
    """Of the latest request."""
    waiting: deque[tuple[int, StoredContact]] = msgspec.field(default_factory=deque)
    """Contacts that are not in the book yet, with their groups."""
    ids: list[int] = []
    """Of those that went into it."""
    processed: int = 0
    since: datetime
    """When the first of those that wait began to."""

    @property
    def uploaded(self) -> int:
        """How many contacts were taken."""
        return self.processed + len(self.waiting)


class AddressBook:
    """The groups, contacts, imports and unsubscribed of one account."""

    def __init__(self, world: World, book: Book, account: Account) -> None:
        self._world = world
        self._book = book
        self._account = account
        self._group_ids = count(_FIRST_GROUP)
        self._contact_ids = count(_FIRST_CONTACT)
        self._group_of: dict[int, BookGroup] = {}
        self._groups: dict[int, BookGroup] = {}
        self._imports: Kept[str, BookImport] = Kept(world)
        self._waiting: dict[str, BookImport] = {}
        self.add_group("Contacts")

    @property
    def groups(self) -> Mapping[int, BookGroup]:
        """By id. A new account has one, 252, without contacts."""
        self._settle()
        return self._groups

    @property
    def imports(self) -> Mapping[str, BookImport]:
        """By id, as many as the World keeps."""
        self._settle()
        return self._imports

    @property
    def unsubscribed(self) -> Sequence[Unsubscriber]:
        """Who wants no more mails, in the order of their decisions, as many as the World keeps."""
        return tuple(map(_unsubscriber, self._world.consents.unsubscribed(self._account)))

    def contacts(self) -> Iterator[StoredContact]:
        """All contacts, group by group."""
        for group in self.groups.values():
            yield from group.contacts.values()

    def contact(self, contact_id: int) -> StoredContact | None:
        """The contact with this id."""
        self._settle()
        group = self._group_of.get(contact_id)
        return None if group is None else group.contacts[contact_id]

    def add_group(self, name: str, description: str = "") -> BookGroup:
        """A new group."""
        now = self._world.clock.now()
        group = BookGroup(
            id=next(self._group_ids), name=name, description=description, created_at=now
        )
        self._groups[group.id] = group
        return group

    def delete_group(self, group_id: int) -> None:
        """Delete a group with its contacts; those that an import brings later are lost."""
        self._settle()
        for contact_id in self._groups.pop(group_id).contacts:
            del self._group_of[contact_id]

    def add(self, contact: StoredContact) -> int:
        """Put a contact into the group that it names, and give the id that it gets."""
        self._settle()
        return self._put(contact)

    def change(self, contact: StoredContact) -> None:
        """Replace the contact that has this id."""
        self._group_of[contact.contact_id].contacts[contact.contact_id] = contact

    def delete(self, contact_id: int) -> None:
        """Delete a contact."""
        del self._group_of.pop(contact_id).contacts[contact_id]

    def take(
        self, import_id: str, group_id: int, contacts: list[StoredContact], now: datetime
    ) -> BookImport:
        """Let contacts wait for their place in the book."""
        self._settle()
        found = self._imports.get(import_id)
        if found is None:
            found = BookImport(id=import_id, group_id=group_id, since=now)
        elif not found.waiting:
            found.since = now
        found.group_id = group_id
        found.waiting += [(group_id, contact) for contact in contacts]
        self._imports[import_id] = found
        if found.waiting:
            self._waiting[import_id] = found
            self._settle()
        return found

    def unsubscribe(self, email: str, *, reason: str = "", task_id: int | None = None) -> None:
        """Somebody wants no more mails; ``task_id``: since this campaign."""
        self._world.consent(
            self._account, email, Consent.UNSUBSCRIBED, reason=reason, task_id=task_id
        )

    def subscribe(self, email: str) -> None:
        """Somebody wants mails again."""
        self._world.consent(self._account, email, Consent.SUBSCRIBED)

    def is_unsubscribed(self, email: str) -> bool:
        """Whether nothing may be sent to this address."""
        return self._world.consents.has_unsubscribed(self._account, email)

    def _put(self, contact: StoredContact) -> int:
        group = self._groups[contact.contact_group_id]
        numbered = msgspec.structs.replace(contact, contact_id=next(self._contact_ids))
        group.contacts[numbered.contact_id] = numbered
        self._group_of[numbered.contact_id] = group
        return numbered.contact_id

    def _settle(self) -> None:
        """Put those whose time has come into the book."""
        now, per_second = self._world.clock.now(), self._book.per_second
        for one in tuple(self._waiting.values()):
            due = len(one.waiting)
            if per_second != inf:
                due = min(due, int((now - one.since).total_seconds() * per_second))
            for _ in range(due):
                group_id, contact = one.waiting.popleft()
                if group_id in self._groups:
                    one.ids.append(self._put(contact))
            one.processed += due
            one.since += timedelta(seconds=due / per_second)
            if not one.waiting:
                del self._waiting[one.id]


def _unsubscriber(given: ConsentGiven) -> Unsubscriber:
    return Unsubscriber(
        email=given.address, date_time=given.at, reason=given.reason, task_id=given.task_id
    )


class Book:
    """A book of the World: ``world.of(Book).of(account)`` is the account's."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._books: dict[Account, AddressBook] = {}
        self.per_second: float = 10_000
        """How many contacts of an import go into the book each second of the World's clock."""

    def of(self, account: Account) -> AddressBook:
        """The address book of this account."""
        found = self._books.get(account)
        if found is None:
            found = self._books[account] = AddressBook(self._world, self, account)
        return found
