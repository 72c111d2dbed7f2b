"""Imports: any number of contacts, each of them once, in flat memory."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import Protocol, TypeVar
from uuid import UUID, uuid4, uuid5

import msgspec

from devino_codecs import addressbook as codec
from devino_codecs.addressbook import (
    MOST_CONTACTS,
    Contact,
    Duplicates,
    DuplicatesField,
    DuplicatesScope,
    Imported,
    Progress,
    RejectedContact,
)
from devino_codecs.http import Request
from devino_core import DevinoError, InvalidArgument, NotFound, Retry
from devino_core.clock import Clock

from ._settings import AddressBookSettings

__all__ = ["Imports", "Part", "check_contact", "part_id"]

A = TypeVar("A")
T = TypeVar("T")

_MOST_OCTETS = 3 * 1024 * 1024
"""Of one call. What takes requests on ASP.NET refuses those above 4 MiB unless told otherwise."""
_OVERHEAD = 250
"""Octets of a contact besides its texts, at most: names of members, dates, numbers."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Contacts of an import that one call brought."""

    number: int
    """From 0."""
    import_id: UUID
    """What the platform knows this part by; :func:`part_id` tells it, too."""
    first: int
    """The place of its first contact among all that were given, from 0."""
    count: int
    """How many contacts it has."""
    taken: int
    """How many of them the platform took."""
    rejected: tuple[RejectedContact, ...] | None
    """Those that it did not take, and why. None where nobody can tell: the answer was lost, or this
    run goes on with an earlier one, and the platform knew the part."""


def part_id(import_id: UUID, number: int) -> UUID:
    """The id that the platform knows a part of an import by."""
    return uuid5(import_id, str(number))


class _Book(Protocol):
    settings: AddressBookSettings
    clock: Clock

    async def ask(self, request: Request[A]) -> A: ...
    def sent(self, contact: Contact) -> Contact: ...


