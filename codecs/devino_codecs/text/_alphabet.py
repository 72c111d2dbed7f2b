"""The two alphabets of SMS, and the choice between them."""

from __future__ import annotations

from enum import Enum

from ._gsm7 import is_gsm7

__all__ = ["Alphabet", "choose_alphabet"]


class Alphabet(Enum):
    """How the characters of an SMS are written; the value is SMPP's ``data_coding``.

    It is also the TP-DCS octet (TS 23.038, 4) of a message that has no class.
    """

    GSM7 = 0x00
    """The GSM 7 bit default alphabet: one septet a character, two for ``^{}\\[~]|€`` and form feed.
    """
    UCS2 = 0x08
    """UTF-16BE: one 16-bit unit a character, two beyond the BMP (most emoji)."""


def choose_alphabet(text: str) -> Alphabet:
    """GSM7 if it can write the whole text, else UCS2. Encoding will find a lone surrogate."""
    return Alphabet.GSM7 if is_gsm7(text) else Alphabet.UCS2
