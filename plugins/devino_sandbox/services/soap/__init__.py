"""The four SOAP services of SMS and Viber, with their descriptions (chapters 7 and 8).

All reading and writing is the codec's; here is what the platform does. Where the manual does not
say, it is decided thus:

- The checks run in this order: an envelope with an operation of this service, who asks, arguments
  there, limits, recipients, sender, balance. Of many recipients one bad one refuses all.
- A send that is refused for its arguments or its credentials is on record as far as it can be read.
- Faults are HTTP 500, as ASP.NET has it, in the words of REST after ASP.NET's own; what cannot be
  read at all is the sender's fault, which in SOAP 1.2 is HTTP 400.
- An SMS that names no validity is valid for 2880 minutes.
- A session is good for all protocols that have one, whichever gave it.
- ``delayUntilUtc`` is UTC, the ``sendDate`` of ``...ByTimeZone...`` the recipient's clock.
- ``GetIncomingMessages`` takes its two dates in either order; a strict World refuses the wrong one.
- A Viber message that state requests do not know is ``Unknown``; one whose link was followed is
  ``Read``, for there is no word for more.
"""

from __future__ import annotations

from typing import Final

from devino_sandbox._brought import services_at

from ._service import SoapLimits, SoapService

__all__ = ["SoapLimits", "SoapService"]

devino_sandbox_services: Final = services_at(SoapService)
