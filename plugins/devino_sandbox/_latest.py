"""A mapping that does not grow without end."""

from __future__ import annotations

from typing import TypeVar

__all__ = ["Latest"]

K = TypeVar("K")
V = TypeVar("V")


class Latest(dict[K, V]):
    """The entries that were set last, at most ``keep`` of them; one that is set again is new."""

    def __init__(self, keep: int) -> None:
        super().__init__()
        self._keep = keep

    def __setitem__(self, key: K, value: V) -> None:
        self.pop(key, None)
        super().__setitem__(key, value)
        if len(self) > self._keep:
            del self[next(iter(self))]
