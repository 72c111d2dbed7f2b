"""What may become of a message, and when: steps, fates and the pace of both.

Which number gives which fate is said in :mod:`devino_sandbox._numbers`.
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

import msgspec

from devino_core import State

__all__ = ["EXPIRED", "QUEUED", "SCHEDULED", "WITHDRAWN", "Fate", "Pace", "Step", "Way", "plan"]


class Step(msgspec.Struct, frozen=True):
    """A state on the way, and why a message gets there."""

    state: State
    reason: str = ""
    """What tells it from other ways into this state, as a word: ``INVALID_DESTINATION``.

    Each service looks up the number of its own wire. A word that is a number is that number.
    """
    after: timedelta | None = None
    """How long after the step before; None: as the :class:`Pace` says, counted from the sending."""
    at_expiry: bool = False
    """Taken when the validity ends; if the message has none, as the :class:`Pace` says."""
    resend_after: timedelta = timedelta(0)
    """If the message fails with this step: how long after it the fallback goes."""

    @property
    def failed(self) -> bool:
        """The message did not arrive, as far as is known."""
        return self.state.is_final and not self.state.is_success


SCHEDULED = Step(State.SCHEDULED)
QUEUED = Step(State.ACCEPTED)
EXPIRED = Step(State.EXPIRED)
WITHDRAWN = Step(State.DELETED)
"""What ends a message that its sender takes back."""

Way = tuple[tuple[timedelta, Step], ...]
"""Steps and how long after the sending time each is taken, in order."""


class Fate(msgspec.Struct, frozen=True, eq=False):
    """The steps of a message after it was queued. Two fates are never equal.

    Steps that follow a failure come late: a message may expire and be delivered all the same.
    """

    steps: tuple[Step, ...]
    found: bool = True
    """State requests know the message."""

    @property
    def late(self) -> tuple[Step, ...]:
        """The steps that follow the first failure."""
        for number, step in enumerate(self.steps, 1):
            if step.failed:
                return self.steps[number:]
        return ()


_PACES = {State.ENROUTE: "sent", State.READ: "read", State.CLICKED: "clicked"}


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How fast messages live: seconds after the sending time. ``Pace.instant()``: all at once.

    Raises ValueError for times that are negative or out of order.
    """

    sent: float = 0.2
    final: float = 1.0
    """Delivered, or given up."""
    read: float = 2.0
    clicked: float = 3.0
    look: float = 10.0
    """Seconds from one look at files that customers laid down to the next (chapter 9)."""

    def __post_init__(self) -> None:
        if not self.look > 0:
            raise ValueError("a pace needs a `look` above 0 seconds")
        if not 0 <= self.sent <= self.final <= self.read <= self.clicked:
            raise ValueError("a pace needs 0 <= sent <= final <= read <= clicked, in seconds")

    @classmethod
    def instant(cls) -> Pace:
        """A message is where it ends as soon as it is taken."""
        return cls(sent=0, final=0, read=0, clicked=0)

    def after(self, state: State) -> timedelta:
        """How long after the sending time a message gets to this state."""
        if state is State.ACCEPTED:
            return timedelta(0)
        seconds: float = getattr(self, _PACES.get(state, "final"))
        return timedelta(seconds=seconds)


@lru_cache(maxsize=1000)
def plan(fate: Fate, pace: Pace, validity: timedelta | None) -> Way:
    """When each step is taken, the first at the sending time.

    A message that is still under way when its validity ends expires then. Of its fate only those
    steps are left that follow a failure.
    """
    way = [(timedelta(0), QUEUED)]
    ended = False
    for step in fate.steps:
        due = way[-1][0]
        if step.after is not None:
            due += step.after
        elif step.at_expiry and validity is not None:
            due = max(due, validity)
        else:
            due = max(due, pace.after(step.state))
        if validity is not None and due > validity and not ended:
            due = validity
            way.append((due, EXPIRED))
            for late in fate.late:
                due += late.after or timedelta(0)
                way.append((due, late))
            break
        way.append((due, step))
        ended = ended or step.state.is_final
    return tuple(way)
