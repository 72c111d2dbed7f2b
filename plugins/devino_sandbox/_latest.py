"""A mapping that does not grow without end."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from ._world import World

__all__ = ["Kept", "Latest"]

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


class Kept(Latest[K, V]):
    """A book of the World, or a part of one: a mapping of as many entries as it keeps messages::

        class Codes(Kept[str, Code]):
            "By number."


        world.of(Codes)[number] = code

    Of more it has those that were set last.
    """

    def __init__(self, world: World) -> None:
        super().__init__(world.keep)
