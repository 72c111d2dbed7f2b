"""Channels over the HTTP API: ``rest`` logs in for a session, ``rest-v2`` signs every call.

Both also look numbers up (HLR), as ``devino hlr`` does.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from devino_core import ChannelSpec, Medium, hookimpl
from devino_core.hookspecs import commands_at
from devino_core.lazy import lazy

from ._settings import RestSettings, RestV2Settings

if TYPE_CHECKING:
    from ._channel import RestChannel, RestV2Channel
    from ._hlr import Lookup, Reachability
else:
    __getattr__ = lazy(
        __name__,
        {
            "Lookup": "_hlr",
            "Reachability": "_hlr",
            "RestChannel": "_channel",
            "RestV2Channel": "_channel",
        },
    )

__all__ = [
    "Lookup",
    "Reachability",
    "RestChannel",
    "RestSettings",
    "RestV2Channel",
    "RestV2Settings",
]

_MEDIA = frozenset({Medium.SMS, Medium.VIBER})


@hookimpl
def devino_channels() -> Iterable[ChannelSpec]:
    """``rest`` and ``rest-v2``."""
    yield ChannelSpec(
        name="rest",
        summary="HTTP API with a login session: SMS and Viber, status, inbox, balance.",
        media=_MEDIA,
        settings=RestSettings,
        load="devino_plugins.rest:RestChannel",
        extra="devino[http]",
    )
    yield ChannelSpec(
        name="rest-v2",
        summary="HTTP API with login and password in every call: otherwise as `rest`.",
        media=_MEDIA,
        settings=RestV2Settings,
        load="devino_plugins.rest:RestV2Channel",
        extra="devino[http]",
    )


devino_commands: Final = commands_at(
    "devino_plugins.rest._command:hlr", "devino_plugins.rest._decode:decode"
)
