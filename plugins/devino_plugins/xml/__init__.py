"""Channel ``xml`` for packages of SMS (chapter 6), and ``devino decode xml``.

Where an answer is lost, the platform is asked by the caller's own ids.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from devino_core import ChannelSpec, Medium, hookimpl
from devino_core.lazy import lazy

from ._settings import XmlOptions, XmlSettings

if TYPE_CHECKING:
    import click

    from ._channel import XmlChannel
else:
    __getattr__ = lazy(__name__, {"XmlChannel": "_channel"})

__all__ = ["XmlChannel", "XmlOptions", "XmlSettings", "devino_channels", "devino_commands"]


@hookimpl
def devino_channels() -> Iterable[ChannelSpec]:
    """``xml``."""
    return (
        ChannelSpec(
            name="xml",
            summary="XML packages: SMS, flash and WAP push, asked after by your own ids.",
            media=frozenset({Medium.SMS}),
            settings=XmlSettings,
            load="devino_plugins.xml:XmlChannel",
            extra="devino[http]",
        ),
    )


@hookimpl
def devino_commands() -> Iterable[click.Command]:
    """``decode xml``."""
    # Imported here: a client loads all plugins, also where the extra `cli` is not installed.
    from ._decode import decode

    return [decode]
