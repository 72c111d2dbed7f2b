"""SMPP 3.4 (chapter 3): channel ``smpp``, sessions without a channel, ``devino decode smpp``.

::

    from devino_codecs.smpp import SubmitSm
    from devino_plugins.smpp import connect

    async with connect("smpp01.integrationapi.net", system_id="me", password="...") as session:
        answer = await session.request(SubmitSm(...))
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from devino_core import Channel, ChannelSettings, ChannelSpec, Medium, hookimpl

from ._settings import SmppSettings

if TYPE_CHECKING:
    import click

    from ._connect import connect
    from ._session import SmppSession

__all__ = ["SmppSession", "SmppSettings", "connect", "devino_channels", "devino_commands"]


def __getattr__(name: str) -> object:
    # A client loads all plugins, and these two need asyncio and the codec.
    if name == "connect":
        from ._connect import connect

        return connect
    if name == "SmppSession":
        from ._session import SmppSession

        return SmppSession
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _load() -> type[Channel[ChannelSettings]]:
    from ._channel import SmppChannel

    return SmppChannel


@hookimpl
def devino_channels() -> Iterable[ChannelSpec]:
    """``smpp``."""
    return (
        ChannelSpec(
            name="smpp",
            summary="SMPP 3.4: SMS over kept sessions, status, receipts and incoming messages.",
            media=frozenset({Medium.SMS}),
            settings=SmppSettings,
            load=_load,
        ),
    )


@hookimpl
def devino_commands() -> Iterable[click.Command]:
    """``decode smpp``."""
    # Not above: a client loads all plugins, also where the extra `cli` is not installed.
    from ._decode import decode

    return [decode]
