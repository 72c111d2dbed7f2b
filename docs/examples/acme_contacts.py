"""Acme's address book, as the service kind ``acme-contacts``."""

from collections.abc import Iterable
from typing import Annotated

import msgspec

import devino_core as devino
from devino_codecs.http import PHONE, Api, CodedStr, Envelope, Operation, Request, Verdict, header
from devino_plugins.kit import ApiClient, ServiceKeySettings


class Contact(msgspec.Struct, frozen=True):
    name: str
    number: Annotated[str, PHONE]


class GetContact(Request[Contact], frozen=True):
    id: str


class PutContact(Request[None], frozen=True):
    id: str
    name: str
    number: Annotated[str, PHONE]


class DeleteContact(Request[None], frozen=True):
    id: str


class Code(CodedStr):
    NO_KEY = "bad_key", "Nobody has this key", Verdict.LOGIN
    NO_CONTACT = "no_contact", "There is no such contact", Verdict.NOT_FOUND


CONTACTS = Api(
    name="acme-contacts",
    auth=header("X-Api-Key"),
    operations=(
        Operation(GetContact, "GET", "contacts/{id}", changes=False),
        Operation(PutContact, "PUT", "contacts/{id}"),
        Operation(DeleteContact, "DELETE", "contacts/{id}"),
    ),
    codes=Code,
    envelope=Envelope("code", "message"),
)


class ContactsSettings(ServiceKeySettings, frozen=True, kw_only=True):
    base_url: str = "https://contacts.acme.example"


class AcmeContacts(ApiClient[ContactsSettings]):
    api = CONTACTS

    async def contact(self, id: str) -> Contact:
        """One contact. Raises NotFound."""
        return await self.ask(GetContact(id))

    async def put(self, id: str, contact: Contact) -> None:
        """Make a contact, or replace it."""
        await self.ask(PutContact(id, contact.name, contact.number))

    async def delete(self, id: str) -> None:
        """Delete a contact. Raises NotFound."""
        await self.ask(DeleteContact(id))


@devino.hookimpl
def devino_services() -> Iterable[devino.ServiceSpec]:
    yield devino.ServiceSpec(
        name="acme-contacts",
        summary="Acme's address book.",
        settings=ContactsSettings,
        load="acme_contacts:AcmeContacts",
        extra="devino[http]",
    )
