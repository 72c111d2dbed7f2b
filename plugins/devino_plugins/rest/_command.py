"""``devino hlr``: can these numbers be reached?"""

from __future__ import annotations

from typing import BinaryIO

import msgspec
import rich_click as click

from devino_core.cli.toolkit import App, cell, channel_option, config_option, json_option, pass_app
from devino_core.files import read_whole
from devino_core.phone import normalize

__all__ = ["hlr"]

COLUMNS = ("number", "reachability", "operator", "country", "description")


@click.command()
@click.argument("numbers", metavar="[NUMBER]...", nargs=-1)
@click.option(
    "--file",
    metavar="FILE",
    type=click.File("rb"),
    help="Text file with a number in each line; - is stdin.",
)
@channel_option
@config_option
@json_option
@pass_app
def hlr(app: App, numbers: tuple[str, ...], file: BinaryIO | None, channel: str | None) -> None:
    """Ask the network whether numbers can be reached, and print a line for each when it is known.

    Each number costs money and is asked about once. The network has five minutes; PENDING is what
    it did not answer. Ctrl-C ends the waiting, and not the questions.

    \b
    Examples:
      devino hlr 79031234567 79160000001
      devino hlr --file numbers.txt --json > reachable.jsonl
    """
    try:
        text = "" if file is None else read_whole(file).decode("utf-8-sig")
    except OSError as error:
        raise click.BadParameter(error.strerror or str(error), param_hint="'--file'") from None
    except UnicodeDecodeError:
        raise click.BadParameter("it is not text in UTF-8", param_hint="'--file'") from None
    asked = [*numbers, *(line.strip() for line in text.splitlines() if line.strip())]
    if file is not None and not asked:
        raise click.BadParameter("it has no number", param_hint="'--file'")
    if not asked:
        raise click.UsageError("give a NUMBER, or --file FILE")
    for number in asked:
        try:
            normalize(number)
        except ValueError as error:
            reason = f"{number!r} is {error}"
            raise click.BadParameter(reason, param_hint="'NUMBER'") from None
    app.run(_look_up(app, asked, channel))


async def _look_up(app: App, numbers: list[str], channel: str | None) -> None:
    # `devino --help` loads this module too, and needs no HTTP.
    from ._channel import RestChannel

    async with app.client() as client:
        rest = client.channel_for(kind=RestChannel, channel=channel)
        app.head(COLUMNS)
        with app.progress(len(numbers)) as bar:
            async for found in rest.lookup(numbers):
                row = msgspec.structs.asdict(found)
                if app.json:
                    app.show(row)
                else:
                    bar.line("\t".join(cell(row[column]) for column in COLUMNS))
                bar.advance()
