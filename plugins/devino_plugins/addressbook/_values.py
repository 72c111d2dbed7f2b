"""The values of the wire that the service takes and gives."""

from devino_codecs.addressbook import (
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

__all__ = [
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
]
