"""``explain``: what a code means, from the code tables of all codecs."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from enum import Enum, IntEnum
from typing import TYPE_CHECKING, Any

import msgspec
import rich_click as click
from click.shell_completion import CompletionItem

from devino_core.cli.toolkit import App, given_text, json_option, pass_app
from devino_core.suggest import did_you_mean

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["explain"]

_NAMES = {"xmlpackage": "xml", "verification": "2fa"}
"""Codecs that people know by another name."""
_ALIASES = {
    "rest-v2": "rest",
    "soap-v2": "soap",
    "whatsapp": "viber",
    "email-smtp": "email",
    "1c": "onec",
}
_COLUMNS = ("protocol", "table", "code", "name", "means", "description")
_NUMBER = re.compile(r"[+-]?(?:0x[0-9a-f]+|[0-9]+)", re.IGNORECASE)


class _Row(msgspec.Struct, frozen=True):
    """One code of one table."""

    protocol: str
    table: str
    about: str
    """What the table is of."""
    member: Enum

    def as_json(self) -> dict[str, object]:
        """What programs get."""
        return {
            "protocol": self.protocol,
            "table": self.table,
            "about": self.about,
            "code": self.member.value,
            "name": self.member.name,
            "means": self.column("means"),
            "description": self.column("meaning"),
            "text": self.column("text"),
        }

    def as_row(self) -> dict[str, object]:
        """What people see."""
        # SMPP's documents write these so.
        in_hex = self.table in {"CommandId", "CommandStatus"}
        code = self.member.value
        return self.as_json() | {"code": f"0x{code:02X}" if in_hex else code}

    def column(self, name: str) -> str:
        """What the table says of the code in a column, which not each table has."""
        return str(getattr(self.member, name, ""))

    def is_named(self, asked: str) -> bool:
        """Whether somebody may mean it by this."""
        value, said = self.member.value, asked.casefold()
        if isinstance(value, int) and _NUMBER.fullmatch(asked):
            return int(asked, 16 if "x" in said else 10) == value
        words = {
            _plain(word) for word in (self.member.name, self.column("text"), str(value)) if word
        }
        # The platform puts details behind some of its sentences.
        begins = isinstance(value, str) and " " in value and said.startswith(value.casefold())
        return begins or _plain(asked) in words - {""}


def _plain(word: str) -> str:
    return word.strip().rstrip(".").casefold().replace("_", "-")


def _protocols(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    names = sorted({row.protocol for row in _rows()})
    return [CompletionItem(name) for name in names if name.startswith(begun)]


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument(
    "words", metavar="[PROTOCOL] CODE", nargs=-1, type=given_text, shell_complete=_protocols
)
@json_option
@pass_app
def explain(app: App, words: tuple[str, ...]) -> None:
    """Tell what a code means: of one protocol, or of all that have it.

    CODE is a number (255, -98, 0x58), a name (ESME_RTHROTTLED), a word of the wire
    (error-system, DELIVRD) or one of its texts (Доставлено). The column "means" says it in the
    words that all protocols share: the state of a message, or what a refusal is about.

    \b
    Examples:
      devino explain 255
      devino explain smpp 0x58
      devino explain rest "Invalid user login or password"
    """
    if not 1 <= len(words) <= 2:
        raise click.UsageError("give a CODE, or a PROTOCOL and a CODE")
    *named, asked = words
    rows = list(_rows())
    if named:
        rows = _of_protocol(rows, named[0])
    found = [row for row in rows if row.is_named(asked)]
    if not found:
        raise click.BadParameter(_unknown(rows, asked, named), param_hint="'CODE'")
    if app.json:
        app.show([row.as_json() for row in found])
    else:
        app.table(_COLUMNS, [row.as_row() for row in found])


def _of_protocol(rows: Sequence[_Row], name: str) -> list[_Row]:
    wanted = _ALIASES.get(name.lower(), name.lower())
    found = [row for row in rows if row.protocol == wanted]
    if not found:
        known = sorted({row.protocol for row in rows})
        hint = did_you_mean(wanted, known) or f"known are {', '.join(known)}"
        raise click.BadParameter(f"{name!r} has no codes: {hint}", param_hint="'PROTOCOL'")
    return found


def _unknown(rows: Sequence[_Row], asked: str, named: Sequence[str]) -> str:
    where = named[0] if named else "any protocol"
    words = [
        word for row in rows for word in (row.member.name, str(row.member.value)) if len(word) > 3
    ]
    return ": ".join(filter(None, [f"{asked!r} is no code of {where}", did_you_mean(asked, words)]))


def _rows() -> Iterator[_Row]:
    """Every code of every codec."""
    # `devino --help` loads this module too, and needs no codec.
    import importlib
    import pkgutil

    import devino_codecs

    for found in pkgutil.iter_modules(devino_codecs.__path__):
        if found.name.startswith("_"):
            continue
        module = importlib.import_module(f"devino_codecs.{found.name}")
        for table in _tables(module):
            about = (inspect.getdoc(table) or "").partition("\n\n")[0]
            for member in table:
                yield _Row(
                    _NAMES.get(found.name, found.name),
                    table.__name__,
                    " ".join(about.replace("``", "").split()),
                    member,
                )


def _tables(module: ModuleType) -> Iterator[type[Enum]]:
    from devino_codecs.http import CodedInt, CodedStr

    for name in getattr(module, "__all__", ()):
        table: Any = getattr(module, name)
        # Some codecs share a table.
        is_own = getattr(table, "__module__", "").startswith((module.__name__, "devino_codecs._"))
        if isinstance(table, type) and is_own and issubclass(table, CodedInt | CodedStr | IntEnum):
            yield table
