"""Spans of a batch: one for each input, in the trace that the input carries; what follows from the input continues it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from chassis.observe.tracing import SpanName, Tracer
from chassis.store.collections import TIMERS
from chassis.transaction.inputs import Input, Outcome, Result, Source

Run = Callable[[Sequence[Input]], Awaitable[list[Outcome]]]


async def traced(tracer: Tracer, inputs: Sequence[Input], run: Run) -> list[Outcome]:
    """Run the batch with a span around each input; a span ends after the commit, or with what prevented it."""
    spans = [tracer.start(_name(item), item.lineage.traceparent, _attributes(item)) for item in inputs]
    continued = [
        replace(item, lineage=replace(item.lineage, traceparent=span.traceparent))
        for item, span in zip(inputs, spans, strict=True)
    ]
    try:
        outcomes = await run(continued)
    except BaseException as error:
        for span in spans:
            span.end(type(error).__name__)
        raise
    for span, outcome in zip(spans, outcomes, strict=True):
        span.note({"ascolto.outcome": outcome.result.value})
        span.end(type(outcome.error).__name__ if outcome.result is Result.FAILED else "")
    return outcomes


def _name(item: Input) -> SpanName:
    if item.consumes is not None:
        return SpanName.TIMER if item.consumes[0] == TIMERS else SpanName.RESULT
    return SpanName.COMMAND if item.source is Source.COMMAND else SpanName.EVENT


def _attributes(item: Input) -> dict[str, str | int]:
    found: dict[str, str | int] = {"ascolto.correlation": item.lineage.correlation}
    if item.body is not None:
        found["ascolto.type"] = type(item.body).__name__
    if item.record is not None:
        found["messaging.message.id"] = item.id
        found["messaging.destination.name"] = item.record.topic
        found["messaging.destination.partition.id"] = str(item.record.partition)
        found["messaging.kafka.offset"] = item.record.offset
    return found
