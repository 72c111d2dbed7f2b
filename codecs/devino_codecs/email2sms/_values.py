"""What a mail to the gateway says: one value for each body format, and the checks of its fields."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, ClassVar, TypeVar

from devino_codecs._masked import SECRET, Masked
from devino_codecs.errors import CodecError

__all__ = [
    "Base64",
    "Semicolon",
    "Submission",
    "Template",
    "blank",
    "check",
    "from_wire",
    "to_wire",
]

_CONTROL = r"\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff"
_IN_FIELD = re.compile(f"[{_CONTROL}]")
_IN_ONE_LINE_FIELD = re.compile(f"[{_CONTROL};]")
# Of these a text may hold tabs and line breaks; mail damages the others.
_IN_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NUMBER = re.compile(r"\+?[0-9]{1,15}")
_NUMBERS = re.compile(f"{_NUMBER.pattern}(?:,{_NUMBER.pattern})*")
_NUMBER_NOISE = re.compile(r"[\s\-().]")


class Submission(Masked, frozen=True, kw_only=True):
    """One text to several numbers, with the account that pays for it (chapter 4).

    Use one of the formats: :class:`Template`, :class:`Semicolon`, :class:`Base64`. ``numbers``
    are digits in international form, with or without ``+``, and travel as given; ``text`` has
    ``\\n`` between its lines. ``repr`` shows neither login nor password.
    """

    login: Annotated[str, SECRET]
    password: Annotated[str, SECRET]
    sender: str
    numbers: tuple[str, ...]
    text: str

    max_numbers: ClassVar[int] = 20
    """How many numbers one mail may carry."""
    one_line: ClassVar[bool] = False
    """Whether the format is one line, with ``;`` between its fields and no line break."""
    fields: ClassVar[tuple[tuple[str, str], ...]] = ()
    """The attribute and the wire name of each field before the text, in the wire's order."""


S = TypeVar("S", bound=Submission)


class Template(Submission, frozen=True, kw_only=True):
    """``UserLogin=``, ``Password=``, ``SourceAddress=`` and ``PhoneNumber=`` lines and the text,
    between two marks: the body of plain Email2SMS.

    It keeps line breaks in the text. At most 20 numbers.
    """

    fields: ClassVar[tuple[tuple[str, str], ...]] = (
        ("login", "UserLogin"),
        ("password", "Password"),
        ("sender", "SourceAddress"),
        ("numbers", "PhoneNumber"),
    )


class Semicolon(Submission, frozen=True, kw_only=True):
    """``StartWithPoint;login;password;mobilenumber;sourceaddress;text;EndWithPoint`` on one line:
    AddonToEmail2SMS.

    At most 20 numbers, like plain Email2SMS: its own section names no limit.
    """

    one_line: ClassVar[bool] = True
    fields: ClassVar[tuple[tuple[str, str], ...]] = (
        ("login", "login"),
        ("password", "password"),
        ("numbers", "mobilenumber"),
        ("sender", "sourceaddress"),
    )


class Base64(Submission, frozen=True, kw_only=True):
    """``login;password;mobilenumber;sourceaddress;text`` in base64 under the subject ``MODEB64``:
    AddonToEmail2SMS_Base64.

    At most 1000 numbers.
    """

    max_numbers: ClassVar[int] = 1000
    one_line: ClassVar[bool] = True
    fields: ClassVar[tuple[tuple[str, str], ...]] = Semicolon.fields


def blank(line: str) -> bool:
    """Whether a line holds nothing visible."""
    return not line or line.isspace()


def to_wire(value: Submission) -> list[str]:
    """The fields of a checked value that stand before the text, in the wire's order."""
    fields = [getattr(value, attribute) for attribute, _ in value.fields]
    return [field if isinstance(field, str) else ",".join(field) for field in fields]


def from_wire(kind: type[S], fields: Iterable[str], text: str) -> S:
    """The value of these fields, however people wrote them. It is not yet checked."""
    attributes = (attribute for attribute, _ in kind.fields)
    named = {name: field.strip() for name, field in zip(attributes, fields, strict=True)}
    return kind(
        login=named["login"],
        password=named["password"],
        sender=named["sender"],
        numbers=_split_numbers(named["numbers"]),
        text=text,
    )


def _split_numbers(field: str) -> tuple[str, ...]:
    """The numbers in ``+7 (916) 123-45-67, 79031234567,``."""
    if not _NUMBERS.fullmatch(field):
        field = _NUMBER_NOISE.sub("", field)
    return tuple(filter(None, field.split(",")))


def check(value: Submission, error: type[CodecError]) -> None:
    """Raise ``error`` if the value holds something that its format cannot carry.

    Writing and reading share this rule, so any value that was read can be written again. No reason
    quotes a field: these mails hold passwords.
    """
    forbidden = _IN_ONE_LINE_FIELD if value.one_line else _IN_FIELD
    for attribute, name in value.fields:
        field: object = getattr(value, attribute)
        if attribute == "numbers":
            _check_numbers(field, value.max_numbers, name, error)
            continue
        if not isinstance(field, str):
            raise error(f"expected str, not {type(field).__name__}", path=name)
        if not field:
            raise error("is empty", path=name)
        if forbidden.search(field):
            also = " and no ';'" if value.one_line else ""
            raise error(f"may hold no line break, no control character{also}", path=name)
        if field != field.strip():
            raise error("may not begin or end with a blank", path=name)
    _check_text(value.text, error, one_line=value.one_line)


def _check_numbers(numbers: object, limit: int, name: str, error: type[CodecError]) -> None:
    if not isinstance(numbers, tuple):
        raise error(f"expected a tuple of str, not {type(numbers).__name__}", path=name)
    if not numbers:
        raise error("no number given", path=name)
    if len(numbers) > limit:
        raise error(f"{len(numbers)} numbers, and one mail carries at most {limit}", path=name)
    if not _well_formed(numbers):
        wrong = next(
            i
            for i, number in enumerate(numbers)
            if not isinstance(number, str) or not _NUMBER.fullmatch(number)
        )
        raise error("expected 1 to 15 digits, with or without '+'", path=f"{name}[{wrong}]")


def _well_formed(numbers: tuple[str, ...]) -> bool:
    """Check all numbers with one match: there may be a thousand."""
    try:
        joined = ",".join(numbers)
    except TypeError:
        return False
    # A comma within a number would make two numbers of it.
    return joined.count(",") < len(numbers) and _NUMBERS.fullmatch(joined) is not None


def _check_text(text: object, error: type[CodecError], *, one_line: bool) -> None:
    if not isinstance(text, str):
        raise error(f"expected str, not {type(text).__name__}", path="text")
    if found := _IN_TEXT.search(text):
        raise error(f"may not hold the control character U+{ord(found[0]):04X}", path="text")
    if one_line:
        if "\n" in text:
            raise error("has a line break, and the format is one line", path="text")
    elif text:
        lines = text.split("\n")
        if blank(lines[0]) or blank(lines[-1]):
            raise error("a blank line at its beginning or end would be lost", path="text")
