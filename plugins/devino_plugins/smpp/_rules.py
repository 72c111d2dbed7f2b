"""What the platform asks of a client (manual, 3.3), as data."""

from __future__ import annotations

import msgspec

from devino_codecs.smpp import Npi, SessionSettings, Ton

__all__ = ["PLATFORM", "Numbering", "Rules"]

Numbering = tuple[int, int]
"""Type of number and numbering plan."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """The rules of one centre. Times are in seconds."""

    max_sessions: int
    pause_after_break: float
    """How long to make no session after one has ended."""
    pause_after_failure: float
    """How long to make no session after a connection or a bind has failed."""
    enquire_after: float
    """Ask ``enquire_link`` after so long without a PDU."""
    generic_nack: bool
    """Whether the centre tolerates a ``generic_nack``."""
    throttled_pause: float
    """How long a connection rests after ESME_RTHROTTLED."""
    queue_full_pauses: tuple[float, ...]
    """How long a message rests after each ESME_RMSGQFUL. The refusal after the last pause is final.
    """
    min_validity: int
    alphanumeric: Numbering
    """For a sender that is a name."""
    short_code: Numbering
    """For a sender of fewer digits than a number of the international plan can have."""
    international: Numbering
    """For all other numbers."""

    def session(self, *, window: int, response_timeout: float) -> SessionSettings:
        """The settings for the session machine: the rules that it keeps."""
        return SessionSettings(
            window=window,
            response_timeout=response_timeout,
            enquire_after=self.enquire_after,
            generic_nack=self.generic_nack,
            # The manual wants status 0 for every deliver_sm. So each is handed over.
            salvage_deliveries=True,
        )


PLATFORM = Rules(
    max_sessions=4,
    pause_after_break=60.0,
    pause_after_failure=90.0,
    enquire_after=60.0,
    generic_nack=False,
    throttled_pause=1.0,
    # The manual: 3 to 5 more tries, after 5, 15, 45 seconds "and so on".
    queue_full_pauses=(5.0, 15.0, 45.0, 135.0),
    min_validity=60,
    alphanumeric=(Ton.ALPHANUMERIC, Npi.ISDN),
    # The manual is silent. SMPP 3.4, 5.2.5 takes its types of number from GSM. There "network
    # specific" is the number of a service within a network. The plan is that of all addresses.
    short_code=(Ton.NETWORK_SPECIFIC, Npi.ISDN),
    international=(Ton.INTERNATIONAL, Npi.ISDN),
)
