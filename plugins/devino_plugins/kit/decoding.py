"""``devino decode <protocol> FILE|-``: what a protocol's bytes say, for people and programs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from enum import IntEnum
from typing import BinaryIO

import msgspec
import rich_click as click

from devino_codecs import DecodeError
from devino_core.cli.toolkit import App, cell, json_option, pass_app
from devino_core.files import read_whole

__all__ = ["decode_command", "show", "shown"]


def decode_command(
    protocol: str, decode: Callable[[bytes], Mapping[str, object]], *, help_text: str
) -> click.Command:
    """``decode <protocol>``: shows what ``decode`` makes of a file's bytes.

    ``decode`` raises DecodeError; credentials must be gone from what it gives.
    """

    @click.command(name=f"decode {protocol}", help=help_text)
    @click.argument("file", type=click.File("rb"))
    @json_option
    @pass_app
    def command(app: App, file: BinaryIO) -> None:
        try:
            found = decode(read_whole(file))
        except (DecodeError, OSError) as error:
            said = error.strerror if isinstance(error, OSError) else str(error)
            raise click.BadParameter(said or str(error), param_hint="'FILE'") from None
        show(app, found)

    return command


def show(app: App, found: Mapping[str, object]) -> None:
    """Print what was read: a line a value, or with ``--json`` an object."""
    if app.json:
        app.show(found)
        return
    for line in _lines(found.items(), ""):
        app.line(line)


def shown(value: object) -> object:
    """A codec's value as plain objects: structs as mappings without what is not said."""
    if isinstance(value, msgspec.Struct):
        from devino_codecs.http import secrets_of  # not for --help

        masked = secrets_of(type(value))
        fields = {
            field.name: "***" if field.name in masked else shown(getattr(value, field.name))
            for field in msgspec.structs.fields(value)
        }
        return {
            name: content for name, content in fields.items() if content not in (None, (), [], {})
        }
    if isinstance(value, tuple | list):
        return [shown(item) for item in value]
    return value


def _lines(items: Iterable[tuple[str, object]], indent: str) -> Iterator[str]:
    for name, value in items:
        if isinstance(value, Mapping):
            yield f"{indent}{name}:"
            yield from _lines(value.items(), f"{indent}  ")
        elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
            for number, item in enumerate(value):
                inner = item.items() if isinstance(item, Mapping) else [("", item)]
                yield f"{indent}{name}[{number}]:"
                yield from _lines(inner, f"{indent}  ")
        else:
            yield f"{indent}{name}: {_words(value)}"


def _words(value: object) -> str:
    if isinstance(value, IntEnum):
        return f"{value.value} {value.name}"
    if isinstance(value, datetime):
        # As it stands on the wire: a naive one has no zone to be shown in.
        return value.isoformat()
    return cell(value)
