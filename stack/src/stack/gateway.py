"""The one address of the local stack: forwards each path to its service, by the table of the deployed nginx configuration."""

import argparse
import re
import time
import zlib
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpcore
import uvicorn
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import Message, Receive, Scope, Send

from stack.nginx_files import NginxFiles
from stack.ports import HOST, Ports
from stack.processes import Child
from stack.tools import REPOSITORY

CONFIGURATION = REPOSITORY / "deploy" / "gateway"
LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})
HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"te", b"trailer", b"upgrade", b"expect", b"proxy-connection"}
)
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})
ANSWERED_BY_ANOTHER = frozenset({502, 503})
TRIES = 4
TIMEOUTS = {"connect": 2.0, "read": 40.0, "write": 20.0, "pool": 10.0}
LOOK_SECONDS = 0.5
STYLE_HEADERS = {
    "Content-Type": "text/css",
    "Cache-Control": "public, max-age=3600",
    "X-Content-Type-Options": "nosniff",
}
_PORT = re.compile(r":\d*$")
# The ports of the running processes of a service.
Replicas = Callable[[str], Sequence[int]]


@dataclass
class RunningServices:
    """The processes of the services of a state folder, looked for twice a second."""

    root: Path
    _known: dict[str, tuple[float, list[int]]] = field(default_factory=dict)

    def __call__(self, service: str) -> Sequence[int]:
        """The ports of the running processes of a service."""
        until, ports = self._known.get(service, (0.0, []))
        if time.monotonic() >= until:
            folders = sorted((self.root / "services").glob(f"{service}-*"))
            ports = [Ports(folder)["http"] for folder in folders if Child(folder.name, folder).alive()]
            self._known[service] = (time.monotonic() + LOOK_SECONDS, ports)
        return ports


class TooLargeError(Exception):
    """The body of a request is larger than the gateway forwards."""


