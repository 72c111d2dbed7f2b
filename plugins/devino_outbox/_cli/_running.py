"""``devino outbox run``: a process that sends."""

from __future__ import annotations

import rich_click as click

from devino_core.cli.toolkit import App, json_option, pass_app
from devino_core.outbox import OutboxEvent, Worker

from ._group import opened

__all__ = ["run"]


@click.command()
@click.option("--channel", "channels", multiple=True, metavar="NAME", help="Serve only this one.")
@click.option("--once", is_flag=True, help="End when nothing is due any more.")
@click.option("--events", "tells", is_flag=True, help="Print what happens, a line each.")
@json_option
@pass_app
def run(app: App, channels: tuple[str, ...], once: bool, tells: bool) -> None:
    """Send what the outbox holds, until SIGTERM or Ctrl-C.

    A stop takes up nothing more and waits for what is on the wire (setting `stop_within`).
    """

    async def tell(event: OutboxEvent) -> None:
        state = None if event.status is None else event.status.state.value
        if app.json:
            app.show({"kind": event.kind.value, "ref": event.ref, "state": state})
        else:
            app.line("\t".join(filter(None, (event.kind.value, event.ref, state, event.reason))))

    async def work() -> None:
        async with app.client() as client, opened(app, client) as box:
            worker = Worker(
                box,
                client,
                channels=channels or None,
                on_event=tell if tells else None,
                consumer="devino outbox run",
            )
            if once:
                async with worker:
                    await worker.drain()
            else:
                await worker.run()

    app.run(work())
