"""Lists that are given in part: ``Range: items=1-100``, answered with 206 and Content-Range."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Final, Generic, TypeAlias, TypeVar

import msgspec

from ._marks import InHeader
from ._wire_forms import WireForm, form_of

__all__ = ["Items", "Page", "Range", "content_range", "of_content_range"]

T_co = TypeVar("T_co", covariant=True)


class Items(msgspec.Struct, frozen=True):
    """Which items of a list: the first is 1, and both ends are in it."""

    first: int
    last: int


class Page(msgspec.Struct, Generic[T_co], frozen=True):
    """Some of a list's items; ``first`` is the place of the first, from 1; ``total`` is how many
    there are, None if that was not said."""

    items: tuple[T_co, ...]
    first: int = 1
    total: int | None = None


def _read(text: str) -> Items:
    match = re.fullmatch(r"items *= *([0-9]{1,18})-([0-9]{1,18})", text.strip(), re.IGNORECASE)
    items = Items(int(match[1]), int(match[2])) if match else None
    if items is None or not 1 <= items.first <= items.last:
        raise ValueError("expected items=1-100")
    return items


def _write(items: Items) -> str:
    if not 1 <= items.first <= items.last < 10**18:
        raise ValueError("expected the first and the last item, counted from 1")
    return f"items={items.first}-{items.last}"


_ITEMS: Final[WireForm] = form_of("ITEMS", _read, _write, of=Items)
Range: TypeAlias = Annotated[Items, _ITEMS, InHeader("Range")]
"""A field that asks for a part of a list, in the header that HTTP has for it."""


def content_range(page: Page[object]) -> tuple[bool, str | None]:
    """Whether this is a part only, and what Content-Range says of it."""
    if page.total is None:
        return page.first > 1, None
    if not page.items:
        return False, f"items */{page.total}"
    last = page.first - 1 + len(page.items)
    return page.first > 1 or last < page.total, f"items {page.first}-{last}/{page.total}"


def of_content_range(headers: Mapping[str, str]) -> tuple[int, int | None]:
    """First and total of a Content-Range; 1 and None for one that cannot be read."""
    said = headers.get("content-range", "")
    pattern = r"items[ =]*(?:([0-9]{1,18})-[0-9]{1,18}|\*)/(?:([0-9]{1,18})|\*)"
    match = re.fullmatch(pattern, said.strip(), re.IGNORECASE)
    if match is None:
        return 1, None
    return int(match[1] or 1), int(match[2]) if match[2] else None
