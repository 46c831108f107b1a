"""What every request passes before anything of ours sees it: size, time, origin; and what every answer carries."""

import asyncio
import time
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from chassis.hosts import LOOPBACK, host_of, hosts_in
from chassis.http.problems import METHODS, problem
from chassis.observe.logs import log
from chassis.observe.metrics import OTHER, Metrics
from chassis.settings import ServiceSettings

_NOTHING = "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()"
SECURITY_HEADERS = {
    b"x-content-type-options": b"nosniff",
    # Not `no-referrer`: with it browsers would hide from us that a form came from our own page.
    b"referrer-policy": b"same-origin",
    b"x-frame-options": b"DENY",
    b"content-security-policy": b"default-src 'none'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
    b"permissions-policy": _NOTHING.encode(),
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"cache-control": b"no-store",
}
# A page may have our own style and send forms to us; there are no scripts and nothing inline.
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
}
_HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Limits:
    """How large and how slow a request may be: `body` and `head` in bytes, `fields` headers, `seconds` until it is answered.

    `head_seconds` pass at most until a connection has brought a whole head, `idle_seconds` until a connection that was
    answered brings more; a process has so many `connections`. `proxies` are the addresses whose word about who asks is
    believed, `hosts` the names under which people ask.
    """

    body: int = 65_536
    head: int = 16_384
    fields: int = 100
    seconds: float = 30.0
    head_seconds: float = 10.0
    idle_seconds: int = 5
    connections: int = 800  # of the 1024 files that a process may have open where nobody says more
    proxies: str = ""
    hosts: frozenset[str] = frozenset()

    @classmethod
    def of(cls, settings: ServiceSettings) -> Self:
        """The limits that the settings name."""
        return cls(
            body=settings.max_body,
            seconds=settings.max_seconds,
            proxies=settings.proxies,
            hosts=hosts_in(settings.hosts),
        )


def add_middleware(app: FastAPI, service: str, limits: Limits, metrics: Metrics) -> None:
    """Put the guard around the application, and outside of it whoever may say for whom a question is."""
    app.add_middleware(Middleware, service=service, limits=limits, metrics=metrics)
    if limits.proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=limits.proxies)


class Middleware:
    """The outermost door: nothing of a bug leaves by it, and every answer leaves with the same headers."""

    def __init__(self, app: ASGIApp, service: str, limits: Limits, metrics: Metrics) -> None:
        self.app, self.limits, self.metrics = app, limits, metrics
        self._hosts = LOOPBACK | limits.hosts | {service}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        answer = _Answer(send, scope["scheme"] == "https")
        try:
            if refusal := self._refusal(scope):
                await refusal(scope, receive, answer)
            else:
                await self._pass(scope, receive, answer)
        finally:
            labels = (route_of(scope), method_of(scope, answer.status), str(answer.status))
            self.metrics.http.labels(*labels).observe(time.perf_counter() - began)

    def _refusal(self, scope: Scope) -> Response | None:
        return self._misdirected(scope) or self._unfit(scope)

    def _misdirected(self, scope: Scope) -> Response | None:
        if not scope["path"].startswith("/"):
            return problem(
                "not-a-path", "A request line names a path, as in `GET /v1`.", 400, fix="Send the path alone."
            )
        named = [value for name, value in scope["headers"] if name == b"host"]
        host = host_of(named[0].decode("latin-1")) if len(named) == 1 else ""
        if not host:
            return problem("no-host", "One Host header has to name one host.", 400, "Host", "Send it once.")
        if host in self._hosts or host == (scope.get("server") or ("",))[0]:
            return None
        return problem(
            "misdirected",
            "Nobody answers here under this name.",
            421,
            "Host",
            "Use the address of the service; whoever runs it names its hosts in the settings.",
        )

    def _unfit(self, scope: Scope) -> Response | None:
        fields, most = scope["headers"], self.limits
        size = sum(len(name) + len(value) + 4 for name, value in fields) + len(scope["query_string"])
        if size > most.head or len(fields) > most.fields:
            return problem(
                "head-too-large",
                f"Headers and query may have {most.head} bytes in {most.fields} fields.",
                431,
                "headers",
                "Send less of them.",
            )
        headers = Headers(raw=fields)
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length[:20]) > most.body:
            return problem("too-large", f"The body is larger than {most.body} bytes.", 413, "body")
        if scope["method"] not in _HARMLESS and from_elsewhere(headers):
            return problem(
                "from-elsewhere",
                "A browser sent this from a page that is not ours.",
                403,
                "Origin",
                "Open the page here and send it from there.",
            )
        return None

    async def _pass(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        body = _Body(receive, self.limits.body)
        try:
            async with asyncio.timeout(self.limits.seconds) as limit:
                await self.app(scope, body, answer)
        except Exception as error:
            if answer.status:
                raise
            if isinstance(error, TimeoutError) and limit.expired():
                await _too_slow(body.waited_for)(scope, receive, answer)
                return
            if isinstance(error, ClientDisconnect):
                cut = problem("cut-off", "The connection ended before the body did.", 400, "body")
                await cut(scope, receive, answer)
                return
            log("bug", level=40, error=error, route=route_of(scope), method=scope["method"])
            mistake = problem("internal", "This is our mistake; it has been recorded.", 500)
            await mistake(scope, receive, answer)


class _Body:
    """A request's body, counted while it streams in, whether or not it said how long it would be."""

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
    """An answer on its way out; knows its status once it has begun."""

    def __init__(self, send: Send, secure: bool) -> None:
        self._send, self._secure, self.status = send, secure, 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            present = {name.lower() for name, _ in message["headers"]}
            extra = [(name, value) for name, value in SECURITY_HEADERS.items() if name not in present]
            if self.status == 503 and b"retry-after" not in present:
                # A page or a problem: whoever is sent away is told when to come again.
                extra.append((b"retry-after", b"2"))
            if self._secure:
                extra.append((b"strict-transport-security", b"max-age=31536000"))
            message = {**message, "headers": [*message["headers"], *extra]}
        await self._send(message)


def _too_slow(body_is_missing: bool) -> Response:
    if body_is_missing:
        late = problem("too-slow", "The body did not arrive in time.", 408, "body", "Send it again.")
        late.headers["Connection"] = "close"  # the rest of the body is not waited for
        return late
    return problem(
        "no-answer-in-time",
        "This took too long; whether it was done is not known.",
        503,
        fix="Send the same again under the same id: what was done is not done twice.",
    )


def from_elsewhere(headers: Headers) -> bool:
    """Whether a browser says that another site's page sent this; programs say nothing and are no browsers."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")


def route_of(scope: Scope) -> str:
    """The pattern of the route that a request met."""
    return getattr(scope.get("route"), "path", "(none)")


def method_of(scope: Scope, status: int) -> str:
    """The method for a label: one that the route has, for a client may make up any word."""
    return scope["method"] if status != 405 and scope["method"] in METHODS else OTHER
