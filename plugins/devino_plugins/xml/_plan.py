"""From messages to packages, before any I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import NamedTuple

from devino_codecs import EncodeError
from devino_codecs import xmlpackage as xml
from devino_codecs.http import Login
from devino_core import Channel, ConfigurationError, InvalidMessage, Message
from devino_core.http import Body
from devino_plugins.kit.checks import (
    MessageLimits,
    check_sender,
    check_text,
    is_line,
    numbers_of,
)

from ._numbering import ids_of
from ._settings import XmlOptions

__all__ = ["Prepared", "encode", "plan"]

LIMITS = MessageLimits()
"""The manual sets no limit to the length of a text. The platform refuses what is too long."""
MAX_URL = 100

_TYPES: Mapping[object, xml.MessageType] = {
    None: xml.MessageType.TEXT,
    "text": xml.MessageType.TEXT,
    "flash": xml.MessageType.FLASH,
    "wap-push": xml.MessageType.WAP_PUSH,
    **{int(kind): kind for kind in xml.MessageType},
}
# Looked up once: until Python 3.12 finding a member of an enum takes longer than comparing it.
_TEXT, _WAP_PUSH = xml.MessageType.TEXT, xml.MessageType.WAP_PUSH
_FIELDS = {
    "recipient": "to",
    "date_beg": "send_at",
    "date_end": "validity",
    "type": "options",
    "url": "options",
}
_PLACE = re.compile(r"message\.msg\[(\d+)\]\.(\w+)")
_ALMOST_A_SECOND = timedelta(microseconds=999_999)


class Prepared(NamedTuple):
    """A package that is ready to go."""

    positions: Sequence[int]
    """The places of its messages in the list to be sent."""
    messages: Sequence[Message]
    wires: Sequence[xml.Message]
    """The same messages as the wire has them, each with its id."""
    body: Body


def plan(
    messages: Sequence[Message],
    sender_of: Callable[[Message], str],
    *,
    credentials: Login,
    size: int,
    id_bits: int,
    utc_offset: float,
    now: datetime,
) -> list[Prepared]:
    """Number the messages, check them against the manual's limits, and pack them.

    Raises InvalidMessage for the first message that cannot be sent.
    """
    zone = timezone(timedelta(hours=utc_offset))
    ids = ids_of(messages, id_bits)
    senders: dict[str | None, str] = {}
    wires: list[xml.Message] = []
    for message, number, to in zip(messages, ids, numbers_of(messages), strict=True):
        sender = senders.get(message.sender)
        if sender is None:
            # There are few senders: each is checked once.
            sender = senders[message.sender] = sender_of(message)
            check_sender(sender, message, LIMITS)
        wires.append(_wire(message, number, to, sender, zone, now))
    packages: list[Prepared] = []
    for start in range(0, len(wires), size):
        some, written = messages[start : start + size], wires[start : start + size]
        body = encode(written, some, credentials)
        packages.append(Prepared(range(start, start + len(some)), some, written, body))
    return packages


def encode(wires: Sequence[xml.Message], messages: Sequence[Message], credentials: Login) -> Body:
    """A package of these messages.

    Raises InvalidMessage for what XML cannot say, ConfigurationError if that is a credential.
    """
    # A crash reporter shows the locals of every frame: each of them is masked.
    package = xml.Package(
        login=credentials.login,
        password=credentials.password,
        messages=tuple(wires),
    )
    try:
        return Body(xml.encode_request(package))
    except EncodeError as error:
        found = _PLACE.fullmatch(error.path)
        if found is None:
            raise ConfigurationError(
                f"login or password cannot be written: {error.reason}"
            ) from None
        field, ref = _FIELDS.get(found[2], found[2]), messages[int(found[1])].ref
        raise InvalidMessage(field, error.reason, ref=ref) from None


def _wire(
    message: Message, number: int, to: str, sender: str, zone: timezone, now: datetime
) -> xml.Message:
    kind, url = _kind(message) if message.options else (_TEXT, None)
    text, send_at = message.text, message.send_at
    # There is no limit to its length, so a printable text needs no closer look.
    if not (text.isprintable() and text.strip()) and (text or kind is not _WAP_PUSH):
        check_text(text, message, LIMITS)
    return xml.Message(
        id=number,
        recipient=to,
        sender=sender,
        date_beg=None if send_at is None else _wall_clock(message, send_at, zone),
        date_end=None if message.validity is None else _end(message, message.validity, now, zone),
        url=url,
        type=None if kind is _TEXT else kind,
        text=text,
    )


def _wall_clock(message: Message, moment: datetime, zone: timezone) -> datetime:
    try:
        return moment.astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        raise InvalidMessage("send_at", "lies beyond the calendar", ref=message.ref) from None


def _end(message: Message, validity: timedelta, now: datetime, zone: timezone) -> datetime:
    """When the message stops being valid. A fraction of a second is rounded up."""
    begins = message.send_at if message.send_at is not None else now
    try:
        # A message that is sent late is still valid for as long as was asked. In a zone of its own,
        # hours that clocks repeat would not count.
        ends = max(begins, now).astimezone(UTC) + validity + _ALMOST_A_SECOND
        return ends.astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        raise InvalidMessage("validity", "ends beyond the calendar", ref=message.ref) from None


def _kind(message: Message) -> tuple[xml.MessageType, str | None]:
    """What kind of SMS it is, and the link of a WAP push."""
    options = Channel.options_of(message, XmlOptions)
    url = options.url
    kind = _TYPES["wap-push" if options.type is None and url is not None else options.type]
    if kind is not xml.MessageType.WAP_PUSH:
        if url is not None:
            raise InvalidMessage(
                "options", "`url` is of a 'wap-push' and of no other `type`", ref=message.ref
            )
        return kind, None
    if not is_line(url, MAX_URL):
        raise InvalidMessage(
            "options", f"a WAP push needs a `url` of at most {MAX_URL} characters", ref=message.ref
        )
    return kind, url
