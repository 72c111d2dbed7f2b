"""Channel ``memory``: it sends nothing and remembers everything, for tests and for development.

::

    with Client({"memory": {}}) as client:
        sign_up(client, "79031234567")
        (message,) = client.channel("memory", MemoryChannel).sent
        assert "code" in message.text

What becomes of a message is chosen by its number, as in the sandbox: ``79990000046`` gets none.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from devino_core import ChannelSpec, Medium, hookimpl
from devino_core.lazy import lazy

from ._settings import MemorySettings

if TYPE_CHECKING:
    from ._channel import MemoryChannel
else:
    __getattr__ = lazy(__name__, {"MemoryChannel": "_channel"})

__all__ = ["MemoryChannel", "MemorySettings"]


@hookimpl
def devino_channels() -> Iterable[ChannelSpec]:
    """``memory``."""
    yield ChannelSpec(
        name="memory",
        summary="Nothing is sent: messages are kept in memory, for tests.",
        media=frozenset(Medium),
        settings=MemorySettings,
        load="devino_sandbox.memory:MemoryChannel",
    )