class Gateway:
    """The ASGI application."""

    def __init__(self, files: NginxFiles, replicas: Replicas) -> None:
        """Takes the deployed configuration, and where the services are."""
        self._files, self._replicas, self._turn = files, replicas, count()
        # As nginx here: a kept connection may be closed by the service just when a request is sent on it.
        self._pool = httpcore.AsyncConnectionPool(max_connections=None, max_keepalive_connections=0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forwards one request, or answers it."""
        assert scope["type"] == "http"
        asked = Asked(scope)
        if asked.path == "/gateway/answers.css":
            await _send(send, 200, STYLE_HEADERS, self._files.value("style", {}))
        elif reason := self._refusal(asked):
            await self._answer(asked, reason, send)
        else:
            await self._forward(asked, receive, send)

    def _refusal(self, asked: "Asked") -> str:
        """The page of the answer to a request that is not forwarded, else nothing."""
        value, variables = self._files.value, asked.variables
        if asked.host not in LOCAL_HOSTS:
            return "misdirected" if asked.host else "malformed"
        if not value("names_a_path", variables):
            return "malformed"
        if asked.length > self._files.most_bytes:
            return "large"
        if not value("method_known", variables):
            return "method"
        return "" if value("service", variables) else "absent"

    async def _answer(self, asked: "Asked", page: str, send: Send) -> None:
        files, variables = self._files, {**asked.variables, "page": page}
        form = files.value("form", variables)
        own = files.answers[form]
        texts = {name: files.filled(value, variables) for name, value in own.headers.items()}
        headers = {"Content-Type": own.content_type, "Connection": "close"} | {
            k: v for k, v in texts.items() if v
        }
        text = files.value("document" if form == "html" else "problem", variables)
        await _send(send, files.codes[page], headers, "" if asked.method == "HEAD" else text)

    async def _forward(self, asked: "Asked", receive: Receive, send: Send) -> None:
        body = Body(receive, self._files.most_bytes) if asked.has_body else None
        try:
            answer = await self._first_answer(asked, body)
        except TooLargeError:
            await self._answer(asked, "large", send)
            return
        if answer is None:
            await self._answer(asked, "away", send)
            return
        try:
            await self._pass_on(asked, answer, send)
        finally:
            await answer.aclose()

    async def _first_answer(self, asked: "Asked", body: "Body | None") -> httpcore.Response | None:
        """The answer of the first replica that gives one, beginning with another one each time; None when there is none."""
        service = self._files.value("service", asked.variables)
        target = self._files.value("target", asked.variables)
        ports = list(self._replicas(service))
        turn = next(self._turn) % max(1, len(ports))
        left = (ports[turn:] + ports[:turn])[:TRIES]
        again = asked.method in IDEMPOTENT and body is None
        while left:
            port = left.pop(0)
            try:
                answer = await self._pool.handle_async_request(self._request(asked, port, target, body))
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
            except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException):
                if again:
                    continue
                return None
            if not (again and left and answer.status in ANSWERED_BY_ANOTHER):
                return answer
            await answer.aclose()
        return None

    def _request(self, asked: "Asked", port: int, target: str, body: "Body | None") -> httpcore.Request:
        dropped = {name.encode() for name in self._files.dropped} | HOP_BY_HOP
        headers = [(name, value) for name, value in asked.headers if name.lower() not in dropped]
        forwarded = [(b"X-Forwarded-For", asked.client.encode()), (b"X-Forwarded-Proto", b"http")]
        host = [(b"Host", asked.authority.encode("latin-1")), (b"Connection", b"close")]
        return httpcore.Request(
            asked.method,
            httpcore.URL(scheme="http", host=HOST, port=port, target=target.encode("latin-1")),
            headers=[*host, *forwarded, *headers],
            content=body,
            extensions={"timeout": TIMEOUTS},
        )

    async def _pass_on(self, asked: "Asked", answer: httpcore.Response, send: Send) -> None:
        headers = [
            (k.lower(), v) for k, v in answer.headers if k.lower() not in HOP_BY_HOP | {b"transfer-encoding"}
        ]
        compressor = self._compressor(asked, Headers(raw=headers))
        if compressor:
            headers = [(k, v) for k, v in headers if k not in (b"content-length", b"vary")]
            headers += [(b"content-encoding", b"gzip"), (b"vary", b"Accept-Encoding")]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        assert isinstance(answer.stream, AsyncIterable)
        async for part in answer.stream:
            if chunk := compressor.compress(part) if compressor else part:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": compressor.flush() if compressor else b""})

    def _compressor(self, asked: "Asked", headers: Headers) -> "zlib._Compress | None":
        """Compresses what nginx compresses: text, for a browser without cookies."""
        text = headers.get("content-type", "").partition(";")[0].strip() in self._files.gzip_types
        long = int(headers.get("content-length", self._files.gzip_from)) >= self._files.gzip_from
        plain = "content-encoding" not in headers and asked.method != "HEAD"
        wanted = "gzip" in asked.fields.get("accept-encoding", "") and "cookie" not in asked.fields
        return zlib.compressobj(wbits=31) if text and long and plain and wanted else None


class Asked:
    """A request: what nginx calls its variables, and its parts."""

    def __init__(self, scope: Scope) -> None:
        """Takes the scope of the server."""
        self.headers: list[tuple[bytes, bytes]] = list(scope["headers"])
        self.fields = Headers(raw=self.headers)
        self.method, self.path = str(scope["method"]), str(scope["path"])
        raw = (scope.get("raw_path") or self.path.encode()).decode("latin-1")
        query = scope["query_string"].decode("latin-1")
        target = f"{raw}?{query}" if query else raw
        self.authority = self.fields.get("host", "")
        self.host = _PORT.sub("", self.authority.lower())
        self.client = scope["client"][0] if scope.get("client") else HOST
        self.variables: Mapping[str, str] = {
            "uri": self.path,
            "request_uri": target,
            "request": f"{self.method} {target} HTTP/1.1",
            "request_method": self.method,
            "http_accept": self.fields.get("accept", ""),
            "http_accept_language": self.fields.get("accept-language", ""),
            "cookie_lingua": cookie_parser(self.fields.get("cookie", "")).get("lingua", ""),
        }

    @property
    def length(self) -> int:
        """The length that the request says its body has."""
        said = self.fields.get("content-length", "0")
        return int(said) if said.isdigit() else 0

    @property
    def has_body(self) -> bool:
        """Tells whether a body follows the headers."""
        return self.length > 0 or "transfer-encoding" in self.fields


class Body:
    """The body of a request while it arrives; raises TooLargeError above the limit."""

    def __init__(self, receive: Receive, most: int) -> None:
        """Takes the messages of the server and the limit in bytes."""
        self._receive, self._most = receive, most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The parts of the body."""
        received = 0
        while True:
            message: Message = await self._receive()
            part: bytes = message.get("body", b"")
            received += len(part)
            if received > self._most:
                raise TooLargeError
            yield part
            if not message.get("more_body"):
                return


async def _send(send: Send, status: int, headers: Mapping[str, str], text: str) -> None:
    body = text.encode()
    rows = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    rows.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": rows})
    await send({"type": "http.response.body", "body": body})


def server_of(app: Gateway, port: int) -> uvicorn.Server:
    """The HTTP server; it believes nobody's X-Forwarded-For."""
    config = uvicorn.Config(
        app,
        HOST,
        port,
        http="h11",
        lifespan="off",
        log_level="warning",
        server_header=False,
        date_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=5,
    )
    return uvicorn.Server(config)


def main() -> None:
    """Serves the services of a state folder until the process ends."""
    parser = argparse.ArgumentParser(prog="stack.gateway", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True)
    asked = parser.parse_args()
    server_of(Gateway(NginxFiles.read(CONFIGURATION), RunningServices(asked.state)), asked.port).run()


if __name__ == "__main__":
    main()
