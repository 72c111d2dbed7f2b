"""Whether a number still has the SIM that it had: the check of the IMSI (chapter 19 of the manual).

Somebody who gets hold of a new SIM for another person's number receives that person's one-time
passwords. A bank therefore keeps a reference for each number, and compares before it sends::

    guard = SimGuard(source, store, key=Secret(os.environ["SIM_KEY"]))
    verdict = await guard.check("+79031234567")
    if verdict.send:
        await client.send(message)

Who tells the IMSI of a number is yours to write (:class:`SimSource`): the manual describes the
platform's service for it and gives no wire. The rules are here, and the sandbox keeps the same ones
where the platform itself compares.
"""

from __future__ import annotations

from ._guard import SimGuard
from ._records import SimCheck, SimRecord, SimState
from ._stores import MemorySims, SimStore
from ._values import OnError, SimSource, SimUnavailable, SimVerdict, WhyNot

__all__ = [
    "MemorySims",
    "OnError",
    "SimCheck",
    "SimGuard",
    "SimRecord",
    "SimSource",
    "SimState",
    "SimStore",
    "SimUnavailable",
    "SimVerdict",
    "WhyNot",
]
