"""The elements of a package as structs. Each field is the attribute of the same name."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from devino_codecs._masked import RECIPIENT, SECRET, SHOWN, Masked
from devino_codecs._xsd import (
    ATTRIBUTE,
    CLOCK_MINUTES,
    CLOCK_SECONDS,
    LONG,
    TEXT,
    UNSET,
    Scalar,
    codes,
)
from devino_codecs.errors import EncodeError

from ._codes import MessageCode, MessageError, MessageStatus, MessageType, PackageErrorCode
from ._rows import Attribute, Text

__all__ = [
    "Answer",
    "Credentials",
    "Default",
    "Message",
    "MessageResult",
    "Package",
    "PackageError",
    "StatusRequest",
    "StatusResult",
]

# gc=False: there are hundreds of thousands of rows, and they hold nothing that refers back to them.

_TYPE = codes(MessageType)
MESSAGE_CODE = codes(MessageStatus, MessageError)
_PACKAGE_CODE = codes(PackageErrorCode)


def _read_completed(text: str) -> datetime | None:
    moment = CLOCK_SECONDS.read(text)
    return None if moment.replace(tzinfo=None) == UNSET else moment


def _write_completed(value: datetime | None) -> str:
    if value is None or value == UNSET:
        raise EncodeError("a date that is set is expected: None leaves it out")
    return CLOCK_SECONDS.write(value)


_COMPLETED = Scalar[datetime | None](CLOCK_SECONDS.xsd, _read_completed, _write_completed)


class Credentials(Masked, frozen=True, kw_only=True):
    """The sender's login and password; ``""`` if the package has none. ``repr`` shows neither."""

    login: Annotated[str, Attribute(ATTRIBUTE), SECRET] = ""
    password: Annotated[str, Attribute(ATTRIBUTE), SECRET] = ""


class Default(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The values for all messages of the package that do not give their own."""

    sender: Annotated[str | None, Attribute(ATTRIBUTE), SHOWN] = None
    date_beg: Annotated[datetime | None, Attribute(CLOCK_MINUTES)] = None
    date_end: Annotated[datetime | None, Attribute(CLOCK_MINUTES)] = None
    url: Annotated[str | None, Attribute(ATTRIBUTE)] = None
    type: Annotated[MessageType | int | None, Attribute(_TYPE)] = None


class Message(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One message to send (chapter 6, Send.ashx).

    ``id`` is the caller's own number. Answers and status requests name the message by it.
    ``date_beg`` is when to send, and ``date_end`` is the time after which not to send. Both are
    naive, because the manual names no zone; a fraction of a second is not written. ``None`` means
    the value of the package's :class:`Default`; without one ``type`` is 0.
    """

    id: Annotated[int | None, Attribute(LONG)] = None
    recipient: Annotated[str, Attribute(ATTRIBUTE), RECIPIENT]
    sender: Annotated[str | None, Attribute(ATTRIBUTE), SHOWN] = None
    date_beg: Annotated[datetime | None, Attribute(CLOCK_MINUTES)] = None
    date_end: Annotated[datetime | None, Attribute(CLOCK_MINUTES)] = None
    url: Annotated[str | None, Attribute(ATTRIBUTE)] = None
    type: Annotated[MessageType | int | None, Attribute(_TYPE)] = None
    text: Annotated[str, Text(TEXT)] = ""
    unread: tuple[str, ...] = ()
    """Attributes that could not be read. They are as if absent, and not written; the platform
    refuses such a message, and no other for its sake."""

    def with_default(self, default: Default | None) -> Message:
        """This message with every attribute filled in, ``type`` included."""
        default = default or Default()
        said = {
            name: getattr(self, name) if getattr(self, name) is not None else getattr(default, name)
            for name in Default.__struct_fields__
        }
        if said["type"] is None:
            said["type"] = MessageType.TEXT
        return msgspec.structs.replace(self, **said)


class StatusRequest(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One message to ask about (chapter 6, Statistics.ashx): the caller's ``id`` or the
    platform's ``sms_id``. ``unread``: as of a :class:`Message`."""

    id: Annotated[int | None, Attribute(LONG)] = None
    sms_id: Annotated[int | None, Attribute(LONG)] = None
    unread: tuple[str, ...] = ()


class MessageResult(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the platform says about one message that was sent.

    ``id`` is set if the request had one. ``sms_id`` is set if the platform took the message (on the
    wire ``"0"`` means none). ``sms_count`` is the length in SMS.
    """

    id: Annotated[int | None, Attribute(LONG)] = None
    sms_id: Annotated[int | None, Attribute(LONG, none="0")] = None
    sms_count: Annotated[int | None, Attribute(LONG)] = None
    code: Annotated[MessageCode, Text(MESSAGE_CODE)]


class StatusResult(MessageResult, frozen=True, kw_only=True, gc=False):
    """What the platform says about one message that was asked about.

    ``date_completed`` is when the status became final. It is naive, because the manual names no
    zone; it is aware if the wire had one. .NET's unset date, 0001-01-01T00:00:00, is ``None``.
    """

    date_completed: Annotated[datetime | None, Attribute(_COMPLETED)] = None


class PackageError(msgspec.Struct, frozen=True):
    """The platform refused the whole package, and looked at no message."""

    code: Annotated[PackageErrorCode | int, Text(_PACKAGE_CODE)]


class Package(Masked, frozen=True, kw_only=True):
    """A request: messages to send, messages to ask about, or both. ``repr`` shows no
    credentials."""

    login: Annotated[str, SECRET]
    password: Annotated[str, SECRET]
    default: Default | None = None
    messages: tuple[Message, ...] = ()
    statuses: tuple[StatusRequest, ...] = ()


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came back: a result for each message in the order of the request, or ``error``."""

    messages: tuple[MessageResult, ...] = ()
    statuses: tuple[StatusResult, ...] = ()
    error: PackageError | None = None
