"""Problem details (RFC 9457): errors in one format, without internal details."""

from collections.abc import Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from chassis.errors import Poison, Refused, Unavailable
from chassis.observe.logs import log

# The HTTP methods that a route may have; deploy/gateway/nginx.conf allows only these.
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

# A page's guard stores here how the service renders an error for a browser.
SHOW = "ascolto.show"
# The middleware stores here how it renders any other error for a browser.
ERROR_PAGE = "ascolto.error-page"

ErrorPage = Callable[[Request, str, int], Response]


class Problem(JSONResponse):
    """Problem details (RFC 9457); `slug` names the kind of error."""

    media_type = "application/problem+json"
    slug = ""


def problem(
    slug: str, detail: str, status: int, field: str | None = None, fix: str | None = None, **more: Any
) -> Problem:
    """Problem details with the field and the fix."""
    body = {
        "type": f"urn:ascolto:problem:{slug}",
        "title": slug.replace("-", " "),
        "status": status,
        "detail": detail,
    }
    body |= {name: value for name, value in {"field": field, "fix": fix, **more}.items() if value is not None}
    made = Problem(body, status)
    made.slug = slug
    return made


def for_browsers(request: Request, said: Problem) -> Response:
    """The error as a page where a browser asks for one, with the headers of the problem details; otherwise as it is."""
    page = _shown(request, said.slug, said.status_code)
    if page is None:
        return said
    kept = {name: value for name, value in said.headers.items() if not name.startswith("content-")}
    page.headers.update(kept)
    return page


def add_problems(app: FastAPI) -> None:
    """Answer refusals, unavailability and invalid requests with problem details."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(Unavailable, _unavailable)
    app.add_exception_handler(Poison, _poison)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    said = problem(error.slug, error.detail, error.status, error.field, error.fix)
    said.headers.update(error.headers or {})
    return for_browsers(request, said)


async def _unavailable(request: Request, error: Exception) -> Response:
    log("unavailable", level=30, reason=str(error))
    said = problem("unavailable", "A dependency is down; nothing was stored.", 503, fix="Send it again.")
    return for_browsers(request, said)


async def _poison(request: Request, error: Exception) -> Response:
    log("input rejected by the store", level=30, reason=str(error))
    said = problem(
        "cannot-be-kept",
        "The body contains something that cannot be stored; nothing was stored.",
        400,
        "body",
        "Send text that is valid UTF-8 and numbers of at most 64 bits.",
    )
    return for_browsers(request, said)


def _shown(request: Request, slug: str, status: int) -> Response | None:
    show: Callable[[str, int], Response] | None = request.scope.get(SHOW)
    if show is not None:
        return show(slug, status)
    page: ErrorPage | None = request.scope.get(ERROR_PAGE)
    return page(request, slug, status) if page is not None and _asks_for_pages(request) else None


def _asks_for_pages(request: Request) -> bool:
    """Whether a browser sent this; programs ask for JSON, or for anything."""
    return "text/html" in request.headers.get("accept", "")


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return for_browsers(request, _invalid_problem(error))


def _invalid_problem(error: RequestValidationError) -> Problem:
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
        error.errors()[0].get("ctx", {}).get("fix", f"Correct {field} and send it again."),
        errors=rows,
    )


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 405 or request.method not in METHODS:
        return for_browsers(request, _wrong_method(request))
    slug = {404: "not-found", 413: "too-large"}.get(error.status_code, "request-failed")
    said = problem(slug, str(error.detail), error.status_code)
    said.headers.update(error.headers or {})
    return for_browsers(request, said)


def _wrong_method(request: Request) -> Problem:
    """405 with the methods of all routes with this path; FastAPI lists only those of the first one."""
    scopes = {method: {**request.scope, "method": method} for method in METHODS}
    allowed = ", ".join(
        method
        for method, scope in scopes.items()
        if any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)
    )
    fix = f"Use one of {allowed}." if allowed else None
    answer = problem("wrong-method", "This resource does not have this method.", 405, fix=fix)
    answer.headers["Allow"] = allowed
    return answer
