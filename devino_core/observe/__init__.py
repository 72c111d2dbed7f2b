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

from ._values import Call, Observer, Outcome

__all__ = ["Call", "Observer", "Outcome"]
