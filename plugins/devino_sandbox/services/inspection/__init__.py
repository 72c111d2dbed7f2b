"""What the sandbox received, for tests and eyes: the inspection API, under ``/_sandbox``.

``GET /_sandbox`` lists the routes, each with a line; ``GET /_sandbox/openapi.json`` describes them
with their types, and the guide tells how they are used. In short:

- Every list is oldest first. It holds the latest ``limit`` that fit (100, at most 1000), with
  ``before=ID`` the latest before that one; the header ``X-Total`` says how many fit in all.
- Times are ISO 8601 in UTC, or null. An amount is a string.
- A body is JSON, declared as ``application/json`` (415), of at most 4 MiB (413).
- A query parameter or a key of a body that is not known is an error (400), never ignored. What else
  cannot be carried out is 404, 405, 408 or 409. The answer is ``{"error": ..., "routes": ...}``.

It asks for no password, so it answers only programs and pages of its own. Another ``Host`` than
loopback, the address that the client came to, or the host listened on is refused with 403
(``--allow-host NAME`` allows one), and so is what a browser says that a page of another site asks.
"""

from typing import Final

from devino_sandbox._brought import services_at
from devino_sandbox._shown import IncomingView, LifeView, MessageView

from ._service import InspectionService

__all__ = ["IncomingView", "InspectionService", "LifeView", "MessageView"]

devino_sandbox_services: Final = services_at(InspectionService)
