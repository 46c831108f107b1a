"""The HTTP application that all services have: middleware, problem details, health, metrics and the OpenAPI description."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, FastAPI, Response
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse
from fastapi.telemetry import TelemetryConfig
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis.http.context import OpenGuard
from chassis.http.middleware import Limits, add_middleware
from chassis.http.problems import ErrorPage, add_problems
from chassis.http.tracing import TraceMiddleware
from chassis.observe.metrics import Metrics
from chassis.observe.tracing import Tracer

Checks = Callable[[], Mapping[str, Any]]

# FastAPI would put paths and queries, which hold tracking codes, into spans of its own.
NO_TELEMETRY = TelemetryConfig(tracing=False, metrics=False, logs=False, auto_configure=False)


def build_app(
    service: str,
    metrics: Metrics,
    routers: Sequence[APIRouter],
    live: Checks,
    ready: Checks,
    limits: Limits | None = None,
    tracer: Tracer | None = None,
    error_page: ErrorPage | None = None,
) -> FastAPI:
    """The service's application: its own routes, and those that every service has."""
    app = FastAPI(
        title=f"Ascolto: {service}",
        version="1",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry=NO_TELEMETRY,
    )
    app.router.default = _or_without_slash(app)
    # Not include_router: it would match every route of a router twice per request, and build each one a second time.
    for router in (*routers, _system_routes(app, metrics, live, ready)):
        app.router.routes.extend(router.routes)
    add_problems(app)
    add_middleware(app, service, limits or Limits(), metrics, error_page)
    if tracer is not None:
        app.add_middleware(TraceMiddleware, tracer=tracer)
    return app


def _or_without_slash(app: FastAPI) -> ASGIApp:
    """The response for an unknown path: a redirect to the path without its last slash, if that exists, without naming a host.

    FastAPI's own redirect repeats the host of the request.
    """
    absent = app.router.default

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        shorter = scope.get("path", "").rstrip("/")
        ours = scope["type"] == "http" and scope["path"] != shorter and not shorter.startswith("//")
        asked = {**scope, "path": shorter}
        if not ours or all(route.matches(asked)[0] is not Match.FULL for route in app.routes):
            await absent(scope, receive, send)
            return
        query = scope["query_string"].decode("latin-1")
        place = quote(shorter) + (f"?{query}" if query else "")
        await RedirectResponse(place, 307)(scope, receive, send)

    return answer


def _system_routes(app: FastAPI, metrics: Metrics, live: Checks, ready: Checks) -> APIRouter:
    """Routes for monitoring and operations; the gateway does not expose them."""
    router = APIRouter(include_in_schema=False, dependencies=[Depends(OpenGuard())])

    @router.get("/health/live")
    async def is_live() -> JSONResponse:
        state = live()
        return JSONResponse(dict(state), 200 if state["ok"] else 503)

    @router.get("/health/ready")
    async def is_ready() -> JSONResponse:
        state = ready()
        return JSONResponse(dict(state), 200 if state["ok"] else 503)

    @router.get("/metrics")
    async def show_metrics() -> Response:
        return PlainTextResponse(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    @router.get("/openapi.json")
    async def describe() -> JSONResponse:
        return JSONResponse(app.openapi())

    return router
