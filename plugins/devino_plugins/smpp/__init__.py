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

from devino_core import ChannelSpec, Medium, hookimpl
from devino_core.lazy import lazy

from ._settings import SmppSettings

if TYPE_CHECKING:
    import click

    from ._channel import SmppChannel
    from ._connect import connect
    from ._session import SmppSession
else:
    __getattr__ = lazy(
        __name__, {"SmppChannel": "_channel", "SmppSession": "_session", "connect": "_connect"}
    )

__all__ = [
    "SmppChannel",
    "SmppSession",
    "SmppSettings",
    "connect",
    "devino_channels",
    "devino_commands",
]


@hookimpl
def devino_channels() -> Iterable[ChannelSpec]:
    """``smpp``."""
    return (
        ChannelSpec(
            name="smpp",
            summary="SMPP 3.4: SMS over kept sessions, status, receipts and incoming messages.",
            media=frozenset({Medium.SMS}),
            settings=SmppSettings,
            load="devino_plugins.smpp:SmppChannel",
        ),
    )


@hookimpl
def devino_commands() -> Iterable[click.Command]:
    """``decode smpp``."""
    # Not above: a client loads all plugins, also where the extra `cli` is not installed.
    from ._decode import decode

    return [decode]
