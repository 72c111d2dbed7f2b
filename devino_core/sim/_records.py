"""The table of states: what is known of a number's SIM, and what a comparison makes of it."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec
from msgspec.structs import replace

__all__ = ["SimCheck", "SimRecord", "SimState"]


class SimState(StrEnum):
    """What is known of a number's SIM."""

    NEW = "NEW"
    """There is no reference yet."""
    TRUSTED = "TRUSTED"
    """There is one, and the last comparison did not speak against it."""
    SUSPECT = "SUSPECT"
    """The last comparison did. The reference is still the old one."""
    ALWAYS_SEND = "ALWAYS_SEND"
    """A person said so: nothing is compared."""
    ALWAYS_REFUSE = "ALWAYS_REFUSE"
    """A person said so: nothing is compared. The manual calls it a fraud's number."""


class SimCheck(StrEnum):
    """What a check has found."""

    FIRST = "FIRST"
    """There was nothing to compare with."""
    SAME = "SAME"
    CHANGED = "CHANGED"
    """The number has another SIM. A signal for people, and no proof."""
    UNCHECKED = "UNCHECKED"
    """Nobody could tell the IMSI."""
    ALWAYS_SEND = "ALWAYS_SEND"
    ALWAYS_REFUSE = "ALWAYS_REFUSE"


_MARKS: Mapping[SimState, SimCheck] = {
    SimState.ALWAYS_SEND: SimCheck.ALWAYS_SEND,
    SimState.ALWAYS_REFUSE: SimCheck.ALWAYS_REFUSE,
}

# By the state and whether the value is the reference.
_COMPARED: Mapping[tuple[SimState, bool], tuple[SimState, SimCheck]] = {
    (SimState.NEW, False): (SimState.TRUSTED, SimCheck.FIRST),
    (SimState.TRUSTED, True): (SimState.TRUSTED, SimCheck.SAME),
    (SimState.TRUSTED, False): (SimState.SUSPECT, SimCheck.CHANGED),
    (SimState.SUSPECT, True): (SimState.TRUSTED, SimCheck.SAME),
    (SimState.SUSPECT, False): (SimState.SUSPECT, SimCheck.CHANGED),
}


class SimRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a number. Its methods give the record that follows."""

    state: SimState = SimState.NEW
    reference: str = ""
    """What a value is compared with; :class:`~devino_core.sim.SimGuard` keeps an HMAC here. Empty:
    there is none."""
    since: datetime | None = None
    """When it got into this state. Aware."""

    @property
    def mark(self) -> SimCheck | None:
        """What a person has decided for this number, if one has."""
        return _MARKS.get(self.state)

    def compared(self, value: str, now: datetime) -> tuple[SimRecord, SimCheck]:
        """After a comparison; of a number without a mark."""
        is_same = hmac.compare_digest(self.reference.encode(), value.encode())
        state, check = _COMPARED[self.state, is_same]
        # A value that differs is not kept: a person decides.
        reference = value if check is SimCheck.FIRST else self.reference
        return self._moved(state, reference, now), check

    def rechecked(self, value: str, now: datetime) -> SimRecord:
        """After a person has accepted this value. A mark stays: only :meth:`resumed` lifts it."""
        state = SimState.TRUSTED if self.mark is None else self.state
        return self._moved(state, value, now)

    def marked(self, mark: SimState, now: datetime) -> SimRecord:
        """After a person has decided that nothing is compared any more."""
        return self._moved(mark, self.reference, now)

    def resumed(self, now: datetime) -> SimRecord:
        """After a person has decided that it is compared again."""
        state = SimState.TRUSTED if self.reference else SimState.NEW
        return self._moved(state, self.reference, now)

    def _moved(self, state: SimState, reference: str, now: datetime) -> SimRecord:
        since = self.since if state is self.state and self.since is not None else now
        return replace(self, state=state, reference=reference, since=since)
