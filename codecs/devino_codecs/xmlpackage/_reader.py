"""Reads packages row by row, from pieces of any size, in flat memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Generic, TypeAlias, TypeVar

from devino_codecs._xml import MAX_RUN, Feed, Target, local_name
from devino_codecs.errors import DecodeError

from ._layout import ANSWER, CREDENTIALS, DEFAULT, ERROR, REQUEST, Layout
from ._rows import LostRow, Row
from ._values import (
    Credentials,
    Default,
    Message,
    MessageResult,
    PackageError,
    StatusRequest,
    StatusResult,
)

__all__ = ["AnswerItem", "AnswerReader", "RequestItem", "RequestReader"]

RequestItem: TypeAlias = Credentials | Default | Message | StatusRequest
AnswerItem: TypeAlias = MessageResult | StatusResult | PackageError

Item = TypeVar("Item")


class _Reader(Generic[Item]):
    def __init__(self, rows: _Rows) -> None:
        self._rows = rows
        self._feed = Feed(rows)

    def feed(self, data: bytes) -> list[Item]:
        """Take the next bytes and give the rows that they complete.

        Raises :exc:`DecodeError`, but first gives the rows before the error.
        """
        try:
            self._feed.feed(data)
        except DecodeError:
            # The feed raises the same error again at the next call.
            if not self._rows.items:
                raise
        return self._take()

    def close(self) -> list[Item]:
        """End the document and give the last rows. Raises :exc:`DecodeError` if it breaks off."""
        self._feed.close()
        return self._take()

    def _take(self) -> list[Item]:
        items: list[Item] = self._rows.items
        self._rows.items = []
        return items


class RequestReader(_Reader[RequestItem]):
    """A request in pieces: first :class:`Credentials`, then the rows.

    Do nothing for a row before :meth:`close` has returned: a package that breaks off is refused as
    a whole. A default must stand before its messages.
    """

    def __init__(self) -> None:
        super().__init__(_Rows(REQUEST, attributes=CREDENTIALS))


class AnswerReader(_Reader[AnswerItem]):
    """An answer in pieces. Every given result is valid, even if the answer breaks off later."""

    def __init__(self) -> None:
        super().__init__(_Rows(ANSWER, text=ERROR))


class _Rows(Target):
    """Turns elements into rows; ``items`` collects them until they are taken.

    The document element may hold a row in its ``attributes``, and one in its ``text`` if it has no
    child elements.
    """

    def __init__(
        self, layout: Layout, *, attributes: Row[Any] | None = None, text: Row[Any] | None = None
    ) -> None:
        self.items: list[Any] = []
        self._layout = layout
        self._root_attributes = attributes
        self._root_text = text
        self._depth = 0
        self._section = ""
        self._section_rows: dict[str, Row[Any]] = {}
        self._row: Row[Any] | None = None
        self._tag = ""
        self._attributes: Mapping[str, str] = {}
        self._text: list[str] = []
        self._length = 0
        self._counts: dict[Row[Any], int] = {}

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._row is not None:
            raise DecodeError("text is expected, not an element", path=self._path("text"))
        name = local_name(tag).lower()
        if self._depth == 3:
            self._begin(name, self._section_rows.get(name), attributes)
        elif self._depth == 2:
            self._section, self._section_rows = name, self._layout.get(name, {})
            self._begin("", self._section_rows.get(""), attributes)
        elif self._depth == 1:
            if name != "package":
                raise DecodeError("the document is not a <package>")
            if self._root_attributes is not None:
                self.items.append(self._root_attributes.read(attributes.get, ""))

    def _begin(self, tag: str, row: Row[Any] | None, attributes: Mapping[str, str]) -> None:
        if row is None:
            return
        if row is DEFAULT and self._counts:
            raise DecodeError("a default comes first, and once", path=f"{self._section}.{tag}")
        self._row, self._tag, self._attributes = row, tag, attributes
        self._text, self._length = [], 0

    def data(self, text: str) -> None:
        if self._row is None and (self._section or self._root_text is None):
            return
        self._text.append(text)
        self._length += len(text)
        if self._length > MAX_RUN:
            raise DecodeError(f"more than {MAX_RUN} characters", path=self._path("text"))

    def end(self, tag: str) -> None:
        self._depth -= 1
        row, text = self._row, ""
        if row is not None:
            text = "".join(self._text)
        elif self._depth == 0 and not self._section and self._root_text is not None:
            text = "".join(self._text).strip()
            row = self._root_text if text else None
        if row is None:
            return
        try:
            self.items.append(row.read(self._attributes.get, text))
        except LostRow:
            pass
        except DecodeError as exc:
            exc.path = self._path(exc.path)
            raise
        self._counts[row] = self._counts.get(row, 0) + 1
        self._row = None

    def _path(self, field: str) -> str:
        if not self._tag:
            return f"{self._section}.{field}" if self._section else field
        index = 0 if self._row is None else self._counts.get(self._row, 0)
        return f"{self._section}.{self._tag}[{index}].{field}"
