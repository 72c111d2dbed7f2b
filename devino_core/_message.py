"""What is sent."""

from __future__ import annotations

import enum
import os
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from types import NoneType
from typing import NoReturn

import msgspec

from .errors import InvalidMessage

__all__ = ["Medium", "Message"]


class Medium(enum.StrEnum):
    """How a message reaches its recipient, whatever protocol carries it to the platform."""

    SMS = "SMS"
    VIBER = "VIBER"
    VK = "VK"
    EMAIL = "EMAIL"


def _new_ref() -> str:
    # As unique as a UUID at a tenth of its price.
    return os.urandom(16).hex()


class _NoOptions(dict[str, object]):
    """One for all messages that have none: a dict for each would give the garbage collector a
    quarter more to do in a bulk.
    """

    def __setitem__(self, *_: object, **__: object) -> NoReturn:
        raise TypeError("options cannot be added to a message: give them when you make it")

    update = setdefault = __ior__ = __setitem__


class Message(msgspec.Struct, frozen=True):
    """One message to one recipient, in the words of no protocol.

    >>> Message("+7 916 123-45-67", "Your code is 1234", sender="DEVINO").medium
    <Medium.SMS: 'SMS'>

    Two messages are equal when all their fields are; a message without a ``ref`` gets a fresh one.

    Raises :exc:`~devino_core.errors.InvalidMessage` when no channel could send it.
    """

    to: str
    """The recipient: a phone number in international format (``+``, blanks, dashes and brackets
    do not matter), or an address of the medium."""
    text: str
    """The content. Channels refuse what their wire cannot carry."""
    sender: str | None = None
    """The name or number that the recipient sees; None: the channel's ``sender`` setting."""
    medium: Medium = Medium.SMS
    send_at: datetime | None = None
    """When to send. Aware: that instant. **Naive: the recipient's wall clock.** None: now."""
    validity: timedelta | None = None
    """How long delivery is tried. Wires count whole minutes or seconds: the channel rounds up."""
    fallback: Message | None = None
    """What to send if this one cannot be delivered."""
    ref: str = msgspec.field(default_factory=_new_ref)
    """The caller's own id, and the idempotency key where a wire has one."""
    options: Mapping[str, object] = _NoOptions()
    """Extras that only one channel knows; the channel's documentation names them."""

    def __post_init__(self) -> None:
        # msgspec checks types when it decodes, not when a program makes a value.
        if type(self.medium) is not Medium:
            msgspec.structs.force_setattr(self, "medium", _medium(self.medium))
        if misfit := _misfit(tuple(map(type, _fields(self)))):
            raise InvalidMessage(*misfit)
        # Every wire here has headers, lines or cells that a control character would forge.
        if _forges(self.to):
            raise _forging("to", self.ref)
        if self.sender is not None and _forges(self.sender):
            raise _forging("sender", self.ref)
        if _forges(self.ref):
            raise _forging("ref", self.ref)
        if self.validity is not None and self.validity <= timedelta(0):
            raise InvalidMessage("validity", "must be longer than nothing", ref=self.ref)


_UNFIT = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff]")


def _forges(text: str) -> bool:
    return not text.strip() or (not text.isprintable() and _UNFIT.search(text) is not None)


def _forging(field: str, ref: str) -> InvalidMessage:
    return InvalidMessage(field, "must not be blank or hold control characters", ref=ref)


def _medium(value: str) -> Medium:
    try:
        return Medium(value)
    except ValueError:
        raise InvalidMessage(
            "medium", f"must be one of {', '.join(Medium)}, not {value!r}"
        ) from None


_TYPES: Mapping[str, tuple[type, ...]] = {
    "to": (str,),
    "text": (str,),
    "sender": (str, NoneType),
    "medium": (Medium,),
    "send_at": (datetime, NoneType),
    "validity": (timedelta, NoneType),
    "fallback": (Message, NoneType),
    "ref": (str,),
    "options": (Mapping,),
}


_fields = attrgetter(*_TYPES)


@lru_cache
def _misfit(types: tuple[type, ...]) -> tuple[str, str] | None:
    """The first field whose type does not fit, and what it must be.

    Messages of a program have few combinations of types: each is looked at once.
    """
    for (field, fit), given in zip(_TYPES.items(), types, strict=True):
        if not issubclass(given, fit):
            expected = " or ".join("None" if t is NoneType else t.__name__ for t in fit)
            return field, f"must be {expected}, not {given.__name__}"
    return None
