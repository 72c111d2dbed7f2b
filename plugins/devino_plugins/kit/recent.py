"""A memory of what was done of late."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from datetime import timedelta
from typing import Generic, TypeVar

from devino_core.clock import Clock

__all__ = ["Recent"]

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Keeps a value by key for ``age``, and of more than ``most`` values the latest."""

    def __init__(self, *, most: int, age: timedelta, clock: Clock) -> None:
        self._most = most
        self._age = age.total_seconds()
        self._clock = clock
        # Not a dict: each deletion makes its oldest key slower to find.
        self._values: OrderedDict[K, tuple[float, V]] = OrderedDict()

    def get(self, key: K) -> V | None:
        """The value; None if it is not there, or no longer."""
        (value,) = self.get_all((key,))
        return value

    def get_all(self, keys: Iterable[K]) -> list[V | None]:
        """The value of each key, in order."""
        oldest = self._clock.monotonic() - self._age
        find = self._values.get
        # A loop over `get` would read the clock for each of thousands.
        return [
            None if (found := find(key)) is None or found[0] < oldest else found[1] for key in keys
        ]

    def __setitem__(self, key: K, value: V) -> None:
        """Remember a value. Its time begins now, whatever the key had before."""
        self.set_all(((key, value),))

    def set_all(self, items: Iterable[tuple[K, V]]) -> None:
        """Remember several values."""
        now, values = self._clock.monotonic(), self._values
        for key, value in items:
            if key in values:
                values.move_to_end(key)
            values[key] = now, value
        while len(values) > self._most:
            values.popitem(last=False)

    def forget(self, key: K) -> None:
        """Remember nothing of this key."""
        self._values.pop(key, None)
