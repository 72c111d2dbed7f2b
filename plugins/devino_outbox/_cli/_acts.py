"""Commands by which a person decides: resolve, retry, cancel, pause, resume, migrate, forget."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

import rich_click as click

from devino_core.cli.toolkit import App, ExitCode, json_option, pass_app
from devino_core.outbox import Entry, Migrates, Move, Outbox, Phase, Query, Resolution
from devino_core.outbox.kit import cancelled, resolved, retried
from devino_core.suggest import did_you_mean

from ._opening import filters, matched, opened

__all__ = ["cancel", "forget", "migrate", "pause", "resolve", "resume", "retry"]

Change = Callable[[Entry, datetime], Move | None]
_yes = click.option("--yes", is_flag=True, help="Do not ask.")
_ref = click.argument("ref", required=False)
_all = click.option("--all", "all_", is_flag=True, help="All that the other options choose.")


def _act(
    app: App,
    verb: str,
    ref: str | None,
    all_: bool,
    yes: bool,
    phase: Phase,
    channel: str | None,
    tenant: str | None,
    older_than: timedelta | None,
    change: Change,
) -> None:
    """Change one entry or all that are chosen, and say how many were changed."""
    if (ref is None) is not all_:
        raise click.UsageError("give a REF, or --all with options that choose")

    async def work() -> int:
        async with opened(app) as box:
            if ref is not None:
                return int(await box.decide(ref, change))
            query = matched(await box.store.now(), phase, channel, tenant, older_than)
            if not yes:
                count = await _counted(box, query)
                click.confirm(f"{verb} {count} messages?", abort=True, err=True)
            return await box.change(query, change)

    done = app.run(work())
    if app.json:
        app.show({"changed": done})
    else:
        app.line(f"{done} changed")
    if ref is not None and not done:
        where = "in doubt" if phase is Phase.DOUBT else phase.name.lower()
        app.note(f"{ref!r} is not {where}: `devino outbox show` tells where it is")
        app.finish(ExitCode.NOT_DONE)


async def _counted(box: Outbox, query: Query) -> int:
    count = 0
    async for _ in box.entries(query):
        count += 1
    return count


@click.command()
@_ref
@click.argument("how", type=click.Choice([how.value for how in Resolution]), required=False)
@_all
@click.option(
    "--how", "all_how", type=click.Choice([h.value for h in Resolution]), help="For --all."
)
@click.option("--id", "message_id", metavar="ID", help="The platform's id of one that was sent.")
@filters
@_yes
@json_option
@pass_app
def resolve(
    app: App,
    ref: str | None,
    how: str | None,
    all_: bool,
    all_how: str | None,
    message_id: str | None,
    phase: Phase | None,
    channel: str | None,
    tenant: str | None,
    older_than: timedelta | None,
    yes: bool,
) -> None:
    """Say what became of messages in doubt: sent, not-sent (they are sent again), or give-up.

    \b
    Examples:
      devino outbox resolve order-17 sent --id 575584281283682326
      devino outbox resolve --all --how give-up --older-than 3d
    """
    said = how or all_how
    if said is None:
        raise click.UsageError("say what became of it: sent, not-sent or give-up")
    if all_ and message_id is not None:
        raise click.UsageError("an id is that of one message: leave out --all or --id")
    if phase not in (None, Phase.DOUBT):
        raise click.UsageError("only what is in doubt can be resolved")
    resolution = Resolution(said)

    def change(entry: Entry, now: datetime) -> Move | None:
        return resolved(entry, resolution, message_id, now)

    verb = f"resolve as {said}"
    _act(app, verb, ref, all_, yes, Phase.DOUBT, channel, tenant, older_than, change)


@click.command()
@_ref
@_all
@click.option(
    "--rate",
    metavar="NUMBER",
    type=click.FloatRange(0, min_open=True),
    help="So many a second. Default: all at once.",
)
@filters
@_yes
@json_option
@pass_app
def retry(
    app: App,
    ref: str | None,
    all_: bool,
    rate: float | None,
    phase: Phase | None,
    channel: str | None,
    tenant: str | None,
    older_than: timedelta | None,
    yes: bool,
) -> None:
    """Send dead messages after all; --rate spreads them over time."""
    if phase not in (None, Phase.DEAD):
        raise click.UsageError("only what is dead can be retried")
    count = 0

    def change(entry: Entry, now: datetime) -> Move | None:
        nonlocal count
        count += 1
        wait = timedelta(0) if rate is None else timedelta(seconds=(count - 1) / rate)
        return retried(entry, now + wait)

    _act(app, "retry", ref, all_, yes, Phase.DEAD, channel, tenant, older_than, change)


@click.command()
@_ref
@_all
@filters
@_yes
@json_option
@pass_app
def cancel(
    app: App,
    ref: str | None,
    all_: bool,
    phase: Phase | None,
    channel: str | None,
    tenant: str | None,
    older_than: timedelta | None,
    yes: bool,
) -> None:
    """Keep queued or dead messages from being sent. What is on the wire cannot be cancelled."""
    chosen = phase or Phase.QUEUED
    _act(app, "cancel", ref, all_, yes, chosen, channel, tenant, older_than, cancelled)


class _Lanes(NamedTuple):
    """What is paused: a channel, a tenant or a priority."""

    channel: str | None = None
    tenant: str | None = None
    priority: str | None = None


def _lanes(what: str) -> _Lanes:
    kind, colon, name = what.partition(":")
    match kind if colon else "":
        case "":
            return _Lanes(channel=what)
        case "channel":
            return _Lanes(channel=name)
        case "tenant":
            return _Lanes(tenant=name)
        case "priority":
            return _Lanes(priority=name.upper())
    raise click.UsageError("give a channel, tenant:NAME or priority:NAME")


@click.command()
@click.argument("what")
@pass_app
def pause(app: App, what: str) -> None:
    """Let nothing go by a channel, of tenant:NAME or of priority:NAME, until it is resumed."""

    lanes = _lanes(what)

    async def work() -> None:
        async with opened(app) as box:
            await box.pause(channel=lanes.channel, tenant=lanes.tenant, priority=lanes.priority)

    app.run(work())
    channels = app.settings().channels
    # Those with @ are media: what names no channel waits there.
    if lanes.channel and not lanes.channel.startswith("@") and lanes.channel not in channels:
        hint = did_you_mean(lanes.channel, channels) or f"there are {', '.join(channels) or 'none'}"
        app.note(f"no channel is named {lanes.channel!r} here: {hint}; it is paused all the same")


@click.command()
@click.argument("what")
@pass_app
def resume(app: App, what: str) -> None:
    """End a pause. A channel that is held for an error goes on, too."""

    async def work() -> None:
        async with opened(app) as box:
            lanes = _lanes(what)
            await box.resume(channel=lanes.channel, tenant=lanes.tenant, priority=lanes.priority)

    app.run(work())


@click.command()
@click.option("--check", is_flag=True, help="Only look: exit with 1 if there is something to do.")
@click.option(
    "--restored",
    is_flag=True,
    help="The store is a restored backup: put in doubt what is not done.",
)
@json_option
@pass_app
def migrate(app: App, check: bool, restored: bool) -> None:
    """Bring the store's schema up to date; a file is copied first."""

    async def work() -> tuple[list[int], int]:
        made = Outbox(config=app.settings(), plugins=app.plugins, clock=app.clock)
        steps = await made.store.migrate(check=check) if isinstance(made.store, Migrates) else []
        if check or not restored:
            return steps, 0
        async with made as box:
            return steps, await box.restored()

    steps, doubted = app.run(work())
    if app.json:
        app.show({"steps": steps, "in_doubt": doubted})
    else:
        app.line(f"schema: {' '.join(map(str, steps)) or 'up to date'}")
        if restored:
            app.line(f"{doubted} in doubt")
    if check and steps:
        app.finish(ExitCode.NOT_DONE)


@click.command()
@click.option("--to", required=True, metavar="NUMBER", help="A phone number or a mail address.")
@json_option
@pass_app
def forget(app: App, to: str) -> None:
    """Forget a recipient: texts and numbers of all messages to it. What waits is cancelled."""

    async def work() -> int:
        async with opened(app) as box:
            return await box.forget(to)

    done = app.run(work())
    if app.json:
        app.show({"forgotten": done})
    else:
        app.line(f"{done} forgotten")
