"""What transports share, the platform's own and yours: one client for every HTTP interface,
settings, checks, refusals, mail.

:class:`ApiClient` is what a service or a channel over HTTP stands on. :class:`ApiChannel` sends and
asks in lists, and :class:`BulkChannel` does so where an answer tells of each message; the
:doc:`plugin tutorial </plugins>` shows one. Nothing here knows a wire.
Transports import from here and never from each other.
"""

from typing import TYPE_CHECKING

from devino_core.lazy import lazy

from .settings import (
    ChannelConnectionSettings,
    ChannelKeyOrLoginSettings,
    ChannelKeySettings,
    ChannelLoginSettings,
    ConnectionSettings,
    ServiceKeySettings,
    ServiceLoginSettings,
)

if TYPE_CHECKING:
    from .api import ApiClient, Wire
    from .api_channel import ApiChannel
    from .bulk_channel import BulkChannel
    from .receipts import Taken, TakenIf, Unclear
else:
    # Settings are imported to list plugins, which needs no HTTP library.
    __getattr__ = lazy(
        __name__,
        {
            "ApiChannel": "api_channel",
            "ApiClient": "api",
            "BulkChannel": "bulk_channel",
            "Taken": "receipts",
            "TakenIf": "receipts",
            "Unclear": "receipts",
            "Wire": "api",
        },
    )

__all__ = [
    "ApiChannel",
    "ApiClient",
    "BulkChannel",
    "ChannelConnectionSettings",
    "ChannelKeyOrLoginSettings",
    "ChannelKeySettings",
    "ChannelLoginSettings",
    "ConnectionSettings",
    "ServiceKeySettings",
    "ServiceLoginSettings",
    "Taken",
    "TakenIf",
    "Unclear",
    "Wire",
]
