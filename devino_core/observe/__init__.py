"""Seeing what a client does: observers, the log, and ids of calls.

Every request of every transport passes here. An observer is told when it starts and how it ended,
which receipt a message got, and what the platform tells by itself::

    class Slow(Observer):
        def call_started(self, call: Call) -> Callable[[Outcome], None]:
            def ended(outcome: Outcome) -> None:
                if outcome.seconds > 5:
                    print(call.operation, outcome.seconds, outcome.error)
            return ended

    client = AsyncClient(channels, observers=[Slow()])

A plugin brings observers by the hook ``devino_observers``.
"""

from ._calls import Calls, Running
from ._log import discreet, log_to_stderr
from ._observers import Observers
from ._values import Call, Figure, Observer, Outcome

__all__ = [
    "Call",
    "Calls",
    "Figure",
    "Observer",
    "Observers",
    "Outcome",
    "Running",
    "discreet",
    "log_to_stderr",
]
