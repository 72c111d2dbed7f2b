"""Sends a file: checks all of it, then sends it, with a journal if one is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import msgspec
import rich_click as click

from devino_core import Medium, Message

from ._checking import BadRows, Part, parts_of
from ._csv import Layout, Row, Rows
from ._delivery import BATCH, GRACE, Delivery
from ._exit import ExitCode
from ._following import Following
from ._journal import Journal, JournalHead
from ._merge import Merged
from ._pace import Pace
from ._resuming import Logged
from ._source import Source
from ._survey import Survey
from ._table import InvalidRow
from ._tally import Tally
from .toolkit import App

__all__ = ["BulkOptions", "one_part", "send_file", "survey_file", "with_fallback"]


class BulkOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of ``send`` that are for files alone."""

    layout: Layout
    unique: bool = False
    skip_invalid: bool = False
    journal: str | None = None
    resume: bool = False
    ask: bool = False
    rate: float | None = None
    grace: float = GRACE

    def check(self) -> None:
        """Raise UsageError for options that do not go together."""
        if self.journal is None and self.resume:
            raise click.UsageError("--resume needs --journal FILE")
        if self.ask and not self.resume:
            raise click.UsageError("--ask is for --resume")


class _Bulk:
    """One run over a file."""

    def __init__(
        self,
        source: Source,
        merged: Merged,
        defaults: Mapping[str, object],
        options: BulkOptions,
        *,
        with_fallback: bool,
        region: str | None,
    ) -> None:
        self.repeated: Callable[[], int] = lambda: 0
        """How many rows repeat a recipient, of those that were read last."""
        self._source = source
        self._merged = merged
        self._defaults = defaults
        self._options = options
        self._with_fallback = with_fallback
        self._region = region

    def rows(
        self, *, ref_of: Callable[[int], str] | None = None, counts_repeated: bool = False
    ) -> Iterator[Row | InvalidRow]:
        """The messages of the file from its beginning. Raises InvalidRow for wrong columns."""
        rows = Rows(
            self._source.table(),
            self._options.layout,
            self._merged,
            self._defaults,
            ref_of=ref_of,
            unique=self._options.unique,
            counts_repeated=counts_repeated,
            region=self._region,
        )
        self.repeated = lambda: rows.repeated
        return map(_with_fallback, rows) if self._with_fallback else iter(rows)


def send_file(
    app: App,
    source: Source,
    merged: Merged,
    defaults: Mapping[str, object],
    options: BulkOptions,
    *,
    channel: str | None,
    fallback_sms: bool,
    following: Following | None,
    said: Mapping[str, Any],
) -> ExitCode:
    """Send a message for each row. ``said`` are the options that a journal compares."""
    client = app.client()
    region = client.settings.default_region
    bulk = _Bulk(source, merged, defaults, options, with_fallback=fallback_sms, region=region)
    with ExitStack() as stack:
        journal = None
        if options.journal is not None:
            stack.callback(source.close)
            source.keep()
            journal = _journal(options, JournalHead(file_sha256=source.sha256(), options=said))
            stack.callback(journal.close)
        ref_of = None if journal is None else journal.head.ref
        pace = None if options.rate is None else Pace(options.rate, app.clock)
        tally = Tally(app, every=False, repeated=lambda: bulk.repeated() if options.unique else 0)
        delivery = Delivery(
            app,
            client,
            tally,
            channel=channel,
            grace=options.grace,
            pace=pace,
            logged=None if journal is None else Logged(app, journal, asks=options.ask),
            following=following,
            skips=options.skip_invalid,
        )
        total = None
        if not source.is_read_once:
            bad = BadRows()
            total = _checked(app, delivery, bulk.rows(ref_of=ref_of), bad)
            if bad.count and not options.skip_invalid:
                bad.tell(app, done="so none was: mend them, or leave them out by --skip-invalid")
                return ExitCode.USAGE
        # What was checked is checked again where rows are to be left out.
        check = delivery.check if source.is_read_once or options.skip_invalid else None
        at_once = BATCH if pace is None else min(BATCH, pace.at_once)
        try:
            parts = parts_of(bulk.rows(ref_of=ref_of), at_once, check)
            code = delivery.run(parts, bar=tally.progress(total))
        finally:
            tally.summarize()
    return code


def survey_file(
    app: App,
    source: Source,
    merged: Merged,
    defaults: Mapping[str, object],
    options: BulkOptions,
    survey: Survey,
    *,
    channel: str | None,
    fallback_sms: bool,
) -> ExitCode:
    """Check every row, send none, and tell what it would be."""
    client = app.client()
    region = client.settings.default_region
    bulk = _Bulk(source, merged, defaults, options, with_fallback=fallback_sms, region=region)
    delivery = Delivery(app, client, Tally(app, every=False), channel=channel)
    bad = BadRows()
    _checked(app, delivery, bulk.rows(counts_repeated=True), bad, survey=survey)
    if bad.count and not app.json:
        bad.tell(app, done="the others can")
    survey.tell(bad=bad, repeated=bulk.repeated(), unique=options.unique)
    return ExitCode.USAGE if bad.count and not options.skip_invalid else ExitCode.DONE


def one_part(message: Message) -> list[Part]:
    """A message that is not from a file."""
    return [Part([Row(0, message)], [], 0, None)]


def _checked(
    app: App,
    delivery: Delivery,
    rows: Iterable[Row | InvalidRow],
    bad: BadRows,
    *,
    survey: Survey | None = None,
) -> int:
    """Check all, and count those that can be sent."""
    count = 0
    with app.progress(None, what="checking") as bar:
        for part in parts_of(rows, BATCH, delivery.check):
            bad.add(part.bad)
            count += len(part.rows)
            bar.advance(len(part.rows) + len(part.bad))
            if survey is not None:
                survey.add(row.message for row in part.rows)
    return count


def _journal(options: BulkOptions, head: JournalHead) -> Journal:
    assert options.journal is not None  # noqa: S101 - the caller has looked
    make = Journal.resume if options.resume else Journal.begin
    return make(options.journal, head)


def with_fallback(message: Message) -> Message:
    """The same message, and by SMS if that does not arrive."""
    second = Message(message.to, message.content, sender=message.sender, medium=Medium.SMS)
    return msgspec.structs.replace(message, fallback=second)


def _with_fallback(row: Row | InvalidRow) -> Row | InvalidRow:
    return Row(row.line, with_fallback(row.message)) if isinstance(row, Row) else row
