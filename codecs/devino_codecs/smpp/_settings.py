"""What the owner of a session chooses."""

from __future__ import annotations

from math import inf

import msgspec

from ._framing import MAX_COMMAND_LENGTH

__all__ = ["SessionSettings"]


class SessionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a session behaves. Times are in seconds of the owner's clock, above 0 and finite.

    Raises :exc:`ValueError` for a time or a window that would let a session hang.
    """

    window: int = 10
    """How many requests may be written and unanswered. Others wait in the session."""
    response_timeout: float = 30.0
    """How long a written request waits for its answer."""
    enquire_after: float | None = 60.0
    """Ask ``enquire_link`` after so long without a PDU, and unbind if no answer comes. None: never.
    """
    bind_timeout: float | None = None
    """Close if nobody binds for so long. None: never."""
    max_command_length: int = MAX_COMMAND_LENGTH
    generic_nack: bool = True
    """Whether this end may send ``generic_nack``. Some centres answer one with ``unbind``."""
    salvage_deliveries: bool = False
    """Whether a ``deliver_sm`` or ``data_sm`` with a broken body is received like any other, with
    what can be read of it. Otherwise it is refused by what is broken."""
    strict: bool = False
    """Whether NULs behind the last field, which are overlooked otherwise, break a PDU."""
    refusals_have_bodies: bool = False
    """Whether answers with an error status have a body. SMPP 3.4 has none there, but some libraries
    cannot read such an answer."""
    unbind_grace: float = 2.0
    """How long the answer to the peer's ``unbind`` waits for answers to requests of this end."""
    max_nonsense: int | None = 1000
    """How many PDUs a second may say nothing: enquiries, answers to nothing, requests that are
    unknown, out of place, or broken and refused or forgotten. Beyond that the session ends. None:
    any number."""

    def __post_init__(self) -> None:
        if self.window < 1:
            raise ValueError(f"a window of {self.window} lets nothing through")
        for name in ("response_timeout", "enquire_after", "bind_timeout"):
            value = getattr(self, name)
            if value is not None and not 0 < value < inf:
                raise ValueError(f"{name} is {value}, expected a number of seconds above 0")
