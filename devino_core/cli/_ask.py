"""``status``, ``balance`` and ``inbox``: the commands that ask the platform."""

from __future__ import annotations

from datetime import datetime, timedelta

import rich_click as click

from devino_core import Capability, Medium, Status

from ._receipts import given_receipts
from ._times import moment, period_options
from .toolkit import App, channel_option, config_option, json_option, medium_option, pass_app

__all__ = ["balance", "inbox", "status"]


@click.command()
@click.argument("ids", metavar="ID...", nargs=-1, required=True)
@channel_option
@medium_option
@config_option
@json_option
@pass_app
def status(app: App, ids: tuple[str, ...], channel: str | None, medium: Medium | None) -> None:
    """Ask what became of messages, by the ids that the platform gave.

    With - the ids are read from stdin: one a line, or what `devino send` printed. A file with that,
    or a journal, may be named, too. `devino follow` asks until all is known.

    Exits with 0 when the platform told of all of them, whatever the states are. Where it did not
    tell of some, the others are shown all the same. The medium is that which the state is about:
    SMS, if an SMS was sent instead of a message for Viber.

    \b
    Examples:
      devino status 575584281283682326
      devino status 575584281283682326 575584281283682327 --json
      devino status 3158611117233078272 --medium viber
      devino status - < receipts.jsonl
    """

    receipts = list(given_receipts(ids, medium=app.medium(medium, channel), channel=channel))
    asked: dict[tuple[str, Medium], dict[str, Status]] = {}
    for receipt in receipts:
        asked.setdefault((receipt.channel, receipt.medium), {}).update(
            dict.fromkeys(receipt.ids, receipt.status)
        )

    async def ask() -> None:
        async with app.client() as client:
            for (name, way), statuses in asked.items():
                if statuses:
                    knower = client.channel_for(Capability.STATUS, medium=way, channel=name)
                    told = await knower.status(list(statuses), medium=way)
                    statuses.update(zip(statuses, told, strict=True))

    app.run(ask())
    found = [
        (id_, receipt.medium, asked[receipt.channel, receipt.medium][id_])
        for receipt in receipts
        for id_ in receipt.ids
    ]
    rows = [_status_row(*each) for each in found]
    app.table(("id", "state", "medium", "code", "description", "reported_at", "price"), rows)
    unread = next((one.error for *_, one in found if one.error is not None), None)
    if unread is not None:
        raise unread


@click.command()
@channel_option
@config_option
@json_option
@pass_app
def balance(app: App, channel: str | None) -> None:
    """Tell the account's balance, in its currency.

    \b
    Examples:
      devino balance
      devino balance --channel promo --json
    """

    async def ask() -> object:
        async with app.client() as client:
            return await client.balance(channel=channel)

    amount = app.run(ask())
    if app.json:
        app.show({"balance": amount})
    else:
        app.line(str(amount))


@click.command()
@period_options("24h")
@channel_option
@config_option
@json_option
@pass_app
def inbox(
    app: App,
    since: datetime | timedelta,
    until: datetime | timedelta | None,
    channel: str | None,
) -> None:
    """List what subscribers wrote.

    \b
    Examples:
      devino inbox
      devino inbox --since 7d --json
      devino inbox --since 2030-01-31T00:00+03:00 --until 2030-02-01T00:00+03:00
    """
    first = moment("--since", since, app.clock)
    # Wires count whole seconds, and the period includes the second that has just begun.
    last = moment("--until", until or -timedelta(seconds=1), app.clock)
    if first >= last:
        raise click.BadParameter("must be earlier than --until", param_hint="'--since'")

    async def ask() -> list[dict[str, object]]:
        async with app.client() as client:
            return [
                {
                    "id": message.id,
                    "at": message.at,
                    "sender": message.sender,
                    "to": message.to,
                    "text": message.text,
                    "channel": message.channel,
                }
                for message in await client.inbox(first, last, channel=channel)
            ]

    app.table(("at", "sender", "to", "text"), app.run(ask()))


def _status_row(asked: str, medium: Medium, status: Status) -> dict[str, object]:
    return {
        "id": asked,
        "state": status.state,
        # What went instead may have another.
        "medium": status.medium or medium,
        "code": status.code,
        "description": status.description,
        "created_at": status.created_at,
        "submitted_at": status.submitted_at,
        "reported_at": status.reported_at,
        "price": status.price,
    }
