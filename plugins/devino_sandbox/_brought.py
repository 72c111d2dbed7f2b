"""The sandbox's hook for plugins whose services stand in modules of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, cast

from devino_core import hookimpl
from devino_core.lazy import resolve

if TYPE_CHECKING:
    from ._service import Service
    from ._world import World

__all__ = ["services_at"]


def services_at(
    *places: str | Callable[[World], Service],
) -> Callable[[World], Iterable[Service]]:
    """The hook ``devino_sandbox_services`` of a plugin whose services are these classes::

        devino_sandbox_services = services_at("acme.gateway:AcmeService")

    Each is made of a World. Its module is imported when a sandbox is made: clients load the plugin,
    too, and need no service. A class that is imported anyway may be given itself.
    """

    # Clients do not know this hook, so none of them would miss it under a misspelt name.
    @hookimpl(optionalhook=True, specname="devino_sandbox_services")
    def devino_sandbox_services(world: World) -> Iterable[Service]:
        made = [resolve(place) if isinstance(place, str) else place for place in places]
        return [cast("Callable[[World], Service]", make)(world) for make in made]

    return devino_sandbox_services
