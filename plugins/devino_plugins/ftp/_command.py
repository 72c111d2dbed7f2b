"""``devino upload``: one text to everybody in a CSV file."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import rich_click as click

from devino_core import Fill
from devino_core.cli.toolkit import (
    App,
    Bar,
    ExitCode,
    Interrupted,
    InvalidRow,
    Line,
    Stop,
    Table,
    channel_option,
    column_option,
    config_option,
    given_text,
    json_option,
    parse_duration,
    parse_send_at,
    parsed,
    pass_app,
)
from devino_core.errors import DevinoError, InvalidMessage, Retry

if TYPE_CHECKING:
    from ._building import Contact
    from ._channel import Upload

__all__ = ["upload"]

_COLUMNS = ("name", "contacts", "size", "state", "description")


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(dir_okay=False, allow_dash=True))
@click.argument("text", metavar="TEXT", type=given_text)
@click.option(
    "--sender",
    metavar="NAME",
    type=given_text,
    help="Name or number that the recipient sees. Default: the channel's.",
)
@channel_option
@click.option(
    "--at",
    "send_at",
    metavar="TIME",
    callback=parsed(parse_send_at),
    help="When to send, as 2030-01-31T12:30+03:00; without a zone, by the recipient's clock. "
    "Default: at once.",
)
@click.option(
    "--validity",
    metavar="DURATION",
    callback=parsed(parse_duration),
    help="How long to try to deliver: 90s, 15m, 24h, 7d. Default: what the channel or the platform "
    "sets.",
)
@column_option
@click.option(
    "--encoding",
    default="utf-8-sig",
    show_default=True,
    help="Encoding of FILE if it has no mark of one; Excel in Russian writes cp1251.",
)
@config_option
@json_option
@pass_app
def upload(
    app: App,
    /,
    file: str,
    text: str,
    channel: str | None,
    sender: str | None,
    send_at: datetime | None,
    validity: timedelta | None,
    columns: Mapping[str, str],
    encoding: str,
) -> None:
    """Send TEXT to everybody in FILE, by an archive on the platform's FTP server.

    FILE is a CSV file, or - for stdin. Its first line names the columns. The column `to` has the
    numbers, and each {name} in TEXT takes the column of that name; {{ and }} are braces. Other
    columns are ignored. All rows are written into archives on this computer before anything is
    sent, and a bad row ends it there. The platform answers nothing: what it does with an archive is
    shown in your cabinet.

    Exits with 0 if every archive lies on the server, with 3 if that is not known of one, else
    with 1.

    \b
    Examples:
      devino upload people.csv "Dear {name}, we are open again" --sender DEVINO
      devino upload crm.csv "Sale today" --column to=Phone --at 2030-01-31T09:00
    """
    names = Fill.fields(text)
    stop = Stop()
    said = text if names else Fill(text, {}).spelt(str)
    begun = [0, 0]

    async def work(contacts: _Contacts, bar: Bar) -> list[Upload]:
        # `devino --help` loads this module too, and needs no FTP.
        from ._channel import FtpChannel

        def progress(sent: int, total: int) -> None:
            begun[:] = sent, total
            bar.reach(sent, total)

        stop.cancels_this_task()
        async with app.client() as client:
            chosen = client.channel_for(kind=FtpChannel, channel=channel)
            try:
                return await chosen.upload(
                    contacts,
                    said,
                    sender=sender,
                    validity=validity,
                    send_at=send_at,
                    progress=progress,
                )
            except InvalidMessage as error:
                raise contacts.located(error) from None

    try:
        with app.progress(None) as bar, stop:
            contacts = _Contacts(Table(file, encoding), names, columns, stop)
            uploads = app.run(work(contacts, bar))
    except KeyboardInterrupt:
        if not begun[1]:
            raise
        raise Interrupted(
            f"interrupted after {begun[0]} of {begun[1]} bytes were sent: look whether the server "
            "has the archives before you send them again"
        ) from None
    if not uploads:
        app.note("the file has no rows; nothing was sent")
    app.table(_COLUMNS, [_row(each) for each in uploads])
    app.finish(max((_code(each.error) for each in uploads), default=ExitCode.DONE))


class _Contacts:
    """The rows of a table as contacts, and the lines on which the last ones stand."""

    def __init__(
        self, table: Table, names: tuple[str, ...], columns: Mapping[str, str], stop: Stop
    ) -> None:
        for name in columns:
            if name != "to" and name not in names:
                raise click.UsageError(f"--column {name}=...: TEXT has no field {{{name}}}")
        hint = "; name the column with the numbers, as --column to=Phone"
        self._to = table.place(columns.get("to", "to"), hint=hint)
        self._places = tuple((name, table.place(columns.get(name, name))) for name in names)
        self._table = table
        self._stop = stop
        self._read = 0
        # More than are read ahead of the row that is written.
        self._lines: deque[int] = deque(maxlen=10_000)

    def __iter__(self) -> Iterator[Contact]:
        rows = iter(self._table)
        to, places = self._to, self._places
        while True:
            # Of a pipe or a terminal it may take for ever.
            with self._stop.blocking():
                row: Line | None = next(rows, None)
            if row is None:
                return
            self._read += 1
            self._lines.append(row.number)
            number = row.cells[to].strip()
            yield (number, {name: row.cells[at] for name, at in places}) if places else number

    def located(self, error: InvalidMessage) -> DevinoError:
        """The error with the line of its row."""
        if error.row is None:
            return error
        at = error.row - self._read - 1
        return InvalidRow(self._lines[at], error.field, error.reason)


def _row(upload: Upload) -> dict[str, object]:
    return {
        "name": upload.name,
        "contacts": upload.contacts,
        "size": upload.size,
        "state": upload.status.state,
        "description": upload.status.description if upload.error is not None else None,
        "error": upload.error,
    }


def _code(error: DevinoError | None) -> ExitCode:
    if error is None:
        return ExitCode.DONE
    unknown = error.retry is Retry.MAY_DUPLICATE
    return ExitCode.OUTCOME_UNKNOWN if unknown else ExitCode.NOT_DONE
