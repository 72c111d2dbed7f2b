"""The address book: service kind ``addressbook`` (chapter 17).

Groups of contacts, from which the platform's campaigns take their recipients, and who has
unsubscribed from their mails::

    book = client.service("addressbook", AddressBook)
    group = await book.groups.add("Customers")
    async for part in book.imports.run(group, contacts, import_id=run):
        print(part.first + part.count, "contacts sent,", part.taken, "of the last part taken")
    async for one in book.contacts.find("ivan@example.com"):
        print(one.contact_id, one.date_of_birth)
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from devino_core import ServiceSpec, hookimpl
from devino_core.lazy import lazy

from ._settings import AddressBookSettings

if TYPE_CHECKING:
    import click

    from ._imports import Imports, Part, part_id
    from ._service import AddressBook, Contacts, Groups
    from ._values import (
        Contact,
        ContactCode,
        Duplicates,
        DuplicatesField,
        DuplicatesScope,
        Gender,
        Group,
        Progress,
        RejectedContact,
        StoredContact,
        Unsubscriber,
    )
else:
    _VALUES = (
        "Contact",
        "ContactCode",
        "Duplicates",
        "DuplicatesField",
        "DuplicatesScope",
        "Gender",
        "Group",
        "Progress",
        "RejectedContact",
        "StoredContact",
        "Unsubscriber",
    )
    __getattr__ = lazy(
        __name__,
        {
            **dict.fromkeys(("AddressBook", "Contacts", "Groups"), "_service"),
            **dict.fromkeys(("Imports", "Part", "part_id"), "_imports"),
            **dict.fromkeys(_VALUES, "_values"),
        },
    )

__all__ = [
    "AddressBook",
    "AddressBookSettings",
    "Contact",
    "ContactCode",
    "Contacts",
    "Duplicates",
    "DuplicatesField",
    "DuplicatesScope",
    "Gender",
    "Group",
    "Groups",
    "Imports",
    "Part",
    "Progress",
    "RejectedContact",
    "StoredContact",
    "Unsubscriber",
    "part_id",
]


@hookimpl
def devino_services() -> Iterable[ServiceSpec]:
    """``addressbook``."""
    yield ServiceSpec(
        name="addressbook",
        summary="The address book: groups, contacts, imports, who has unsubscribed.",
        settings=AddressBookSettings,
        load="devino_plugins.addressbook:AddressBook",
        extra="devino[http]",
    )


@hookimpl
def devino_commands() -> Iterable[click.Command]:
    """``book``."""
    # Not above: a client loads all plugins, also where the extra `cli` is not installed.
    from ._commands import book

    return (book(),)
