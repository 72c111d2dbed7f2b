"""What msgspec says of a value that does not fit, with types as people call them."""

from __future__ import annotations

import re
from typing import NamedTuple

__all__ = ["Misfit", "misfit"]

_TYPES = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
}
_MISSING = re.compile("Object missing required field (`[^`]*`)")


class Misfit(NamedTuple):
    """A value that does not fit. As a text it is both, in this order."""

    place: str
    """As in ``account[0].login``; "" for the whole."""
    said: str
    """What is wrong there. It never tells a value of the wrong type, which may be a secret."""

    def __str__(self) -> str:
        return ": ".join(filter(None, self))


def misfit(error: Exception, *, table: str = "a table") -> Misfit:
    """What msgspec's error says. ``table`` is what the format calls its tables."""
    said, at, path = str(error).rpartition(" - at `$")
    if not at:
        said, path = str(error), ""
    if missing := _MISSING.fullmatch(said):
        said = f"needs {missing[1]}"
    elif said.startswith("Expected "):
        names = {**_TYPES, "object": table}
        said = re.sub(r"`([^`]*)`", lambda found: _named(found[1], names), said)
    return Misfit(path.rstrip("`").removeprefix("."), f"{said[:1].lower()}{said[1:]}")


def _named(types: str, names: dict[str, str]) -> str:
    known = [names.get(one, one) for one in types.split(" | ") if one != "null"]
    return " or ".join(known) or "nothing"
