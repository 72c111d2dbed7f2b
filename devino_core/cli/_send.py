"""``send``: sends one message, or a file of messages."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from io import BytesIO, TextIOWrapper
from typing import Any, BinaryIO, NamedTuple

import rich_click as click

from devino_core import Mail, Medium, Message, Template
from devino_core.files import read_whole

from ._bulk import BulkOptions, one_part, send_file, survey_file, with_fallback
from ._csv import Layout
from ._delivery import Delivery
from ._exit import ExitCode
from ._following import Following
from ._merge import Merged, MergedMail, MergedTemplate, MergedText
from ._source import Source
from ._survey import Survey
from ._table import opened
from ._tally import Tally
from ._times import parse_duration, parse_rate, parse_send_at, parsed
from .toolkit import (
    App,
    channel_option,
    column_option,
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


def _price(_: click.Context, __: click.Parameter, given: str | None) -> Decimal | None:
    if given is None:
        return None
    if re.fullmatch(r"[0-9]{1,9}([.,][0-9]{1,6})?", given) is None:
        raise click.BadParameter(f"{given!r} is not an amount such as 2.45")
    return Decimal(given.replace(",", "."))


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
    "--sender",
    metavar="NAME",
    type=given_text,
    help="Name or number that the recipient sees. Default: the channel's.",
)
@channel_option
@medium_option
@click.option(
    "--at",
    "send_at",
    metavar="TIME",
    callback=parsed(parse_send_at),
    help="When to send, as 2030-01-31T12:30+03:00; without a zone, by the recipient's clock. "
    "Default: at once.",
)
@click.option(
    "--validity",
    metavar="DURATION",
    callback=parsed(parse_duration),
    help="How long to try to deliver: 90s, 15m, 24h, 7d. Default: what the channel or the platform "
    "sets.",
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
    type=click.File("rb"),
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
@column_option
@click.option("--ignore-extra", is_flag=True, help="FILE may have columns that nothing is made of.")
@click.option(
    "--no-header", is_flag=True, help="FILE is numbers alone: columns are 1, 2, ...; 1 is `to`."
)
@click.option(
    "--encoding",
    default="utf-8-sig",
    show_default=True,
    help="Encoding of FILE; Excel in Russian writes cp1251.",
)
@click.option("--unique", is_flag=True, help="Send each recipient of FILE one message, its first.")
@click.option(
    "--skip-invalid", is_flag=True, help="Leave out rows that cannot be sent, and send the others."
)
@click.option(
    "--journal",
    metavar="LOG",
    type=click.Path(dir_okay=False),
    help="Write into this new file what becomes of each line, so that --resume can go on.",
)
@click.option(
    "--resume", is_flag=True, help="Go on with the run of --journal: send what it did not."
)
@click.option(
    "--ask",
    is_flag=True,
    help="With --resume: ask what became of lines that were under way, where a channel can (xml).",
)
@click.option(
    "--rate",
    metavar="RATE",
    callback=parsed(parse_rate),
    help="At most so many messages: 50/s, 100/m, 1000/h.",
)
@click.option(
    "--grace",
    metavar="DURATION",
    callback=parsed(parse_duration),
    default="10s",
    show_default=True,
    help="For how long the first Ctrl-C waits for what is under way.",
)
@click.option("--wait", is_flag=True, help="Then follow the messages, as `devino follow` does.")
@click.option("--dry-run", is_flag=True, help="Check every message, tell what it is, send none.")
@click.option(
    "--price",
    metavar="AMOUNT",
    callback=_price,
    help="Price of one SMS: --dry-run then estimates the sum.",
)
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
    columns: Mapping[str, str],
    ignore_extra: bool,
    no_header: bool,
    unique: bool,
    skip_invalid: bool,
    journal: str | None,
    resume: bool,
    ask: bool,
    rate: float | None,
    grace: timedelta,
    wait: bool,
    channel: str | None,
    template: str | None,
    values: Mapping[str, str],
    fallback_sms: bool,
    dry_run: bool,
    price: Decimal | None,
    subject: str | None,
    html: BinaryIO | None,
    headers: tuple[str, ...],
    **fields: object,
) -> None:
    """Send TEXT or a template to the number TO, or a message for each row of a CSV file.

    TEXT may be - for stdin. The file's first line names its columns: to, and any of text, sender,
    medium, at, validity and ref. TEXT and the options fill in what a row leaves empty.

    Of a file, {name} in TEXT takes the column of that name; {{ and }} are braces. All rows are
    checked before the first is sent (but not those of stdin or a pipe without --journal), and all
    bad ones are told. No ref may occur twice. A terminal shows what was not accepted. A pipe gets
    every receipt, tab-separated or, with --json, as an object a line.

    The first Ctrl-C or SIGTERM lets the calls under way end; the second cuts them off. What ends it
    half way, it says which lines may have been sent and which were not. With --journal the same
    command and --resume goes on, after a crash too, and sends no line twice.

    Exits with 0 if every message was accepted, with 3 if an outcome is unknown, else with 1.

    \b
    Examples:
      devino send +79031234567 "Your code is 1234" --sender DEVINO
      devino send 79031234567 "See you" --medium viber --fallback-sms
      devino send 79031234567 --medium vk --template 123456 --value name=Anna
      devino send ivan@example.com "Hello" --subject "Hi" --html hello.html
      devino send 79031234567 "Good morning" --at 2030-01-31T09:00
      uptime | devino send 79031234567 -
      devino send --file numbers.csv "Sale today" --dry-run --price 2.45
      devino send --file crm.csv "Hello {name}" --column to=Phone --ignore-extra --journal run.jsonl
      devino send --file numbers.csv "Sale today" --json > receipts.jsonl
    """
    given: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
    if file is not None and (text is not None or "ref" in given):
        raise click.UsageError("with --file, give TEXT alone, and refs as a column of the file")
    if file is not None:
        # It has a column for the numbers, so what stands first is the text.
        text = to
    if text == "-":
        if file == "-":
            raise click.UsageError("TEXT and --file cannot both be stdin")
        text = _from_stdin()
    said = _Said(text, template, values, _mail(subject, html, headers))
    said.check(fallback_sms=fallback_sms)
    is_mail = said.mail is not None and "medium" not in given
    given["medium"] = Medium.EMAIL if is_mail else app.medium(given.get("medium"), channel)
    if price is not None and not dry_run:
        raise click.UsageError("--price is for --dry-run")
    options = BulkOptions(
        layout=Layout(columns=columns, header=not no_header, ignore_extra=ignore_extra),
        unique=unique,
        skip_invalid=skip_invalid,
        journal=journal,
        resume=resume,
        ask=ask,
        rate=rate,
        grace=grace.total_seconds(),
    )
    following = Following(app, has_header=True) if wait else None
    if file is None:
        _refuse_for_one(options)
        if to is None or said.is_nothing:
            raise click.UsageError("give TO and TEXT, or --file FILE")
        message = Message(**{**given, "to": to, "content": said.content()})
        if fallback_sms:
            message = with_fallback(message)
        delivery = Delivery(
            app,
            app.client(),
            Tally(app, every=True),
            channel=channel,
            grace=options.grace,
            following=following,
        )
        if dry_run:
            survey = Survey(app, price=price)
            delivery.check([message])
            survey.add([message])
            survey.tell()
            app.finish(ExitCode.DONE)
        app.finish(delivery.run(one_part(message)))
    options.check()
    source = Source(file, encoding, header=options.layout.header)
    if dry_run:
        survey = Survey(app, price=price)
        app.finish(
            survey_file(
                app,
                source,
                said.merged(),
                given,
                options,
                survey,
                channel=channel,
                fallback_sms=fallback_sms,
            )
        )
    compared = {
        **{name: str(value) for name, value in given.items()},
        **said.compared(),
        "channel": channel,
        "column": columns,
        "encoding": encoding,
        "no-header": no_header,
        "unique": unique,
        "fallback-sms": fallback_sms,
    }
    app.finish(
        send_file(
            app,
            source,
            said.merged(),
            given,
            options,
            channel=channel,
            fallback_sms=fallback_sms,
            following=following,
            said=compared,
        )
    )


class _MailParts(NamedTuple):
    subject: str
    html: str
    headers: Mapping[str, str]


class _Said(NamedTuple):
    """What the command line says is sent."""

    text: str | None
    template: str | None
    values: Mapping[str, str]
    mail: _MailParts | None

    def check(self, *, fallback_sms: bool) -> None:
        """Raise UsageError for what does not go together."""
        if self.template is None:
            if self.values:
                raise click.UsageError("--value is for --template")
            return
        if self.mail is not None:
            raise click.UsageError("give --template or --subject, not both")
        if self.text is not None:
            raise click.UsageError("give TEXT or --template, not both")
        if fallback_sms:
            raise click.UsageError("--fallback-sms sends TEXT, and a template has none")

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to send."""
        html = self.mail is not None and self.mail.html
        return self.text is None and self.template is None and not html

    def content(self) -> str | Template | Mail:
        """The content of one message, as it stands."""
        if self.template is not None:
            return Template(self.template, self.values)
        if self.mail is not None:
            subject, html, headers = self.mail
            return Mail(subject, self.text or "", html=html, headers=headers)
        return self.text or ""

    def merged(self) -> Merged:
        """What makes the content of each row."""
        if self.template is not None:
            return MergedTemplate(Template(self.template), self.values)
        if self.mail is not None:
            return MergedMail(self.text, *self.mail)
        return MergedText(self.text)

    def compared(self) -> Mapping[str, object]:
        """What a journal compares."""
        mail = None
        if self.mail is not None:
            digest = hashlib.sha256(self.mail.html.encode()).hexdigest()
            mail = [self.mail.subject, digest, dict(self.mail.headers)]
        return {
            "text": self.text,
            "template": self.template,
            "value": dict(self.values),
            "mail": mail,
        }


