"""``follow``: shows what becomes of messages until it is known of all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import rich_click as click

from devino_core import Medium, Receipt

from ._following import Following
from ._receipts import given_receipts
from ._stop import Stop
from ._times import parse_duration, parsed
from .toolkit import App, channel_option, config_option, json_option, medium_option, pass_app

__all__ = ["follow"]


@click.command()
@click.argument("words", metavar="[run.jsonl|-|ID]...", nargs=-1, required=True)
@click.option(
    "--interval",
    metavar="DURATION",
    callback=parsed(parse_duration),
    default="5s",
    show_default=True,
    help="How often to ask.",
)
@click.option(
    "--timeout",
    metavar="DURATION",
    callback=parsed(parse_duration),
    help="For how long. Default: as long as the platform knows a message, mostly 48h.",
)
@channel_option
@medium_option
@config_option
@json_option
@pass_app
def follow(
    app: App,
    words: Sequence[str],
    interval: timedelta,
    timeout: timedelta | None,
    channel: str | None,
    medium: Medium | None,
) -> None:
    """Show what becomes of messages: a line for each change, until all is known, then the counts.

    Give a file, or - for stdin, with what `devino send` printed: JSON lines, columns, or its
    journal. Or give the ids that the platform gave. --channel and --medium are for bare ids.

    Exits with 0 if all were delivered, with 1 if some were not, with 3 if some may yet be.

    \b
    Examples:
      devino follow run.jsonl
      devino send --file people.csv "Sale today" --json | devino follow - --interval 30s
      devino follow 575584281283682326 575584281283682327 --timeout 10m --json
    """
    following = Following(
        app,
        interval=interval.total_seconds(),
        timeout=None if timeout is None else timeout.total_seconds(),
    )
    receipts = list(given_receipts(words, medium=app.medium(medium, channel), channel=channel))
    with Stop() as stop:
        app.run(_follow(app, stop, following, receipts))
    app.finish(following.code)


async def _follow(app: App, stop: Stop, following: Following, receipts: Sequence[Receipt]) -> None:
    stop.cancels_this_task()
    async with app.client() as client:
        await following.run(client, receipts)
