"""Where an entry of the outbox is, and which ways lead from there: the table is the program."""

from __future__ import annotations

from collections.abc import Mapping

from devino_core._explained import Explained

__all__ = ["TRANSITIONS", "UNFINISHED", "Phase"]


class Phase(Explained):
    """Where an entry is. The numbers stand in databases and do not change."""

    QUEUED = 0, "waits until it is due"
    INTENDED = 1, "held by a worker, may be on the wire"
    SENT = 2, "taken by the platform, followed"
    DOUBT = 3, "nobody here knows whether it was taken"
    DEAD = 4, "needs a person"
    DONE = 5, "over"


TRANSITIONS: Mapping[Phase, Mapping[Phase, str]] = {
    Phase.QUEUED: {
        Phase.QUEUED: "a new time, lane or leg; a late report of an earlier leg",
        Phase.INTENDED: "a claim",
        Phase.DONE: "its deadline passed; it was cancelled",
        Phase.DEAD: "its body cannot be read, and no worker is newer",
        Phase.DOUBT: "a backup was restored: it may have been sent after the backup",
    },
    Phase.INTENDED: {
        Phase.INTENDED: "a late report of an earlier leg",
        Phase.SENT: "the platform took it",
        Phase.DONE: "refused for good; taken, and nothing more can be learnt",
        Phase.QUEUED: "it was surely not sent; the next leg goes",
        Phase.DOUBT: "the answer is lost, or the worker is gone",
        Phase.DEAD: "it cannot be read or sent as it is",
    },
    Phase.DOUBT: {
        Phase.DOUBT: "a new time to ask; a late report of an earlier leg",
        Phase.SENT: "the platform, or a person, says that it was taken",
        Phase.QUEUED: "the platform or a person says that it was not taken; resent by policy",
        Phase.DONE: "it ends as unknown, or as what a report says",
        Phase.DEAD: "two workers died with it, or it was in doubt too often",
    },
    Phase.SENT: {
        Phase.SENT: "a report, or the time of the next question",
        Phase.DONE: "its end is known, or the platform remembers it no more",
        Phase.QUEUED: "the next leg goes",
        Phase.DOUBT: "a backup was restored",
    },
    Phase.DEAD: {
        Phase.DEAD: "a late report of an earlier leg",
        Phase.QUEUED: "a person retries it",
        Phase.DONE: "a person gives it up",
        Phase.DOUBT: "a backup was restored",
    },
    Phase.DONE: {Phase.DONE: "a late report; its text is forgotten"},
}
"""From a phase to each phase that may follow, and why. A move that is not here is a bug."""

UNFINISHED: tuple[Phase, ...] = tuple(phase for phase in Phase if phase is not Phase.DONE)
