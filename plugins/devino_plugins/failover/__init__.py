"""Channel ``failover``: the channels of the same client, one instead of the other.

::

    [channels.main]
    kind = "failover"
    channels = ["smpp", "rest"]
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from devino_core import ChannelSpec, Medium, hookimpl
from devino_core.lazy import lazy

from ._settings import FailoverSettings

if TYPE_CHECKING:
    from ._channel import FailoverChannel
else:
    __getattr__ = lazy(__name__, {"FailoverChannel": "_channel"})

__all__ = ["FailoverChannel", "FailoverSettings"]


@hookimpl
def devino_channels() -> Iterable[ChannelSpec]:
    """``failover``."""
    yield ChannelSpec(
        name="failover",
        summary="Other channels of the client, the next where one has safely not sent.",
        media=frozenset(Medium),
        settings=FailoverSettings,
        load="devino_plugins.failover:FailoverChannel",
        needs_siblings=True,
    )
