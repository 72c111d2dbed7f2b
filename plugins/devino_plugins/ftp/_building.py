"""Archives on the disk: whole, before anything of them is sent."""

from __future__ import annotations

import re
import tempfile
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from datetime import datetime
from functools import partial
from itertools import chain, islice
from typing import IO, NamedTuple, TypeAlias

from devino_codecs import EncodeError
from devino_codecs.ftp import Archive, PlainArchive, Quoting, Row, TemplateArchive, Writer
from devino_core import Fill, InvalidMessage
from devino_core.phone import normalize

from ._plan import columns_of, date_cell, dates_of, on_one_line, template_of
from ._settings import FtpSettings
from ._threads import to_the_end

__all__ = ["Built", "Contact", "Mailing", "build", "build_all"]

Contact: TypeAlias = str | tuple[str, Mapping[str, str]]
"""A number, or a number and the values for the fields of the text."""

# So many rows are written at a time, in another thread: compressing them takes a while.
_BLOCK = 2000
_WHERE = re.compile(r"\[(\d+)\](?:\.(\w+))?")
# How the codec ends if a cell holds one. With the setting `line_break` none is left.
_LINE_BREAK = re.compile(r"U\+000[AD]$")
_FIELDS = {"phone": "to", "TELNR_LONG": "to", "senddate": "send_at", "sourceaddress": "sender"}


class Built(NamedTuple):
    """An archive that is written and not yet sent. Who sends it closes the file."""

    file: IO[bytes]
    rows: int
    size: int


class Mailing(NamedTuple):
    """What all contacts get. ``validity`` is in minutes."""

    text: str
    sender: str
    validity: int | None
    send_at: datetime | None


class _Misfit(Exception):
    """A row that cannot be written: its place in the archive, from 0, its column, and why."""

    def __init__(self, row: int | None, column: str, reason: str) -> None:
        super().__init__(reason)
        self.row = row
        self.column = column
        self.reason = reason


class _Archive:
    """An archive that is being written into a temporary file."""

    def __init__(self, archive: Archive, settings: FtpSettings) -> None:
        self.file: IO[bytes] = tempfile.TemporaryFile(dir=settings.temp_dir)  # noqa: SIM115
        try:
            self._writer = Writer(
                self.file, archive, encoding=settings.encoding, quoting=Quoting(settings.quoting)
            )
        except EncodeError as error:
            self.file.close()
            column = error.path.rpartition(".")[2]
            raise _Misfit(None, column, _reason(error)) from None

    @property
    def full(self) -> bool:
        return self._writer.full

    def write(self, rows: Iterable[Row]) -> int:
        """Write rows until it is full; how many it took. Raises _Misfit, and what ``rows`` raises;
        nothing is left of it then."""
        try:
            return self._writer.write(rows)
        except BaseException as error:
            self.drop()
            if not isinstance(error, EncodeError):
                raise
            place = _WHERE.fullmatch(error.path)
            row, column = (int(place[1]), place[2] or "") if place else (None, "")
            raise _Misfit(row, column, _reason(error)) from None

    def drop(self) -> None:
        """Leave nothing of it."""
        if not self.file.closed:
            self._writer.abandon()
            self.file.close()

    def end(self) -> Built:
        self._writer.close()
        size = self.file.tell()
        self.file.seek(0)
        return Built(self.file, self._writer.rows, size)


def _reason(error: EncodeError) -> str:
    """What is wrong, with the setting of the channel that allows it."""
    if _LINE_BREAK.search(error.reason):
        return f"{error.reason}: set `line_break` to what stands for a line break"
    return error.reason


def build(
    archive: Archive, rows: Sequence[Row], settings: FtpSettings, refs: Sequence[str]
) -> list[Built]:
    """Write these rows into archives.

    Raises InvalidMessage, with the ref of its row, for the first that cannot be written.
    """
    built: list[Built] = []
    waiting = iter(rows)
    done = 0
    try:
        while done < len(rows):
            under_way = _Archive(archive, settings)
            under_way.write(waiting)
            built.append(under_way.end())
            done += built[-1].rows
    except BaseException as error:
        for each in built:
            each.file.close()
        if isinstance(error, _Misfit):
            ref = refs[0 if error.row is None else done + error.row]
            raise InvalidMessage(_FIELDS.get(error.column, "text"), error.reason, ref=ref) from None
        raise
    return built


