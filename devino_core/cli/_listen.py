"""``listen``: receives callbacks or follows a channel, and prints each event as a line of JSON."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AsyncExitStack, suppress
from pathlib import Path

import rich_click as click

from devino_core import Secret
from devino_core.errors import ConfigurationError
from devino_core.files import read_whole

from ._outlet import Outlet
from ._stop import Stop
from .toolkit import App, config_option, json_option, not_empty, pass_app

__all__ = ["listen"]

VARIABLE = "DEVINO_CALLBACK_SECRET"


@click.command()
@click.option(
    "--source",
    "sources",
    metavar="NAME",
    multiple=True,
    help="Receive for this source; may be repeated. Default: all sources that plugins bring.",
)
@click.option(
    "--host",
    metavar="ADDRESS",
    default="127.0.0.1",
    show_default=True,
    callback=not_empty,
    help="Address to listen on for the platform, or for the proxy that speaks TLS with it.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    metavar="PORT",
    help="Port to listen on; 0 takes a free one.",
)
@click.option(
    "--secret-file",
    "files",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False),
    multiple=True,
    help="File with the secret of the URL; repeat it while a new secret replaces the old one. "
    f"Default: ${VARIABLE}, else a new secret.",
)
@click.option(
    "--channel",
    metavar="NAME",
    help="Follow the events of this configured channel instead; nothing is served.",
)
@click.option(
    "--forward-to",
    metavar="URL",
    help="POST each event to this URL as JSON, and repeat it until the answer is a 2xx.",
)
@config_option
@json_option
@pass_app
def listen(
    app: App,
    /,
    sources: tuple[str, ...],
    host: str,
    port: int,
    files: tuple[str, ...],
    channel: str | None,
    forward_to: str | None,
) -> None:
    """Print the platform's events, one JSON object a line, until Ctrl-C or SIGTERM.

    It serves a receiver of callbacks, and says which URL to register with the platform. Only a
    terminal shows the secret in that URL. With --channel it follows the events that a channel gets
    over its own connection, as with SMPP.

    An event counts as taken when it is printed, and with --forward-to when that URL has taken it
    too. Only then does the platform hear so. It repeats events that were not taken.

    \b
    Examples:
      devino listen --source viber --port 8000
      devino listen --secret-file secret.txt --forward-to http://127.0.0.1:9000/events
      devino listen --channel smpp
    """
    if channel is not None and (sources or files):
        raise click.UsageError("give --channel, or --source and --secret-file, not both")
    outlet = Outlet(app, forward_to)
    if channel is not None:
        _run(app, outlet, lambda: _follow(app, outlet, channel))
        return
    from ._receive import Receiver

    specs = [app.plugins.callback_spec(name) for name in sources]
    receiver = Receiver(
        app,
        outlet,
        specs or list(app.plugins.callbacks().values()),
        _secrets(files),
        host=host,
        port=port,
    )
    _run(app, outlet, receiver.run)


def _run(app: App, outlet: Outlet, work: Callable[[], Coroutine[object, object, None]]) -> None:
    """Run until it fails or a signal ends it in good order. A second signal ends it at once."""
    import asyncio

    async def run(stop: Stop) -> None:
        stop.cancels_this_task()
        with suppress(asyncio.CancelledError):
            async with outlet:
                await work()
        if outlet.failure is not None:
            raise outlet.failure

    with Stop() as stop:
        app.run(run(stop))


async def _follow(app: App, outlet: Outlet, channel: str) -> None:
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(app.client())
        events = client.events(channel=channel)
        if isinstance(events, AsyncGenerator):
            stack.push_async_callback(events.aclose)
        async for event in events:
            await outlet(event)


def _secrets(files: tuple[str, ...]) -> list[Secret]:
    """The secrets of the files, else that of the environment, else a new one."""
    import os
    import secrets
    import sys

    if files:
        return [Secret(_read(Path(file))) for file in files]
    if given := os.environ.get(VARIABLE):
        return [Secret(given)]
    if not sys.stderr.isatty():
        raise click.UsageError(
            f"give --secret-file or ${VARIABLE}: a new secret would be shown on a terminal only"
        )
    return [Secret(secrets.token_urlsafe(24))]


def _read(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            return read_whole(opened).decode("utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not in UTF-8"
        raise ConfigurationError(f"--secret-file: cannot read {file}: {reason}") from None
