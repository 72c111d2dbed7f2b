"""The service: groups, contacts, imports and the unsubscribed of the account."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, datetime, time, timedelta, timezone
from typing import Any, ClassVar, TypeVar

from msgspec.structs import replace

from devino_codecs import addressbook as codec
from devino_codecs.addressbook import (
    API,
    Contact,
    Group,
    RejectedContact,
    StoredContact,
    Unsubscriber,
)
from devino_codecs.http import Api, Page, Request, moved
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_plugins.kit.service_stack import ServiceStackClient
from devino_plugins.kit.settings import offset_of

from ._imports import Imports, check_contact
from ._settings import AddressBookSettings

__all__ = ["AddressBook", "Contacts", "Groups"]

A = TypeVar("A")


class AddressBook(ServiceStackClient[AddressBookSettings]):
    """The account's address book (chapter 17).

    Every call raises what :meth:`ApiClient.ask <devino_plugins.kit.ApiClient.ask>` does: NotFound
    for an id that the book does not have, Rejected with the platform's words for what it does not
    take, AuthenticationFailed, ConnectFailed, and where a change may have been made all the same
    OutcomeUnknown or ProtocolViolation.
    """

    interface: ClassVar[Api] = API

    def __init__(
        self, settings: AddressBookSettings, *, name: str, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        super().__init__(settings, name=name, clock=clock)
        self._zone = timezone(offset_of("book_utc_offset", settings.book_utc_offset))
        self.groups: Groups = Groups(self)
        self.contacts: Contacts = Contacts(self)
        self.imports: Imports = Imports(self)

    async def try_login(self) -> None:
        """Ask for the groups."""
        await self.groups.list()

    def unsubscribed(self, task_id: int | None = None) -> AsyncIterator[Unsubscriber]:
        """Who wants no more mails, of one campaign or of all; a hundred a call."""
        return self.pages(lambda items: codec.ListUnsubscribed(task_id=task_id, items=items))

    async def ask(
        self, request: Request[A], *, messages: int = 0, max_answer: int | None = None
    ) -> A:
        answer = await super().ask(request, messages=messages, max_answer=max_answer)
        # Times without a zone are UTC, once they were moved by the settings' offset.
        dated: A = _dated(moved(answer, timedelta()), self._zone)
        return dated

    def sent(self, contact: Contact) -> Contact:
        """A contact as it goes to the platform: its birthday is a midnight there."""
        check_contact(contact)
        day = contact.date_of_birth
        if not isinstance(day, date) or isinstance(day, datetime):
            return contact
        return replace(contact, date_of_birth=datetime.combine(day, time(), self._zone))


class Groups:
    """The groups of the book."""

    def __init__(self, book: AddressBook) -> None:
        self._book = book

    async def list(self) -> tuple[Group, ...]:
        """All groups, with the counts of their contacts."""
        return self._book.readable(await self._book.ask(codec.ListGroups()))

    async def get(self, group_id: int) -> Group:
        """One group."""
        return await self._book.ask(codec.GetGroup(group_id))

    async def add(self, name: str, description: str = "") -> int:
        """Make a group, and give its id."""
        return await self._book.ask(codec.AddGroup(name, description))

    async def change(self, group_id: int, name: str, description: str = "") -> None:
        """Replace both texts of a group."""
        await self._book.ask(codec.ChangeGroup(group_id, name, description))

    async def remove(self, group_id: int) -> None:
        """Delete a group, with its contacts."""
        await self._book.ask(codec.DeleteGroup(group_id))


class Contacts:
    """The contacts of the book."""

    def __init__(self, book: AddressBook) -> None:
        self._book = book

    def find(self, key: str) -> AsyncIterator[StoredContact]:
        """Those with this phone or e-mail, whole; a hundred a call.

        Whoever deletes contacts meanwhile moves the others up, and some are not seen: gather first.
        """
        return self._book.pages(lambda items: codec.FindContacts(key, items))

    async def get(self, contact_id: int) -> StoredContact:
        """One contact."""
        return await self._book.ask(codec.GetContact(contact_id))

    async def add(self, group_id: int, contact: Contact) -> int:
        """Put a contact into a group, and give its id."""
        given = _given(self._book.sent(contact))
        return await self._book.ask(codec.AddContact(**given, contact_group_id=group_id))

    async def change(self, contact_id: int, contact: Contact) -> None:
        """Change what the contact says; the rest stays. ``""`` clears a text."""
        given = _given(self._book.sent(contact))
        await self._book.ask(codec.ChangeContact(**given, contact_id=contact_id))

    async def remove(self, contact_id: int) -> None:
        """Delete a contact."""
        await self._book.ask(codec.DeleteContact(contact_id))


def _given(contact: Contact) -> dict[str, Any]:
    return {name: getattr(contact, name) for name in Contact.__struct_fields__}


def _dated(value: Any, zone: timezone) -> Any:
    """An answer with every birthday in it as the date that it is in this zone."""
    if isinstance(value, Contact):
        born = value.date_of_birth
        if isinstance(born, datetime):
            return replace(value, date_of_birth=born.astimezone(zone).date())
    elif isinstance(value, Page):
        return replace(value, items=tuple([_dated(one, zone) for one in value.items]))
    elif isinstance(value, RejectedContact):
        return replace(value, contact=_dated(value.contact, zone))
    elif isinstance(value, codec.Imported):
        rejected = tuple([_dated(one, zone) for one in value.rejected_contacts])
        return replace(value, rejected_contacts=rejected)
    return value
