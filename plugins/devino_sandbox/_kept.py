"""A book that does not grow without end."""

from __future__ import annotations

from typing import TypeVar

from ._latest import Latest
from ._world import World

__all__ = ["Kept"]

K = TypeVar("K")
V = TypeVar("V")


class Kept(Latest[K, V]):
    """A book of the World, or a part of one: a mapping of as many entries as it keeps messages::

        class Codes(Kept[str, Code]):
            "By number."


        world.of(Codes)[number] = code

    Of more it has those that were set last.
    """

    def __init__(self, world: World) -> None:
        super().__init__(world.keep)
