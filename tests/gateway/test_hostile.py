"""Hostile clients at the gateway with the deployed configuration: invalid methods and hosts, and slow clients."""

import asyncio
import os
import re
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, Depends, Request
from tests.gateway.environment import CONFIGURATION, Gateway, program, running_gateway
from tests.http.test_connections import spoken

from chassis.http.app import build_app
from chassis.http.connections import server_of
from chassis.http.context import OpenGuard
from chassis.http.middleware import Limits
from chassis.http.problems import METHODS
from chassis.observe.metrics import Metrics

pytestmark = pytest.mark.slow

SHORT = {
    "client_header_timeout 10s": "client_header_timeout 1s",
    "client_body_timeout 10s": "client_body_timeout 1s",
    "lingering_time 5s": "lingering_time 1s",
    "lingering_timeout 2s": "lingering_timeout 1s",
    "keepalive_timeout 30s": "keepalive_timeout 1s",
    "zone=clients:2m;\n    limit_conn clients 100": "zone=clients:2m;\n    limit_conn clients 60",
}
GET = b"GET /v1/reports HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /v1/reports HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n"

if program() is None and os.environ.get("CI") != "true":  # noqa: TID251 - only the environment says whether this is CI
    pytest.skip("nginx is missing: apt-get install nginx-light", allow_module_level=True)


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    """A gateway with time limits of one second."""
    async with running_gateway(tmp_path, more=SHORT) as up:
        yield up


def port_of(gateway: Gateway) -> int:
    """The port of the gateway."""
    return int(gateway.url.rpartition(":")[2])


async def send(gateway: Gateway, text: str) -> tuple[str, str]:
    """Sends these lines; returns the headers and the body of the answer."""
    said = await spoken(port_of(gateway), text.replace("\n", "\r\n").encode() + b"\r\n\r\n")
    head, _, body = said.decode().partition("\r\n\r\n")
    return head, body


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("method", ["MADEUP", "PROPFIND", "TRACE", "X-Y", "_"])
async def test_an_unknown_method_is_not_forwarded(method: str, version: str, gateway: Gateway) -> None:
    for path in ("/", "/v1/reports", "/nowhere"):
        head, body = await send(
            gateway, f"{method} {path} HTTP/{version}\nHost: localhost\nConnection: close"
        )

        assert head.startswith("HTTP/1.1 405 ")
        assert f"Allow: {', '.join(METHODS)}" in head
        assert "application/problem+json" in head
        assert "urn:ascolto:problem:wrong-method" in body
    assert gateway.replicas["intake"].asked == []


@pytest.mark.parametrize("line", ["get / HTTP/1.1", "CONNECT evil.example:443 HTTP/1.1", "GE~T / HTTP/1.1"])
async def test_an_invalid_method_is_not_forwarded(line: str, gateway: Gateway) -> None:
    head, _ = await send(gateway, f"{line}\nHost: localhost\nConnection: close")

    assert head.startswith(("HTTP/1.1 400 ", "HTTP/1.1 405 "))
    assert gateway.replicas["intake"].asked == []


async def test_methods_of_routes_pass(gateway: Gateway) -> None:
    async with httpx.AsyncClient(base_url=gateway.url) as client:
        for method in METHODS:
            assert (await client.request(method, "/v1/reports")).status_code == 200


def hosts(own: str) -> list[tuple[str, int]]:
    """Values of the Host header, and the expected status."""
    good = (own, f"{own}:9", own.upper(), "www.example.org", "127.0.0.1:1", "localhost", "[::1]:8080")
    bad = ("evil.example", f"{own}.evil.example", f"evil-{own}", "intake", "10.0.0.1", "_")
    return [*((host, 200) for host in good), *((host, 421) for host in bad), ("", 400)]


async def test_a_request_for_another_host_is_not_forwarded(gateway: Gateway) -> None:
    async with httpx.AsyncClient(base_url=gateway.url) as client:
        for host, status in hosts("ascolto.example"):
            for path in ("/stato/", "/nowhere", "/openapi/intake.json"):
                answer = await client.get(path, headers={"Host": host})
                assert answer.status_code == (404 if (status, path) == (200, "/nowhere") else status), host
                assert "location" not in answer.headers
                if status != 200:
                    assert answer.json()["status"] == status
    assert all("nowhere" not in one for one in gateway.replicas["intake"].asked)


