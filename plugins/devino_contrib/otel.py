"""Traces and metrics for OpenTelemetry, by its conventions for messaging.

``opentelemetry-instrument`` finds it by itself. In code, say ``DevinoInstrumentor().instrument()``
before the clients are made.

A call that carries messages is a span ``send <channel>`` of the kind PRODUCER; another call, such
as one for the balance, is ``<operation> <channel>`` of the kind CLIENT. The metrics are
``messaging.client.sent.messages``, ``messaging.client.operation.duration`` in seconds, and
``devino.message.state`` with the attributes ``channel`` and ``state``. No attribute names a person
or holds a text. Needs the extra ``otel``.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeAlias

from devino_core import Event, Message, Receipt, StatusChanged, __version__
from devino_core.observe import Call, Observer, Outcome, discreet

from ._attached import attach, detach
from ._needs import needs
from ._words import failure_of, server_of

with needs("otel"):
    from opentelemetry.instrumentation import instrumentor
    from opentelemetry.instrumentation.utils import is_instrumentation_enabled
    from opentelemetry.metrics import Meter, MeterProvider, get_meter
    from opentelemetry.semconv.attributes.error_attributes import ERROR_TYPE
    from opentelemetry.semconv.attributes.http_attributes import HTTP_RESPONSE_STATUS_CODE
    from opentelemetry.semconv.attributes.server_attributes import SERVER_ADDRESS, SERVER_PORT
    from opentelemetry.trace import (
        Span,
        SpanKind,
        StatusCode,
        Tracer,
        TracerProvider,
        get_tracer,
    )

__all__ = ["DevinoInstrumentor", "SendHook"]

SendHook: TypeAlias = Callable[[Span, Call], None]
"""Called with the span of a send when it starts, to add attributes. It must not raise."""


class DevinoInstrumentor(instrumentor.BaseInstrumentor):  # type: ignore[name-defined, misc]
    """Switches tracing and metrics on for every client that is made from then on."""

    _observer: _Telemetry | None = None

    def instrumentation_dependencies(self) -> Collection[str]:
        """What is instrumented."""
        return (f"devino >= {__version__}",)

    def _instrument(
        self,
        *,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
        send_hook: SendHook | None = None,
        **_: object,
    ) -> None:
        self._observer = _Telemetry(
            get_tracer(__name__, __version__, tracer_provider),
            get_meter(__name__, __version__, meter_provider),
            send_hook,
        )
        attach(self._observer)

    def _uninstrument(self, **_: object) -> None:
        if self._observer is not None:
            detach(self._observer)
            # Clients that were made meanwhile still tell it.
            self._observer.is_on = False
            self._observer = None


# The names below are of status "development" in the conventions, so the library of conventions
# keeps them where they may move.
_Attributes: TypeAlias = dict[str, str | int]


class _Telemetry(Observer):
    def __init__(self, tracer: Tracer, meter: Meter, send_hook: SendHook | None) -> None:
        self.is_on = True
        self._tracer = tracer
        self._send_hook = send_hook
        self._sent = meter.create_counter(
            "messaging.client.sent.messages", "{message}", "Messages that were sent."
        )
        self._duration = meter.create_histogram(
            "messaging.client.operation.duration", "s", "How long calls to the platform took."
        )
        self._state = meter.create_counter(
            "devino.message.state", "{message}", "States that messages were told to have."
        )

    def call_started(self, call: Call) -> Callable[[Outcome], None] | None:
        if not self.is_on or not is_instrumentation_enabled():
            return None
        shared = _attributes_of(call)
        span = self._span(call, shared)

        def ended(outcome: Outcome) -> None:
            told = dict(shared)
            failure = failure_of(outcome)
            if failure is not None:
                told[ERROR_TYPE] = failure
                span.set_attribute(ERROR_TYPE, failure)
                # Without a description: that would quote the platform.
                span.set_status(StatusCode.ERROR)
            if outcome.message_id is not None:
                # Some platforms make it of the number.
                told_id = discreet("shown", outcome.message_id)
                span.set_attribute("messaging.message.id", told_id)
            if outcome.http_status is not None:
                span.set_attribute(HTTP_RESPONSE_STATUS_CODE, outcome.http_status)
            span.end()
            self._duration.record(outcome.seconds, told)
            if call.messages:
                self._sent.add(call.messages, told)

        return ended

    def message_done(self, message: Message, receipt: Receipt) -> None:
        self._count(receipt.channel, receipt.status.state)

    def event(self, event: Event) -> None:
        if isinstance(event, StatusChanged):
            self._count(event.channel, event.status.state)

    def _count(self, channel: str, state: str) -> None:
        if self.is_on:
            self._state.add(1, {"channel": channel, "state": str(state)})

    def _span(self, call: Call, shared: _Attributes) -> Span:
        sends = call.messages > 0
        own: _Attributes = {"devino.call.id": call.id, "devino.call.attempt": call.attempt}
        if call.messages > 1:
            own["messaging.batch.message_count"] = call.messages
        span = self._tracer.start_span(
            f"{'send' if sends else call.operation} {call.channel}",
            kind=SpanKind.PRODUCER if sends else SpanKind.CLIENT,
            attributes={**shared, **own},
        )
        if sends and self._send_hook is not None:
            self._send_hook(span, call)
        return span


def _attributes_of(call: Call) -> _Attributes:
    """What spans and metrics of a call have in common."""
    host, port = server_of(call)
    attributes: _Attributes = {
        "messaging.system": "devino",
        "messaging.operation.name": call.operation,
        "messaging.destination.name": call.channel,
        SERVER_ADDRESS: host,
    }
    if call.messages:
        attributes["messaging.operation.type"] = "send"
    if port is not None:
        attributes[SERVER_PORT] = port
    return attributes
