"""Spans of one batch on its way to Kafka: one for each event that belongs to a trace."""

from chassis.documents import Raw
from chassis.observe.tracing import Span, SpanName, Tracer


class PublishSpans:
    """The spans of the events that go to one partition; without a tracer rows stay as they are."""

    def __init__(self, tracer: Tracer | None, topic: str, partition: int) -> None:
        self._tracer = tracer
        self._about = {
            "messaging.destination.name": topic,
            "messaging.destination.partition.id": str(partition),
        }
        self._spans: list[Span | None] = []

    def begin(self, row: Raw) -> Raw:
        """Start the span of an event and return the row as it is sent; what is stored does not change."""
        if self._tracer is None:
            return row
        if not row.get("traceparent"):
            # A copy of a parked record, or an event from before traces were switched on.
            self._spans.append(None)
            return row
        about = {"ascolto.type": row["type"], "ascolto.correlation": row["correlation"]}
        about["messaging.message.id"] = row["_id"]
        span = self._tracer.start(SpanName.PUBLISH, row["traceparent"], about | self._about)
        self._spans.append(span)
        return row | {"traceparent": span.traceparent}

    def end(self, count: int, error: str = "") -> None:
        """End the spans of the first `count` rows; the others did not fit into the batch and are never exported."""
        for span in filter(None, self._spans[:count]):
            span.end(error)
