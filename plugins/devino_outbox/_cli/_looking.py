"""Commands that look: list, show, stats, events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import rich_click as click

from devino_core import NotFound
from devino_core.cli.toolkit import App, ExitCode, json_option, parse_duration, parsed, pass_app
from devino_core.outbox import AGES, Entry, Lane, OutboxEvent, Phase, Tally

from ._opening import filters, matched, opened

__all__ = ["events", "list_", "show", "stats"]


def row_of(entry: Entry) -> dict[str, object]:
    """An entry as a row: no text, no number."""
    status = entry.status
    return {
        "ref": entry.ref,
        "phase": entry.phase.name.lower(),
        "state": status.state.value if entry.legs else None,
        "channel": entry.lane.channel,
        "priority": entry.lane.priority.value,
        "tenant": entry.lane.tenant,
        "due": entry.due,
        "attempt": entry.attempt,
        "crashes": entry.crashes,
        "id": None if entry.receipt is None else " ".join(entry.receipt.ids),
        "price": status.price,
    }


@click.command("list")
@filters
@click.option(
    "--limit",
    metavar="COUNT",
    type=click.IntRange(1),
    default=1000,
    show_default=True,
    help="At most so many.",
)
@json_option
@pass_app
def list_(
    app: App,
    phase: Phase | None,
    channel: str | None,
    tenant: str | None,
    older_than: timedelta | None,
    limit: int,
) -> None:
    """List messages: of a phase in the order of time, else in that of their coming.

    \b
    Example:
      devino outbox list --phase doubt --json
    """

    async def work() -> list[Entry]:
        async with opened(app) as box:
            query = matched(await box.store.now(), phase, channel, tenant, older_than)
            return [entry async for entry in box.entries(query, limit=limit)]

    columns = ("ref", "phase", "state", "channel", "priority", "tenant", "due")
    app.table(columns, map(row_of, app.run(work())))


@click.command()
@click.argument("ref")
@json_option
@pass_app
def show(app: App, ref: str) -> None:
    """Show one message: where it is, its legs and its events."""

    async def work() -> tuple[Entry, list[OutboxEvent]]:
        async with opened(app) as box:
            entry = await box.get(ref)
            if entry is None:
                raise NotFound(f"the outbox has no message {ref!r}")
            return entry, await box.store.events("", 1000, entry=entry.id)

    entry, told = app.run(work())
    legs = [
        {
            "leg": number,
            "channel": leg.channel,
            "medium": leg.medium.value,
            "began": leg.began_at,
            "state": leg.status.state.value,
            "code": leg.status.code,
            "ids": () if leg.receipt is None else leg.receipt.ids,
            "error": None if leg.error is None else str(leg.error),
        }
        for number, leg in enumerate(entry.legs)
    ]
    if app.json:
        app.show(row_of(entry) | {"legs": legs, "events": [_event_row(one) for one in told]})
        return
    for name, value in row_of(entry).items():
        if value not in (None, ""):
            app.line(f"{name}: {value}")
    if legs:
        app.line()
        app.table(("leg", "channel", "medium", "began", "state", "code", "ids", "error"), legs)
    if told:
        app.line()
        app.table(_COLUMNS[1:], map(_event_row, told))


_COLUMNS = ("cursor", "at", "kind", "ref", "channel", "state", "reason")


def _event_row(event: OutboxEvent) -> dict[str, object]:
    return {
        "cursor": event.cursor,
        "at": event.at,
        "kind": event.kind.value,
        "ref": event.ref,
        "channel": event.channel,
        "leg": event.leg,
        "state": None if event.status is None else event.status.state.value,
        "reason": event.reason,
    }


@click.command()
@click.option("--after", metavar="CURSOR", default="", help="Those after this one.")
@click.option("--follow", is_flag=True, help="Wait for more, until Ctrl-C.")
@json_option
@pass_app
def events(app: App, after: str, follow: bool) -> None:
    """Print what happened, in order, a line each. It moves no consumer's cursor."""

    async def work() -> None:
        cursor = after
        async with opened(app) as box:
            app.head(_COLUMNS)
            while True:
                page = await box.store.events(cursor, 500)
                for event in page:
                    row = _event_row(event)
                    if app.json:
                        app.show(row)
                    else:
                        app.line("\t".join(_text(row[column]) for column in _COLUMNS))
                    cursor = event.cursor
                if not page:
                    if not follow:
                        return
                    await app.clock.sleep(box.settings.poll)

    app.run(work())


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    return "" if value is None else str(value)


