"""The sandbox in a browser: one static page, which shows what the inspection API tells.

``GET /_sandbox/ui`` is the page; whoever opens ``/`` in a browser is sent there. It is made of the
files below ``static``, as they are: nothing is built, and nothing comes from another host.
"""

from __future__ import annotations

from typing import Final

from devino_sandbox._brought import services_at

from ._service import PageService

__all__ = ["PageService"]

devino_sandbox_services: Final = services_at(PageService)