def _from_stdin() -> str:
    with opened("-") as stdin:
        try:
            data = read_whole(stdin)
        except OSError as error:
            raise click.BadParameter(f"stdin: {error.strerror}", param_hint="'TEXT'") from None
    try:
        text = data.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        raise click.BadParameter("stdin is not in UTF-8", param_hint="'TEXT'") from None
    if not text:
        raise click.BadParameter("stdin is empty", param_hint="'TEXT'")
    return text


def _refuse_for_one(options: BulkOptions) -> None:
    """Raise UsageError for an option of a file, which would do nothing."""
    alone = BulkOptions(layout=Layout(), grace=options.grace)
    layout = options.layout
    named = {
        "--column": bool(layout.columns),
        "--ignore-extra": layout.ignore_extra,
        "--no-header": not layout.header,
        **{
            f"--{name.replace('_', '-')}": getattr(options, name) != getattr(alone, name)
            for name in ("unique", "skip_invalid", "journal", "resume", "ask", "rate")
        },
    }
    if found := [name for name, is_given in named.items() if is_given]:
        raise click.UsageError(f"{found[0]} is for --file")


def _mail(subject: str | None, html: BinaryIO | None, headers: Iterable[str]) -> _MailParts | None:
    """What a mail has beside its text; None where none of a mail's options is given."""
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
        whole = BytesIO(b"" if html is None else read_whole(html))
        body = TextIOWrapper(whole, encoding="utf-8-sig").read()
    except OSError as error:
        raise click.BadParameter(error.strerror or str(error), param_hint="'--html'") from None
    except UnicodeDecodeError:
        raise click.BadParameter("is not in UTF-8", param_hint="'--html'") from None
    return _MailParts(subject, body, named)