async def build_all(
    contacts: Iterable[Contact] | AsyncIterable[Contact], mailing: Mailing, settings: FtpSettings
) -> list[Built]:
    """Write all contacts into archives: as many archives as they need.

    Raises InvalidMessage, with ``row``, for the first contact that cannot be written.
    """
    built: list[Built] = []
    layout: _Layout | None = None
    under_way: _Archive | None = None
    before = done = 0
    try:
        async for block in _blocks(contacts):
            layout = layout or _Layout(block[0], mailing, settings)
            rows = layout.rows(block, 1 + done)
            for first in rows:
                rest = chain((first,), rows)
                if under_way is None:
                    under_way = _Archive(layout.archive, settings)
                    before = done
                done += await to_the_end(partial(under_way.write, rest))
                if under_way.full:
                    built.append(await to_the_end(under_way.end))
                    under_way = None
        if under_way is not None:
            built.append(await to_the_end(under_way.end))
    except BaseException as error:
        if under_way is not None:
            under_way.drop()
        for each in built:
            each.file.close()
        if isinstance(error, _Misfit):
            field = layout.field_of(error.column) if layout is not None else "text"
            row = None if error.row is None else before + error.row + 1
            raise InvalidMessage(field, error.reason, row=row) from None
        raise
    return built


async def _blocks(
    contacts: Iterable[Contact] | AsyncIterable[Contact],
) -> AsyncIterator[Sequence[Contact]]:
    block: list[Contact] = []
    if isinstance(contacts, AsyncIterable):
        async for contact in contacts:
            block.append(contact)
            if len(block) == _BLOCK:
                yield block
                block = []
    else:
        # Read here and not in another thread: a cursor of a database belongs to this one.
        source = iter(contacts)
        while block := list(islice(source, _BLOCK)):
            yield block
        return
    if block:
        yield block


class _Layout:
    """The columns of a mailing's archives, which the first contact decides."""

    def __init__(self, first: Contact, mailing: Mailing, settings: FtpSettings) -> None:
        dates = dates_of(mailing.send_at, settings)
        text = on_one_line(mailing.text, settings)
        self._settings = settings
        self._filled = not isinstance(first, str)
        self._text: str | Fill = text if isinstance(first, str) else Fill(text, first[1])
        found = None if settings.archive == "plain" else template_of(self._text)
        self._names = None if found is None else found[1]
        if settings.archive == "plain":
            self.archive: Archive = PlainArchive()
            return
        template, count = ("#attr1#", 1) if found is None else (found[0], len(found[1]))
        at = mailing.send_at
        # One time for all belongs into the template, in the clock that the columns would have.
        self.archive = TemplateArchive(
            text=template,
            sender=mailing.sender,
            validity=mailing.validity,
            send_at=None if at is None else datetime.fromisoformat(date_cell(at, settings)),
            local_time=dates.local_time,
            columns=columns_of(count, dated=False),
        )

    def rows(self, block: Sequence[Contact], first: int) -> Iterator[Row]:
        """The rows of these contacts, numbered from ``first`` on. Raises InvalidMessage."""
        names = self._names
        for number, contact in enumerate(block, first):
            if isinstance(contact, str) is self._filled:
                wanted = "values as the first has" if self._filled else "no values, as the first"
                raise InvalidMessage("contacts", f"expected {wanted}", row=number)
            to, values = (contact, {}) if isinstance(contact, str) else contact
            try:
                cells = [normalize(to)]
            except ValueError as error:
                raise InvalidMessage("to", str(error), row=number) from None
            try:
                if names is None:
                    cells.append(self._rendered(values))
                else:
                    cells += [values[name] for name in names]
            except KeyError as error:
                raise InvalidMessage(str(error.args[0]), "has no value", row=number) from None
            if self._settings.line_break is not None:
                cells = [on_one_line(cell, self._settings) for cell in cells]
            yield cells

    def field_of(self, column: str) -> str:
        """What a caller calls a column."""
        if self._names and column.startswith("attr"):
            return self._names[int(column.removeprefix("attr")) - 1]
        return _FIELDS.get(column, "text")

    def _rendered(self, values: Mapping[str, str]) -> str:
        text = self._text
        return text if isinstance(text, str) else text.spelt(values.__getitem__)
