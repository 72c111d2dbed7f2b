"""Phone numbers as the platform takes them: 79031234567, +79031234567, 89031234567."""

from __future__ import annotations

import re

__all__ = ["normalize"]

_PUNCTUATION = str.maketrans("", "", " \u00a0\u2011-().")
_E164 = re.compile(r"[1-9][0-9]{6,14}")


def normalize(number: str) -> str:
    """The digits of an international number, without ``+``.

    Blanks, dashes, dots and brackets are dropped; an 11-digit number with the Russian trunk
    prefix 8 gets its country code 7. Raises ValueError for anything else.

    >>> normalize("+7 (916) 123-45-67"), normalize("89161234567")
    ('79161234567', '79161234567')
    """
    international, digits = False, number
    # Most numbers are written so, and this takes a third of the expression's time.
    plain = number.isdecimal() and number.isascii() and 7 <= len(number) <= 15 and number[0] != "0"
    if not plain:
        digits = number.translate(_PUNCTUATION)
        international = digits.startswith("+")
        digits = digits.removeprefix("+") if international else digits.removeprefix("00")
        if _E164.fullmatch(digits) is None:
            raise ValueError(
                "not a phone number in international format: 7 to 15 digits with the country "
                "code, as in +79031234567"
            )
    # No country code begins with 89, so this can only be the trunk prefix and a mobile number.
    if not international and len(digits) == 11 and digits.startswith("89"):
        return "7" + digits[1:]
    return digits
