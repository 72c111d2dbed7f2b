"""Channels over the HTTP API: ``rest`` logs in for a session, ``rest-v2`` signs every call."""

from __future__ import annotations

from collections.abc import Iterable

from devino_core import Channel, ChannelSettings, ChannelSpec, Medium, hookimpl

from ._settings import RestSettings, RestV2Settings

__all__ = ["RestSettings", "RestV2Settings", "devino_channels"]

_MEDIA = frozenset({Medium.SMS, Medium.VIBER})


def _load_v1() -> type[Channel[ChannelSettings]]:
    from ._channel import RestChannel

    return RestChannel


def _load_v2() -> type[Channel[ChannelSettings]]:
    from ._channel import RestV2Channel

    return RestV2Channel


@hookimpl
def devino_channels() -> Iterable[ChannelSpec]:
    """``rest`` and ``rest-v2``."""
    return (
        ChannelSpec(
            name="rest",
            summary="HTTP API with a login session: SMS and Viber, status, inbox, balance.",
            media=_MEDIA,
            settings=RestSettings,
            load=_load_v1,
            extra="devino[http]",
        ),
        ChannelSpec(
            name="rest-v2",
            summary="HTTP API with login and password in every call: otherwise as `rest`.",
            media=_MEDIA,
            settings=RestV2Settings,
            load=_load_v2,
            extra="devino[http]",
        ),
    )
