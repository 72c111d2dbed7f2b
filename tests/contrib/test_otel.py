"""Spans and metrics, as OpenTelemetry's in-memory exporters got them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from importlib.metadata import entry_points

import pytest
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Span, SpanKind, StatusCode

from devino_contrib._attached import attached
from devino_contrib.otel import DevinoInstrumentor
from devino_core import AsyncClient, Client
from devino_core.observe import Call, Observer, Outcome
from devino_sandbox import LocalSandbox

from ._sandboxed import NUMBER, assert_discreet, failure, message

Channels = dict[str, dict[str, object]]


def hook(span: Span, call: Call) -> None:
    span.set_attribute("team", "shop")


class Telemetry:
    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        self.reader = InMemoryMetricReader()
        self.tracing = TracerProvider()
        self.tracing.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.metering = MeterProvider([self.reader])

    def sends(self) -> list[ReadableSpan]:
        spans = self.exporter.get_finished_spans()
        for span in spans:
            assert_discreet(span.to_json())
        return [span for span in spans if span.name == "send promo"]

    def points(self, name: str) -> list[tuple[dict[str, object], float]]:
        data = self.reader.get_metrics_data()
        assert data is not None
        assert_discreet(data.to_json())
        return [
            (
                dict(point.attributes or {}),
                float(getattr(point, "value", 0) or getattr(point, "count", 0)),
            )
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        ]


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    made = Telemetry()
    instrumentor = DevinoInstrumentor()
    instrumentor.instrument(
        tracer_provider=made.tracing, meter_provider=made.metering, send_hook=hook
    )
    yield made
    instrumentor.uninstrument()


def test_a_send_is_a_span_within_that_of_its_caller(
    telemetry: Telemetry, sandbox: LocalSandbox, channels: Channels
) -> None:
    tracer = telemetry.tracing.get_tracer("test")
    with Client(channels) as client, tracer.start_as_current_span("request") as request:
        sent = client.send(message())
    (span,) = telemetry.sends()
    assert span.kind is SpanKind.PRODUCER
    assert span.parent is not None
    assert span.parent.span_id == request.get_span_context().span_id
    told = dict(span.attributes or {})
    assert len(str(told.pop("devino.call.id"))) == 16
    assert isinstance(told.pop("server.port"), int)
    assert told == {
        "messaging.system": "devino",
        "messaging.operation.name": "Sms/Send",
        "messaging.operation.type": "send",
        "messaging.destination.name": "promo",
        "messaging.message.id": sent.ids[0],
        "server.address": "127.0.0.1",
        "http.response.status_code": 200,
        "devino.call.attempt": 1,
        "team": "shop",
    }


def test_an_id_that_is_made_of_the_number_is_masked(telemetry: Telemetry) -> None:
    *_, observer = attached()
    call = Call(
        id="0" * 16, channel="promo", kind="x", operation="X", peer="example.com:1", messages=1
    )
    ended = observer.call_started(call)
    assert ended is not None
    ended(Outcome(seconds=1.0, message_id=f"20260131+{NUMBER}"))
    (span,) = telemetry.sends()
    assert dict(span.attributes or {})["messaging.message.id"] == "20260131+7903***4567"


async def test_a_batch_says_how_many_it_carries(
    telemetry: Telemetry, sandbox: LocalSandbox, channels: Channels
) -> None:
    async with AsyncClient(channels) as client:
        await client.send_many([message() for _ in range(3)])
    spans = telemetry.sends()
    counts = [dict(span.attributes or {}).get("messaging.batch.message_count", 1) for span in spans]
    assert sum(map(int, map(str, counts))) == 3
    points = telemetry.points("messaging.client.sent.messages")
    assert [value for _, value in points] == [3]
    (state,) = telemetry.points("devino.message.state")
    assert state == ({"channel": "promo", "state": "ACCEPTED"}, 3)


def test_a_failure_says_its_class_and_nothing_of_the_message(
    telemetry: Telemetry, sandbox: LocalSandbox, channels: Channels
) -> None:
    with Client(channels) as client:
        error = failure(sandbox, client)
    (span,) = telemetry.sends()
    assert span.status.status_code is StatusCode.ERROR
    told = dict(span.attributes or {})
    assert told["error.type"] == "Throttled"
    assert told["devino.call.id"] == error.call_id
    ((attributes, count),) = telemetry.points("messaging.client.sent.messages")
    assert (attributes["error.type"], count) == ("Throttled", 1)
    durations = telemetry.points("messaging.client.operation.duration")
    assert {"Sms/Send"} <= {attributes["messaging.operation.name"] for attributes, _ in durations}


def test_another_call_is_no_send(
    telemetry: Telemetry, sandbox: LocalSandbox, channels: Channels
) -> None:
    with Client(channels) as client:
        client.balance()
    assert not telemetry.sends()
    spans = telemetry.exporter.get_finished_spans()
    assert {span.kind for span in spans} == {SpanKind.CLIENT}
    assert "User/Balance promo" in {span.name for span in spans}


def test_it_can_be_silenced_and_switched_off(
    telemetry: Telemetry, sandbox: LocalSandbox, channels: Channels
) -> None:
    with Client(channels) as client:
        with suppress_instrumentation():
            client.send(message())
        assert not telemetry.sends()
        DevinoInstrumentor().uninstrument()
        client.send(message())
        assert not telemetry.sends()
    with Client(channels) as client:
        client.send(message())
    assert not telemetry.sends()


class GivesUp(Observer):
    """Cancels the caller as soon as the message is on its way."""

    def call_started(self, call: Call) -> None:
        task = asyncio.current_task()
        if call.messages and task is not None:
            task.cancel()


async def test_a_span_ends_when_its_call_is_cancelled(
    telemetry: Telemetry, sandbox: LocalSandbox, channels: Channels
) -> None:
    async with AsyncClient(channels, observers=[GivesUp()]) as client:
        with pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(client.send(message()))
    (span,) = telemetry.sends()
    assert dict(span.attributes or {})["error.type"] == "cancelled"


def test_opentelemetry_finds_it() -> None:
    (found,) = entry_points(group="opentelemetry_instrumentor", name="devino")
    assert found.load() is DevinoInstrumentor
