"""``book import``: contacts of a CSV file, each of them once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import rich_click as click

from devino_core.cli.toolkit import App, Bar, ExitCode, is_read_once
from devino_core.errors import DevinoError, Retry

from ._asked import asked, common, row
from ._rows import read_contacts

if TYPE_CHECKING:
    from devino_codecs.addressbook import Contact

    from ._imports import Part
    from ._service import AddressBook

__all__ = ["import_"]

_WHO = ("phone_number", "email", "last_name", "first_name")


@click.command("import")
@click.argument("group", type=int)
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True))
@click.option(
    "--encoding",
    default="utf-8-sig",
    show_default=True,
    help="Encoding of FILE; Excel in Russian writes cp1251.",
)
@click.option(
    "--import-id",
    type=click.UUID,
    metavar="UUID",
    help="That of a run of the same FILE which did not end: go on with it.",
)
@click.option("--convert-direct-phones", is_flag=True, help="Turn city numbers into federal ones.")
@click.option("--fill-gender", is_flag=True, help="Guess the gender by the name.")
@click.option(
    "--drop-duplicates",
    type=click.Choice(["phone", "email"]),
    help="Then delete what repeats older contacts of the group. It waits for the end.",
)
@click.option("--wait", is_flag=True, help="Wait until all contacts are in the book.")
@common
def import_(
    app: App,
    group: int,
    file: str,
    encoding: str,
    import_id: UUID | None,
    convert_direct_phones: bool,
    fill_gender: bool,
    drop_duplicates: str | None,
    wait: bool,
    service: str | None,
) -> None:
    """Bring the contacts of a CSV FILE into a group, each of them once.

    The file's first line names its columns: phone, email, first_name, middle_name, last_name,
    gender, birthday, extra1, extra2, and merge.NAME for fields of your own. All rows are checked
    before the first is sent (but not those of stdin or a pipe). What the platform does not take is
    printed with the reason. If an error or Ctrl-C ends it half way, the same command with the
    --import-id that it names goes on, and no contact comes twice.

    Exits with 0 if every contact was taken, else with 1.

    \b
    Examples:
      devino book import 252 customers.csv
      devino book import 252 customers.csv --encoding cp1251 --drop-duplicates phone
      devino book import 252 - --json < customers.csv > rejected.jsonl
    """
    total = None if is_read_once(file) else sum(1 for _ in read_contacts(file, encoding))
    run = _Run(app, import_id or uuid4())

    async def bring(book: AddressBook) -> None:
        from devino_codecs.addressbook import DuplicatesField

        with app.progress(total) as bar:
            parts = book.imports.run(
                group,
                run.contacts(file, encoding),
                import_id=run.id,
                convert_direct_phones=convert_direct_phones,
                fill_gender=fill_gender,
            )
            async for part in parts:
                run.add(part, bar)
        for part_id in run.part_ids if wait or drop_duplicates else ():
            await book.imports.finished(part_id)
            if drop_duplicates:
                field = "PHONE_NUMBER" if drop_duplicates == "phone" else "EMAIL"
                told = await book.imports.remove_duplicates(
                    part_id, group, by=DuplicatesField[field]
                )
                run.dropped += told.in_current_group + told.in_other_groups

    try:
        app.run(asked(app, service, bring))
    except DevinoError as error:
        if run.count or error.retry is Retry.MAY_DUPLICATE:
            app.note(run.advice)
        raise
    except KeyboardInterrupt:
        app.note(run.advice)
        raise
    run.summarize(drops=drop_duplicates is not None)
    app.finish(ExitCode.DONE if run.count == run.taken else ExitCode.NOT_DONE)


class _Run:
    """What a run has brought so far, and how it is told."""

    def __init__(self, app: App, import_id: UUID) -> None:
        self.id = import_id
        self.part_ids: list[UUID] = []
        self.count = self.taken = self.dropped = 0
        self._app = app

    @property
    def advice(self) -> str:
        """How to go on."""
        return f"{self.count} contacts were sent; to go on add --import-id {self.id}"

    def contacts(self, file: str, encoding: str) -> Iterator[Contact]:
        """Those of the file."""
        for _, contact in read_contacts(file, encoding):
            yield contact

    def add(self, part: Part, bar: Bar) -> None:
        """Count a part, and show what was not taken of it."""
        self.count += part.count
        self.taken += part.taken
        self.part_ids.append(part.import_id)
        for one in part.rejected or ():
            contact = row(one.contact)
            if self._app.json:
                self._app.show({**row(one), "contact": contact})
                continue
            who = " ".join(str(contact[name]) for name in _WHO if contact.get(name))
            times = f" (repeated {one.duplicates_count} times)" if one.duplicates_count else ""
            bar.line(f"{who or '(nothing)'}: {one.error_description}{times}")
        bar.advance(part.count)

    def summarize(self, *, drops: bool) -> None:
        """Print the counts on stderr, so that a pipe gets the rejected alone."""
        said = [f"{self.taken} of {self.count} contacts were taken as import {self.id}"]
        if drops:
            said.append(f"{self.dropped} duplicates were deleted")
        self._app.note(", ".join(said))
