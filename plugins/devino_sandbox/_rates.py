"""How often somebody may ask, where the platform has a limit for it."""

from __future__ import annotations

from collections import deque
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ._latest import Latest

if TYPE_CHECKING:
    from ._world import World

__all__ = ["Rates"]


class Rates:
    """A book of the World: when something was done, by a key of the service's choice::

        if not world.of(Rates).admits(("viber", account), 50, timedelta(seconds=1)):
            return Code.BUSY

    It remembers as many keys as the World keeps messages.
    """

    def __init__(self, world: World) -> None:
        self._clock = world.clock
        self._times: Latest[object, deque[datetime]] = Latest(world.keep)

    def admits(self, key: object, most: int, within: timedelta) -> bool:
        """Count one more, unless there were so many within that time."""
        times, now = self._times.get(key, deque(maxlen=most)), self._clock.now()
        if len(times) == most and now - times[0] < within:
            return False
        times.append(now)
        self._times[key] = times
        return True
