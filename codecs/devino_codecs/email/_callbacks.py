"""What the platform posts to a URL of ours: what became of messages, in JSON or XML."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final

import msgspec
import msgspec.json
from msgspec.structs import replace

from devino_codecs._sizes import check_bytes
from devino_codecs._xml import Element, escape_text, local_name, parse
from devino_codecs.errors import DecodeError, EncodeError
from devino_codecs.http import (
    IF_READABLE,
    NULL,
    TEXT_OR_NUMBER,
    Unread,
    form_of,
    parse_json,
    read_value,
    write_json,
)

__all__ = ["ClientInfo", "Geolocation", "MessageEvent", "decode_callback", "encode_callback"]


def _read_time(text: str) -> datetime:
    try:
        return msgspec.convert(text.strip(), datetime)
    except msgspec.ValidationError:
        raise ValueError("not a date, expected yyyy-MM-ddTHH:mm:ss") from None


def _write_time(value: datetime) -> str:
    zone = ""
    if value.utcoffset() is not None:
        value, zone = value.astimezone(UTC), "Z"
    return f"{value.replace(tzinfo=None).isoformat(timespec='microseconds')}0{zone}"


_TIME: Final = form_of("TIME", _read_time, _write_time, of=datetime, noun="a date")


class Geolocation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a recipient is. The platform does not tell at present."""

    reads_what_it_can: ClassVar[bool] = True

    country: Annotated[str | None, NULL] = None
    region: Annotated[str | None, NULL] = None
    city: Annotated[str | None, NULL] = None


class ClientInfo(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """What a recipient reads mails with, where the recipient did something."""

    reads_what_it_can: ClassVar[bool] = True

    platform: Annotated[str | None, NULL] = None
    operating_system: Annotated[str | None, NULL] = None
    browser: Annotated[str | None, NULL] = None
    user_agent: Annotated[str | None, NULL] = None
    ip_address: Annotated[str | None, NULL] = None
    geolocation: Annotated[Geolocation, IF_READABLE] = Geolocation()


class MessageEvent(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True
):
    """Something happened to a message, or its recipient did something. What cannot be read beside
    that is as if it were not told.

    ``event`` and ``reason`` are words of :class:`CallbackEvent` and :class:`BounceReason`, which
    equal their members; others stay as they came.
    """

    reads_what_it_can: ClassVar[bool] = True

    message_id: str
    task_id: Annotated[int, msgspec.Meta(ge=-(2**63) + 1, le=2**63 - 1), IF_READABLE] = 0
    """The campaign's; 0: none."""
    user_message_id: Annotated[str | None, TEXT_OR_NUMBER, NULL] = None
    """The caller's own id, of version 2 the recipient's."""
    user_campaign_id: Annotated[str | None, TEXT_OR_NUMBER, NULL] = None
    email: str
    event: str
    url: Annotated[str | None, NULL] = None
    """The link that was followed."""
    date_time: Annotated[datetime | None, _TIME] = None
    """In microseconds; naive, as the platform says no zone: it means UTC. None if it is not told so
    that it can be read."""
    client_info: Annotated[ClientInfo, IF_READABLE] = ClientInfo()
    is_hardbounce: Annotated[bool | None, NULL] = None
    reason: Annotated[str | None, NULL] = None
    """Why it bounced."""


_NAME: Final = "messageEventDtos"


def decode_callback(body: bytes) -> tuple[MessageEvent | Unread, ...]:
    """Read a callback: an object with the list, a bare list, or one event alone, as JSON or XML.

    The first byte says which, whatever the Content-Type. An event that cannot be read costs no
    other its place.

    Raises DecodeError for a body that is none of these.
    """
    try:
        return _wrapped(body).events
    except (ValueError, RecursionError):
        # Not as the manual has it: look at each event, in any form that was seen.
        pass
    check_bytes(body)
    begins = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    items = _items_of_xml(body) if begins == b"<" else _items_of_json(body)
    return tuple([_read(item) for item in items])


def encode_callback(events: Iterable[MessageEvent], *, xml: bool = False) -> bytes:
    """Write a callback as the manual has it. Raises EncodeError."""
    if not xml:
        items = b",".join([write_json(MessageEvent, event) for event in events])
        return b'{"%b":[%b]}' % (_NAME.encode(), items)
    elements = [f"<messageEventDto>{_xml(event)}</messageEventDto>" for event in events]
    text = f"{_DECLARATION}<{_NAME}>{''.join(elements)}</{_NAME}>"
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise EncodeError(str(error)) from None


def _read(item: object) -> MessageEvent | Unread:
    try:
        event = read_value(MessageEvent, item)
    except DecodeError as error:
        return Unread(error.reason, error.path)
    if not event.message_id:
        return Unread("an empty id", "messageId")
    if not event.event:
        return Unread("an empty event", "event")
    return replace(event, event=event.event.upper())


# JSON. Nearly every callback looks like this, and msgspec reads it many times faster than a table
# of forms. What has any other name or type goes the long way, so that both ways read the same.


class _Wrapped(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    events: tuple[MessageEvent, ...] = msgspec.field(name=_NAME)

    def __post_init__(self) -> None:
        # A list costs half of what a generator does.
        if not all([each.message_id and each.event.isupper() for each in self.events]):  # noqa: C419
            raise ValueError("needs a closer look")


_wrapped = msgspec.json.Decoder(_Wrapped).decode


def _items_of_json(body: bytes) -> list[object]:
    value = parse_json(body)
    if isinstance(value, dict):
        named = {key.lower(): item for key, item in value.items()}
        if _NAME.lower() not in named:
            return [value]
        value = named[_NAME.lower()]
    if not isinstance(value, list):
        raise DecodeError("expected an object or an array")
    return value


# XML.

_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'


def _items_of_xml(body: bytes) -> list[object]:
    root = parse(body)
    is_list = local_name(str(root.tag)).lower() == _NAME.lower()
    return [_tree(element) for element in (root if is_list else [root])]


def _tree(element: Element) -> object:
    if len(element):
        return {local_name(str(child.tag)): _tree(child) for child in element}
    text = (element.text or "").strip()
    if not text:
        # An element without anything in it is a value without anything, or an object.
        return None
    return text


def _xml(value: msgspec.Struct) -> str:
    parts = []
    for row in msgspec.structs.fields(value):
        own: Any = getattr(value, row.name)
        if own is None:
            continue
        name = row.encode_name
        if isinstance(own, msgspec.Struct):
            inner = _xml(own)
            parts.append(f"<{name}>{inner}</{name}>" if inner else f"<{name}/>")
            continue
        if isinstance(own, datetime):
            said = _write_time(own)
        elif isinstance(own, bool):
            said = "true" if own else "false"
        else:
            said = escape_text(str(own))
        parts.append(f"<{name}>{said}</{name}>")
    return "".join(parts)
