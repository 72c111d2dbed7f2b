"""How the commands open the outbox, and choose entries."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any, TypeVar

import rich_click as click

from devino_core import AsyncClient
from devino_core.cli.toolkit import App, parse_duration, parsed
from devino_core.outbox import Outbox, Phase, Query

__all__ = ["filters", "matched", "opened"]

F = TypeVar("F", bound=Callable[..., Any])


@asynccontextmanager
async def opened(
    app: App, client: AsyncClient | None = None, store: str | None = None
) -> AsyncIterator[Outbox]:
    """The configured outbox, open; ``store``: the URL of another. Raises ConfigurationError."""
    made = Outbox(store, config=app.settings(), client=client, plugins=app.plugins, clock=app.clock)
    async with made:
        yield made


def filters(command: F) -> F:
    """Options that choose entries."""
    for option in (
        click.option(
            "--older-than",
            metavar="DURATION",
            callback=parsed(parse_duration),
            help="Those due at least so long ago, such as 1h.",
        ),
        click.option("--tenant", metavar="NAME", help="Those of one tenant."),
        click.option("--channel", metavar="NAME", help="Those of one channel."),
        click.option(
            "--phase",
            type=click.Choice([phase.name.lower() for phase in Phase]),
            callback=lambda _, __, name: None if name is None else Phase[name.upper()],
            help="Those in one phase.",
        ),
    ):
        command = option(command)
    return command


def matched(
    now: datetime,
    phase: Phase | None,
    channel: str | None,
    tenant: str | None,
    older_than: timedelta | None,
) -> Query:
    """The query of :func:`filters`."""
    return Query(
        phase=phase,
        channel=channel,
        tenant=tenant,
        due_before=None if older_than is None else now - older_than,
    )
