"""Channel ``xml`` for packages of SMS (chapter 6), and ``devino decode xml``.

A call sends each message effectively once, also where an answer is lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from devino_core import Channel, ChannelSettings, ChannelSpec, Medium, hookimpl

from ._settings import XmlSettings

if TYPE_CHECKING:
    import click

__all__ = ["XmlSettings", "devino_channels", "devino_commands"]


def _load() -> type[Channel[ChannelSettings]]:
    from ._channel import XmlChannel

    return XmlChannel


@hookimpl
def devino_channels() -> Iterable[ChannelSpec]:
    """``xml``."""
    return (
        ChannelSpec(
            name="xml",
            summary="XML packages: SMS, flash and WAP push, asked after by your own ids.",
            media=frozenset({Medium.SMS}),
            settings=XmlSettings,
            load=_load,
            extra="devino[http]",
        ),
    )


@hookimpl
def devino_commands() -> Iterable[click.Command]:
    """``decode xml``."""
    # Imported here: a client loads all plugins, also where the extra `cli` is not installed.
    from ._decode import decode

    return [decode]
