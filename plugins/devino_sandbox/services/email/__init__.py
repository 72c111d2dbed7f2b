"""E-mail over HTTP, campaigns and callbacks (chapter 14 of the manual)."""

from __future__ import annotations

from devino_core import hookimpl
from devino_sandbox._world import World

from ._pages import PagesService
from ._service import EmailService

__all__ = ["EmailService", "PagesService", "devino_sandbox_services"]


@hookimpl
def devino_sandbox_services(world: World) -> list[EmailService | PagesService]:
    """The interface, and the pages that mails link to."""
    return [EmailService(world), PagesService(world)]
