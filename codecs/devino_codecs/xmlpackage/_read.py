"""Reads whole packages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from devino_codecs._sizes import check_bytes
from devino_codecs._xml import MAX_SIZE, Element, local_name, parse
from devino_codecs.errors import DecodeError

from ._layout import (
    ANSWER,
    CREDENTIALS,
    DEFAULT,
    ERROR,
    MESSAGE,
    MESSAGE_RESULT,
    REQUEST,
    STATUS_REQUEST,
    STATUS_RESULT,
    Layout,
)
from ._plain import read_plain
from ._rows import LostRow, Row
from ._values import Answer, Package, PackageError

__all__ = ["decode_answer", "decode_request"]


def decode_request(data: bytes, *, max_size: int = MAX_SIZE) -> Package:
    """A package as Send.ashx and Statistics.ashx take it (chapter 6).

    Elements are found by local name, also in upper case. Unknown attributes are ignored. An absent
    login, password or recipient is ``""``: the platform decides whether to refuse it. A wrong id or
    date is told by its message (:attr:`Message.unread`). Raises :exc:`DecodeError` for a package
    that cannot be read as a whole.
    """
    root = parse(data, max_size=max_size)
    found = _rows(root, REQUEST)
    if len(found[DEFAULT]) > 1:
        raise DecodeError("more than one default", path="message.default")
    credentials = CREDENTIALS.read(root.get, "")
    return Package(
        login=credentials.login,
        password=credentials.password,
        default=next(iter(found[DEFAULT]), None),
        messages=tuple(found[MESSAGE]),
        statuses=tuple(found[STATUS_REQUEST]),
    )


def decode_answer(data: bytes, *, max_size: int = MAX_SIZE) -> Answer:
    """Read an answer of Send.ashx or Statistics.ashx (chapter 6).

    A package error may stand in ``<error>``, as in the manual, or be the text of ``<package>``
    itself. A character that XML does not allow becomes U+FFFD. An attribute that cannot be read is
    as if absent, and a result whose code cannot be read is left out. Raises :exc:`DecodeError`.
    """
    check_bytes(data)
    plain = read_plain(data) if len(data) <= max_size else None
    if plain is not None:
        return Answer(messages=plain)
    return decode_any_answer(data, max_size=max_size)


def decode_any_answer(data: bytes, *, max_size: int = MAX_SIZE) -> Answer:
    """Read any answer through a tree."""
    root = parse(data, max_size=max_size, mend=True)
    found = _rows(root, ANSWER)
    errors: list[PackageError] = found[ERROR]
    if not len(root) and (root.text or "").strip():
        errors = [ERROR.read(root.get, (root.text or "").strip())]
    return Answer(
        messages=tuple(found[MESSAGE_RESULT]),
        statuses=tuple(found[STATUS_RESULT]),
        error=next(iter(errors), None),
    )


def _rows(root: Element, layout: Layout) -> dict[Row[Any], list[Any]]:
    if local_name(root.tag).lower() != "package":
        raise DecodeError("the document is not a <package>")
    found: dict[Row[Any], list[Any]] = {
        row: [] for rows in layout.values() for row in rows.values()
    }
    for section in root:
        name = local_name(section.tag).lower()
        for tag, row in layout.get(name, {}).items():
            values = found[row]
            # The spellings that writers have: a filter in C takes half the time of one in Python.
            tags = [f"{{*}}{name}" for name in (tag, tag.upper(), tag.capitalize())]
            elements = section.iterchildren(*tags) if tag else (section,)
            try:
                _read_all(row, elements, values)
            except DecodeError as exc:
                exc.path = _path(name, tag, len(values), exc.path)
                raise
    return found


def _read_all(row: Row[Any], elements: Iterable[Element], values: list[Any]) -> None:
    read = row.read
    for element in elements:
        if len(element):
            raise DecodeError("text is expected, not an element", path="text")
        try:
            values.append(read(element.get, element.text or ""))
        except LostRow:
            continue


def _path(section: str, tag: str, index: int, field: str) -> str:
    return f"{section}.{tag}[{index}].{field}" if tag else f"{section}.{field}"
