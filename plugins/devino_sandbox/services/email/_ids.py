"""The ids of messages as this wire has them: the World's, in base 62."""

from __future__ import annotations

import string

__all__ = ["number_of", "wire_id"]

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_VALUES = {digit: value for value, digit in enumerate(_DIGITS)}
_LENGTH = 11


def wire_id(number: int) -> str:
    """11 letters and digits."""
    digits = []
    for _ in range(_LENGTH):
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))


def number_of(text: str) -> int | None:
    """The number of an id; None for what is none."""
    if len(text) != _LENGTH or not set(text) <= _VALUES.keys():
        return None
    number = 0
    for digit in text:
        number = number * 62 + _VALUES[digit]
    return number
