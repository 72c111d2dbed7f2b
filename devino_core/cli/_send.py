"""``send``: one message, or a file of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import rich_click as click

from devino_core import Medium, Message
from devino_core.errors import DevinoError, Retry

from ._csv import Row, opened, read_rows
from ._exit import ExitCode, exit_code
from ._tally import Tally
from ._times import parse_duration, parse_moment, parsed
from .toolkit import App, channel_option, config_option, json_option, medium_option, pass_app

__all__ = ["send"]

STEPS = 20
"""A file goes out in about so many batches: few enough to keep calls busy, enough to watch."""


@click.command()
@click.argument("to", metavar="[TO]", required=False)
@click.argument("text", metavar="[TEXT]", required=False)
@click.option("--sender", metavar="NAME", help="Name or number that the recipient sees.")
@channel_option
@medium_option
@click.option(
    "--at",
    "send_at",
    metavar="TIME",
    callback=parsed(parse_moment),
    help="When to send, as 2030-01-31T12:30+03:00; without a zone, on the recipient's clock.",
)
@click.option(
    "--validity",
    metavar="DURATION",
    callback=parsed(parse_duration),
    help="How long delivery is tried: 90s, 15m, 24h, 7d.",
)
@click.option("--ref", help="Your own id of the message, to be found in its receipt.")
@click.option(
    "--fallback-sms", is_flag=True, help="Where it cannot be delivered, send the same text by SMS."
)
@click.option(
    "--file",
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True),
    help="CSV file with a message in each row; - is stdin.",
)
@click.option(
    "--encoding",
    default="utf-8-sig",
    show_default=True,
    help="Encoding of FILE; Excel in Russian writes cp1251.",
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
    channel: str | None,
    fallback_sms: bool,
    **fields: object,
) -> None:
    """Send TEXT to the number TO, or a message for each row of a CSV file.

    The file's first line names its columns: to, and any of text, sender, medium, at, validity and
    ref. TEXT and the options fill in what a row leaves empty. All rows are checked before the
    first is sent (but not those of stdin). A terminal shows what was not accepted; a pipe gets
    every receipt, tab-separated or, with --json, as an object a line.

    Exits with 0 if every message was accepted, with 3 if that is not known of one, else with 1.

    \b
    Examples:
      devino send +79031234567 "Your code is 1234" --sender DEVINO
      devino send 79031234567 "See you" --medium viber --fallback-sms
      devino send 79031234567 "Good morning" --at 2030-01-31T09:00
      devino send --file numbers.csv "Sale today" --json > receipts.jsonl
    """
    given: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
    if file is None:
        if to is None or text is None:
            raise click.UsageError("give TO and TEXT, or --file FILE")
        rows = iter([Row(0, Message(**{**given, "to": to, "text": text}))])
        tally = Tally(app, every=True)
        app.finish(_deliver(app, rows, tally, fallback_sms, channel=channel, batch=1))
    if text is not None or "ref" in given:
        raise click.UsageError("with --file, give TEXT alone, and refs as a column of the file")
    if to is not None:
        given["text"] = to
    total = None if file == "-" else _check(file, encoding, given)
    tally = Tally(app, every=False)
    with tally.progress(total), opened(file, encoding) as source:
        batch = max(1_000, (total or 0) // STEPS)
        code = _deliver(
            app, read_rows(source, given), tally, fallback_sms, channel=channel, batch=batch
        )
    tally.summarize()
    app.finish(code)


def _check(file: str, encoding: str, given: Mapping[str, object]) -> int:
    """How many messages a file holds. Raises InvalidRow for the first row that is none."""
    with opened(file, encoding) as source:
        return sum(1 for _ in read_rows(source, given))


def _deliver(
    app: App,
    rows: Iterator[Row],
    tally: Tally,
    fallback_sms: bool,
    *,
    channel: str | None,
    batch: int,
) -> ExitCode:
    """Send all, tally the receipts, and say how that ended."""
    # Lines of the batch under way, so that its errors can name them.
    lines: dict[str, int] = {}

    def messages() -> Iterator[Message]:
        for line, message in rows:
            lines[message.ref] = line
            yield _with_fallback(message) if fallback_sms else message

    async def work() -> None:
        async with app.client() as client:
            async for receipt in client.send_stream(messages(), channel=channel, batch=batch):
                del lines[receipt.ref]
                tally.add(receipt)

    try:
        app.run(work())
    except DevinoError as error:
        struck = [lines[ref] for ref in error.refs if lines.get(ref)]
        app.tell(error, lines=(min(struck), max(struck)) if struck else None)
        if not tally.count:
            return exit_code(error)
        unknown = error.retry is Retry.MAY_DUPLICATE
        return ExitCode.OUTCOME_UNKNOWN if unknown else max(tally.code, ExitCode.NOT_DONE)
    except (KeyboardInterrupt, BrokenPipeError):
        tally.summarize()
        app.note("what was under way may have been sent")
        raise
    return tally.code


def _with_fallback(message: Message) -> Message:
    second = Message(message.to, message.text, sender=message.sender, medium=Medium.SMS)
    return msgspec.structs.replace(message, fallback=second)
