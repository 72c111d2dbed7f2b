"""Channels over the SOAP services, and ``devino decode soap``.

``soap`` logs in for a session (chapter 7), ``soap-v2`` signs every call (chapter 8).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from devino_core import ChannelSpec, Medium, hookimpl
from devino_core.hookspecs import commands_at
from devino_core.lazy import lazy

from ._settings import SoapSettings

if TYPE_CHECKING:
    from ._channel import SoapChannel, SoapV2Channel
else:
    __getattr__ = lazy(__name__, {"SoapChannel": "_channel", "SoapV2Channel": "_channel"})

__all__ = ["SoapChannel", "SoapSettings", "SoapV2Channel"]

_MEDIA = frozenset({Medium.SMS, Medium.VIBER})


@hookimpl
def devino_channels() -> Iterable[ChannelSpec]:
    """``soap`` and ``soap-v2``."""
    yield ChannelSpec(
        name="soap",
        summary="SOAP with a login session: SMS and Viber, status, inbox, balance.",
        media=_MEDIA,
        settings=SoapSettings,
        load="devino_plugins.soap:SoapChannel",
        extra="devino[http]",
    )
    yield ChannelSpec(
        name="soap-v2",
        summary="SOAP with login and password in every call: otherwise as `soap`.",
        media=_MEDIA,
        settings=SoapSettings,
        load="devino_plugins.soap:SoapV2Channel",
        extra="devino[http]",
    )


devino_commands: Final = commands_at("devino_plugins.soap._decode:decode")
