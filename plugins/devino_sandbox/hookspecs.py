"""The sandbox's own hook: how a protocol gets into it.

The sandbox's own services are the modules in ``devino_sandbox/services``. A plugin brings more
through the entry point group of all plugins, ``devino``. The command line and clients load the same
module and need no service, so the plugin says where the services stand::

    import devino_sandbox

    devino_sandbox_services = devino_sandbox.services_at("acme.gateway:AcmeService")

A service that is not made of a World alone needs a function. Clients do not know this hook, so it
must be marked as optional::

    from devino_core import hookimpl

    @hookimpl(optionalhook=True)
    def devino_sandbox_services(world):
        from .gateway import AcmeService

        return [AcmeService(world, wings=2)]
"""

from __future__ import annotations

from collections.abc import Iterable

from devino_core.hookspecs import hookspec

from ._service import Service
from ._world import World

__all__ = ["devino_sandbox_services"]


@hookspec
def devino_sandbox_services(world: World) -> Iterable[Service]:  # type: ignore[empty-body]
    """The services that this plugin brings.

    Called for each sandbox, and by ``devino sandbox`` to learn which options they have: nothing may
    be opened here, that is for :meth:`Service.start <devino_sandbox.Service.start>`.
    """
