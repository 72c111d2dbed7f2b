"""Phone numbers as the platform takes them: 79031234567, +79031234567, 89031234567."""

from __future__ import annotations

import re
from collections.abc import Sequence

__all__ = ["are_normal", "check_region", "normalize"]

_PLAIN = re.compile(r"[0-9 ()+.-]*")
_DIGITS = re.compile(r"[0-9]{7,15}")
_DASHES_AND_DOTS = str.maketrans("", "", " -.()")
_BLANK = frozenset({"Cf", "Zs"})
"""The categories of what nobody sees: marks of direction, soft hyphens, blanks of any width."""
_POWER = re.compile(r"\s*\+?[0-9]+(?:[.,][0-9]*)?[eE]\+?[0-9]{1,3}\s*")
_ZERO_IN_BRACKETS = re.compile(r"[0-9]\(0")
_NO_COUNTRY = ("83", "89")
"""No country code begins so."""
_TRUNK = (*_NO_COUNTRY, "80")
"""Here an 8 is Russia's trunk prefix: +800, the freephones of no country, take no message."""
_ABROAD = "810"
"""In Japan, whose country code is 81, no number has a 0 after it."""
# What a number of this first digit has at least, where it is not written with a "+". A shorter one
# is a national number in most tables.
_SHORTEST = {"8": 12, "9": 11}


def are_normal(numbers: Sequence[str]) -> bool:
    """Whether :func:`normalize` gives each of these back as it is: eleven digits that begin with 7.

    For a mail-out this takes a fraction of the time; False says nothing.
    """
    together = "".join(numbers)
    return (
        together.isascii()
        # Of bytes, and so of ASCII alone: a text looks every character up in Unicode's tables.
        and together.encode().isdigit()
        and {11}.issuperset(map(len, numbers))
        and together[::11] == "7" * len(numbers)
    )


def normalize(number: str, region: str | None = None) -> str:
    """The digits of an international number, without ``+``.

    Blanks, dashes, brackets, dots between groups and invisible marks are dropped. An 11-digit
    number with the Russian trunk prefix 8 gets its country code 7.

    Raises ValueError, whose text says why, for anything else. That includes what would reach
    somebody else: a number of Russia or Kazakhstan without its ten digits after the 7, a number
    without its country code, a trunk prefix that another country's code may be, Russia's prefix
    for calls abroad, and the fraction that a spreadsheet adds.

    ``region`` is a country by its two letters, such as ``RU``. A number without ``+`` is then read
    as people of that country write it, if that makes a number: ten digits that begin with 9 get
    Russia's 7. It needs the extra ``phone``. Any other number is read as without a region.

    >>> normalize("+7 (916) 123-45-67"), normalize("89161234567")
    ('79161234567', '79161234567')
    >>> normalize("916 123-45-67", "RU"), normalize("+90 312 123 45 67", "RU")
    ('79161234567', '903121234567')
    """
    if not isinstance(number, str):
        raise _wrong(f"expected str, got {type(number).__name__}")
    # Most numbers are written so.
    if len(number) == 11 and number[0] == "7" and number.isdecimal() and number.isascii():
        return number
    if _POWER.fullmatch(number):
        raise _wrong(
            "a spreadsheet has written it in powers of ten, and lost its last digits: format the "
            "column as text there, and save it again"
        )
    written = _cleared(number)
    _check_marks(written)
    digits = written.translate(_DASHES_AND_DOTS)
    international = digits.startswith(("+", "00"))
    digits = digits.removeprefix("+") if digits.startswith("+") else digits.removeprefix("00")
    if region is not None and not international and (found := _of_region(digits, region)):
        return found
    if digits.startswith(_ABROAD):
        raise _wrong("8 10 is how Russia dials abroad: write + in its place")
    if _DIGITS.fullmatch(digits) is None or digits[0] == "0":
        raise _wrong("expected 7 to 15 digits with the country code, as in +79031234567")
    return _checked(digits) if international else _national(digits)


def check_region(region: str) -> None:
    """Raise ValueError for what is no ``region`` of :func:`normalize`.

    Raises ImportError where the extra ``phone`` is missing.
    """
    from phonenumbers import SUPPORTED_REGIONS

    if region not in SUPPORTED_REGIONS:
        raise ValueError(f"{region!r} is no country: write its two letters, as RU")


def _wrong(reason: str) -> ValueError:
    return ValueError(f"not a phone number in international format: {reason}")


def _cleared(number: str) -> str:
    """The number with plain blanks and dashes, without what nobody sees."""
    if _PLAIN.fullmatch(number):
        return number
    # A megabyte, which most programs never need.
    import unicodedata

    cleared = []
    for at, char in enumerate(number):
        category = unicodedata.category(char)
        if _PLAIN.fullmatch(char):
            cleared.append(char)
        elif category == "Pd" or char == "\N{MINUS SIGN}":
            cleared.append("-")
        elif "@" in number:
            raise _wrong("it is an e-mail address: only mails (`medium` EMAIL) go to one")
        elif category not in _BLANK:
            name = unicodedata.name(char, "control character")
            raise _wrong(f"U+{ord(char):04X} {name} at position {at}")
    return "".join(cleared)


def _check_marks(written: str) -> None:
    """Raise where a bracket or a dot does not only part groups of digits."""
    if "+" in written.strip(" (")[1:]:
        raise _wrong("a plus sign in the middle")
    bare = written.replace(" ", "").replace("-", "")
    if _ZERO_IN_BRACKETS.search(bare):
        raise _wrong("a zero in brackets: write it as it is dialled from abroad")
    if "." in bare:
        dots, last = bare.count("."), bare.rpartition(".")[2]
        # 79161234567.0 and 79161234567.00 are numbers that a program took for a sum.
        if len(last) < (4 if dots == 1 else 2):
            raise _wrong("it ends in a fraction, as spreadsheets write it: keep numbers as text")


def _checked(digits: str) -> str:
    """A number with its country code."""
    if digits[0] == "7" and len(digits) != 11:
        raise _wrong(f"ten digits come after the 7 of Russia and Kazakhstan, not {len(digits) - 1}")
    if digits.startswith(_NO_COUNTRY):
        raise _wrong(f"no country code begins with {digits[:2]}: after + Russia's is 7")
    return digits


def _of_region(digits: str, region: str) -> str | None:
    """What these digits are where people of a country write them; None if no number of theirs."""
    if region == "RU" and len(digits) == 10 and digits[0] == "9":
        # Russia gives such ranges to its operators year by year, and tables come later.
        return f"7{digits}"
    # Few programs need it, and its import takes longer than that of all the rest.
    import phonenumbers

    if phonenumbers.ndd_prefix_for_region(region, True) == "0" and digits[0] != "0":
        # There a number without its zero is one of another country, or of nobody.
        return None
    try:
        parsed = phonenumbers.parse(digits, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")


def _national(digits: str) -> str:
    """A number of which nobody said that it has its country code."""
    if digits.startswith(_TRUNK):
        if len(digits) != 11:
            raise _wrong(f"ten digits come after Russia's 8, not {len(digits) - 1}")
        return "7" + digits[1:]
    if len(digits) < _SHORTEST.get(digits[0], 0):
        if digits[0] == "8" and len(digits) == 11:
            raise _wrong(
                "the 8 may be Russia's trunk prefix or begin another country's code: write +7 and "
                "ten digits, or + and the other code"
            )
        raise _wrong(
            f"{len(digits)} digits that begin with {digits[0]} lack the country code: write it "
            "first, as +7 of Russia; if they have it, write + before them; the client's setting "
            "`default_region` says whose numbers are written without it"
        )
    return _checked(digits)
