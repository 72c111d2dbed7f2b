"""``devino outbox import``: messages from a file, any number of them, each once."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import IO

import msgspec
import rich_click as click

from devino_core import ConfigurationError, InvalidMessage, Message
from devino_core.cli.toolkit import (
    App,
    ExitCode,
    InvalidRow,
    json_option,
    parse_duration,
    parsed,
    pass_app,
    read_rows,
)
from devino_core.files import lines_of
from devino_core.outbox import Added, InDoubt

from ._opening import opened

__all__ = ["import_"]

_PART = 1000


@click.command("import")
@click.argument("file", type=click.Path(allow_dash=True, dir_okay=False))
@click.option(
    "--csv", "is_csv", is_flag=True, help="CSV, also where the name does not end in .csv."
)
@click.option("--encoding", default="utf-8-sig", show_default=True, help="Of a CSV file.")
@click.option("--sender", metavar="NAME", help="For rows that name none (CSV).")
@click.option("--channel", metavar="NAME", help="Send by this channel.")
@click.option("--tenant", default="", metavar="NAME", help="Whose messages they are.")
@click.option(
    "--in-doubt",
    type=click.Choice([policy.value for policy in InDoubt]),
    help="What becomes of one when nobody knows whether it was taken. Default: the settings'.",
)
@click.option(
    "--expires",
    metavar="DURATION",
    callback=parsed(parse_duration),
    help="Send nothing so long after now, such as 2h.",
)
@json_option
@pass_app
def import_(
    app: App,
    file: str,
    is_csv: bool,
    encoding: str,
    sender: str | None,
    channel: str | None,
    tenant: str,
    in_doubt: str | None,
    expires: timedelta | None,
) -> None:
    """Add messages from FILE, or from stdin for -.

    Each line is a JSON object with the fields of a Message: {"to": ..., "content": ...}. A CSV
    file has the columns of `devino send`: to, text, sender, medium, at, validity, ref. A message
    without a ref gets one from its line, so a repeat of the command adds nothing.
    """
    rows = _csv(file, encoding, sender) if is_csv or file.endswith(".csv") else _json(file)

    async def work() -> Counter[Added]:
        counts: Counter[Added] = Counter()
        async with opened(app) as box:
            while part := list(islice(rows, _PART)):
                added = await box.enqueue_many(
                    [message for _, message in part],
                    channel=channel,
                    tenant=tenant,
                    in_doubt=in_doubt,
                    expires=expires,
                )
                counts.update(added)
                for (line, message), one in zip(part, added, strict=True):
                    if one is Added.TAKEN:
                        app.note(f"line {line}: the ref {message.ref!r} is that of another message")
        return counts

    counts = app.run(work())
    if app.json:
        app.show({one.value: counts[one] for one in Added})
    else:
        app.line(", ".join(f"{counts[one]} {one.value}" for one in Added))
    if counts[Added.TAKEN]:
        app.finish(ExitCode.NOT_DONE)


def _csv(file: str, encoding: str, sender: str | None) -> Iterator[tuple[int, Message]]:
    defaults: dict[str, object] = {"ref": _UNNAMED}
    if sender is not None:
        defaults["sender"] = sender
    for line, message in read_rows(file, encoding, defaults):
        if message.ref == _UNNAMED:
            message = msgspec.structs.replace(message, ref=_digest(msgspec.json.encode(message)))
        yield line, message


_UNNAMED = "(a row without a ref)"


def _digest(line: bytes) -> str:
    """A ref that the same line has again the next time."""
    return hashlib.blake2b(line, digest_size=16).hexdigest()


def _lines(opened: IO[bytes], file: str) -> Iterator[bytes]:
    try:
        yield from lines_of(opened)
    except OSError as error:
        raise ConfigurationError(f"cannot read {file}: {error.strerror}") from None


def _json(file: str) -> Iterator[tuple[int, Message]]:
    decode = msgspec.json.Decoder(Message).decode
    with click.open_file(file, "rb") as lines:
        for number, line in enumerate(_lines(lines, file), 1):
            if not line.strip():
                continue
            try:
                message = decode(line)
                if "ref" not in msgspec.json.decode(line):
                    message = msgspec.structs.replace(message, ref=_digest(line.strip()))
            except InvalidMessage as error:
                raise InvalidRow(number, error.field, error.reason) from None
            except (msgspec.MsgspecError, UnicodeDecodeError) as error:
                raise InvalidRow(number, "line", str(error)) from None
            yield number, message
