"""The middleware around every request: limits on size, time and origin; and the headers of every response."""

import asyncio
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Self
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from chassis.hosts import LOOPBACK, host_of, hosts_in
from chassis.http.problems import ERROR_PAGE, METHODS, ErrorPage, Problem, for_browsers, problem
from chassis.observe.logs import log
from chassis.observe.metrics import OTHER, Metrics
from chassis.settings import ServiceSettings

_NOTHING = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()"
SECURITY_HEADERS = {
    b"x-content-type-options": b"nosniff",
    # Not `no-referrer`: browsers would then omit the origin of our own forms.
    b"referrer-policy": b"same-origin",
    b"x-frame-options": b"DENY",
    b"content-security-policy": b"default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
    b"permissions-policy": _NOTHING.encode(),
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}
_ANY_SEGMENT = re.escape("*")
_HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Limits:
    """Limits of a request: `body` and `head` in bytes, `fields` headers, `seconds` until it is answered.

    `head_seconds` limit how long a connection may take to send a whole head, `idle_seconds` how long it may idle after a response;
    a process accepts `connections`. The bodies of paths at or below those in `bodies` have a limit of their own, and so much more
    time as `slowest` bytes a second need. The X-Forwarded headers of `proxies` are trusted; `hosts` are the accepted host names.
    """

    body: int = 65_536
    head: int = 16_384
    fields: int = 100
    seconds: float = 30.0
    slowest: int = 131_072
    head_seconds: float = 10.0
    idle_seconds: int = 5
    connections: int = 800  # of the default limit of 1024 open files
    proxies: str = ""
    hosts: frozenset[str] = frozenset()
    bodies: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: ServiceSettings, bodies: Mapping[str, int]) -> Self:
        """The limits in the settings, and the larger `bodies` of the service's forms."""
        return cls(
            body=settings.max_body,
            seconds=settings.max_seconds,
            proxies=settings.proxies,
            hosts=hosts_in(settings.hosts),
            bodies=bodies,
        )

    def body_at(self, path: str) -> int:
        """The limit of a body that is sent to this path."""
        found = self._larger.match(path) if self.bodies else None
        return self.body if found is None else self._mosts[(found.lastindex or 0) - 1]

    @cached_property
    def _larger(self) -> re.Pattern[str]:
        """A group for each path in `bodies`, where `*` is any segment; the one with the largest limit first."""
        paths = sorted(self.bodies, key=lambda path: -self.bodies[path])
        groups = (f"({re.escape(path).replace(_ANY_SEGMENT, '[^/]*')})" for path in paths)
        return re.compile(rf"(?:{'|'.join(groups)})(?:/|\Z)")

    @cached_property
    def _mosts(self) -> tuple[int, ...]:
        return tuple(sorted(self.bodies.values(), reverse=True))

    def seconds_for(self, scope: Mapping[str, Any]) -> float:
        """The time for a request; a declared body that may be larger than usual has more."""
        most = self.body_at(scope["path"])
        if most <= self.body:
            return self.seconds
        length = first_values(scope["headers"]).get(b"content-length", b"")
        declared = int(length[:20]) if length.isdigit() else 0
        return self.seconds + min(declared, most) / self.slowest


def first_values(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The headers by name; the first of two with one name."""
    return dict(reversed([*headers]))


def add_middleware(
    app: FastAPI, service: str, limits: Limits, metrics: Metrics, error_page: ErrorPage | None = None
) -> None:
    """Add the middleware, and outside of it the trust in proxies' headers."""
    app.add_middleware(Middleware, service=service, limits=limits, metrics=metrics, error_page=error_page)
    if limits.proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=limits.proxies)


