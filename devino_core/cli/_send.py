"""``send``: sends one message, or a file of messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TextIO

import msgspec
import rich_click as click
from click.core import ParameterSource

from devino_core import Mail, Medium, Message, Template

from ._csv import Row, read_rows
from ._delivery import Delivery
from ._table import is_read_once
from ._tally import Tally
from ._times import parse_duration, parse_send_at, parsed
from .toolkit import (
    App,
    ExitCode,
    channel_option,
    config_option,
    given_text,
    json_option,
    medium_option,
    pass_app,
)

__all__ = ["send"]


def _values(_: click.Context, __: click.Parameter, given: Sequence[str]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for pair in given:
        name, is_pair, text = pair.partition("=")
        if not (name and is_pair):
            raise click.BadParameter(f"{pair!r} is not NAME=TEXT")
        if name in found:
            raise click.BadParameter(f"{name!r} occurs twice")
        found[name] = text
    return found


@click.command()
@click.argument("to", metavar="[TO]", required=False, type=given_text)
@click.argument("text", metavar="[TEXT]", required=False, type=given_text)
@click.option(
    "--template",
    metavar="ID",
    type=given_text,
    help="Send this text that the platform holds, as VK wants it.",
)
@click.option(
    "--value",
    "values",
    metavar="NAME=TEXT",
    multiple=True,
    callback=_values,
    help="What stands for #NAME# in the template; repeatable.",
)
@click.option(
    "--sender", metavar="NAME", type=given_text, help="Name or number that the recipient sees."
)
@channel_option
@medium_option
@click.option(
    "--at",
    "send_at",
    metavar="TIME",
    callback=parsed(parse_send_at),
    help="When to send, as 2030-01-31T12:30+03:00; without a zone, by the recipient's clock.",
)
@click.option(
    "--validity",
    metavar="DURATION",
    callback=parsed(parse_duration),
    help="How long to try to deliver: 90s, 15m, 24h, 7d.",
)
@click.option(
    "--ref",
    metavar="REF",
    type=given_text,
    help="Your own id of the message; its receipt shows it.",
)
@click.option(
    "--fallback-sms", is_flag=True, help="If it cannot be delivered, send the same text by SMS."
)
@click.option(
    "--subject",
    metavar="TEXT",
    type=given_text,
    help="Makes it a mail, by --medium email unless you say another.",
)
@click.option(
    "--html",
    metavar="FILE",
    type=click.File(encoding="utf-8-sig"),
    help="A mail's HTML body, beside TEXT or in place of it.",
)
@click.option(
    "--header",
    "headers",
    metavar="'NAME: VALUE'",
    multiple=True,
    help="A further header of a mail; may be repeated.",
)
@click.option(
    "--file",
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="CSV file or pipe with a message in each row; - is stdin.",
)
@click.option(
    "--encoding",
    default="utf-8-sig",
    show_default=True,
    help="Encoding of FILE; Excel in Russian writes cp1251.",
)
@click.option("--dry-run", is_flag=True, help="Check every message and send none.")
@config_option
@json_option
@pass_app
def send(
    app: App,
    /,
    to: str | None,
    text: str | None,
    file: str | None,
    encoding: str,
    channel: str | None,
    template: str | None,
    values: Mapping[str, str],
    fallback_sms: bool,
    dry_run: bool,
    subject: str | None,
    html: TextIO | None,
    headers: tuple[str, ...],
    **fields: object,
) -> None:
    """Send TEXT or a template to the number TO, or a message for each row of a CSV file.

    The file's first line names its columns: to, and any of text, sender, medium, at, validity and
    ref. TEXT and the options fill in what a row leaves empty. All rows are checked before the
    first is sent (but not those of stdin or a pipe). No ref may occur twice. A terminal shows what
    was not accepted. A pipe gets every receipt, tab-separated or, with --json, as an object a line.
    If an error, Ctrl-C or SIGTERM ends it half way, it says which lines may have been sent and
    which were not.

    Exits with 0 if every message was accepted, with 3 if an outcome is unknown, else with 1.

    \b
    Examples:
      devino send +79031234567 "Your code is 1234" --sender DEVINO
      devino send 79031234567 "See you" --medium viber --fallback-sms
      devino send 79031234567 --medium vk --template 123456 --value name=Anna
      devino send ivan@example.com "Hello" --subject "Hi" --html hello.html
      devino send 79031234567 "Good morning" --at 2030-01-31T09:00
      devino send --file numbers.csv "Sale today" --dry-run
      devino send --file numbers.csv "Sale today" --json > receipts.jsonl
    """
    given: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
    if file is not None and (text is not None or "ref" in given):
        raise click.UsageError("with --file, give TEXT alone, and refs as a column of the file")
    if file is not None:
        # It has a column for the numbers, so what stands first is the text.
        text = to
    mail = _mail(subject, html, headers)
    if mail is not None and _is_default("medium"):
        given["medium"] = Medium.EMAIL
    content: str | Template | Mail | None = text
    if template is not None:
        if mail is not None:
            raise click.UsageError("give --template or --subject, not both")
        content = _template(template, values, text, fallback_sms=fallback_sms)
    elif values:
        raise click.UsageError("--value is for --template")
    if file is None:
        if to is None or (content is None and html is None):
            raise click.UsageError("give TO and TEXT, or --file FILE")
        if mail is not None:
            content = mail(text or "")
        rows = [Row(0, Message(**{**given, "to": to, "content": content}))]
        rows = list(_with_fallback(rows)) if fallback_sms else rows
        delivery = Delivery(app, app.client(), Tally(app, every=True), channel=channel)
        if dry_run:
            _say_checked(app, delivery.check(iter(rows)))
            app.finish(ExitCode.DONE)
        app.finish(delivery.run(rows))
    if content is not None:
        given["content"] = content

    client = app.client()

    def read() -> Iterator[Row]:
        rows = read_rows(file, encoding, given, region=client.settings.default_region)
        rows = rows if mail is None else _as_mails(rows, mail)
        return _with_fallback(rows) if fallback_sms else rows

    tally = Tally(app, every=False)
    delivery = Delivery(app, client, tally, channel=channel)
    if dry_run:
        _say_checked(app, delivery.check(read()))
        app.finish(ExitCode.DONE)
    total = None if is_read_once(file) else delivery.check(read())
    try:
        with tally.progress(total):
            code = delivery.run(read())
    finally:
        tally.summarize()
    app.finish(code)


def _template(
    template: str, values: Mapping[str, str], text: str | None, *, fallback_sms: bool
) -> Template:
    if text is not None:
        raise click.UsageError("give TEXT or --template, not both")
    if fallback_sms:
        raise click.UsageError("--fallback-sms sends TEXT, and a template has none")
    return Template(template, values)


def _is_default(option: str) -> bool:
    context = click.get_current_context()
    assert context is not None  # noqa: S101 - a command runs
    return context.get_parameter_source(option) is ParameterSource.DEFAULT


def _mail(
    subject: str | None, html: TextIO | None, headers: Iterable[str]
) -> Callable[[str], Mail] | None:
    """What makes a mail of a text; None where none of a mail's options is given."""
    if subject is None:
        if html is not None or headers:
            raise click.UsageError("a mail needs --subject")
        return None
    named: dict[str, str] = {}
    for header in headers:
        name, colon, value = header.partition(":")
        if not colon:
            raise click.BadParameter("expected 'Name: value'", param_hint="'--header'")
        named[name.strip()] = value.strip()
    try:
        body = "" if html is None else html.read()
    except UnicodeDecodeError:
        raise click.BadParameter("is not in UTF-8", param_hint="'--html'") from None
    return lambda text: Mail(subject, text, html=body, headers=named)


def _as_mails(rows: Iterable[Row], mail: Callable[[str], Mail]) -> Iterator[Row]:
    for line, message in rows:
        yield Row(line, msgspec.structs.replace(message, content=mail(message.text)))


def _say_checked(app: App, count: int) -> None:
    if app.json:
        app.show({"sendable": count})
    else:
        app.line(f"{count} can be sent; none was")


def _with_fallback(rows: Iterable[Row]) -> Iterator[Row]:
    for line, message in rows:
        second = Message(message.to, message.content, sender=message.sender, medium=Medium.SMS)
        yield Row(line, msgspec.structs.replace(message, fallback=second))
