"""What each channel carries, as rows of a table: read from the channels themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from devino_core import Channel, ChannelSettings, Expressible, Medium, Plugins, Takes

HEADER = ("kind", "medium", "content", "`send_at`", "`validity`", "`priority`", "`fallback`")
OPTIONS_HEADER = ("kind", "medium", "option", "type", "meaning")

_SEND_AT: Mapping[frozenset[Expressible], str] = {
    frozenset(): "",
    frozenset({Expressible.SEND_AT}): "an instant",
    frozenset({Expressible.WALL_CLOCK}): "the recipient's clock",
    frozenset({Expressible.SEND_AT, Expressible.WALL_CLOCK}): "an instant, the recipient's clock",
}


def rows() -> Iterator[tuple[str, ...]]:
    """A row for each medium of each kind of channel."""
    for kind, channel in _channels():
        for medium, takes in _sorted(channel):
            says = takes.expresses
            yield (
                f"`{kind}`",
                medium,
                ", ".join(sorted("text" if c is str else c.__name__ for c in takes.contents)),
                _SEND_AT[says & _SEND_AT_WORDS],
                *(
                    "yes" if what in says else ""
                    for what in (Expressible.VALIDITY, Expressible.PRIORITY, Expressible.FALLBACK)
                ),
            )


def options() -> Iterator[tuple[str, str, type[msgspec.Struct]]]:
    """The kind, the medium and the struct of everything that has options."""
    for kind, channel in _channels():
        for medium, takes in _sorted(channel):
            if takes.options is not None:
                yield kind, medium, takes.options


_SEND_AT_WORDS = frozenset({Expressible.SEND_AT, Expressible.WALL_CLOCK})


def _channels() -> Iterator[tuple[str, type[Channel[ChannelSettings]]]]:
    plugins = Plugins(strict=True)
    for name, spec in plugins.channels().items():
        yield name, plugins.load(spec)


def _sorted(channel: type[Channel[ChannelSettings]]) -> list[tuple[Medium, Takes]]:
    return sorted(channel.takes.items())
