"""The body in lines: four named fields and the text, between two marks."""

from __future__ import annotations

import re
from typing import Final

from devino_codecs.errors import DecodeError, EncodeError

from ._values import Template, blank, from_wire, to_wire

__all__ = ["opens", "read", "write"]

_START: Final = "==|| НАЧАЛО ТЕКСТА ||=="
_END: Final = "==|| КОНЕЦ ТЕКСТА ||=="
# The marks as people retype them.
_ANY_START: Final = re.compile(r"\s*==\s*\|\|\s*НАЧАЛО\s+ТЕКСТА\s*\|\|\s*==\s*", re.IGNORECASE)
_ANY_END: Final = re.compile(r"\s*==\s*\|\|\s*КОНЕЦ\s+ТЕКСТА\s*\|\|\s*==\s*", re.IGNORECASE)

_KEYS: Final = {key.lower(): key for _, key in Template.fields}
_NUMBERS: Final = "PhoneNumber"


def write(value: Template) -> str:
    """The body of a checked value, CRLF between its lines and none at its end.

    :raises EncodeError: a line of the text would end it.
    """
    lines = [_START]
    for (_, key), field in zip(value.fields, to_wire(value), strict=True):
        lines.append(f"{key}={field}")
    if value.text:
        text = value.text.split("\n")
        # "||" first: most texts are spared the regular expression.
        if "||" in value.text and any(map(_ANY_END.fullmatch, text)):
            raise EncodeError(f"a line of it is the end mark {_END!r}", path="text")
        lines += text
    lines.append(_END)
    return "\r\n".join(lines)


def opens(line: str) -> bool:
    """Whether a template may begin with this line: the start mark, or any field."""
    return _key(line) is not None or _ANY_START.fullmatch(line) is not None


def read(lines: list[str]) -> Template:
    """What the lines say, not yet checked.

    Anything before the start mark or the first field, and anything after the end mark, is a mail
    client's greeting or signature. The start mark and the blank lines may be missing.

    :raises DecodeError: a field or the end mark is missing, or a field comes twice.
    """
    at = next((i for i, line in enumerate(lines) if opens(line)), len(lines))
    fields: dict[str, str] = {}
    indent = ""
    while len(fields) < len(_KEYS) and at < len(lines):
        line = lines[at]
        at += 1
        if blank(line) or _ANY_START.fullmatch(line):
            continue
        key = _key(line)
        if key is None:
            break
        if key in fields:
            raise DecodeError("given twice", path=key)
        field = line.partition("=")[2].strip()
        if key == _NUMBERS:
            field, at = _continued(field, lines, at)
        fields[key] = field
        indent = line[: len(line) - len(line.lstrip())]
    for _, key in Template.fields:
        if key not in fields:
            raise DecodeError("the line is missing", path=key)

    end = next((i for i in range(at, len(lines)) if _ANY_END.fullmatch(lines[i])), None)
    if end is None:
        raise DecodeError(f"the end mark {_END!r} is missing")
    while at < end and blank(lines[at]):
        at += 1
    while end > at and blank(lines[end - 1]):
        end -= 1
    # The manual prints the body indented, and people copy what they see.
    text = "\n".join(line.removeprefix(indent) for line in lines[at:end])
    return from_wire(Template, (fields[key] for _, key in Template.fields), text)


def _key(line: str) -> str | None:
    name, equals, _ = line.partition("=")
    return _KEYS.get(name.strip().lower()) if equals else None


def _continued(numbers: str, lines: list[str], at: int) -> tuple[str, int]:
    """The numbers, with those that a mail client folded to further lines, and the next line.

    In the manual every number after a comma begins with ``+``. If a list ends with a comma and the
    text begins with ``+``, the text cannot be told from a number.
    """
    parts = [numbers]
    while parts[-1].endswith(",") and at < len(lines) and lines[at].lstrip().startswith("+"):
        parts.append(lines[at].strip())
        at += 1
    return "".join(parts), at
