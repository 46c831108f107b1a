"""Traces of what a service does outside its handlers: the names of spans, and a span around a piece of work."""

from chassis.observe.tracing import SpanName, Tracer, child_span, current_traceparent, note, trace, tracer_of

__all__ = ["SpanName", "Tracer", "child_span", "current_traceparent", "note", "trace", "tracer_of"]
