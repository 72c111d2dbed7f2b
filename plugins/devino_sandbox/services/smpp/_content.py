"""What a submit says: its text, and how many segments that is."""

from __future__ import annotations

from math import ceil

import msgspec

from devino_codecs import DecodeError, EncodeError
from devino_codecs.smpp import Charset, Segment, SubmitSm, charset, decode_text, user_data
from devino_codecs.text import Alphabet, Limits, count_parts

__all__ = ["SubmittedText", "is_binary", "read_content"]

_OCTETS = 140
"""The octets of a segment, headers included."""
_CONCATENATION = 6
"""The octets of the header that the centre adds to what it cuts, and to parts with SAR parameters.
"""
_CONCATENATING = frozenset({0x00, 0x08})
"""The information elements that say which part of a text a segment is."""


class SubmittedText(msgspec.Struct, frozen=True):
    """The content of one submit."""

    text: str
    parts: int
    """How many segments it is sent in. A part of a longer text is one."""
    segment: Segment | None = None
    octets: bytes = b""


def is_binary(data_coding: int) -> bool:
    """Whether this coding is of binary data."""
    return charset(data_coding) is Charset.OCTETS


def read_content(pdu: SubmitSm, default: str) -> SubmittedText:
    """The content of a submit. Octets that its alphabet lacks become U+FFFD.

    Raises DecodeError. Its path is ``data_coding`` for an unknown coding, ``esm_class`` for a
    broken header, and ``short_message`` for a segment that holds too much.
    """
    try:
        data = user_data(pdu)
    except DecodeError as error:
        raise DecodeError(error.reason, path="esm_class") from None
    coding, octets = pdu.data_coding, data.octets
    if is_binary(coding):
        text = octets.hex(" ")
    else:
        text = decode_text(octets, coding, errors="replace", default=default)
    header = sum(2 + len(value) for _, value in data.header)
    taken = header + 1 if header else 0
    if data.segment is not None and not _CONCATENATING.intersection(dict(data.header)):
        # SAR parameters alone: the centre adds the element, with a header of its own if need be.
        taken += _CONCATENATION - bool(header)
    parts = _count(text, octets, coding, taken, default)
    if parts > 1 and (pdu.short_message or data.segment is not None):
        raise DecodeError(f"{parts} segments, cut it or use message_payload", path="short_message")
    return SubmittedText(text, parts, data.segment, octets)


def _count(text: str, octets: bytes, coding: int, taken: int, default: str) -> int:
    """How many segments a text takes, if a header takes ``taken`` octets of each."""
    room = _OCTETS - taken
    of = charset(coding)
    septets = of is Charset.DEFAULT and default == "gsm7"
    if len(octets) <= room and (septets or of in (Charset.UCS2, Charset.OCTETS)):
        return 1
    room_of_part = room - _CONCATENATION
    if room_of_part < 4:
        raise DecodeError("the header leaves no room", path="esm_class")
    if of is Charset.OCTETS:
        return ceil(len(octets) / room_of_part)
    limits = Limits(
        gsm7=room * 8 // 7,
        gsm7_part=room_of_part * 8 // 7,
        ucs2=room // 2,
        ucs2_part=room_of_part // 2,
    )
    alphabet = Alphabet.GSM7 if septets else Alphabet.UCS2 if of is Charset.UCS2 else None
    try:
        return count_parts(text, alphabet=alphabet, limits=limits)
    except EncodeError:
        # The octets are not septets, but each would still be sent as one.
        return 1 if len(octets) <= limits.gsm7 else ceil(len(octets) / limits.gsm7_part)
