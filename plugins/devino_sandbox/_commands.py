"""The commands ``sandbox`` and ``demo``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING

import rich_click as click

from devino_core import Medium, Secret
from devino_core.cli.toolkit import App, ExitCode, json_option, pass_app

from ._ports import PortsCommand, chosen_ports, port_option

if TYPE_CHECKING:
    import ssl

__all__ = ["demo", "sandbox"]


def _amount(context: click.Context, option: click.Parameter, text: str) -> Decimal:
    if re.fullmatch(r"[0-9]{1,15}(\.[0-9]{1,4})?", text) is None:
        raise click.BadParameter(
            f"{text!r} is not an amount such as 1000 or 12.50", context, option
        )
    return Decimal(text)


def _given(context: click.Context, option: click.Parameter, text: str | None) -> str | None:
    if text == "":
        raise click.BadParameter("must not be empty", context, option)
    return text


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


@click.command(cls=PortsCommand)
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    metavar="ADDRESS",
    help="Where to listen. Whoever can reach it can use it.",
)
@port_option("--http-port", "all HTTP protocols")
@click.option(
    "--allow-host",
    "allow_hosts",
    metavar="NAME",
    multiple=True,
    help="Another name under which the inspection API answers, as that of a container; repeatable.",
)
@click.option(
    "--login",
    callback=_given,
    default="demo",
    show_default=True,
    help="Login of the one account.",
)
@click.option(
    "--password", callback=_given, default="demo", show_default=True, help="Its password."
)
@click.option(
    "--api-key",
    metavar="KEY",
    callback=_given,
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
    "whatsapp-reply, vk), repeatable; nowhere, unless given.",
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
    "--strict", is_flag=True, help="Hold clients to the manual where the platform is lenient."
)
@json_option
@pass_app
def sandbox(
    app: App,
    /,
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
    tls_cert: str | None,
    tls_key: str | None,
    strict: bool,
) -> None:
    """Run the platform on this machine, until Ctrl-C or SIGTERM.

    It charges, delivers and reports, and shows what it receives. The number that a message goes to
    chooses its fate: 799900000NN ends in the SMS state NN (41 undeliverable, 46 expired, ...), and
    every other number gets its message.

    With --json the first line is an object with the endpoints (rest, rest_v2, inspect, ...), login,
    password and api_key; nothing follows it.

    \b
    Examples:
      devino sandbox
      devino sandbox --http-port 8080 --login me --password secret --sender DEVINO
      devino sandbox --tls-cert cert.pem --tls-key key.pem
      devino sandbox --callback viber=http://127.0.0.1:8000/some-secret-of-yours/viber
      devino sandbox --json
    """
    # Imported here, as in `demo`: `devino --help` does without a server.
    from ._accounts import Account
    from ._runner import Sandbox
    from ._serve import serve
    from ._world import World

    account = Account(
        login=login,
        password=Secret(password),
        balance=balance,
        senders=frozenset(senders) or None,
        api_key=None if api_key is None else Secret(api_key),
        callbacks=callbacks,
    )
    running = Sandbox(
        World([account], strict=strict, keep=keep),
        host=host,
        http_port=http_port,
        ports=chosen_ports(),
        tls=_context(tls_cert, tls_key),
        allow_hosts=allow_hosts,
    )
    app.run(serve(app, running, trust=tls_cert))


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
