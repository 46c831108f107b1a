"""The HTTP door that all services have: problems in RFC 9457 form, a cap on bodies, health and metrics."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.errors import Refused, Unavailable
from chassis.logs import log
from chassis.metrics import Metrics

Checks = Callable[[], Mapping[str, Any]]

SECURITY_HEADERS = {
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"x-frame-options": b"DENY",
    b"content-security-policy": b"default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    b"cache-control": b"no-store",
}


def problem(
    slug: str, detail: str, status: int, field: str | None = None, fix: str | None = None, **more: Any
) -> JSONResponse:
    """Problem details that name the field and the fix."""
    body = {
        "type": f"urn:ascolto:problem:{slug}",
        "title": slug.replace("-", " "),
        "status": status,
        "detail": detail,
    }
    body |= {name: value for name, value in {"field": field, "fix": fix, **more}.items() if value is not None}
    headers = {"Retry-After": "2"} if status == 503 else None
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def build_app(
    service: str, metrics: Metrics, routers: Sequence[APIRouter], live: Checks, ready: Checks, max_body: int
) -> FastAPI:
    """The service's application: its own routes, and those that every service has."""
    app = FastAPI(title=f"Ascolto: {service}", version="1", docs_url=None, redoc_url=None)
    for router in routers:
        app.include_router(router)
    app.include_router(_house(metrics, live, ready))
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(Unavailable, _unavailable)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _bug)
    app.add_middleware(_Door, max_body=max_body, metrics=metrics)
    return app


def _house(metrics: Metrics, live: Checks, ready: Checks) -> APIRouter:
    router = APIRouter()

    @router.get("/health/live", include_in_schema=False)
    async def is_live() -> JSONResponse:
        state = live()
        return JSONResponse(dict(state), 200 if state["ok"] else 503)

    @router.get("/health/ready", include_in_schema=False)
    async def is_ready() -> JSONResponse:
        state = ready()
        return JSONResponse(dict(state), 200 if state["ok"] else 503)

    @router.get("/metrics", include_in_schema=False)
    async def show_metrics() -> Response:
        return PlainTextResponse(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return router


async def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, Refused)
    return problem(error.slug, error.detail, error.status, error.field, error.fix)


async def _unavailable(_: Request, error: Exception) -> JSONResponse:
    log("unavailable", level=30, reason=str(error))
    return problem(
        "unavailable", "Something this needs is down; nothing was stored.", 503, fix="Send it again."
    )


async def _invalid(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    rows = [
        {
            "field": ".".join(
                str(part) for part in row["loc"] if part not in ("body", "query", "header", "path")
            ),
            "detail": row["msg"],
        }
        for row in error.errors()
    ]
    first = rows[0] if rows else {"field": "body", "detail": "invalid"}
    if error.errors() and error.errors()[0]["type"] == "json_invalid":
        return problem(
            "malformed-json", f"The body is not JSON: {first['detail']}", 400, "body", "Send one JSON object."
        )
    field = first["field"] or "body"
    return problem(
        "invalid",
        f"{field}: {first['detail']}",
        422,
        field,
        f"Correct {field} and send it again.",
        errors=rows,
    )


async def _http(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    slug = {404: "not-found", 405: "wrong-method", 413: "too-large"}.get(error.status_code, "request-failed")
    return problem(slug, str(error.detail), error.status_code)


async def _bug(request: Request, error: Exception) -> JSONResponse:
    log("bug", level=40, error=error, route=_route(request.scope), method=request.method)
    return problem("internal", "This is our mistake; it has been recorded.", 500)


def _route(scope: Scope) -> str:
    route = scope.get("route")
    return getattr(route, "path", "(none)")


class _Door:
    """Counts bodies while they stream in, adds security headers and times the request."""

    def __init__(self, app: ASGIApp, max_body: int, metrics: Metrics) -> None:
        self.app = app
        self.max_body = max_body
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status, received = time.perf_counter(), 500, 0

        async def capped() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.max_body:
                raise HTTPException(413, f"The body is larger than {self.max_body} bytes.")
            return message

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                present = {name.lower() for name, _ in message["headers"]}
                extra = [(n, v) for n, v in SECURITY_HEADERS.items() if n not in present]
                message = {**message, "headers": [*message["headers"], *extra]}
            await send(message)

        try:
            await self.app(scope, capped, sending)
        finally:
            labels = (_route(scope), scope["method"], str(status))
            self.metrics.http.labels(*labels).observe(time.perf_counter() - began)
