"""A memory of what was done of late."""

from __future__ import annotations

from collections import OrderedDict
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
        born, value = self._values.get(key, (None, None))
        if born is None or self._clock.monotonic() - born > self._age:
            return None
        return value

    def __setitem__(self, key: K, value: V) -> None:
        """Remember a value. Its time begins now, whatever the key had before."""
        self._values[key] = self._clock.monotonic(), value
        self._values.move_to_end(key)
        if len(self._values) > self._most:
            self._values.popitem(last=False)

    def forget(self, key: K) -> None:
        """Remember nothing of this key."""
        self._values.pop(key, None)
