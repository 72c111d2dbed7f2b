"""How often somebody may ask, where the platform has a limit for it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from ._kept import Kept

if TYPE_CHECKING:
    from ._world import World

__all__ = ["Rates"]

K = TypeVar("K", bound=Hashable)


class Rates:
    """A book of the World: when something was done, by keys of the service's choice::

        most = {account: 50, (account, number): 10}
        if not world.of(Rates).admits("viber", most, timedelta(seconds=1)):
            return Code.BUSY

    It remembers as many keys as the World keeps messages.
    """

    def __init__(self, world: World) -> None:
        self._clock = world.clock
        self._times: Kept[tuple[str, Hashable], list[datetime]] = Kept(world)

    def admits(self, whose: str, most: Mapping[K, int], within: timedelta) -> bool:
        """Count one more by each key, unless one of them had so many within that time: then none.

        ``whose`` is the name of the service, whose keys are its own.
        """
        now = self._clock.now()
        recent = {
            key: [at for at in self._times.get((whose, key), ()) if now - at < within]
            for key in most
        }
        if any(len(recent[key]) >= limit for key, limit in most.items()):
            return False
        for key, times in recent.items():
            self._times[whose, key] = [*times, now]
        return True
