"""Turns a text into SMS: characters into septets or UTF-16 units, and a long text into parts.

>>> from devino_codecs import text
>>> text.gsm7_encode("10 €").hex(" ")
'31 30 20 1b 65'
>>> text.segment("Привет, мир! " * 6).parts_count
2

These are pure functions over :class:`str` and :class:`bytes`. They know no PDU, no header and no
channel. Alphabets and packing follow 3GPP TS 23.038, parts follow 3GPP TS 23.040, 9.2.3.24.
"""

from ._alphabet import Alphabet, choose_alphabet
from ._gsm7 import gsm7_decode, gsm7_encode, is_gsm7
from ._segment import Limits, Segmentation, count_parts, encode_parts, segment
from ._septets import gsm7_pack, gsm7_unpack, udh_fill_bits
from ._ucs2 import ucs2_decode, ucs2_encode

__all__ = [
    "Alphabet",
    "Limits",
    "Segmentation",
    "choose_alphabet",
    "count_parts",
    "encode_parts",
    "gsm7_decode",
    "gsm7_encode",
    "gsm7_pack",
    "gsm7_unpack",
    "is_gsm7",
    "segment",
    "ucs2_decode",
    "ucs2_encode",
    "udh_fill_bits",
]
