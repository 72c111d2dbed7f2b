"""What a contact of the book may be, and how it is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from devino_codecs.addressbook import Contact, ContactCode, Gender, StoredContact
from devino_sandbox._book import same_address
from devino_sandbox.services._service_stack import Words

__all__ = ["WHY", "Why", "converted", "fault_of", "fields_of", "kept", "key_of", "same_phone"]

_PHONE = r"\+?[0-9]{8,15}"
# Letters of any alphabet: an address is refused for what cannot be one, not for what is rare.
_EMAIL = r"[^\s@\"(),:;<>\[\]\\]{1,64}@(?:[\w-]{1,63}\.)+[\w-]{2,63}"
_LONGEST_NAME, _LONGEST_EXTRA = 100, 700
_NAMES = ("first_name", "middle_name", "last_name")
_EXTRA = ("extra_field1", "extra_field2")
_ALWAYS_SAID = frozenset({"phone_number", "email", "gender"})
_GENDERS: Mapping[str, Gender] = {"вич": Gender.MALE, "вна": Gender.FEMALE}


class Why(Words):
    """What is wrong with a contact."""

    DUPLICATE = "duplicate", "Дубликат"
    NO_PHONE_NO_EMAIL = (
        "neither phone nor e-mail was given",
        "Не передан телефон или email адрес",
    )
    INVALID_PHONE = "invalid phone number", "Невалидный номер телефона"
    INVALID_EMAIL = "invalid e-mail address", "Невалидный email адрес"
    INVALID_FIELD = (
        "a name above 100 characters, or an extra field above 700",
        "Невалидное поле - ФИО или ExtraField1, ExtraField2",
    )


WHY: Mapping[ContactCode, Why] = {
    code: Why[code.name] for code in ContactCode if code is not ContactCode.OK
}


def fields_of(contact: Contact) -> dict[str, Any]:
    """What a contact says."""
    given = {name: getattr(contact, name) for name in Contact.__struct_fields__}
    return {name: value for name, value in given.items() if value is not UNSET}


def kept(contact: Contact, group_id: int, contact_id: int = 0) -> StoredContact:
    """The contact as the book keeps it."""
    given = fields_of(contact)
    said = {name: value for name, value in given.items() if value or name in _ALWAYS_SAID}
    said |= {name: said.get(name, "") for name in ("phone_number", "email")}
    if said.get("gender") not in (Gender.MALE, Gender.FEMALE):
        said["gender"] = Gender.UNKNOWN
    return StoredContact(**said, contact_id=contact_id, contact_group_id=group_id)


def converted(contact: Contact, *, phones: bool, gender: bool) -> Contact:
    """The contact as an import is told to change it."""
    if phones and contact.phone_number:
        contact = replace(contact, phone_number=_federal(contact.phone_number))
    if gender and contact.gender not in (Gender.MALE, Gender.FEMALE) and contact.middle_name:
        ending = contact.middle_name.strip().lower()[-3:]
        contact = replace(contact, gender=_GENDERS.get(ending, Gender.UNKNOWN))
    return contact


def _federal(phone: str) -> str:
    if not (phone.isascii() and phone.isdecimal()):
        return phone
    if len(phone) == 10:
        return f"7{phone}"
    return f"7{phone[1:]}" if len(phone) == 11 and phone[0] == "8" else phone


def fault_of(contact: Contact) -> ContactCode | None:
    """The first of what is wrong, in the manual's order."""
    phone, email = _text(contact.phone_number), _text(contact.email)
    if not (phone or email):
        return ContactCode.NO_PHONE_NO_EMAIL
    if phone and re.fullmatch(_PHONE, phone) is None:
        return ContactCode.INVALID_PHONE
    if email and re.fullmatch(_EMAIL, email) is None:
        return ContactCode.INVALID_EMAIL
    for names, most in ((_NAMES, _LONGEST_NAME), (_EXTRA, _LONGEST_EXTRA)):
        if any(len(_text(getattr(contact, name))) > most for name in names):
            return ContactCode.INVALID_FIELD
    return None


def same_phone(phone: str) -> str:
    """A number as it is compared: +7 903 123-45-67, 89031234567 and 79031234567 are one."""
    digits = re.sub(r"[\s()+-]", "", phone)
    return f"7{digits[1:]}" if len(digits) == 11 and digits[:1] == "8" else digits


def key_of(contact: Contact) -> tuple[str, str]:
    """What makes two contacts of one request the same."""
    return same_phone(_text(contact.phone_number)), same_address(_text(contact.email))


def _text(value: str | UnsetType) -> str:
    return value if isinstance(value, str) else ""
