"""What a channel takes, as data. Everything else is refused before any I/O."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from ._content import Fill
from ._message import Medium, Message
from .errors import InvalidMessage, Unsupported
from .suggest import did_you_mean

__all__ = ["Expressible", "Takes", "asked", "check_takes", "options_of"]

OptionsT = TypeVar("OptionsT", bound=msgspec.Struct)


class Expressible(enum.StrEnum):
    """What a wire may be able to express, beside recipient, sender and content."""

    SEND_AT = "send_at"
    """An aware :attr:`Message.send_at`: an instant."""
    WALL_CLOCK = "wall_clock"
    """A naive :attr:`Message.send_at`: a time by the recipient's clock."""
    VALIDITY = "validity"
    PRIORITY = "priority"
    FALLBACK = "fallback"


class Takes(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel takes in messages of one medium.

    It lists kinds of content and fields. The channel itself checks limits, such as the length of a
    text or a validity.
    """

    contents: frozenset[type] = frozenset({str})
    """The types of content. If ``str`` is one of them, a :class:`Fill` is sent as its text."""
    expresses: frozenset[Expressible] = frozenset()
    options: type[msgspec.Struct] | None = None
    """The :attr:`Message.options` as a struct whose fields all have defaults; None: no options."""


def check_takes(messages: Iterable[Message], takes: Mapping[Medium, Takes], channel: str) -> None:
    """Raise for the first message with something that the channel does not take by its medium.

    Raises Unsupported, which says what to remove or to give. Raises InvalidMessage for an unknown
    option or a value of the wrong type.
    """
    medium = found = fine = None
    for message in messages:
        # Mostly all have one medium, and one type of content.
        if message.medium is not medium or found is None:
            medium, fine = message.medium, None
            found = takes.get(medium)
            if found is None:
                raise _not_carried(message, takes, channel)
        kind = type(message.content)
        if kind is not fine:
            if kind not in found.contents:
                _check_content(message, found, channel)
            fine = kind
        # An ordinary message has none of these.
        if (
            message.send_at is not None
            or message.validity is not None
            or message.priority is not None
            or message.fallback is not None
        ):
            _check_expressed(message, found, channel)
        if message.options:
            _check_options(message, found, channel)


def options_of(message: Message, kind: type[OptionsT]) -> OptionsT:
    """The message's options as this struct, with the struct's defaults for the others.

    Raises InvalidMessage for an option that the struct does not have, with the nearest known name,
    and for a value of a wrong type.
    """
    options = message.options
    if not options:
        return kind()
    known = _names(kind)
    for name in options:
        if name not in known:
            raise _unknown_option(message, name, known)
    try:
        return msgspec.convert(dict(options), kind)
    except msgspec.ValidationError as error:
        raise InvalidMessage("options", _reason(error, kind), ref=message.ref) from None


@cache
def _names(kind: type[msgspec.Struct]) -> Mapping[str, str]:
    """The names of a struct's fields, by the names of the options."""
    return {field.encode_name: field.name for field in msgspec.structs.fields(kind)}


def asked(message: Message) -> Iterator[Expressible]:
    """What the message asks the wire to express."""
    at = message.send_at
    if at is not None:
        yield Expressible.WALL_CLOCK if at.utcoffset() is None else Expressible.SEND_AT
    for what in (Expressible.VALIDITY, Expressible.PRIORITY, Expressible.FALLBACK):
        if getattr(message, what) is not None:
            yield what


def _not_carried(message: Message, takes: Mapping[Medium, Takes], channel: str) -> Unsupported:
    carried = _listed(sorted(takes)) or "nothing"
    return _unsupported(
        message,
        f"channel {channel!r} carries {carried}, not {message.medium}: give another "
        "`medium` or name another channel",
    )


def _check_content(message: Message, takes: Takes, channel: str) -> None:
    """Raise for a content whose type is not among those that the channel lists."""
    kind = type(message.content)
    carried = takes.contents
    if str in carried and issubclass(kind, str | Fill):
        return
    wanted = _listed(sorted(_named(each) for each in carried), "or")
    raise _unsupported(
        message,
        f"channel {channel!r} cannot carry {_named(kind)} by {message.medium}: "
        f"give {wanted} as `content`",
    )


def _check_expressed(message: Message, takes: Takes, channel: str) -> None:
    expressed = takes.expresses
    for what in asked(message):
        if what in expressed:
            continue
        if what is Expressible.WALL_CLOCK and Expressible.SEND_AT in expressed:
            problem, mend = "`send_at` by the recipient's clock", "give it a time zone"
        elif what is Expressible.SEND_AT and Expressible.WALL_CLOCK in expressed:
            problem, mend = "`send_at` as an instant", "give it without a time zone"
        elif what is Expressible.FALLBACK:
            problem, mend = "`fallback`", "remove it, or use client.deliver()"
        else:
            field = "send_at" if what is Expressible.WALL_CLOCK else what
            problem, mend = f"`{field}`", "remove it"
        raise _unsupported(
            message, f"channel {channel!r} has no word for {problem} by {message.medium}: {mend}"
        )


def _check_options(message: Message, takes: Takes, channel: str) -> None:
    if takes.options is not None:
        options_of(message, takes.options)
        return
    name = next(iter(message.options))
    raise InvalidMessage(
        "options",
        f"no option is named {name!r}: channel {channel!r} has none for {message.medium}",
        ref=message.ref,
    )


def _unknown_option(message: Message, name: str, known: Iterable[str]) -> InvalidMessage:
    hint = did_you_mean(str(name), known) or f"known are {', '.join(sorted(known))}"
    return InvalidMessage("options", f"no option is named {name!r}: {hint}", ref=message.ref)


def _reason(error: msgspec.ValidationError, kind: type[msgspec.Struct]) -> str:
    """msgspec's words with the option first, or the choices if msgspec does not list them."""
    found = re.fullmatch(r"(.*) - at `\$\.?([^`]*)`", str(error))
    if found is None:
        return str(error)
    reason, name = found[1], found[2]
    field = _names(kind).get(name)
    choices = list(_literals(get_type_hints(kind)[field])) if field is not None else []
    if choices:
        return f"`{name}` must be one of {', '.join(map(repr, choices))}"
    return f"`{name}`: {reason[:1].lower()}{reason[1:]}"


def _literals(hint: Any) -> Iterator[object]:
    if get_origin(hint) is Literal:
        yield from get_args(hint)
        return
    for part in get_args(hint):
        yield from _literals(part)


def _named(kind: type) -> str:
    return "a text" if kind is str else f"a {kind.__name__}"


def _listed(words: Sequence[str], last: str = "and") -> str:
    *first, end = words or ("",)
    return f"{', '.join(first)} {last} {end}" if first else end


def _unsupported(message: Message, reason: str) -> Unsupported:
    error = Unsupported(reason)
    error.refs = (message.ref,)
    return error
