"""Contacts from a CSV file, a row each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from devino_codecs.addressbook import Contact, Gender
from devino_core.cli.toolkit import InvalidRow, Table
from devino_core.suggest import did_you_mean

__all__ = ["COLUMNS", "parse_day", "parse_gender", "read_contacts"]

_GENDERS: Mapping[str, Gender] = {
    **{str(gender.value): gender for gender in Gender},
    **{gender.name.lower(): gender for gender in Gender},
    "м": Gender.MALE,
    "ж": Gender.FEMALE,
    "m": Gender.MALE,
    "f": Gender.FEMALE,
}
_MERGED = "merge."


def parse_gender(text: str) -> Gender:
    """1, 2, 3 or a word. Raises ValueError."""
    found = _GENDERS.get(text.strip().lower())
    if found is None:
        raise ValueError(f"{text!r} is none of male, female, unknown, 1, 2, 3")
    return found


def parse_day(text: str) -> date:
    """1990-05-17 or 17.05.1990. Raises ValueError."""
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 - a day alone
        except ValueError:
            continue
    raise ValueError(f"{text!r} is no date, as in 1990-05-17 or 17.05.1990")


COLUMNS: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "phone": ("phone_number", str),
    "email": ("email", str),
    "first_name": ("first_name", str),
    "middle_name": ("middle_name", str),
    "last_name": ("last_name", str),
    "gender": ("gender", parse_gender),
    "birthday": ("date_of_birth", parse_day),
    "extra1": ("extra_field1", str),
    "extra2": ("extra_field2", str),
}
"""For each column: the field of a contact that it fills, and how a cell is read."""


def read_contacts(path: str, encoding: str) -> Iterator[tuple[int, Contact]]:
    """The contacts of a file, or of stdin for ``-``, each with its line.

    A column ``merge.city`` fills the merge field ``city``. Raises what
    :class:`~devino_core.cli.toolkit.Table` does, and InvalidRow for what is no contact.
    """
    table = Table(path, encoding)
    names = [name.lower() for name in table.columns]
    _check_header(names, table.line)
    for line, cells in table:
        given: dict[str, Any] = {}
        merged: dict[str, str] = {}
        for name, written in zip(names, cells, strict=True):
            cell = written.strip()
            if not cell:
                continue
            if name.startswith(_MERGED):
                merged[name.removeprefix(_MERGED)] = cell
                continue
            field, parse = COLUMNS[name]
            try:
                given[field] = parse(cell)
            except ValueError as error:
                raise InvalidRow(line, name, str(error)) from None
        if merged:
            given["merge_fields"] = merged
        if not ("phone_number" in given or "email" in given):
            raise InvalidRow(line, "phone", "is missing, and so is email: a contact needs one")
        yield line, Contact(**given)


def _check_header(names: Sequence[str], line: int) -> None:
    for name in names:
        if name not in COLUMNS and not (name.startswith(_MERGED) and len(name) > len(_MERGED)):
            hint = did_you_mean(name, COLUMNS) or f"known are {', '.join(COLUMNS)}, merge.NAME"
            raise InvalidRow(
                line,
                name or "row",
                f"the first line names the columns, as in `phone,email`; {hint}",
            )
        if names.count(name) > 1:
            raise InvalidRow(line, name, "this column occurs twice")
    if not {"phone", "email"} & set(names):
        raise InvalidRow(line, "phone", "the first line must name this column, or email")
