"""What the platform posts to a URL of ours: arrays of statuses, and arrays of replies."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec

from devino_codecs._columns import digits, instants
from devino_codecs.http import (
    IF_READABLE,
    NUMBER_ID,
    PHONE,
    SHOWN,
    Also,
    DecodeError,
    Unread,
    parse_json,
    read_value,
    write_json,
)

from ._codes import ContentType, DeliveryStatus, Reason
from ._forms import (
    EPOCH_MILLISECONDS,
    PARENT_ID,
    REASON_IN_CAPITALS,
    STATUS_IN_CAPITALS,
    UTC_TIME,
)

__all__ = ["CallbackItem", "Reply", "StatusCallback", "decode_callback", "encode_callback"]


class StatusCallback(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """What became of a message of the messenger; nothing tells of an SMS that went instead."""

    id: Annotated[str, NUMBER_ID]
    received_at: Annotated[datetime | None, EPOCH_MILLISECONDS, IF_READABLE]
    """Aware, in UTC; None if it is not told so that it can be read."""
    status: Annotated[DeliveryStatus | str, STATUS_IN_CAPITALS]
    error_code: Annotated[Reason | str | None, REASON_IN_CAPITALS, Also("error"), IF_READABLE] = (
        None
    )


class Reply(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a recipient wrote. ``content`` is the text, or the URL of what ``content_type`` says."""

    id: Annotated[str, NUMBER_ID]
    parent_id: Annotated[str | None, PARENT_ID, IF_READABLE] = None
    """The message that it answers; None if the platform found none of the last day."""
    received_at: Annotated[datetime | None, UTC_TIME, IF_READABLE] = None
    """Aware, in UTC; None if it is not told so that it can be read."""
    subject: Annotated[str, SHOWN, IF_READABLE] = ""
    """The sender of the message that is answered."""
    address: Annotated[str, PHONE]
    """Who wrote it."""
    content_type: ContentType | str = ContentType.TEXT
    content_name: Annotated[str | None, IF_READABLE] = None
    """The name of a file."""
    content: str


CallbackItem: TypeAlias = StatusCallback | Reply


def decode_callback(body: bytes) -> tuple[CallbackItem | Unread, ...]:
    """Read the array of a callback. An item that cannot be read costs no other its place.

    Raises DecodeError for a body that is no JSON array.
    """
    try:
        return _typed(_statuses(body))
    except (ValueError, KeyError, RecursionError):
        # Not as the manual has it, or replies: look at each item, in any form that was seen.
        pass
    items = parse_json(body)
    if not isinstance(items, list):
        raise DecodeError("expected an array")
    return tuple([_read(item) for item in items])


def encode_callback(items: Iterable[CallbackItem]) -> bytes:
    """Write the array of a callback as the manual has it. Raises EncodeError."""
    return b"[" + b",".join([write_json(type(item), item) for item in items]) + b"]"


def _read(item: object) -> CallbackItem | Unread:
    is_reply = isinstance(item, dict) and "parentid" in map(str.lower, item)
    of: type[CallbackItem] = Reply if is_reply else StatusCallback
    try:
        return read_value(of, item)
    except DecodeError as error:
        return Unread(error.reason, error.path)


# Nearly every callback looks like this, and msgspec reads it many times faster than a table of
# forms. What has any other name or type goes the long way, so that both ways read the same.


class _Status(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    id: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    received_at: str
    status: str
    error_code: str | None = None


_statuses = msgspec.json.Decoder(list[_Status]).decode
_STATUSES = {status.upper(): status for status in DeliveryStatus}
_REASONS: dict[str | None, Reason | None] = {
    **{reason.upper().replace("-", "_"): reason for reason in Reason},
    None: None,
}


def _typed(items: list[_Status]) -> tuple[StatusCallback, ...]:
    return tuple(
        map(
            StatusCallback,
            digits([item.id for item in items]),
            instants([item.received_at for item in items]),
            map(_STATUSES.__getitem__, [item.status for item in items]),
            map(_REASONS.__getitem__, [item.error_code for item in items]),
        )
    )
