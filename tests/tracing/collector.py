"""A collector on loopback that takes OTLP over HTTP and keeps every span, or hangs, or refuses."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from chassis.observe.tracing import ATTRIBUTES, SpanName


@dataclass(frozen=True)
class Seen:
    """A span as a collector receives it."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    began: int
    ended: int
    failed: bool
    attributes: dict[str, str | int]

    @property
    def kind(self) -> str:
        """The name, with the type that it is about."""
        return f"{self.service}: {self.name} {self.attributes.get('ascolto.type', '')}".rstrip()


@dataclass
class Collector:
    """What has arrived; `status` is what is answered, `hangs` seconds later."""

    url: str = ""
    spans: list[Seen] = field(default_factory=list)
    requests: int = 0
    status: int = 200
    hangs: float = 0.0
    released: threading.Event = field(default_factory=threading.Event)

    def take(self, body: bytes) -> None:
        """Keep the spans of one request."""
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            about = {one.key: one.value.string_value for one in resource.resource.attributes}
            for scope in resource.scope_spans:
                self.spans += [
                    Seen(
                        about["service.name"],
                        span.name,
                        span.trace_id.hex(),
                        span.span_id.hex(),
                        span.parent_span_id.hex(),
                        span.start_time_unix_nano,
                        span.end_time_unix_nano,
                        span.status.code == span.status.STATUS_CODE_ERROR,
                        {
                            one.key: one.value.int_value
                            if one.value.HasField("int_value")
                            else one.value.string_value
                            for one in span.attributes
                        },
                    )
                    for span in scope.spans
                ]

    def wait(self, there: Callable[[Sequence[Seen]], bool], seconds: float = 20.0) -> list[Seen]:
        """The spans, when there are those that are waited for."""
        until = time.monotonic() + seconds
        while not there(self.spans) and time.monotonic() < until:
            time.sleep(0.05)
        assert there(self.spans), tree(self.spans)
        return list(self.spans)


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector on a free port."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            collector.requests += 1
            collector.released.wait(collector.hangs)
            if collector.status == 200 and self.path == "/v1/traces":
                collector.take(body)
            self.send_response(collector.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Nothing on the terminal."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield collector
    finally:
        collector.released.set()
        server.shutdown()
        server.server_close()


def tree(spans: Sequence[Seen]) -> str:
    """The spans as an indented tree, each with when it began and how long it took, in milliseconds."""
    known = {span.id for span in spans}
    first = min((span.began for span in spans), default=0)
    lines: list[str] = []

    def show(span: Seen, depth: int) -> None:
        at, took = (span.began - first) / 1e6, (span.ended - span.began) / 1e6
        told = span.attributes.get("http.route") or span.attributes.get("messaging.destination.name") or ""
        outcome = span.attributes.get("ascolto.outcome", span.attributes.get("http.response.status_code", ""))
        text = f"{'  ' * depth}{span.kind}"
        lines.append(f"{text:<52} {told:<24} {outcome!s:<8} {at:7.1f} {took:7.1f}".rstrip())
        for child in sorted((one for one in spans if one.parent == span.id), key=lambda one: one.began):
            show(child, depth + 1)

    for root in sorted((span for span in spans if span.parent not in known), key=lambda one: one.began):
        show(root, 0)
    return "\n".join(lines)


def parents(spans: Sequence[Seen]) -> set[tuple[str, str]]:
    """Each span with its parent, by what they are about; "" for the first of a trace."""
    known = {span.id: span.kind for span in spans}
    return {(span.kind, known.get(span.parent, span.parent and "(missing)")) for span in spans}


def check_closed(spans: Sequence[Seen], words: Sequence[str] = ()) -> None:
    """Only declared names and attributes, and none of these words anywhere."""
    assert {span.name for span in spans} <= {name.value for name in SpanName}
    assert {name for span in spans for name in span.attributes} <= ATTRIBUTES
    shown = repr([(span.name, span.attributes) for span in spans])
    assert [word for word in words if word in shown] == []
