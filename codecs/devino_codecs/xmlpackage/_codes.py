"""The numbers of the XML package API and what they mean (chapter 6).

Message errors and package errors share numbers: which is meant is told by where a number stands,
so the two are enums of their own.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Self, TypeAlias

__all__ = [
    "MessageCode",
    "MessageError",
    "MessageStatus",
    "MessageType",
    "PackageErrorCode",
]


class _Code(IntEnum):
    meaning: str

    # The default is for type checkers: to them a lookup by number is this call.
    def __new__(cls, code: int, meaning: str = "") -> Self:
        self = int.__new__(cls, code)
        self._value_ = code
        self.meaning = meaning
        return self


class MessageStatus(_Code):
    """What became of a message: 100 plus the ``message_state`` of SMPP."""

    SCHEDULED = 100, "scheduled"
    ENROUTE = 101, "en route"
    DELIVERED = 102, "delivered"
    EXPIRED = 103, "expired"
    DELETED = 104, "deleted"
    UNDELIVERABLE = 105, "undeliverable"
    ACCEPTED = 106, "accepted"
    UNKNOWN = 107, "error"
    REJECTED = 108, "rejected"
    DISCARDED = 109, "discarded"


class MessageError(_Code):
    """Why one message of a package was refused."""

    ERR_UNKNOWN = 200, "unknown error"
    ERR_ID = 201, "bad message id"
    ERR_SENDER = 202, "bad sender"
    ERR_RECIPIENT = 203, "bad recipient"
    ERR_LENGTH = 204, "text too long or empty"
    ERR_USER_DISABLE = 205, "user disabled"
    ERR_BILLING = 206, "billing error"
    ERR_OVERLIMIT = 207, "message limit exceeded"


class PackageErrorCode(_Code):
    """Why a whole package was refused."""

    ERR_UNKNOWN = 200, "unknown error"
    ERR_FORMAT = 201, "bad document"
    ERR_AUTHORIZATION = 202, "login or password refused"


class MessageType(_Code):
    """What kind of SMS a message is. One that says nothing is :attr:`TEXT`."""

    TEXT = 0, "plain SMS"
    FLASH = 1, "flash SMS, shown at once and not stored"
    WAP_PUSH = 2, "link for the phone to open; needs url"


MessageCode: TypeAlias = MessageStatus | MessageError | int
"""What the text of an answered ``<msg>`` says; a number in no table stays an ``int``."""
