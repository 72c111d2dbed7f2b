"""``book``: groups, contacts and imports of the address book."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

import rich_click as click

from devino_core.cli.toolkit import App, ExitCode, given_text

from ._asked import asked, common, row
from ._import_command import import_
from ._rows import parse_day, parse_gender

if TYPE_CHECKING:
    from devino_codecs.addressbook import Contact

    from ._service import AddressBook

__all__ = ["book"]

F = TypeVar("F", bound=Callable[..., Any])
T = TypeVar("T")

GROUP_COLUMNS = ("contact_group_id", "name", "contacts_count", "created_date", "description")
CONTACT_COLUMNS = ("contact_id", "phone_number", "email", "last_name", "first_name", "middle_name")
GONE_COLUMNS = ("email", "date_time", "task_id", "reason")


def book() -> click.RichGroup:
    """The group, made anew: a plugin may add to it."""
    group = click.RichGroup(name="book", help="The platform's address book.")
    for command in (
        groups,
        add_group,
        change_group,
        remove_group,
        find,
        show,
        add,
        change,
        remove,
        progress,
        unsubscribed,
        import_,
    ):
        group.add_command(command)
    return group


def done(app: App, said: str, **facts: object) -> None:
    """Tell what was done."""
    if app.json:
        app.show(facts)
    else:
        app.line(said)


@click.command()
@common
def groups(app: App, service: str | None) -> None:
    """List the groups, with how many contacts each has."""
    found = app.run(asked(app, service, lambda book: book.groups.list()))
    app.table(GROUP_COLUMNS, map(row, found))


description_option = click.option(
    "--description", metavar="TEXT", default="", type=given_text, help="What it is for."
)


@click.command("add-group")
@click.argument("name", type=given_text)
@description_option
@common
def add_group(app: App, name: str, description: str, service: str | None) -> None:
    """Make a group, and print its id."""
    added = app.run(asked(app, service, lambda book: book.groups.add(name, description)))
    done(app, str(added), contact_group_id=added)


@click.command("change-group")
@click.argument("group", type=int)
@click.argument("name", type=given_text)
@description_option
@common
def change_group(app: App, group: int, name: str, description: str, service: str | None) -> None:
    """Give a group another NAME and another description: without one it has none."""
    app.run(asked(app, service, lambda book: book.groups.change(group, name, description)))
    done(app, f"group {group} was changed", contact_group_id=group)


@click.command("remove-group")
@click.argument("group", type=int)
@click.confirmation_option("--yes", prompt="Delete the group and all its contacts?")
@common
def remove_group(app: App, group: int, service: str | None) -> None:
    """Delete a group, with all its contacts."""
    app.run(asked(app, service, lambda book: book.groups.remove(group)))
    done(app, f"group {group} was deleted, with its contacts", contact_group_id=group)


@click.command()
@click.argument("key", metavar="PHONE|EMAIL", type=given_text)
@common
def find(app: App, key: str, service: str | None) -> None:
    """List the contacts that have this phone or this e-mail."""

    async def gather(book: AddressBook) -> list[dict[str, object]]:
        return [row(one) async for one in book.contacts.find(key)]

    rows = app.run(asked(app, service, gather))
    app.table(CONTACT_COLUMNS, rows)
    app.finish(ExitCode.DONE if rows else ExitCode.NOT_DONE)


@click.command()
@click.argument("contact", type=int)
@common
def show(app: App, contact: int, service: str | None) -> None:
    """Print all of one contact."""
    found = row(app.run(asked(app, service, lambda book: book.contacts.get(contact))))
    if app.json:
        app.show(found)
    else:
        app.table(
            ("field", "value"), ({"field": name, "value": one} for name, one in found.items())
        )


def _parsed(parse: Callable[[str], T]) -> Callable[..., T | None]:
    def convert(_: click.Context, __: click.Parameter, text: str | None) -> T | None:
        try:
            return None if text is None else parse(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    return convert


def fields(command: F) -> F:
    """An option for each field of a contact; the command gets them as Contact has them."""
    options = (
        click.option("--phone", "phone_number", type=given_text, help="8 to 15 digits."),
        click.option("--email", type=given_text, help="An address."),
        click.option("--first-name", type=given_text, help="At most 100 characters."),
        click.option("--middle-name", type=given_text, help="At most 100 characters."),
        click.option("--last-name", type=given_text, help="At most 100 characters."),
        click.option("--gender", callback=_parsed(parse_gender), help="male, female or unknown."),
        click.option(
            "--birthday",
            "date_of_birth",
            metavar="DATE",
            callback=_parsed(parse_day),
            help="As in 1990-05-17 or 17.05.1990.",
        ),
        click.option("--extra1", "extra_field1", type=given_text, help="At most 700 characters."),
        click.option("--extra2", "extra_field2", type=given_text, help="At most 700 characters."),
        click.option(
            "--merge",
            "merge_fields",
            metavar="NAME=VALUE",
            multiple=True,
            callback=_merged,
            help="A field of your own; may be repeated.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _merged(_: click.Context, __: click.Parameter, given: Iterable[str]) -> dict[str, str] | None:
    pairs = [one.partition("=") for one in given]
    if any(not name or not equals for name, equals, _ in pairs):
        raise click.BadParameter("expected NAME=VALUE")
    return {name: value for name, _, value in pairs} or None


def _contact(given: dict[str, Any]) -> Contact:
    from devino_codecs.addressbook import Contact

    return Contact(**{name: value for name, value in given.items() if value is not None})


@click.command()
@click.argument("group", type=int)
@fields
@common
def add(app: App, group: int, service: str | None, **given: Any) -> None:
    """Put a contact into a group, and print its id.

    \b
    Example:
      devino book add 252 --phone +79031234567 --first-name Ivan --birthday 17.05.1990
    """
    contact = _contact(given)
    added = app.run(asked(app, service, lambda book: book.contacts.add(group, contact)))
    done(app, str(added), contact_id=added)


@click.command()
@click.argument("contact", type=int)
@fields
@common
def change(app: App, contact: int, service: str | None, **given: Any) -> None:
    """Change what is given of a contact; an empty text clears it, as in --email ''."""
    wanted = _contact(given)
    if not row(wanted):
        raise click.UsageError("say what to change, as in --email ivan@example.com")
    app.run(asked(app, service, lambda book: book.contacts.change(contact, wanted)))
    done(app, f"contact {contact} was changed", contact_id=contact)


@click.command()
@click.argument("contact", type=int)
@common
def remove(app: App, contact: int, service: str | None) -> None:
    """Delete a contact."""
    app.run(asked(app, service, lambda book: book.contacts.remove(contact)))
    done(app, f"contact {contact} was deleted", contact_id=contact)


@click.command()
@click.argument("import_id", metavar="IMPORT_ID", type=click.UUID)
@common
def progress(app: App, import_id: Any, service: str | None) -> None:
    """Tell how many contacts of an import, or of a part of one, are in the book."""
    found = app.run(asked(app, service, lambda book: book.imports.progress(import_id)))
    said = f"{found.processed} of {found.uploaded} contacts are in the book"
    done(app, said, **row(found))


@click.command()
@click.option("--task", "task_id", type=int, metavar="ID", help="Of this campaign alone.")
@common
def unsubscribed(app: App, task_id: int | None, service: str | None) -> None:
    """List who has unsubscribed from mails."""

    async def gather(book: AddressBook) -> list[dict[str, object]]:
        return [row(one) async for one in book.unsubscribed(task_id)]

    app.table(GONE_COLUMNS, app.run(asked(app, service, gather)))
