"""The numbers of the XML package API and what they mean (chapter 6).

Message errors and package errors share numbers. The place of a number tells which is meant, so each
is an enum of its own.
"""

from __future__ import annotations

from typing import TypeAlias

from devino_codecs._coded import CodedInt, Verdict

__all__ = [
    "MessageCode",
    "MessageError",
    "MessageStatus",
    "MessageType",
    "PackageErrorCode",
]


class MessageStatus(CodedInt):
    """What became of a message: 100 plus the ``message_state`` of SMPP."""

    SCHEDULED = 100, "scheduled", "SCHEDULED"
    ENROUTE = 101, "en route", "ENROUTE"
    DELIVERED = 102, "delivered", "DELIVERED"
    EXPIRED = 103, "expired", "EXPIRED"
    DELETED = 104, "deleted", "DELETED"
    UNDELIVERABLE = 105, "undeliverable", "UNDELIVERABLE"
    ACCEPTED = 106, "accepted", "ACCEPTED"
    UNKNOWN = 107, "error", "UNKNOWN"
    REJECTED = 108, "rejected", "REJECTED"
    DISCARDED = 109, "discarded", "REJECTED"


class MessageError(CodedInt):
    """Why one message of a package was refused."""

    ERR_UNKNOWN = 200, "unknown error", Verdict.FAILED
    ERR_ID = 201, "bad message id", Verdict.REFUSED
    ERR_SENDER = 202, "bad sender", Verdict.REFUSED
    ERR_RECIPIENT = 203, "bad recipient", Verdict.REFUSED
    ERR_LENGTH = 204, "text too long or empty", Verdict.REFUSED
    ERR_USER_DISABLE = 205, "user disabled", Verdict.LOGIN
    ERR_BILLING = 206, "billing error", Verdict.FUNDS
    ERR_OVERLIMIT = 207, "message limit exceeded", Verdict.REFUSED


class PackageErrorCode(CodedInt):
    """Why a whole package was refused."""

    ERR_UNKNOWN = 200, "unknown error", Verdict.FAILED
    ERR_FORMAT = 201, "bad document", Verdict.REFUSED
    ERR_AUTHORIZATION = 202, "login or password refused", Verdict.LOGIN


class MessageType(CodedInt):
    """The kind of SMS. A message that names none is :attr:`TEXT`."""

    TEXT = 0, "plain SMS"
    FLASH = 1, "flash SMS, shown at once and not stored"
    WAP_PUSH = 2, "link for the phone to open; needs url"


MessageCode: TypeAlias = MessageStatus | MessageError | int
"""The meaning of the text of a ``<msg>`` in an answer. A number in no table stays an ``int``."""
