"""The forms of this wire's values: its words, and its times in three notations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec.structs import replace

from devino_codecs.http import NUMBER_ID, UTC_SECONDS, DecodeError, WireForm, form_of, moment, spelt

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
    "instant",
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


def instant(milliseconds: str) -> datetime:
    """An instant from the digits of its milliseconds since 1970. Raises ValueError."""
    if not (milliseconds.isascii() and milliseconds.isdecimal() and len(milliseconds) < 16):
        raise ValueError("no number of milliseconds since 1970")
    seconds, rest = divmod(int(milliseconds), 1000)
    try:
        return _EPOCH + timedelta(0, seconds, rest * 1000)
    except OverflowError:
        raise ValueError("a date outside the years 1 to 9999") from None


def _read_instant(value: object) -> datetime:
    # As digits, as a number or as a date: the manual has two of these, clients have seen all.
    if type(value) is int or (isinstance(value, str) and value.strip().isdecimal()):
        try:
            return instant(str(value).strip())
        except ValueError as error:
            raise DecodeError(str(error)) from None
    found: datetime = UTC_SECONDS.read(value)
    return found


def _milliseconds(value: datetime) -> str:
    if value.utcoffset() is None:
        raise ValueError("a naive datetime, expected an aware one")
    milliseconds = (value - _EPOCH) // timedelta(milliseconds=1)
    if milliseconds < 0:
        raise ValueError("a date before 1970")
    return str(milliseconds)


def _instants(form: WireForm) -> WireForm:
    return replace(form, read=_read_instant, unset="a date")


UTC_TIME: Final = _instants(moment("%Y-%m-%d %H:%M:%S"))
"""An instant as ``yyyy-MM-dd HH:mm:ss`` in UTC, aware. The second dash may lack, as in a table of
the manual, and milliseconds since 1970 are read too."""


EPOCH_MILLISECONDS: Final = _instants(
    form_of("EPOCH_MILLISECONDS", instant, _milliseconds, of=datetime)
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
