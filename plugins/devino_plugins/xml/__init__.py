"""Channel ``xml`` for packages of SMS (chapter 6), and ``devino decode xml``.

Where an answer is lost, the platform is asked by the caller's own ids.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from devino_core import ChannelSpec, Medium, hookimpl
from devino_core.hookspecs import commands_at
from devino_core.lazy import lazy

from ._settings import XmlOptions, XmlSettings

if TYPE_CHECKING:
    from ._channel import XmlChannel
else:
    __getattr__ = lazy(__name__, {"XmlChannel": "_channel"})

__all__ = ["XmlChannel", "XmlOptions", "XmlSettings"]


@hookimpl
def devino_channels() -> Iterable[ChannelSpec]:
    """``xml``."""
    yield ChannelSpec(
        name="xml",
        summary="XML packages: SMS, flash and WAP push, asked after by your own ids.",
        media=frozenset({Medium.SMS}),
        settings=XmlSettings,
        load="devino_plugins.xml:XmlChannel",
        extra="devino[http]",
    )


devino_commands: Final = commands_at("devino_plugins.xml._decode:decode")
