"""Traces: the names that a span may have, the span that is current, and the tracer of a process, if it has one."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Protocol

Attributes = Mapping[str, str | int]


class SpanName(StrEnum):
    """Every name that a span may have; what it is about is in its attributes, as codes and ids."""

    REQUEST = "http request"
    IMPORT = "import row"
    COMMAND = "command"
    EVENT = "event"
    TIMER = "timer"
    RESULT = "job result"
    PUBLISH = "publish"
    JOB = "job"
    SMTP = "smtp send"


# Every attribute that a span may have. None of them holds a path, an address, a key of a record or a text.
ATTRIBUTES = frozenset(
    {
        "ascolto.type",  # of a command, event, timer or job
        "ascolto.correlation",  # the report or application that everything in the trace is about
        "ascolto.outcome",  # how it ended, with the words of the metrics
        "ascolto.attempt",
        "ascolto.template",
        "ascolto.line",  # of an imported file
        "error.type",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "messaging.destination.name",
        "messaging.destination.partition.id",
        "messaging.kafka.offset",
        "messaging.message.id",
    }
)


class Span(Protocol):
    """A span that has started."""

    @property
    def traceparent(self) -> str:
        """The span as W3C Trace Context names it: what continues the trace carries this."""

    def child(self, name: SpanName, attributes: Attributes) -> "Span":
        """Start a span below this one."""

    def note(self, attributes: Attributes) -> None:
        """Add attributes."""

    def end(self, error: str = "") -> None:
        """End the span; `error` is the type of what went wrong."""


class Tracer(Protocol):
    """Starts the spans of a process and exports them."""

    def start(self, name: SpanName, parent: str | None, attributes: Attributes) -> Span:
        """Start a span below `parent`, a traceparent; the first of a new trace when it is missing or malformed."""

    async def close(self) -> None:
        """Export what has ended, for two seconds at most."""


_CURRENT: ContextVar[Span | None] = ContextVar("span", default=None)


def tracer_of(service: str, instance: str, endpoint: str) -> Tracer | None:
    """The tracer that exports to this OTLP/HTTP collector; without an address there is none, and the SDK is not imported."""
    if not endpoint:
        return None
    from chassis.observe.otlp import OtlpTracer  # noqa: PLC0415

    return OtlpTracer(service, instance, endpoint)


def current_traceparent(otherwise: str | None = None) -> str | None:
    """The traceparent of the current span, or `otherwise` when there is no current span."""
    span = _CURRENT.get()
    return otherwise if span is None else span.traceparent


def note(**attributes: str | int) -> None:
    """Add attributes `ascolto.<name>` to the current span, if there is one."""
    span = _CURRENT.get()
    if span is not None:
        span.note({f"ascolto.{name}": value for name, value in attributes.items()})


@contextmanager
def trace(
    tracer: Tracer | None, name: SpanName, parent: str | None, attributes: Attributes
) -> Iterator[Span | None]:
    """Make a new span below `parent` the current one and end it at the end; nothing without a tracer."""
    if tracer is None:
        yield None
        return
    with _current(tracer.start(name, parent, attributes)) as span:
        yield span


@contextmanager
def child_span(name: SpanName, **attributes: str | int) -> Iterator[Span | None]:
    """Make a child of the current span the current one, with attributes `ascolto.<name>`; nothing without a current span."""
    parent = _CURRENT.get()
    if parent is None:
        yield None
        return
    with _current(parent.child(name, {f"ascolto.{key}": value for key, value in attributes.items()})) as span:
        yield span


@contextmanager
def _current(span: Span) -> Iterator[Span]:
    token = _CURRENT.set(span)
    try:
        yield span
    except BaseException as error:
        span.end(type(error).__name__)
        raise
    else:
        span.end()
    finally:
        _CURRENT.reset(token)