@click.command()
@click.option("--watch", is_flag=True, help="Print again every two seconds, until Ctrl-C.")
@click.option(
    "--alarm",
    metavar="DURATION",
    callback=parsed(parse_duration),
    help="Exit with 3 if a message is due for longer than this.",
)
@click.option("--ages", is_flag=True, help="Count what is due by how many seconds it has been.")
@json_option
@pass_app
def stats(app: App, watch: bool, alarm: timedelta | None, ages: bool) -> None:
    """Count messages by lane and phase, and say how long the oldest is due."""

    async def work() -> Tally:
        async with opened(app) as box:
            while True:
                tally = await box.tally()
                if ages:
                    _print_ages(app, await box.ages())
                else:
                    _print(app, tally)
                if not watch:
                    return tally
                await app.clock.sleep(2)

    tally = app.run(work())
    oldest = max((tally.at - due for due in tally.oldest.values()), default=timedelta(0))
    if alarm is not None and oldest > alarm:
        app.note(f"a message is due since {oldest.total_seconds():.0f} s")
        app.finish(ExitCode.OUTCOME_UNKNOWN)


def _print_ages(app: App, ages: Mapping[Lane, Sequence[int]]) -> None:
    columns = [*map(str, AGES), f"{AGES[-1]}+"]
    rows = [
        {**_lane_row(lane), "due": sum(counts), **dict(zip(columns, counts, strict=True))}
        for lane, counts in sorted(ages.items(), key=lambda pair: pair[0].text)
    ]
    app.table(("channel", "priority", "tenant", "due", *columns), rows)


def _lane_row(lane: Lane) -> dict[str, object]:
    priority = f"{lane.priority.value} (alone)" if lane.suspect else lane.priority.value
    return {"channel": lane.channel, "priority": priority, "tenant": lane.tenant}


def _print(app: App, tally: Tally) -> None:
    rows = []
    for lane, counts in sorted(tally.counts.items(), key=lambda pair: pair[0].text):
        due = tally.oldest.get(lane)
        row = _lane_row(lane)
        row |= {phase.name.lower(): counts.get(phase, 0) for phase in Phase}
        row["oldest_s"] = None if due is None else round((tally.at - due).total_seconds(), 1)
        rows.append(row)
    shut = {
        name: state.held or f"closed until {state.closed_until:%H:%M:%S}"
        for name, state in tally.limits.items()
        if state.held is not None
        or (state.closed_until is not None and state.closed_until > tally.at)
    }
    if app.json:
        app.show(_as_json(tally, rows, shut))
        return
    columns = ("channel", "priority", "tenant", *(p.name.lower() for p in Phase), "oldest_s")
    app.table(columns, rows)
    for name, why in shut.items():
        app.note(f"channel {name!r}: {why}")
    for what in tally.paused:
        app.note(f"{what} is paused")
    for name, value in sorted(tally.gauges.items()):
        app.note(f"{name}: {value:,.0f}")


def _as_json(
    tally: Tally, rows: list[dict[str, object]], shut: Mapping[str, str]
) -> dict[str, object]:
    return {
        "at": tally.at,
        "lanes": rows,
        "shut": shut,
        "paused": tally.paused,
        "workers": tally.workers,
        "gauges": tally.gauges,
    }
