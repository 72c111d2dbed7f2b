"""``devino outbox run``: a process that sends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import msgspec
import rich_click as click

from devino_core import Event
from devino_core.cli.toolkit import App, cell, json_option, not_empty, pass_app
from devino_core.errors import ConfigurationError
from devino_core.outbox import Outbox, OutboxEvent, Worker
from devino_core.plugins import missing_package

from ._opening import opened

__all__ = ["run"]


@click.command()
@click.option("--channel", "channels", multiple=True, metavar="NAME", help="Serve only this one.")
@click.option(
    "--store",
    metavar="URL",
    callback=not_empty,
    help="Serve this one, such as nats://127.0.0.1:4222. Default: the settings'.",
)
@click.option("--once", is_flag=True, help="End when nothing is due any more.")
@click.option(
    "--events",
    "tells",
    is_flag=True,
    help="Print what happens, and what subscribers write, a line each.",
)
@json_option
@pass_app
def run(app: App, channels: tuple[str, ...], store: str | None, once: bool, tells: bool) -> None:
    """Send what the outbox holds, until SIGTERM or Ctrl-C.

    A stop takes up nothing more and waits for what is on the wire (setting `stop_within`).
    """

    async def tell(event: OutboxEvent) -> None:
        state = None if event.status is None else event.status.state.value
        if app.json:
            app.show({"kind": event.kind.value, "ref": event.ref, "state": state})
        else:
            app.line("\t".join(filter(None, (event.kind.value, event.ref, state, event.reason))))

    async def take(event: Event) -> None:
        fields = msgspec.structs.asdict(event)
        # This is the codec's own value, which need not be JSON.
        del fields["raw"]
        name = type(event).__name__
        if app.json:
            app.show({"event": name, **fields})
        else:
            app.line("\t".join((name, *map(cell, fields.values()))))

    async def work() -> None:
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(app.client())
            box = await stack.enter_async_context(opened(app, client, store))
            on_event = await _told(box, stack, tell if tells else None)
            consumer = "devino outbox run" if box.settings.sink is None else "sink"
            worker = Worker(
                box,
                client,
                channels=channels or None,
                on_event=on_event,
                take=take if tells else None,
                consumer=consumer,
            )
            if once:
                async with worker:
                    await worker.drain()
                if on_event is not None:
                    # What the worker had no time to tell.
                    async for event in box.events(consumer, follow=False):
                        await on_event(event)
            else:
                await worker.run()

    app.run(work())


_OnEvent = Callable[[OutboxEvent], Awaitable[object]]


async def _told(box: Outbox, stack: AsyncExitStack, tell: _OnEvent | None) -> _OnEvent | None:
    """Who is told of events: the sink that is set, and whoever watches."""
    url = box.settings.sink
    if url is None:
        return tell
    try:
        from devino_outbox.nats import NatsSink
    except ImportError as error:
        if not missing_package(error):
            raise
        raise ConfigurationError(
            f'the sink {url.partition(":")[0]!r} needs {error.name}: pip install "devino[nats]"'
        ) from error
    sink = await stack.enter_async_context(NatsSink(url))

    async def both(event: OutboxEvent) -> None:
        await sink(event)
        if tell is not None:
            await tell(event)

    return both
