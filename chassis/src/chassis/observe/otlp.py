"""Spans of the OpenTelemetry SDK, exported over OTLP/HTTP; imported only by a process that exports."""

import asyncio
import logging
import threading
from collections.abc import Sequence

import requests
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import DEFAULT_ON
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from chassis.observe.logs import log
from chassis.observe.tracing import Attributes, SpanName

# While the collector is away, spans wait in memory up to this number; older ones are dropped first.
WAITING, TOGETHER = 8_192, 512
EVERY_MILLISECONDS = 1_000
EXPORT_SECONDS, CLOSE_SECONDS = 5.0, 2.0

_KINDS = {
    SpanName.REQUEST: SpanKind.SERVER,
    SpanName.IMPORT: SpanKind.CLIENT,
    SpanName.EVENT: SpanKind.CONSUMER,
    SpanName.PUBLISH: SpanKind.PRODUCER,
    SpanName.SMTP: SpanKind.CLIENT,
}
_W3C = TraceContextTextMapPropagator()


class OtlpSpan:
    """A span of the SDK."""

    __slots__ = ("_span", "_tracer", "traceparent")

    def __init__(self, tracer: trace.Tracer, span: trace.Span) -> None:
        self._tracer, self._span = tracer, span
        context = span.get_span_context()
        sampled = context.trace_flags & trace.TraceFlags.SAMPLED
        self.traceparent = f"00-{context.trace_id:032x}-{context.span_id:016x}-{sampled:02x}"

    def child(self, name: SpanName, attributes: Attributes) -> "OtlpSpan":
        """Start a span below this one."""
        return _start(self._tracer, name, self.traceparent, attributes)

    def note(self, attributes: Attributes) -> None:
        """Add attributes."""
        self._span.set_attributes(attributes)

    def end(self, error: str = "") -> None:
        """End the span; `error` is the type of what went wrong, never its text, which may quote somebody."""
        if error:
            self._span.set_attribute("error.type", error)
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()


class OtlpTracer:
    """Exports spans from a thread of its own: nobody waits for the collector."""

    def __init__(self, service: str, instance: str, endpoint: str) -> None:
        # Nothing is taken from the environment: settings name the collector.
        session = requests.Session()
        session.trust_env = False
        exporter = OTLPSpanExporter(
            endpoint=f"{endpoint.rstrip('/')}/v1/traces", timeout=EXPORT_SECONDS, session=session
        )
        self._processor = BatchSpanProcessor(
            ReportingExporter(exporter, endpoint),
            max_queue_size=WAITING,
            schedule_delay_millis=EVERY_MILLISECONDS,
            max_export_batch_size=TOGETHER,
            export_timeout_millis=EXPORT_SECONDS * 1000,
        )
        about = {"service.name": service, "service.namespace": "ascolto", "service.instance.id": instance}
        provider = TracerProvider(sampler=DEFAULT_ON, resource=Resource(about), shutdown_on_exit=False)
        provider.add_span_processor(self._processor)
        self._tracer = provider.get_tracer("ascolto")

    def start(self, name: SpanName, parent: str | None, attributes: Attributes) -> OtlpSpan:
        """Start a span below `parent`; the first of a new trace when it is missing or malformed."""
        return _start(self._tracer, name, parent, attributes)

    async def close(self) -> None:
        """Export what has ended, for two seconds at most."""
        # A daemon thread, because the SDK's own shutdown waits for a hanging collector and so would the end of the process.
        closing = threading.Thread(target=self._processor.shutdown, daemon=True)
        closing.start()
        await asyncio.to_thread(closing.join, CLOSE_SECONDS)


class ReportingExporter(SpanExporter):
    """Logs once that the collector stopped taking spans and once that it takes them again; the SDK logs each attempt."""

    def __init__(self, exporter: SpanExporter, endpoint: str) -> None:
        self._exporter, self._endpoint = exporter, endpoint
        self._failing = False
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans; those that are not taken are lost."""
        result = self._exporter.export(spans)
        failed = result is not SpanExportResult.SUCCESS
        if failed != self._failing:
            self._failing = failed
            event = "traces are not exported" if failed else "traces are exported again"
            log(event, level=30, collector=self._endpoint)
        return result

    def shutdown(self) -> None:
        """Close the connections."""
        self._exporter.shutdown()


def _start(tracer: trace.Tracer, name: SpanName, parent: str | None, attributes: Attributes) -> OtlpSpan:
    context = _W3C.extract({"traceparent": parent} if parent else {}, Context())
    kind = _KINDS.get(name, SpanKind.INTERNAL)
    return OtlpSpan(tracer, tracer.start_span(name.value, context, kind, attributes))
