"""REST versions 1 and 2, of SMS and Viber (chapters 1, 2 and 11.2.2 of the manual).

All reading and writing is the codec's; here is what the platform does. Where the manual does not
say, it is decided thus:

- The checks run in this order: arguments there and readable, who asks, limits, recipients, sender,
  balance. Of many recipients one bad one refuses all.
- A send that is refused for its arguments or its credentials is on record as far as it can be read.
- A session that has ended or never was is 401 with code 4, "SessionID expired".
- Dates of ``Send``, ``SendBulk``, ``In`` and ``Statistics`` are UTC, those of ``SendByTimeZone...``
  the recipient's.
- ``Statistics`` counts segments, by when they were taken; ``DeliveryRatio`` is the percentage of
  ``Total`` that was delivered.
- A Viber message that state requests do not know is in state 6, for there is no 255.
"""

from __future__ import annotations

from typing import Final

from devino_sandbox._brought import services_at

from ._service import RestLimits, RestReading, RestService

__all__ = ["RestLimits", "RestReading", "RestService"]

devino_sandbox_services: Final = services_at(RestService)
