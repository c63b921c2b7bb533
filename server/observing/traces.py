"""Traces for OpenTelemetry: a span for each call, in the caller's trace (OPS-2)."""

import time

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from server.rpc.handled import OK, Handled

SERVICE_NAME = "jichipoint-server"


class Traces:
    """Sends spans to a collector that takes OTLP over gRPC; one that is away costs nothing."""

    def __init__(self, endpoint: str) -> None:
        self._provider = TracerProvider(resource=Resource.create({"service.name": SERVICE_NAME}))
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
        self._tracer = self._provider.get_tracer("jichipoint.server")
        self._propagator = TraceContextTextMapPropagator()

    def handled(self, call: Handled) -> None:
        """Tell of a call that has ended. What it was about is not told: spans leave the house."""
        ended = time.time_ns()
        parent = self._propagator.extract({"traceparent": call.traceparent})
        span = self._tracer.start_span(
            call.method,
            context=parent,
            kind=SpanKind.SERVER,
            start_time=ended - int(call.seconds * 1_000_000_000),
            attributes={"rpc.system": "grpc", "jichipoint.result": call.result},
        )
        if call.result != OK:
            span.set_status(Status(StatusCode.ERROR, call.result))
        span.end(end_time=ended)

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()
