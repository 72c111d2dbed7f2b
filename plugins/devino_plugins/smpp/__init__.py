"""SMPP 3.4 (chapter 3): channel ``smpp``, sessions without a channel, ``devino decode smpp``.

::

    from devino_codecs.smpp import SubmitSm
    from devino_plugins.smpp import connect

    async with connect("smpp01.integrationapi.net", system_id="me", password="...") as session:
        answer = await session.request(SubmitSm(...))
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from devino_core import ChannelSpec, Medium, hookimpl
from devino_core.hookspecs import commands_at
from devino_core.lazy import lazy

from ._settings import SmppSettings

if TYPE_CHECKING:
    from ._channel import SmppChannel
    from ._connect import connect
    from ._session import SmppSession
else:
    __getattr__ = lazy(
        __name__, {"SmppChannel": "_channel", "SmppSession": "_session", "connect": "_connect"}
    )

__all__ = ["SmppChannel", "SmppSession", "SmppSettings", "connect"]


@hookimpl
def devino_channels() -> Iterable[ChannelSpec]:
    """``smpp``."""
    yield ChannelSpec(
        name="smpp",
        summary="SMPP 3.4: SMS over kept sessions, status, receipts and incoming messages.",
        media=frozenset({Medium.SMS}),
        settings=SmppSettings,
        load="devino_plugins.smpp:SmppChannel",
    )


devino_commands: Final = commands_at("devino_plugins.smpp._decode:decode")