class Middleware:
    """The outermost layer: no detail of a bug leaves it, and every response gets the same headers."""

    def __init__(
        self,
        app: ASGIApp,
        service: str,
        limits: Limits,
        metrics: Metrics,
        error_page: ErrorPage | None = None,
    ) -> None:
        self.app, self.limits, self.metrics, self.error_page = app, limits, metrics, error_page
        self._hosts = LOOPBACK | limits.hosts | {service}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        scope[ERROR_PAGE] = self.error_page
        answer = _Answer(send, scope["scheme"] == "https")
        try:
            if refusal := self._refusal(scope):
                await for_browsers(Request(scope), refusal)(scope, receive, answer)
            else:
                await self._pass(scope, receive, answer)
        finally:
            labels = (route_of(scope), method_of(scope, answer.status), str(answer.status))
            self.metrics.http.labels(*labels).observe(time.perf_counter() - began)

    def _refusal(self, scope: Scope) -> Problem | None:
        return self._misdirected(scope) or self._unfit(scope)

    def _misdirected(self, scope: Scope) -> Problem | None:
        if not scope["path"].startswith("/"):
            return problem(
                "not-a-path",
                "The request line must have a path, as in `GET /v1`.",
                400,
                fix="Send only the path.",
            )
        named = [value for name, value in scope["headers"] if name == b"host"]
        host = host_of(named[0].decode("latin-1")) if len(named) == 1 else ""
        if not host:
            return problem(
                "no-host",
                "The request must have one Host header with one host.",
                400,
                "Host",
                "Send it once.",
            )
        if host in self._hosts or host == (scope.get("server") or ("",))[0]:
            return None
        return problem(
            "misdirected",
            "This host name is not served here.",
            421,
            "Host",
            "Use the address of the service; its host names are in its settings.",
        )

    def _unfit(self, scope: Scope) -> Problem | None:
        fields, most = scope["headers"], self.limits
        size = sum(len(name) + len(value) + 4 for name, value in fields) + len(scope["query_string"])
        if size > most.head or len(fields) > most.fields:
            return problem(
                "head-too-large",
                f"Headers and query may have {most.head} bytes in {most.fields} fields.",
                431,
                "headers",
                "Send fewer or shorter headers.",
            )
        headers = first_values(fields)
        length = headers.get(b"content-length", b"")
        body = most.body_at(scope["path"])
        if length.isdigit() and int(length[:20]) > body:
            return problem("too-large", f"The body is larger than {body} bytes.", 413, "body")
        if scope["method"] not in _HARMLESS and from_elsewhere(headers):
            return problem(
                "from-elsewhere",
                "A browser sent this from a page of another site.",
                403,
                "Origin",
                "Open the page on this site and send it from there.",
            )
        return None

    async def _pass(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        body = _Body(receive, self.limits.body_at(scope["path"]))
        try:
            async with asyncio.timeout(self.limits.seconds_for(scope)) as limit:
                await self.app(scope, body, answer)
        except Exception as error:
            if answer.status:
                raise
            late = isinstance(error, TimeoutError) and limit.expired()
            said = _too_slow(body.waited_for) if late else _failure(scope, error)
            await for_browsers(Request(scope), said)(scope, receive, answer)


class _Body:
    """A request's body, counted while it streams in, with or without a Content-Length."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive, self._most, self._received = receive, most, 0
        self.waited_for = False

    async def __call__(self) -> Message:
        self.waited_for = True
        message = await self._receive()
        self._received += len(message.get("body", b""))
        if self._received > self._most:
            raise HTTPException(413, f"The body is larger than {self._most} bytes.", {"Connection": "close"})
        self.waited_for = message.get("more_body", False)
        return message


class _Answer:
    """A response being sent; knows its status once it has started."""

    def __init__(self, send: Send, secure: bool) -> None:
        self._send, self._secure, self.status = send, secure, 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            present = {name.lower() for name, _ in message["headers"]}
            extra = [(name, value) for name, value in SECURITY_HEADERS.items() if name not in present]
            if self.status == 503 and b"retry-after" not in present:
                # For pages and problems alike.
                extra.append((b"retry-after", b"2"))
            if self._secure:
                extra.append((b"strict-transport-security", b"max-age=31536000"))
            message = {**message, "headers": [*message["headers"], *extra]}
        await self._send(message)


def _failure(scope: Scope, error: Exception) -> Problem:
    """What is said about an error that no handler expects; all but a lost connection is logged as a bug."""
    if isinstance(error, ClientDisconnect):
        return problem("cut-off", "The connection ended before the body was complete.", 400, "body")
    log("bug", level=40, error=error, route=route_of(scope), method=scope["method"])
    return problem("internal", "An internal error occurred; it has been logged.", 500)


def _too_slow(body_is_missing: bool) -> Problem:
    if body_is_missing:
        late = problem("too-slow", "The body did not arrive in time.", 408, "body", "Send it again.")
        late.headers["Connection"] = "close"  # do not wait for the rest of the body
        return late
    return problem(
        "no-answer-in-time",
        "This took too long; whether it was done is unknown.",
        503,
        fix="Repeat it under the same id: it is not done twice.",
    )


def from_elsewhere(headers: Mapping[bytes, bytes]) -> bool:
    """Whether a browser says that a page of another site sent this; programs send no such header."""
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        return site not in (b"same-origin", b"none")
    origin = headers.get(b"origin")
    return origin is not None and urlsplit(origin.decode("latin-1")).netloc.encode() != headers.get(b"host")


def route_of(scope: Scope) -> str:
    """The pattern of the request's route."""
    return getattr(scope.get("route"), "path", "(none)")


def method_of(scope: Scope, status: int) -> str:
    """The method as a label: one that the route has, because a client can send any word."""
    return scope["method"] if status != 405 and scope["method"] in METHODS else OTHER
