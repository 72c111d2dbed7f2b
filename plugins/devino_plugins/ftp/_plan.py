"""From messages to as few archives as the format allows, before any I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from devino_codecs.ftp import Archive, PlainArchive, Row, TemplateArchive
from devino_codecs.text import count_parts
from devino_core import Fill, InvalidMessage, Message, Unsupported
from devino_plugins.kit.checks import (
    MessageLimits,
    check_send_at,
    check_sender,
    check_text,
    number_of,
    whole_minutes,
)

from ._settings import FtpSettings

__all__ = [
    "LIMITS",
    "Dates",
    "PlannedArchive",
    "check_plain_sender",
    "columns_of",
    "date_cell",
    "dates_of",
    "on_one_line",
    "plan",
    "template_of",
    "text_of",
]

LIMITS = MessageLimits(sender_digits=15)
"""Chapter 9 sets no limit to the length of a text."""


class Dates(NamedTuple):
    """Whether an archive has dates, and by whose clock: one rule holds for all of it."""

    dated: bool
    local_time: bool
    """By the wall clock of each recipient."""


class PlannedArchive(NamedTuple):
    """One archive, its rows, and the messages that it carries."""

    archive: Archive
    rows: Sequence[Row]
    positions: Sequence[int]
    parts: Sequence[int]
    """Segments of each message."""


class _Shared(NamedTuple):
    """What the messages of one archive have in common."""

    sender: str
    validity: int | None
    dates: Dates


def plan(
    messages: Sequence[Message], sender_of: Callable[[Message], str], settings: FtpSettings
) -> list[PlannedArchive]:
    """Check every message, and divide them between archives.

    Raises InvalidMessage or Unsupported for the first message that cannot be sent.
    """
    contents = [_content(message, settings) for message in messages]
    numbers = [number_of(message) for message in messages]
    if settings.archive == "plain":
        for message in messages:
            check_plain_sender(message.sender, settings)
        texts = [text_of(content) for content in contents]
        rows: list[Row] = list(zip(numbers, texts, strict=True))
        every = range(len(messages))
        return [PlannedArchive(PlainArchive(), rows, every, [count_parts(text) for text in texts])]
    groups: dict[_Shared, list[int]] = {}
    for position, message in enumerate(messages):
        sender = sender_of(message)
        check_sender(sender, message, LIMITS)
        validity = message.validity
        minutes = None if validity is None else whole_minutes(validity, message, LIMITS)
        shared = _Shared(sender, minutes, dates_of(message.send_at, settings, ref=message.ref))
        groups.setdefault(shared, []).append(position)
    return [
        _planned(
            shared,
            positions,
            [numbers[position] for position in positions],
            [contents[position] for position in positions],
            [messages[position].send_at for position in positions],
            settings,
        )
        for shared, positions in groups.items()
    ]


def check_plain_sender(sender: str | None, settings: FtpSettings) -> None:
    """Raise Unsupported for a sender that support has not entered for this folder."""
    if sender is not None and sender != settings.sender:
        raise Unsupported(
            f"an archive without a template cannot name the sender {sender!r}: it is the one that "
            "support entered for this folder, which belongs into the setting `sender`"
        )


def dates_of(at: datetime | None, settings: FtpSettings, *, ref: str | None = None) -> Dates:
    """Which archive a time of sending belongs into.

    Raises InvalidMessage for an aware time where the platform's clock is not known.
    """
    if at is None:
        return Dates(dated=False, local_time=False)
    if at.utcoffset() is None:
        return Dates(dated=True, local_time=True)
    if settings.utc_offset is None:
        raise InvalidMessage(
            "send_at",
            "the wire has no zones: give the channel the setting `utc_offset`, by which the "
            "platform reads this account's dates, or give a time without a zone, which is by the "
            "recipient's clock",
            ref=ref,
        )
    return Dates(dated=True, local_time=False)


def date_cell(at: datetime, settings: FtpSettings) -> str:
    """A time as the platform reads it."""
    if at.utcoffset() is not None:
        hours, minutes = map(int, (settings.utc_offset or "+00:00").split(":"))
        offset = timedelta(hours=hours, minutes=-minutes if hours < 0 else minutes)
        at = at.astimezone(timezone(offset)).replace(tzinfo=None)
    return at.isoformat(timespec="seconds")


def template_of(text: str | Fill) -> tuple[str, tuple[str, ...]] | None:
    """A text as the platform's template, and the names whose values are its columns, in order.

    None if the platform would take some of the text itself for a field.
    """
    if isinstance(text, str):
        # Between two marks may stand a field's name.
        return None if text.count("#") > 1 else (text, ())
    places: dict[str, int] = {}
    template = text.spelt(lambda name: f"#attr{places.setdefault(name, len(places) + 1)}#")
    literals = text.spelt(lambda name: "")
    return None if "#" in literals else (template, tuple(places))


def on_one_line(text: str, settings: FtpSettings) -> str:
    """A text with the setting ``line_break`` for its line breaks, if there is one."""
    if settings.line_break is None or text.isprintable():
        return text
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", settings.line_break)


def text_of(content: str | Fill) -> str:
    """A content as its recipient reads it."""
    return content if isinstance(content, str) else content.spelt(content.values.__getitem__)


def _planned(
    shared: _Shared,
    positions: Sequence[int],
    numbers: Sequence[str],
    contents: Sequence[str | Fill],
    times: Sequence[datetime | None],
    settings: FtpSettings,
) -> PlannedArchive:
    template, names, values = _template(contents)
    rows: list[Row] = []
    for number, at, cells in zip(numbers, times, values, strict=True):
        date = () if at is None else (date_cell(at, settings),)
        rows.append((number, *date, *cells))
    archive = TemplateArchive(
        text=template,
        sender=shared.sender,
        validity=shared.validity,
        local_time=shared.dates.local_time,
        columns=columns_of(names, dated=shared.dates.dated),
    )
    parts = [count_parts(text_of(content)) for content in contents]
    return PlannedArchive(archive, rows, positions, parts)


def columns_of(count: int, *, dated: bool) -> tuple[str, ...]:
    """The columns of an archive with so many values in each row."""
    return ("phone", *(["senddate"] if dated else []), *[f"attr{1 + nth}" for nth in range(count)])


def _template(contents: Sequence[str | Fill]) -> tuple[str, int, Iterator[Sequence[str]]]:
    """The template of an archive, the count of its values, and the values for each content."""
    first = contents[0]
    template = first if isinstance(first, str) else first.text
    fields = isinstance(first, Fill)
    same = all(
        template == (content if isinstance(content, str) else content.text)
        and isinstance(content, Fill) is fields
        for content in contents
    )
    found = template_of(first) if same else None
    if found is None:
        return "#attr1#", 1, ((text_of(content),) for content in contents)
    template, names = found
    return (
        template,
        len(names),
        (
            [content.values[name] for name in names] if isinstance(content, Fill) else ()
            for content in contents
        ),
    )


def _content(message: Message, settings: FtpSettings) -> str | Fill:
    check_text(message.text, message, LIMITS)
    if message.send_at is not None:
        check_send_at(message.send_at, message)
    content = message.content
    if not isinstance(content, Fill):
        return on_one_line(message.text, settings)
    return Fill(
        on_one_line(content.text, settings),
        {name: on_one_line(value, settings) for name, value in content.values.items()},
    )
