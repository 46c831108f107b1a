"""The span of a request; in front of an application only when the process has a tracer."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.http.middleware import method_of, route_of
from chassis.observe.tracing import SpanName, Tracer, trace

# What asks for these asks every few seconds.
UNTRACED = frozenset({"/health/live", "/health/ready", "/metrics"})


class TraceMiddleware:
    """Continues the trace that a request names in `traceparent`, or starts one; commands of the request continue it."""

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self.app, self.tracer = app, tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in UNTRACED:
            await self.app(scope, receive, send)
            return
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        with trace(self.tracer, SpanName.REQUEST, _incoming(scope), {}) as span:
            try:
                await self.app(scope, receive, answer)
            finally:
                if span is not None:
                    # The pattern of the route, never the path: a path may hold a tracking code.
                    about = {"http.route": route_of(scope), "http.request.method": method_of(scope, status)}
                    span.note(about | {"http.response.status_code": status})


def _incoming(scope: Scope) -> str | None:
    """The traceparent of a request; two of them are as good as none (W3C Trace Context, 3.2)."""
    named = [value for name, value in scope["headers"] if name == b"traceparent"]
    return named[0].decode("latin-1") if len(named) == 1 else None
