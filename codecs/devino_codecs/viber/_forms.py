"""The forms of this wire's values: its words, and its times in three notations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec.structs import replace

from devino_codecs.http import (
    NUMBER_ID,
    UTC_MILLISECONDS,
    WireForm,
    form_of,
    moment,
    spelt,
)

from ._codes import DeliveryStatus, MessageCode, Priority, Reason

__all__ = [
    "CODE",
    "EPOCH_MILLISECONDS",
    "PARENT_ID",
    "PRIORITY",
    "REASON",
    "REASON_IN_CAPITALS",
    "STATUS",
    "STATUS_IN_CAPITALS",
    "UTC_TIME",
]

# VK's word for NORMAL.
PRIORITY: Final = spelt(Priority, also={"medium": Priority.NORMAL})
# One example of the manual misspells UNDELIVERED.
_MISSPELT = {"undelived": DeliveryStatus.UNDELIVERED}
STATUS: Final = spelt(DeliveryStatus, also=_MISSPELT)
STATUS_IN_CAPITALS: Final = spelt(DeliveryStatus, also=_MISSPELT, write=str.upper)


def _in_capitals(word: str) -> str:
    return word.upper().replace("-", "_")


REASON: Final = spelt(Reason)
REASON_IN_CAPITALS: Final = spelt(Reason, write=_in_capitals)
# The words of a request's status that look like those of a message's code.
CODE: Final = spelt(
    MessageCode,
    also={
        "error-instant-message-typeformat": MessageCode.TYPE_FORMAT,
        "error-instant-message-content-type-format": MessageCode.CONTENT_FORMAT,
    },
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _milliseconds(value: datetime) -> str:
    if value.utcoffset() is None:
        raise ValueError("a naive datetime, expected an aware one")
    milliseconds = (value - _EPOCH) // timedelta(milliseconds=1)
    if milliseconds < 0:
        raise ValueError("a date before 1970")
    return str(milliseconds)


def _instants(form: WireForm) -> WireForm:
    # As digits, as a number or as a date: the manual has two of these, clients have seen all.
    return replace(form, read=UTC_MILLISECONDS.read, unset="a date")


UTC_TIME: Final = _instants(moment("%Y-%m-%d %H:%M:%S"))
"""An instant as ``yyyy-MM-dd HH:mm:ss`` in UTC, aware. The second dash may lack, as in a table of
the manual, and milliseconds since 1970 are read too."""


EPOCH_MILLISECONDS: Final = _instants(
    form_of("EPOCH_MILLISECONDS", UTC_MILLISECONDS.parse, _milliseconds, of=datetime)
)
"""An instant as a string of the milliseconds since 1970; read as :data:`UTC_TIME`."""


def _read_parent(value: object) -> str | None:
    if value is None or (type(value) in {int, str} and str(value) == "0"):
        return None
    found: str = NUMBER_ID.read(value)
    return found


PARENT_ID: Final = replace(
    NUMBER_ID,
    name="PARENT_ID",
    read=_read_parent,
    write=lambda value: "0" if value is None else NUMBER_ID.write(value),
    writes_none=True,
)
"""The id of the message that is answered; 0 is none."""
