"""Metrics, as Prometheus' own parser reads them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from devino_contrib.prometheus import BalanceCollector, PrometheusObserver
from devino_core import Client, ConfigurationError, Incoming, State, Status, StatusChanged
from devino_core.testing import ManualClock
from devino_sandbox import AnswerHttp, Fault, LocalSandbox

from ._sandboxed import NUMBER, assert_discreet, failure, message

Channels = dict[str, dict[str, object]]


def read(registry: CollectorRegistry) -> dict[tuple[str, ...], float]:
    """Each sample by its name and the values of its labels."""
    text = generate_latest(registry).decode()
    assert_discreet(text)
    return {
        (one.name, *(value for _, value in sorted(one.labels.items()))): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


def test_calls_messages_and_parts_are_counted(sandbox: LocalSandbox, channels: Channels) -> None:
    registry = CollectorRegistry()
    with Client(channels, observers=[PrometheusObserver(registry)]) as client:
        client.send(message())
        client.send_many([message(), message()])
        failure(sandbox, client)
    told = read(registry)
    assert told["devino_messages_total", "promo", "SMS", State.ACCEPTED] == 3
    assert told["devino_parts_total", "promo", "SMS"] == 3
    assert told["devino_calls_total", "promo", "Sms/Send", "Throttled"] == 1
    assert told["devino_calls_total", "promo", "Sms/Send", "ok"] >= 1
    assert told["devino_call_seconds_count", "promo", "Sms/Send"] >= 2


def test_a_state_that_an_event_tells_is_counted() -> None:
    registry = CollectorRegistry()
    observer = PrometheusObserver(registry, prefix="sms")
    at = datetime.now(UTC)
    delivered = Status(state=State.DELIVERED)
    observer.event(StatusChanged(id="1", at=at, channel="x", message_id="7", status=delivered))
    observer.event(Incoming(id="2", at=at, channel="x", sender=NUMBER, to="1", text="c4n4ry-text"))
    told = read(registry)
    assert told["sms_messages_total", "x", "SMS", "DELIVERED"] == 1
    assert sum(value for (name, *_), value in told.items() if name == "sms_messages_total") == 1


def test_the_balance_is_asked_at_most_once_a_minute(
    sandbox: LocalSandbox, channels: Channels
) -> None:
    registry, clock = CollectorRegistry(), ManualClock()
    with Client({**channels, "memory": {}}) as client:
        BalanceCollector(client, registry, clock=clock)

        def asked() -> int:
            return len([one for one in sandbox.journal() if "Balance" in str(one.operation)])

        assert asked() == 0
        assert read(registry)["devino_balance", "promo"] == 17.5
        clock.advance(59)
        read(registry)
        assert asked() == 1
        clock.advance(1)
        sandbox.fault(Fault(operation="User/Balance", action=AnswerHttp(500)))
        assert not any(name == "devino_balance" for name, *_ in read(registry))
        clock.advance(60)
        assert read(registry)["devino_balance", "promo"] == 17.5


def test_a_balance_of_an_unknown_channel_is_refused(channels: Channels) -> None:
    with pytest.raises(ConfigurationError):
        BalanceCollector(Client(channels), CollectorRegistry(), channels=["prom"])
