"""Cuts a text into the parts of a concatenated SMS.

A message is 140 octets. Alone it holds 160 septets or 70 UTF-16 units. In a longer text each part
loses the octets of a user data header that numbers it (TS 23.040, 9.2.3.24.1). Neither an escape
pair nor a surrogate pair may be split between two parts. The platform counts, charges and numbers
messages by these parts (manual, chapters 1 to 3).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec

from devino_codecs.errors import EncodeError

from ._alphabet import Alphabet
from ._gsm7 import ESC, gsm7_encode, try_encode
from ._ucs2 import ucs2_encode

__all__ = ["Limits", "Segmentation", "count_parts", "encode_parts", "segment"]

_GSM7, _UCS2 = Alphabet  # on Python 3.11 each Alphabet.GSM7 costs as much as cutting a part
_OCTETS = 140

# For each first octet of a UTF-16 unit: does a surrogate pair begin here? ESC says yes too, so one
# loop can read the units of both alphabets.
_PAIR_BEGINS = bytes(ESC if 0xD8 <= octet <= 0xDB else 0 for octet in range(0x100))


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How many units (septets, UTF-16 units) fit in a single message and in a part of several.

    The default is for the common 6-octet header: 160/153 and 70/67. :meth:`for_udh` computes
    others. A part must hold at least 2 units, so that a pair fits, and at most as many as a single
    message. Anything else raises :exc:`~devino_codecs.EncodeError`.
    """

    gsm7: int = 160
    gsm7_part: int = 153
    ucs2: int = 70
    ucs2_part: int = 67

    def __post_init__(self) -> None:
        for name, alone, part in (
            ("gsm7_part", self.gsm7, self.gsm7_part),
            ("ucs2_part", self.ucs2, self.ucs2_part),
        ):
            if not 2 <= part <= alone:
                raise EncodeError(f"{part} is not 2 to {alone} units", path=name)

    @classmethod
    def for_udh(cls, octets: int) -> Limits:
        """The limits under a header of this many octets, its length octet included.

        6 octets have an 8-bit reference (153, 67), 7 octets a 16-bit one (152, 66).
        """
        room = _OCTETS - octets
        return cls(gsm7_part=room * 8 // 7, ucs2_part=room // 2)


_DEFAULT = Limits()


class Segmentation(msgspec.Struct, frozen=True):
    """How a text is sent: its alphabet, its parts, and the room left."""

    alphabet: Alphabet
    parts: tuple[str, ...]
    """The parts, which join to the text. The empty text is one empty part."""
    units: int
    """Septets (GSM7) or 16-bit units (UCS2) of the whole text, without headers."""
    units_left: int
    """How many units still fit in the last part."""

    @property
    def parts_count(self) -> int:
        """How many messages are sent and charged."""
        return len(self.parts)


def segment(
    text: str, *, alphabet: Alphabet | None = None, limits: Limits = _DEFAULT
) -> Segmentation:
    """Cut a text into parts, each as full as its alphabet allows.

    ``alphabet`` None takes GSM7 if it can write the text, else UCS2. The number of parts has no
    limit here; a header can number 255.

    Raises :exc:`~devino_codecs.EncodeError`, its ``path`` the position in the text, for a lone
    surrogate and for a character that ``alphabet`` GSM7 lacks.

    >>> segment("[" * 80).units
    160
    >>> [len(part) for part in segment("[" * 81).parts]
    [76, 5]
    """
    alphabet, _, units, units_left, borders = _cut(text, alphabet, limits)
    parts = tuple([text[start:end] for start, end in pairwise(borders)])
    return Segmentation(alphabet, parts, units, units_left)


def count_parts(text: str, *, alphabet: Alphabet | None = None, limits: Limits = _DEFAULT) -> int:
    """``segment(...).parts_count`` without building the parts; the same arguments and errors."""
    return len(_cut(text, alphabet, limits)[4]) - 1


def encode_parts(
    text: str, *, alphabet: Alphabet | None = None, limits: Limits = _DEFAULT
) -> tuple[Alphabet, tuple[bytes, ...]]:
    """The alphabet and the parts of ``segment(...)``, as the octets that SMPP carries.

    The arguments and errors are the same.

    >>> encode_parts("Да")
    (<Alphabet.UCS2: 8>, (b'\\x04\\x14\\x040',))
    """
    alphabet, octets, _, _, borders = _cut(text, alphabet, limits)
    if len(borders) == 2:
        return alphabet, (octets,)
    write = gsm7_encode if alphabet is _GSM7 else ucs2_encode
    return alphabet, tuple([write(text[start:end]) for start, end in pairwise(borders)])


def _cut(
    text: str, alphabet: Alphabet | None, limits: Limits
) -> tuple[Alphabet, bytes, int, int, Sequence[int]]:
    """The alphabet, the encoded text, its units, the units left in the last part, and the borders.

    Parts lie between neighbouring borders, which count characters of the text. The last border may
    lie beyond the end of the text.
    """
    septets = None
    if alphabet is None:
        septets = try_encode(text)
    elif alphabet is _GSM7:
        septets = gsm7_encode(text)

    if septets is not None:
        alphabet, octets, units = _GSM7, septets, len(septets)
        alone, part = limits.gsm7, limits.gsm7_part
    else:
        octets = ucs2_encode(text)
        alphabet, units = _UCS2, len(octets) // 2
        alone, part = limits.ucs2, limits.ucs2_part

    if units <= alone:
        return alphabet, octets, units, alone - units, (0, units)
    if units == len(text):
        return alphabet, octets, units, -units % part, range(0, units + part, part)

    marks = octets[::2].translate(_PAIR_BEGINS) if septets is None else septets
    borders = [0]
    border = end = 0
    while end < units:
        start, end = end, end + part
        if end < units and marks[end - 1] == ESC:
            end -= 1
        border += end - start - marks.count(ESC, start, end)
        borders.append(border)
    return alphabet, octets, units, end - units, borders
