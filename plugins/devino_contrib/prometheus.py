"""Metrics for Prometheus: calls, their times, messages by state, parts, the balance.

::

    observer = PrometheusObserver()
    with Client(observers=[observer]) as client:
        BalanceCollector(client)
        ...

=====================  ================================  ===========================================
metric                 labels                            what it counts
=====================  ================================  ===========================================
devino_calls_total     channel, operation, outcome       calls; outcome is ``ok``, ``cancelled`` or
                                                         the class of the error
devino_call_seconds    channel, operation                a histogram of how long they took
devino_messages_total  channel, medium, state            each state that a message was told to have,
                                                         by its receipt or by an event
devino_parts_total     channel, medium                   parts that the platform took
devino_balance         channel                           the account's balance, in its currency
=====================  ================================  ===========================================

No label names a person. Needs the extra ``prometheus``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from devino_core import Capability, Client, DevinoError, Event, Message, Receipt, StatusChanged
from devino_core.clock import SYSTEM_CLOCK, Clock
from devino_core.observe import Call, Observer, Outcome

from ._needs import needs
from ._words import failure_of

with needs("prometheus"):
    from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram
    from prometheus_client.core import GaugeMetricFamily, Metric
    from prometheus_client.registry import Collector

__all__ = ["BalanceCollector", "PrometheusObserver"]


class PrometheusObserver(Observer):
    """Counts what clients do. One observer may be given to any number of clients.

    Raises ValueError if the registry has metrics with this prefix already.
    """

    def __init__(self, registry: CollectorRegistry = REGISTRY, prefix: str = "devino") -> None:
        self._calls = Counter(
            f"{prefix}_calls_total",
            "Calls to the platform.",
            ["channel", "operation", "outcome"],
            registry=registry,
        )
        self._seconds = Histogram(
            f"{prefix}_call_seconds",
            "How long calls to the platform took.",
            ["channel", "operation"],
            registry=registry,
        )
        self._messages = Counter(
            f"{prefix}_messages_total",
            "States that messages were told to have.",
            ["channel", "medium", "state"],
            registry=registry,
        )
        self._parts = Counter(
            f"{prefix}_parts_total",
            "Parts of messages that the platform took.",
            ["channel", "medium"],
            registry=registry,
        )

    def call_started(self, call: Call) -> Callable[[Outcome], None]:
        def ended(outcome: Outcome) -> None:
            word = failure_of(outcome) or "ok"
            self._calls.labels(call.channel, call.operation, word).inc()
            self._seconds.labels(call.channel, call.operation).observe(outcome.seconds)

        return ended

    def message_done(self, message: Message, receipt: Receipt) -> None:
        where = receipt.channel, receipt.medium.value
        self._messages.labels(*where, receipt.status.state.value).inc()
        if receipt.error is None and not receipt.refused:
            self._parts.labels(*where).inc(receipt.parts)

    def event(self, event: Event) -> None:
        if isinstance(event, StatusChanged):
            state = event.status.state.value
            self._messages.labels(event.channel, event.medium.value, state).inc()


class BalanceCollector(Collector):
    """Asks for the balance when Prometheus does, and at most once in ``every`` seconds.

    ``channels`` are names; None: all channels that can be asked. A channel whose answer failed has
    no balance until the next time. Raises ConfigurationError for an unknown name.

    Prometheus asks in any thread and waits, which nothing may do in the loop of an AsyncClient:
    open a Client for this beside it.
    """

    def __init__(
        self,
        client: Client,
        registry: CollectorRegistry = REGISTRY,
        prefix: str = "devino",
        *,
        channels: Iterable[str] | None = None,
        every: float = 60.0,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self._client = client
        self._name = f"{prefix}_balance"
        named = client.channels if channels is None else channels
        self._channels = [
            name
            for name in named
            if channels is not None or Capability.BALANCE in client.channel(name).capabilities
        ]
        for name in self._channels:
            client.channel(name)
        self._every = every
        self._clock = clock
        self._turn = threading.Lock()
        self._asked: float | None = None
        self._known: dict[str, float] = {}
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """Nothing: without this, to register would be to ask."""
        return ()

    def collect(self) -> Iterable[Metric]:
        """The balances, as the registry asks for them."""
        family = GaugeMetricFamily(
            self._name, "The balance of the account, in its currency.", labels=["channel"]
        )
        with self._turn:
            now = self._clock.monotonic()
            if self._asked is None or now - self._asked >= self._every:
                self._asked, self._known = now, dict(self._ask())
            for name, balance in self._known.items():
                family.add_metric([name], balance)
        return (family,)

    def _ask(self) -> Iterable[tuple[str, float]]:
        for name in self._channels:
            try:
                yield name, float(self._client.balance(channel=name))
            except DevinoError:
                # The client has logged it, and devino_calls_total has counted it.
                continue
