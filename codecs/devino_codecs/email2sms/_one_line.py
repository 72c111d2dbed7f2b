"""The two bodies on one line, with ``;`` between the fields: with marks at the ends, and bare."""

from __future__ import annotations

import re
from typing import Final

from devino_codecs.errors import DecodeError, EncodeError

from ._values import Base64, Semicolon, blank, from_wire, to_wire

__all__ = ["opens", "read_base64", "read_semicolon", "write_base64", "write_semicolon"]

_START: Final = "StartWithPoint;"
_END: Final = ";EndWithPoint"
_ANY_START: Final = re.compile(r"\s*StartWithPoint\s*;")
_ANY_END: Final = re.compile(r";\s*EndWithPoint")
# A mail client folds at a blank, and keeps or drops it. After ";" there was no blank to drop.
_FOLD_AFTER_BLANK: Final = re.compile(r"(?<=[;\s])\n")


def write_semicolon(value: Semicolon) -> str:
    """The body of a checked value.

    :raises EncodeError: the text would end early.
    """
    body = write_base64(value) + _END
    # A reader will look for the first end mark after the fields.
    end = _ANY_END.search(body, len(body) - len(_END) - len(value.text))
    if end is None or end.end() != len(body):
        raise EncodeError(f"it holds the end mark {_END!r}", path="text")
    return _START + body


def write_base64(value: Semicolon | Base64) -> str:
    """The body of a checked value, before base64."""
    return ";".join((*to_wire(value), value.text))


def opens(line: str) -> bool:
    """Whether this is the line of a :class:`Semicolon`."""
    return _ANY_START.match(line) is not None


def read_semicolon(lines: list[str]) -> Semicolon:
    """What the line says, not yet checked. It ignores anything before and after the marks.

    :raises DecodeError: a mark or a field is missing.
    """
    for at, line in enumerate(lines):
        if start := _ANY_START.match(line):
            *fields, text = _split([line[start.end() :], *lines[at + 1 :]])
            end = _ANY_END.search(text)
            if end is None:
                raise DecodeError(f"the end mark {_END!r} is missing")
            return from_wire(Semicolon, fields, text[: end.start()])
    raise DecodeError(f"the start mark {_START!r} is missing")


def read_base64(lines: list[str]) -> Base64:
    """What the line says, not yet checked.

    :raises DecodeError: a field is missing.
    """
    *fields, text = _split(lines)
    return from_wire(Base64, fields, text)


def _split(lines: list[str]) -> list[str]:
    """The four fields and the text of a line that may have been folded into several."""
    end = len(lines)
    while end > 1 and blank(lines[end - 1]):
        end -= 1
    line = lines[0]
    if end > 1:
        line = _FOLD_AFTER_BLANK.sub("", "\n".join(lines[:end])).replace("\n", " ")
    fields = line.split(";", 4)  # the text may hold ';' itself
    if len(fields) < 5:
        names = ";".join(name for _, name in Base64.fields)
        raise DecodeError(f"{len(fields)} fields where 5 are due: {names};text")
    return fields
