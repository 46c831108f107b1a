"""Label values are a closed set: no client makes a series, whatever it sends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.http.services import SERVICES, furnished
from tests.http.test_middleware import LIMITS, app_with
from tests.http.test_routes import routes_of

from chassis.http.problems import METHODS
from chassis.observe.metrics import OTHER, Metrics

TOKEN = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
WORDS = st.text(TOKEN, min_size=1, max_size=30)
MADE_UP = ("TRACE", "CONNECT", "get", "Post", "PROPFIND", "X" * 200, "GET\u00e8", "A|B")


async def asked(
    app: Any, method: str, target: str, headers: list[tuple[bytes, bytes]], version: str = "1.1"
) -> Any:
    """The status and the headers of one answer; the request is whatever a server may hand on."""
    said: dict[str, Any] = {}
    path, _, query = target.partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": version,
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": headers,
        "server": ("127.0.0.1", 8080),
        "client": ("192.0.2.1", 40_000),
        "state": {},
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            said.update(status=message["status"], headers=dict(message["headers"]))

    await app(scope, receive, send)
    return said["status"], said["headers"]


HERE = [(b"host", b"127.0.0.1")]


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("method", MADE_UP)
async def test_a_method_that_is_made_up_is_answered_405_with_those_that_there_are(
    method: str, version: str
) -> None:
    app = app_with()

    for path, allowed in (("/who", b"GET"), ("/notes", b"POST"), ("/nowhere", b""), ("/who/", b"")):
        status, headers = await asked(app, method, path, HERE, version)
        assert (status, headers[b"allow"]) == (405, allowed)


async def test_a_path_that_two_routes_share_has_the_methods_of_both(tmp_path: Path) -> None:
    async with furnished("intake", tmp_path) as service:
        status, headers = await asked(service.app, "DELETE", "/segnala", HERE)

    assert (status, headers[b"allow"]) == (405, b"GET, POST")


@asynccontextmanager
async def measured(name: str, folder: Path) -> AsyncIterator[tuple[Any, Metrics, int]]:
    """A service, its metrics, and how many routes it has."""
    async with furnished(name, folder) as service:
        yield service.app, service.process.metrics, len(list(routes_of(service.app)))


def labels_of(metrics: Metrics) -> set[tuple[str, ...]]:
    """The values of all labels of requests."""
    return {
        (sample.labels["route"], sample.labels["method"], sample.labels["status"])
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == "http_request_duration_seconds_count"
    }


def series_of(metrics: Metrics) -> int:
    """How many series there are."""
    return sum(len(family.samples) for family in metrics.registry.collect())


FRAGMENTS = st.sampled_from(
    [
        "/",
        "//",
        "..",
        "%2e",
        "%00",
        "%ff",
        "%",
        "?",
        "%0d%0a",
        "segnala",
        "v1",
        "reports",
        "health",
        "live",
        "*",
        "é",
    ]
)
TARGETS = st.lists(FRAGMENTS | WORDS, max_size=8).map(lambda parts: "/" + "".join(parts))
HEADERS = st.lists(
    st.tuples(WORDS.map(str.lower), st.text(st.characters(codec="latin-1"), max_size=40)), max_size=5
)
HOSTS = (
    st.sampled_from(["127.0.0.1", "evil.example", "", "a b", "[::1]:80", "127.0.0.1, evil.example"]) | WORDS
)


@pytest.mark.parametrize("name", SERVICES)
async def test_whatever_is_sent_makes_no_series_of_its_own(name: str, tmp_path: Path) -> None:
    async with measured(name, tmp_path) as (app, metrics, routes):
        found: list[tuple[str, str, list[tuple[bytes, bytes]]]] = []

        @settings(
            max_examples=3 * settings().max_examples,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(WORDS | st.sampled_from(METHODS), TARGETS, HOSTS, HEADERS)
        @example("TRACE", "/", "127.0.0.1", [])
        def gather(method: str, target: str, host: str, more: list[tuple[str, str]]) -> None:
            fields = [(b"host", host.encode("latin-1"))]
            fields += [(key.encode(), value.encode("latin-1")) for key, value in more if key != "host"]
            found.append((method, target, fields))

        gather()
        for number, (method, target, fields) in enumerate(found):
            await asked(app, method, target, fields)
            await asked(app, f"{method}{number}", target, fields)
        seen = labels_of(metrics)
        paths = {route.path or "?" for route in routes_of(app)} | {"(none)"}
        assert {route for route, _, _ in seen} <= paths
        assert {method for _, method, _ in seen} <= {*METHODS, OTHER}
        assert {status for _, _, status in seen} <= {str(status) for status in range(200, 600)}
        before = series_of(metrics)
        for number in range(500):
            await asked(app, f"MADEUP{number}", "/", HERE)
            await asked(app, "GET", f"/{number}", [(b"host", f"h{number}.example".encode())])
            await asked(app, "GET", f"/nowhere/{number}", HERE)
        assert series_of(metrics) - before <= 3 * 20
        assert len(seen) <= 4 * routes + 50


async def test_a_method_that_a_route_does_not_have_is_no_label() -> None:
    metrics = Metrics("guarded")
    app = app_with(limits=LIMITS, metrics=metrics)
    for method in (*METHODS, *MADE_UP):
        await asked(app, method, "/who", HERE)

    assert labels_of(metrics) == {("/who", "GET", "200"), ("/who", OTHER, "405")}
