"""``decode rest``: the arguments of an operation, or the answer to it."""

from __future__ import annotations

from typing import BinaryIO

import rich_click as click
from click.shell_completion import CompletionItem

from devino_codecs import DecodeError
from devino_core.cli.toolkit import App, json_option, pass_app
from devino_core.files import read_whole
from devino_plugins.kit.decoding import show

__all__ = ["decode"]


def _operations(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    from ._reading import OPERATIONS

    return [
        CompletionItem(row.path)
        for row in OPERATIONS.values()
        if row.path.lower().startswith(begun.lower())
    ]


@click.command(name="decode rest")
@click.argument("operation", shell_complete=_operations)
@click.argument("file", type=click.File("rb"))
@json_option
@pass_app
def decode(app: App, operation: str, file: BinaryIO) -> None:
    """Show what the HTTP API is asked, or what it answers.

    OPERATION is the method's name, as in Sms/Send, or a whole URL. FILE is the answer (JSON), the
    form of a request, or either of them with its headers, as `curl -i` prints it; - reads standard
    input. It may be empty if the URL says all. Login, password and session are not shown.

    \b
    Examples:
      devino decode rest Sms/State answer.json
      curl -si "$URL" | devino decode rest User/Balance -
      devino decode rest Sms/Send request.txt --json
    """
    # `devino --help` loads this module too, and needs no codec.
    from ._reading import UnknownOperationError, read

    try:
        data = read_whole(file)
    except OSError as error:
        raise click.BadParameter(error.strerror or str(error), param_hint="'FILE'") from None
    try:
        show(app, read(operation, data))
    except UnknownOperationError as error:
        raise click.BadParameter(str(error), param_hint="'OPERATION'") from None
    except DecodeError as error:
        raise click.BadParameter(str(error), param_hint="'FILE'") from None
