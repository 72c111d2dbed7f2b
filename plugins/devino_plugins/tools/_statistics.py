"""``devino statistics``: how many SMS of a period came to what."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import rich_click as click

from devino_core.cli.toolkit import (
    App,
    cell,
    channel_option,
    config_option,
    json_option,
    moment,
    pass_app,
    period_options,
)

__all__ = ["statistics"]


@click.command()
@period_options("7d")
@channel_option
@config_option
@json_option
@pass_app
def statistics(
    app: App,
    since: datetime | timedelta,
    until: datetime | timedelta | None,
    channel: str | None,
) -> None:
    """Tell how many SMS of a period, at most 90 days, came to what.

    For what became of single messages there is `devino follow`, and for what a channel tells by
    itself `devino listen --channel NAME`.

    \b
    Examples:
      devino statistics
      devino statistics --since 2030-01-01T00:00+03:00 --until 2030-02-01T00:00+03:00 --json
    """
    first = moment("--since", since, app.clock)
    last = moment("--until", until or timedelta(0), app.clock)

    async def ask() -> msgspec.Struct:
        # `devino --help` loads this module too, and needs no HTTP.
        from devino_plugins.kit.sms_and_viber import SmsAndViberChannel

        async with app.client() as client:
            chosen = client.channel_for(
                kind=SmsAndViberChannel,  # type: ignore[type-abstract]  # none is made of it
                channel=channel,
            )
            return await chosen.statistics(first, last)

    counts = msgspec.structs.asdict(app.run(ask()))
    if app.json:
        app.show(counts)
        return
    app.table(
        ("what", "count"),
        [{"what": name.replace("_", " "), "count": cell(count)} for name, count in counts.items()],
    )