async def test_over_tls_a_request_for_another_host_is_not_forwarded_either(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    words = f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -keyout {key} -out {certificate}"
    subprocess.run(["openssl", *words.split()], check=True, capture_output=True)
    files = {
        "/run/secrets/gateway_certificate;": f"{certificate};",
        "/run/secrets/gateway_certificate_key;": f"{key};",
    }
    async with (
        running_gateway(tmp_path, files) as up,
        httpx.AsyncClient(base_url=up.url, verify=False) as client,
    ):
        for host, status in hosts("ascolto.example"):
            assert (await client.get("/stato", headers={"Host": host})).status_code == status


@pytest.mark.parametrize(
    "lines",
    [
        "GET / HTTP/1.1",
        "GET / HTTP/1.0",
        "GET / HTTP/1.1\nHost: a b",
        "GET / HTTP/1.1\nHost: localhost\nHost: localhost",
        "GET / HTTP/1.1\nHost: localhost\nHost: evil.example",
        "GET http://localhost/ HTTP/1.1\nHost: localhost",
        "GET http://localhost/ HTTP/1.1\nHost: evil.example",
        "GET localhost HTTP/1.1\nHost: localhost",
        "OPTIONS * HTTP/1.1\nHost: localhost",
    ],
)
async def test_a_malformed_request_is_not_forwarded(lines: str, gateway: Gateway) -> None:
    head, _ = await send(gateway, f"{lines}\nConnection: close")

    assert head.startswith("HTTP/1.1 400 ")
    assert gateway.replicas["intake"].asked == []


async def test_an_absolute_url_of_another_host_is_not_forwarded(gateway: Gateway) -> None:
    for host in ("localhost", "evil.example"):
        head, _ = await send(gateway, f"GET http://evil.example/ HTTP/1.1\nHost: {host}\nConnection: close")
        assert head.startswith(("HTTP/1.1 400 ", "HTTP/1.1 421 "))
    assert gateway.replicas["intake"].asked == []


@pytest.mark.parametrize(
    ("first", "again"),
    [(b"", b""), (GET, b""), (GET, b"X"), (b"", b"\r\n"), (GET + b"\r\n", b""), (GET + b"\r\n", b"G")],
    ids=["silence", "half a head", "headers", "blank lines", "idle", "a second request"],
)
async def test_a_connection_without_a_request_in_time_is_closed(
    first: bytes, again: bytes, gateway: Gateway
) -> None:
    await spoken(port_of(gateway), first, again)  # raises TimeoutError for a connection that stays open


@asynccontextmanager
async def bounded(gateway: Gateway) -> AsyncIterator[None]:
    """Replaces intake's replica by a server with the services' limits, of three seconds."""
    replica = gateway.replicas["intake"]
    await replica.stop()
    router = APIRouter(dependencies=[Depends(OpenGuard())])

    @router.post("/v1/reports")
    async def read(request: Request) -> int:
        return len(await request.body())

    limits = Limits(seconds=3.0, head_seconds=3.0, idle_seconds=3)
    app = build_app("intake", Metrics("intake"), [router], dict, dict, limits)
    server = server_of(app, replica.host, gateway.port, limits)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.should_exit = True
        await task


async def test_a_slow_body_is_answered_408_while_proper_clients_are_served(
    gateway: Gateway,
) -> None:
    async with bounded(gateway), httpx.AsyncClient(base_url=gateway.url) as client:
        slow = [asyncio.create_task(spoken(port_of(gateway), POST, b"x", 0.3)) for _ in range(50)]
        while not all(task.done() for task in slow):
            answer = await client.post("/v1/reports", content=b"x" * 500)
            assert (answer.status_code, answer.json()) == (200, 500)
            await asyncio.sleep(0.1)
        ended = [task.result() for task in slow]

    assert all(said.startswith(b"HTTP/1.1 408 ") and b"too-slow" in said for said in ended)


async def test_concurrent_requests_per_address_are_limited(gateway: Gateway) -> None:
    async with bounded(gateway), httpx.AsyncClient(base_url=gateway.url) as client:
        slow = [asyncio.create_task(spoken(port_of(gateway), POST)) for _ in range(70)]
        await asyncio.sleep(0.5)
        with suppress(httpx.TransportError):
            answer = await client.post("/v1/reports", content=b"x")
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
        ended = await asyncio.gather(*slow)
        after = await client.post("/v1/reports", content=b"x")

    assert sum(said.startswith(b"HTTP/1.1 429 ") for said in ended) >= 10
    assert after.status_code == 200


@pytest.mark.parametrize("word", ["a b;", "https://", "evil;return", "$host", "x{"])
def test_an_invalid_host_name_stops_the_gateway(word: str, tmp_path: Path) -> None:
    start = tmp_path / "start.sh"
    start.write_text((CONFIGURATION / "start.sh").read_text().replace("/tmp/", f"{tmp_path}/"))
    done = subprocess.run(
        ["sh", str(start), "true"],
        env={"PATH": "/usr/bin:/bin", "GATEWAY_HOSTS": f"ascolto.example,{word}"},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 1
    assert "is not a host" in done.stderr


def test_the_gateway_and_the_services_accept_the_same_methods() -> None:
    text = (CONFIGURATION / "nginx.conf").read_text()

    assert re.findall(r"~\^\(([A-Z|]+)\)\$ yes", text) == ["|".join(METHODS)]
    assert f'method "{", ".join(METHODS)}"' in (CONFIGURATION / "answers.conf").read_text()
