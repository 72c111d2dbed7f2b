"""The commands ``sandbox`` and ``demo``."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, cast

import rich_click as click
from click import get_current_context
from click.core import ParameterSource

from devino_core import Medium, Secret
from devino_core.cli.toolkit import App, ExitCode, json_option, not_empty, parse_duration, pass_app

from ._ports import PortsGroup, chosen_ports, misspelt, port_option

if TYPE_CHECKING:
    import ssl

__all__ = ["demo", "sandbox"]


def _amount(context: click.Context, option: click.Parameter, text: str) -> Decimal:
    from ._config import amount

    try:
        return amount(text)
    except ValueError as error:
        raise click.BadParameter(str(error), context, option) from None


def _well_formed(
    context: click.Context, option: click.Parameter, senders: tuple[str, ...]
) -> tuple[str, ...]:
    from ._admission import SENDERS

    for sender in senders:
        if SENDERS[Medium.SMS].fullmatch(sender) is None:
            raise click.BadParameter(
                f"{sender!r} is no sender: up to 11 Latin characters or 15 digits", context, option
            )
    return senders


def _names(
    context: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...]:
    for name in given:
        # An IPv6 address has more colons than one.
        if not name or "/" in name or name.count(":") == 1:
            raise click.BadParameter(
                f"{name!r} is no name of a host: give it without scheme, port and path",
                context,
                option,
            )
    return given


def _urls(
    context: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> Mapping[str, Secret]:
    found: dict[str, Secret] = {}
    for number, text in enumerate(given, 1):
        kind, _, url = text.partition("=")
        if not url or re.fullmatch(r"[\w.-]+", kind) is None:
            # It may be a URL alone, and a URL is never shown.
            raise click.BadParameter(f"number {number} is not KIND=URL", context, option)
        if kind in found:
            raise click.BadParameter(f"{kind!r} is given twice", context, option)
        found[kind] = Secret(url)
    return found


@click.group(cls=PortsGroup, invoke_without_command=True)
@click.option(
    "--config",
    "config",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="TOML with accounts, callbacks, faults and the pace; options win over it.",
)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    callback=not_empty,
    help="Where to listen. Whoever can reach it can use it.",
)
@port_option("--http-port", "all HTTP protocols")
@click.option(
    "--allow-host",
    "allow_hosts",
    metavar="NAME",
    callback=_names,
    multiple=True,
    help="Another name under which the inspection API answers, as that of a container; repeatable.",
)
@click.option(
    "--login",
    callback=not_empty,
    default="demo",
    show_default=True,
    help="Login of the account; of the first, if the file has several.",
)
@click.option(
    "--password", callback=not_empty, default="demo", show_default=True, help="Its password."
)
@click.option(
    "--api-key",
    metavar="KEY",
    callback=not_empty,
    help="Its key, where a protocol wants one instead; any key is good, unless given.",
)
@click.option(
    "--sender",
    "senders",
    metavar="NAME",
    callback=_well_formed,
    multiple=True,
    help="Approved sender, repeatable; every well-formed one, unless given.",
)
@click.option(
    "--balance",
    metavar="AMOUNT",
    callback=_amount,
    default="1000000",
    show_default=True,
    help="What the account can spend.",
)
@click.option(
    "--callback",
    "callbacks",
    metavar="KIND=URL",
    callback=_urls,
    multiple=True,
    help="Where the platform calls back about KIND (sms, viber, viber-reply, whatsapp, "
    "whatsapp-reply, vk, email, email-xml), repeatable; nowhere, unless given.",
)
@click.option(
    "--keep",
    type=click.IntRange(1),
    default=100_000,
    show_default=True,
    metavar="COUNT",
    help="How many messages to remember; beyond, the oldest that have ended are forgotten.",
)
@click.option(
    "--calls",
    type=click.IntRange(0),
    default=1000,
    show_default=True,
    metavar="COUNT",
    help="How many calls to remember, with what was said; 0: none.",
)
@click.option(
    "--clock",
    type=click.Choice(["system", "driven"]),
    default="system",
    show_default=True,
    help="driven: time stands still until POST /_sandbox/clock moves it.",
)
@click.option(
    "--log",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to show what happens; json: an object in each line.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show each call, not only those that failed.")
@click.option(
    "--tls-cert",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Speak TLS only, with this certificate (PEM): HTTPS, SMPP over TLS, mail after STARTTLS.",
)
@click.option(
    "--tls-key",
    type=click.Path(exists=True, dir_okay=False),
    metavar="FILE",
    help="Its key (PEM), unless that is in the same file.",
)
@click.option(
    "--tls-self-signed",
    is_flag=True,
    help="Speak TLS only, with a certificate that is made for this run.",
)
@click.option(
    "--strict", is_flag=True, help="Hold clients to the manual where the platform is lenient."
)
@click.option("--open", "opens", is_flag=True, help="Open its page in the browser.")
@json_option
@pass_app
def sandbox(
    app: App,
    /,
    config: str | None,
    host: str,
    http_port: int,
    allow_hosts: tuple[str, ...],
    login: str,
    password: str,
    api_key: str | None,
    senders: tuple[str, ...],
    balance: Decimal,
    callbacks: Mapping[str, Secret],
    keep: int,
    calls: int,
    clock: str,
    log: str,
    verbose: bool,
    tls_cert: str | None,
    tls_key: str | None,
    tls_self_signed: bool,
    strict: bool,
    opens: bool,
) -> None:
    """Run the platform on this machine, until Ctrl-C or SIGTERM.

    It charges, delivers and reports, and shows what it receives: here, and on a page for your
    browser, whose address is the first line (--open opens it). The number that a message goes to
    chooses its fate: 799900000NN ends in the SMS state NN (41 undeliverable, 46 expired, ...), and
    every other number gets its message.

    With --json the first line is an object with the endpoints (rest, rest_v2, inspect, ...), login,
    password and api_key; nothing follows it, unless you ask for --log json.

    Each option has a variable: DEVINO_SANDBOX_HTTP_PORT=8080, DEVINO_SANDBOX_SENDER="SHOP BANK".

    \b
    Examples:
      devino sandbox --open
      devino sandbox --http-port 8080 --login me --password secret --sender DEVINO
      devino sandbox --tls-cert cert.pem --tls-key key.pem
      devino sandbox --callback viber=http://127.0.0.1:8000/some-secret-of-yours/viber
      devino sandbox --json
    """
    context = get_current_context()
    if context.invoked_subcommand is not None:
        return
    for told in misspelt(context.command.get_params(context), os.environ):
        app.note(f"warning: {told}")
    # Imported here, as in `demo`: `devino --help` does without a server.
    from devino_core.clock import SYSTEM_CLOCK, ManualClock

    from ._config import SandboxFile, read_file
    from ._runner import Sandbox
    from ._serve import serve
    from ._world import World

    file = SandboxFile() if config is None else read_file(config)
    accounts = file.accounts(config or "")
    given = {
        "login": login,
        "password": Secret(password),
        "balance": balance,
        "senders": frozenset(senders) or None,
        "api_key": None if api_key is None else Secret(api_key),
        "callbacks": callbacks,
    }
    for name, value in given.items():
        if _is_given(name):
            setattr(accounts[0], name, value)
    world = World(
        accounts,
        clock=SYSTEM_CLOCK if clock == "system" else ManualClock(SYSTEM_CLOCK.now()),
        pace=None if file.pace is None else file.pace.pace(),
        strict=strict,
        keep=keep,
        calls=calls,
    )
    with _tls(tls_cert, tls_key, host if tls_self_signed else None) as (encryption, trust):
        running = Sandbox(
            world,
            host=host,
            http_port=http_port,
            ports=chosen_ports(),
            tls=encryption,
            allow_hosts=allow_hosts,
        )
        serving = serve(
            app,
            running,
            trust=trust,
            opens=opens,
            faults=file.fault,
            as_json=log == "json",
            verbose=verbose,
        )
        app.run(serving)


def _is_given(name: str) -> bool:
    source = get_current_context().get_parameter_source(name)
    return source in (ParameterSource.COMMANDLINE, ParameterSource.ENVIRONMENT)


@contextmanager
def _tls(
    cert: str | None, key: str | None, self_signed: str | None
) -> Iterator[tuple[ssl.SSLContext | None, str | None]]:
    """The server's context, if it is to speak TLS, and the certificate that clients trust.

    ``self_signed``: make one for this host.
    """
    if self_signed is None:
        yield _context(cert, key), None if cert is None else str(Path(cert).resolve())
        return
    if cert is not None or key is not None:
        raise click.UsageError("--tls-self-signed makes a certificate: leave --tls-cert out")
    from ._self_signed import SelfSigned

    made = SelfSigned(self_signed)
    try:
        yield made.context, str(made.path)
    finally:
        made.remove()


@sandbox.command()
@click.option(
    "--url", metavar="URL", help="Of the sandbox; otherwise by the variables that configure it."
)
@click.option(
    "--wait",
    metavar="DURATION",
    default="0s",
    show_default=True,
    help="How long to wait for it, as 30s.",
)
@pass_app
def ready(app: App, /, url: str | None, wait: str) -> None:
    """Tell whether a sandbox serves: exit code 0, or 1 and the reason.

    \b
    Examples:
      devino sandbox ready --wait 30s
      devino sandbox ready --url http://127.0.0.1:8080
    """
    from ._ready import health_url, until_ready

    try:
        seconds = parse_duration(wait).total_seconds()
    except ValueError as error:
        raise click.UsageError(f"--wait: {error}") from None
    options = cast("click.Context", get_current_context().parent).params
    where = health_url(
        url,
        options["host"],
        options["http_port"],
        tls=options["tls_cert"] is not None or options["tls_self_signed"],
    )
    why = until_ready(where, seconds)
    if why:
        app.note(f"{where}: {why}")
        app.finish(ExitCode.NOT_DONE)


def _context(cert: str | None, key: str | None) -> ssl.SSLContext | None:
    if cert is None:
        if key is not None:
            raise click.UsageError("--tls-key: needs --tls-cert")
        return None
    import ssl

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        # With no password at all OpenSSL would ask the terminal for the one of a key that has one.
        context.load_cert_chain(cert, key, password="")
    except (OSError, ValueError) as error:
        where = cert if key is None else f"{cert} and {key}"
        raise click.UsageError(
            f"--tls-cert: no certificate with its key, not encrypted, in {where}: {error}"
        ) from None
    return context


@click.command()
@click.option("--all", "lists_all", is_flag=True, help="List every message with its states.")
@json_option
@pass_app
def demo(app: App, lists_all: bool) -> None:
    """Send messages through every channel to a sandbox, and follow them to their ends.

    Takes a few seconds and needs no account and no network. Each channel has a row, and each fate
    that a message can meet a column. Exits with 0 only if every message reached the state that it
    should.

    \b
    Examples:
      devino demo
      devino demo --all
      devino demo --json
    """
    from ._demo import Demo
    from ._demo_view import DemoList, DemoScreen

    with DemoList(app) if lists_all else DemoScreen(app) as view:
        result = app.run(Demo(app.plugins, view.show).run())
    view.conclude(result)
    app.finish(ExitCode.DONE if result.ok else ExitCode.NOT_DONE)