class Imports:
    """The imports of the book."""

    def __init__(self, book: _Book) -> None:
        self._book = book

    async def run(
        self,
        group_id: int,
        contacts: Iterable[Contact] | AsyncIterable[Contact],
        *,
        import_id: UUID | None = None,
        convert_direct_phones: bool = False,
        fill_gender: bool = False,
        at_once: int = MOST_CONTACTS,
    ) -> AsyncIterator[Part]:
        """Bring contacts into a group, and give each part when the platform has taken it.

        No more than one part is in memory: ``at_once`` contacts, or 3 MiB of them. **Each contact
        arrives once.** A part has an id of its own, made of ``import_id`` and its number. If the
        answer is lost, the platform is asked whether it knows the part, for
        :attr:`~AddressBookSettings.import_patience` seconds, and only what it does not know is sent
        again. A run with the ``import_id``, the contacts and the ``at_once`` of an earlier one goes
        on where that one stopped, also in another process: so keep the id until the run has ended.

        The platform checks each contact alone: :attr:`Part.rejected` has those that it did not
        take. ``convert_direct_phones``: city numbers of mobile lines become federal ones.
        ``fill_gender``: it is guessed by the name. The contacts are in the book some time later,
        see :meth:`finished`.

        Raises InvalidArgument for a contact that cannot be written, Rejected for a group that is
        not there, and after :attr:`~AddressBookSettings.import_attempts` attempts the error of the
        last. Parts that were given before stay imported.
        """
        if not 1 <= at_once <= MOST_CONTACTS:
            raise InvalidArgument("at_once", f"one call takes 1 to {MOST_CONTACTS} contacts")
        if not isinstance(import_id, UUID | None):
            raise InvalidArgument("import_id", f"must be a UUID, not {type(import_id).__name__}")
        run, may_be_known = import_id or uuid4(), import_id is not None
        number = first = 0
        async for some in _parts(contacts, at_once):
            part = part_id(run, number)
            request = codec.ImportContacts(
                contact_group_id=group_id,
                import_id=str(part),
                convert_direct_phones=convert_direct_phones or None,
                fill_gender=fill_gender or None,
                contacts=tuple([self._book.sent(one) for one in some]),
            )
            told = await self._once(request, part, may_be_known=may_be_known)
            yield Part(
                number=number,
                import_id=part,
                first=first,
                count=len(some),
                taken=told.valid_contacts if isinstance(told, Imported) else told.uploaded,
                rejected=told.rejected_contacts if isinstance(told, Imported) else None,
            )
            number, first = number + 1, first + len(some)

    async def progress(self, import_id: UUID) -> Progress:
        """How many contacts of an import, or of a part, were taken, and are in the book."""
        return await self._book.ask(codec.GetProgress(str(import_id)))

    async def finished(self, import_id: UUID, *, interval: float = 1.0) -> Progress:
        """Wait until all contacts of an import, or of a part, are in the book."""
        while True:
            progress = await self._patiently(lambda: self.progress(import_id))
            if progress.processed >= progress.uploaded:
                return progress
            await self._book.clock.sleep(max(interval, 0.1))

    async def remove_duplicates(
        self,
        import_id: UUID,
        group_id: int,
        *,
        by: DuplicatesField,
        within: DuplicatesScope | int = DuplicatesScope.GROUPS,
        groups: Sequence[int] = (),
    ) -> Duplicates:
        """Delete contacts of an import, or of a part, that repeat older ones: by phone or e-mail.

        ``group_id``: where it went. ``within`` says where the older ones are: in ``groups`` (by
        default in ``group_id``, where the other parts of the same run are, too), in the import, or
        ``GROUPS | IMPORT``. Raises Rejected while the import has not :meth:`finished`.
        """
        return await self._book.ask(
            codec.DeleteDuplicates(
                contact_group_id=group_id,
                import_id=str(import_id),
                field=by,
                scope=within,
                groups=tuple(groups) or (group_id,),
            )
        )

    async def _once(
        self, request: codec.ImportContacts, part: UUID, *, may_be_known: bool
    ) -> Imported | Progress:
        """Send a part unless the platform knows it, and give what is told of it."""
        patience = 0.0

        async def attempt() -> Imported | Progress:
            nonlocal may_be_known, patience
            if may_be_known:
                known = await self._known(part, patience)
                if known is not None:
                    return known
            try:
                may_be_known, patience = False, 0.0
                return await self._book.ask(request)
            except DevinoError as error:
                if error.retry is Retry.MAY_DUPLICATE:
                    may_be_known, patience = True, self._book.settings.import_patience
                raise

        return await self._patiently(attempt)

    async def _known(self, part: UUID, patience: float) -> Progress | None:
        """What the platform knows of a part, which may be on its way for so many seconds."""
        clock = self._book.clock
        ends, pause = clock.monotonic() + patience, 0.25
        while True:
            try:
                return await self.progress(part)
            except NotFound:
                left = ends - clock.monotonic()
                if left <= 0:
                    return None
            await clock.sleep(min(pause, left))
            pause *= 2

    async def _patiently(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call, and make it again after errors that pass, or that the call sees to."""
        pause = 1.0
        for _ in range(self._book.settings.import_attempts - 1):
            try:
                return await call()
            except DevinoError as error:
                if error.retry is Retry.NEVER:
                    raise
                await self._book.clock.sleep(max(pause, error.retry_after or 0.0))
            pause *= 2
        return await call()


def check_contact(given: object) -> None:
    """Raise InvalidArgument for what is no contact."""
    if not isinstance(given, Contact):
        raise InvalidArgument("contact", f"must be a Contact, not {type(given).__name__}")


async def _parts(
    contacts: Iterable[Contact] | AsyncIterable[Contact], at_once: int
) -> AsyncIterator[Sequence[Contact]]:
    """The contacts in parts, each below what one call takes. It is the same parts each time."""
    some: list[Contact] = []
    octets = 0
    async for one in _each(contacts):
        check_contact(one)
        size = _size(one)
        if some and (len(some) == at_once or octets + size > _MOST_OCTETS):
            yield some
            some, octets = [], 0
        some.append(one)
        octets += size
    if some:
        yield some


async def _each(contacts: Iterable[T] | AsyncIterable[T]) -> AsyncIterator[T]:
    if isinstance(contacts, AsyncIterable):
        async for one in contacts:
            yield one
    else:
        for one in contacts:
            yield one


def _size(contact: Contact) -> int:
    """Octets of a contact in JSON, at most, but for texts full of quotes and controls."""
    size = _OVERHEAD
    for name in contact.__struct_fields__:
        value = getattr(contact, name)
        if isinstance(value, str):
            size += len(value) if value.isascii() else len(value.encode(errors="replace"))
        elif isinstance(value, dict):
            size += sum(4 * len(f"{key}{one}") + 8 for key, one in value.items())
    return size
