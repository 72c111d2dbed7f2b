"""Serving until told to stop, and showing meanwhile what is received."""

from __future__ import annotations

import asyncio
import shlex
import signal
import webbrowser
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Thread

from devino_core.cli.toolkit import App, one_line

from ._messages import IncomingMessage, StoredMessage
from ._runner import Sandbox
from ._service import Access
from ._world import World

__all__ = ["serve"]

POLL = 0.2
AT_ONCE = 20
"""Messages shown of what comes at once: nobody reads a bulk of thousands line by line."""
REMEMBERED = 1_000
LENGTH = 40
"""Characters of a text that are shown."""


async def serve(
    app: App, sandbox: Sandbox, *, trust: str | None = None, opens: bool = False
) -> None:
    """Run it until SIGINT or SIGTERM. Raises ConfigurationError.

    ``trust``: the file of the certificate that clients are to trust, if there is one. ``opens``:
    open its page in the browser.
    """
    stop = _stopped_by_signals()
    world = sandbox.world
    async with sandbox:
        account = next(iter(world.accounts.values()))
        access = Access(endpoints=sandbox.endpoints, account=account, sender=account.sender)
        facts = {
            **sandbox.endpoints,
            "login": account.login,
            "password": account.password.reveal(),
            "api_key": access.api_key,
        }
        if opens:
            # A browser of the terminal takes it until it is left.
            Thread(target=webbrowser.open, args=[sandbox.endpoints["page"]], daemon=True).start()
        if app.json:
            app.show(facts)
            await stop.wait()
            return
        usage = [line for service in sandbox.services for line in service.usage(access)]
        _greet(app, facts, usage, trust=trust)
        log = _Log(app, world)
        while not stop.is_set():
            log.flush()
            await _wait(stop, POLL)


def _stopped_by_signals() -> asyncio.Event:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:
            # Windows' loops have none, and wake up for Python's own.
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    return stop


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        pass


def _greet(
    app: App, facts: Mapping[str, str], usage: Sequence[str], *, trust: str | None = None
) -> None:
    # First, and alone in its line: it is what most people are looking for.
    if "page" in facts:
        app.line(f"{facts['page']}  shows what it receives, in a browser")
    app.line("The sandbox is up; Ctrl-C ends it.")
    width = max(map(len, facts))
    for name, value in facts.items():
        app.line(f"  {name:{width}}  {value}")
    app.line("To send through it from another terminal:")
    if trust is not None:
        path = shlex.quote(str(Path(trust).resolve()))
        app.line(f"  export SSL_CERT_FILE={path}  # if it is self-signed")
    for line in usage:
        app.line(f"  {line}")
    app.line()


class _Log:
    """What the World receives and does, a line each."""

    def __init__(self, app: App, world: World) -> None:
        self._app = app
        self._world = world
        # The first of those that came since the last time, and how many came.
        self._new: list[StoredMessage] = []
        self._count = 0
        # The latest that were shown, by id: their changes are shown, too.
        self._shown: dict[int, None] = {}
        world.subscribe(recorded=self._recorded, changed=self._changed, arrived=self._arrived)

    def flush(self) -> None:
        """Show what came since the last time."""
        new, more = self._new, self._count - len(self._new)
        self._new, self._count = [], 0
        for message in new:
            self._received(message)
        if more:
            self._line(f"and {more} more")

    def _recorded(self, message: StoredMessage) -> None:
        if message.listed:
            self._count += 1
            if len(self._new) < AT_ONCE:
                self._new.append(message)

    def _received(self, message: StoredMessage) -> None:
        what = message.submission
        if message.reason is None:
            self._shown[message.first_id] = None
            if len(self._shown) > REMEMBERED:
                del self._shown[next(iter(self._shown))]
            became = str(message.state)
        else:
            became = f"refused: {message.reason}"
        text = what.text if len(what.text) <= LENGTH else f"{what.text[: LENGTH - 1]}…"
        route = f"{what.sender} > {message.to}"
        self._line(f"{what.via:8} {what.medium:5} {route}  {text!r}  {became}")

    def _changed(self, message: StoredMessage) -> None:
        # A message may be taken and change between two flushes; both are shown, in that order.
        self.flush()
        if message.first_id in self._shown:
            route = f"{message.submission.sender} > {message.to}"
            self._line(
                f"{message.submission.via:8} {message.submission.medium:5} {route}  {message.state}"
            )

    def _arrived(self, incoming: IncomingMessage) -> None:
        self._line(f"incoming       {incoming.sender} > {incoming.to}  {incoming.text!r}")

    def _line(self, text: str) -> None:
        self._app.line(f"{self._world.clock.now().astimezone():%H:%M:%S}  {one_line(text)}")
