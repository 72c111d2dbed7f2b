"""What services show of their books in the inspection API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar, cast

if TYPE_CHECKING:
    from ._world import World

__all__ = ["View", "Views", "shows"]

F = TypeVar("F", bound=Callable[[Any, str | None], object])

Show: TypeAlias = Callable[[str | None], object]
"""Gives what is shown as JSON: all of it, or what concerns the number in ``?to=``."""


class View(NamedTuple):
    """One view."""

    about: str
    """One line for people."""
    show: Show


class Views:
    """A book of the World: the views by name. ``GET /_sandbox/<name>`` shows one.

    A service marks the methods that give one with :func:`shows`. What is no service adds its own::

        world.of(Views).add("codes", "the last code of each number", shown)
    """

    def __init__(self, world: World) -> None:
        self._views: dict[str, View] = {}

    def add(self, name: str, about: str, show: Show) -> None:
        """Show this under a name; a later service takes the place of an earlier one."""
        self._views[name] = View(about, show)

    def add_of(self, service: object) -> None:
        """Show what the marked methods of a service give. Who overrides one need not mark it."""
        marked = {
            method: said.shows
            for base in reversed(type(service).__mro__)
            for method, said in vars(base).items()
            if hasattr(said, "shows")
        }
        for method, (name, about) in marked.items():
            self.add(name, about, getattr(service, method))

    def reset(self) -> None:
        """They show on, when the World is reset."""

    def all(self) -> Mapping[str, View]:
        """The views by name."""
        return dict(self._views)


def shows(name: str, about: str) -> Callable[[F], F]:
    """Marks the method of a service that gives a view::

        @shows("codes", "the last code of each number; ?to=NUMBER: of one")
        def shown(self, to: str | None) -> list[Code]: ...

    ``about`` is one line for people. A name that a route of the inspection API has hides none.
    """

    def mark(method: F) -> F:
        cast("Any", method).shows = name, about
        return method

    return mark
