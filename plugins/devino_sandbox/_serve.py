"""Serving until told to stop, and showing meanwhile what is received."""

from __future__ import annotations

import asyncio
import shlex
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Thread

from devino_core import ConfigurationError
from devino_core.cli.toolkit import App

from ._faults import Fault
from ._log import JsonLog, Log, TextLog
from ._runner import Sandbox
from ._service import Access
from ._world import World

__all__ = ["serve"]

POLL = 0.2


async def serve(
    app: App,
    sandbox: Sandbox,
    *,
    trust: str | None = None,
    opens: bool = False,
    faults: Sequence[Fault] = (),
    as_json: bool = False,
    verbose: bool = False,
) -> None:
    """Run it until SIGINT or SIGTERM. Raises ConfigurationError.

    ``trust``: the file of the certificate that clients are to trust, if there is one. ``opens``:
    open its page in the browser. ``faults``: order these. ``as_json``: show what happens as JSON.
    ``verbose``: each call too, not only those that failed.
    """
    stop = _stopped_by_signals()
    world = sandbox.world
    async with sandbox:
        _order(world, faults)
        account = next(iter(world.accounts.values()))
        access = Access(endpoints=sandbox.endpoints, account=account, sender=account.sender)
        facts = {
            **sandbox.endpoints,
            "login": account.login,
            "password": account.password.reveal(),
            "api_key": access.api_key,
        }
        if trust is not None:
            facts["tls_cert"] = trust
        if opens:
            # A browser of the terminal takes it until it is left.
            import webbrowser

            Thread(target=webbrowser.open, args=[sandbox.endpoints["page"]], daemon=True).start()
        if app.json:
            app.show(facts)
        if app.json and not as_json:
            await stop.wait()
            return
        log: Log
        if as_json:
            log = JsonLog(app, world, verbose=verbose)
        else:
            usage = [line for service in sandbox.services for line in service.usage(access)]
            _greet(app, facts, usage, trust=trust)
            log = TextLog(app, world, verbose=verbose)
        while not stop.is_set():
            log.flush()
            await _wait(stop, POLL)


def _order(world: World, faults: Sequence[Fault]) -> None:
    # Only a running sandbox knows what can fail.
    for number, fault in enumerate(faults, 1):
        try:
            world.faults.add(fault)
        except ValueError as error:
            raise ConfigurationError(f"[[fault]] {number}: {error}") from None


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
