"""Two-factor codes: service kind ``2fa``, over the platform's own API for them (chapter 18).

The platform makes a code, sends it by SMS and checks it; the program only asks. The one answer that
lets somebody in is :attr:`Check.VALID`, and it alone is true::

    verification = client.service("2fa", Verification)
    await verification.generate("79031234567")
    if await verification.check("79031234567", typed):
        ...
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from devino_core import ServiceSpec, hookimpl
from devino_core.hookspecs import commands_at
from devino_core.lazy import lazy

from ._settings import VerificationSettings

if TYPE_CHECKING:
    from ._service import Check, Sent, Verification
else:
    __getattr__ = lazy(__name__, dict.fromkeys(("Check", "Sent", "Verification"), "_service"))

__all__ = ["Check", "Sent", "Verification", "VerificationSettings"]


@hookimpl
def devino_services() -> Iterable[ServiceSpec]:
    """``2fa``."""
    yield ServiceSpec(
        name="2fa",
        summary="Two-factor codes: the platform makes, sends and checks them.",
        settings=VerificationSettings,
        load="devino_plugins.verification:Verification",
        extra="devino[http]",
    )


devino_commands: Final = commands_at("devino_plugins.verification._command:verify")
