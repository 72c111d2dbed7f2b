"""Values and foreign text as people see them on a terminal."""

from __future__ import annotations

from datetime import datetime

__all__ = ["cell", "one_line"]


def one_line(text: str) -> str:
    """Foreign text without control characters, so a terminal or a table can show it."""
    if text.isprintable():
        return text
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode() for char in text
    )


def cell(value: object) -> str:
    """A value as a table shows it to people. A time is in this computer's zone."""
    if value is None:
        return ""
    if isinstance(value, list | tuple | set | frozenset):
        return " ".join(map(cell, value))
    if isinstance(value, datetime):
        return value.astimezone().isoformat(sep=" ", timespec="seconds")
    return one_line(str(value))
