"""What the platform posts to a URL of ours: an array of statuses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import msgspec

from devino_codecs._columns import digits, moments
from devino_codecs.http import IF_READABLE, NUMBER_ID, Also, Unread, read_json, spelt, write_json

from ._codes import VkStatus
from ._times import MOSCOW_TIME

__all__ = ["StatusCallback", "decode_callback", "encode_callback"]

STATUS_IN_CAPITALS = spelt(VkStatus, write=str.upper)


class StatusCallback(msgspec.Struct, frozen=True, rename="camel", gc=False):
    """What became of a message in VK or OK; nothing tells of what went instead."""

    message_id: Annotated[str, NUMBER_ID, Also("id")]
    status: Annotated[VkStatus | str, STATUS_IN_CAPITALS]
    received_at: Annotated[datetime | None, MOSCOW_TIME, Also("time"), IF_READABLE] = None
    """Aware, in UTC+3; None if it is not told so that it can be read."""
    error: Annotated[str, IF_READABLE] = ""
    """A text for people, also of a success."""


def decode_callback(body: bytes) -> tuple[StatusCallback | Unread, ...]:
    """Read the array of a callback. An item that cannot be read costs no other its place.

    Raises DecodeError for a body that is no JSON array.
    """
    try:
        return _typed(_items(body))
    except (ValueError, KeyError, RecursionError):
        # Not as the manual has it: look at each item, in any form that was seen.
        return _read_each(body)


def _read_each(body: bytes) -> tuple[StatusCallback | Unread, ...]:
    return read_json(tuple[StatusCallback | Unread, ...], body)


def encode_callback(items: Iterable[StatusCallback]) -> bytes:
    """Write the array of a callback as the manual has it. Raises EncodeError."""
    return write_json(tuple[StatusCallback, ...], tuple(items))


# Nearly every callback looks like this, and msgspec reads it many times faster than a table of
# forms. What has any other name or type goes the long way, so that both ways read the same.


class _Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    message_id: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
    status: str
    received_at: str
    error: str = ""


_items = msgspec.json.Decoder(list[_Item]).decode
_STATUSES = {status.upper(): status for status in VkStatus}


def _typed(items: list[_Item]) -> tuple[StatusCallback, ...]:
    return tuple(
        map(
            StatusCallback,
            digits([item.message_id for item in items]),
            map(_STATUSES.__getitem__, [item.status for item in items]),
            moments([item.received_at for item in items], "+03:00"),
            [item.error for item in items],
        )
    )
