"""The address book: groups, contacts, imports and who has unsubscribed (chapter 17 of the manual).

All reading and writing is the codec's; here is what the platform does. Where the manual does not
say, it is decided thus:

- Each account has a book of its own. A new one has the group 252, without contacts; further groups
  count on from there, and contacts from 100005. Ids that it does not have are 404. With a group go
  its contacts.
- A contact has a phone of 8 to 15 digits, a well-formed e-mail address, or both, names of at most
  100 characters and extra fields of at most 700. The first failure in this order is the contact's.
  Phone and e-mail are ``""`` where a contact has none, its gender is 3 where it is not 1 or 2, and
  other fields that it lacks are left out.
- ``PATCH`` checks the contact as it would be. What is absent or null stays, ``""`` clears. A
  group is ignored: it cannot be changed.
- A search finds whole numbers, in any notation, and whole addresses, their domain in any case.
- A request of an import is taken (201) whatever its contacts are, unless its group is missing or it
  has more than 10,000. Of contacts with the same phone and e-mail the first counts; the others are
  one rejected contact with their count.
- Contacts that were taken go into the book at 10,000 a second of the World's clock
  (``world.of(Book).per_second``). ``Uploaded`` counts what was taken, over all requests with this
  id.
- ``ConvertDirectPhones``: ten digits get a 7, and the 8 of eleven becomes a 7. ``FillGender``: by
  the end of the middle name, -вич or -вна.
- Duplicates can be deleted once everything is in the book. A contact of the import goes if an older
  one with the same phone (or e-mail) is in one of the groups, or earlier in the import. Without
  ``Groups`` it is the group of the request.
- A list is given in part under 206, with ``Content-Range: items 1-100/1234``, and whole under 200.
  A range beyond its end is an empty list; without a well-formed one it is 416.
- Nothing but JSON is read or written: another ``Content-Type`` or ``format`` is 400.
"""

from __future__ import annotations

from typing import Final

from devino_sandbox._brought import services_at

from ._service import AddressBookService

__all__ = ["AddressBookService"]

devino_sandbox_services: Final = services_at(AddressBookService)
