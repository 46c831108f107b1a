"""What no request gets past, and what every answer carries."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Form, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel

from chassis.errors import Poison, Unavailable
from chassis.http.app import build_app
from chassis.http.context import BearerGuard
from chassis.http.middleware import Limits
from chassis.http.rates import Rates, client_of
from chassis.observe.metrics import Metrics
from chassis.testing import MemoryTokens
from webkit.headers import PAGE_HEADERS

SECRET = "postgres://root:hunter2@db"  # what a bug's text could carry
LIMITS = Limits(body=1000, head=2000, fields=20, seconds=0.3)


class Note(BaseModel):
    text: str


def app_with(rates: Rates | None = None, limits: Limits = LIMITS, metrics: Metrics | None = None) -> FastAPI:
    tokens = MemoryTokens({"ops": "ops", "op": "operator"})
    router = APIRouter(dependencies=[Depends(BearerGuard(tokens, ("public",), rates or Rates()))])
    staff = APIRouter(dependencies=[Depends(BearerGuard(tokens, ("operator", "ops"), rates or Rates()))])
    staff.get("/mine")(lambda: "yours")
    _add_failing(router)

    @router.post("/notes")
    async def note(body: Note) -> int:
        return len(body.text)

    @router.post("/form")
    async def form(text: Annotated[str, Form()]) -> int:
        return len(text)

    @router.get("/who")
    async def who(request: Request) -> str:
        return f"{request.client.host if request.client else ''} {request.url.scheme}"

    @router.get("/page")
    async def page() -> HTMLResponse:
        return HTMLResponse("<p>ciao</p>", headers=PAGE_HEADERS)

    return build_app("guarded", metrics or Metrics("guarded"), [router, staff], dict, dict, limits)


def _add_failing(router: APIRouter) -> None:
    @router.get("/unkeepable")
    async def unkeepable() -> None:
        raise Poison("the store cannot keep it: OverflowError")

    @router.get("/bug")
    async def bug() -> None:
        raise RuntimeError(SECRET)

    @router.get("/down")
    async def down() -> None:
        raise Unavailable(SECRET)

    @router.get("/slow")
    async def slow() -> None:
        await asyncio.sleep(30)


@asynccontextmanager
async def client_of_app(app: FastAPI, address: str = "192.0.2.1") -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, client=(address, 40_000))
    async with httpx.AsyncClient(transport=transport, base_url="http://ascolto.example") as client:
        yield client


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with client_of_app(app_with()) as made:
        yield made


def chunks(size: int) -> Iterator[bytes]:
    yield b'{"text": "'
    for _ in range(size // 100):
        yield b"x" * 100
    yield b'"}'


async def stream(size: int) -> AsyncIterator[bytes]:
    for chunk in chunks(size):
        yield chunk


async def test_a_body_that_says_that_it_is_too_large_is_refused_before_it_is_read(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post("/notes", json={"text": "x" * 2000})

    assert (answer.status_code, answer.json()["type"]) == (413, "urn:ascolto:problem:too-large")


async def test_a_body_in_chunks_is_counted_while_it_streams_in(client: httpx.AsyncClient) -> None:
    json = {"Content-Type": "application/json"}
    fits = await client.post("/notes", content=stream(900), headers=json)
    large = await client.post("/notes", content=stream(2000), headers=json)
    form = await client.post(
        "/form", content=stream(2000), headers={"Content-Type": "application/x-www-form-urlencoded"}
    )

    assert (fits.status_code, fits.json()) == (200, 900)
    assert [large.status_code, form.status_code] == [413, 413]
    assert large.json()["type"] == "urn:ascolto:problem:too-large"


async def test_a_length_that_is_a_lie_does_not_help(client: httpx.AsyncClient) -> None:
    request = client.build_request("POST", "/notes", content=stream(2000), headers={"Content-Length": "10"})
    request.headers.pop("transfer-encoding", None)

    assert (await client.send(request)).status_code == 413


async def test_headers_have_a_size_and_a_number(client: httpx.AsyncClient) -> None:
    long = await client.get("/who", headers={"X-Long": "x" * 3000})
    many = await client.get("/who", headers=[(f"x-{n}", "1") for n in range(30)])
    query = await client.get("/who", params={"q": "x" * 3000})

    assert {answer.status_code for answer in (long, many, query)} == {431}
    assert many.json()["field"] == "headers"


async def test_what_takes_too_long_is_ended_and_the_client_told_to_come_back(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.get("/slow")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert "whether it was done is unknown" in answer.json()["detail"]


async def test_a_body_that_trickles_in_is_not_waited_for(client: httpx.AsyncClient) -> None:
    async def trickle() -> AsyncIterator[bytes]:
        for chunk in chunks(900):
            yield chunk
            await asyncio.sleep(0.2)

    answer = await client.post("/notes", content=trickle())

    assert (answer.status_code, answer.json()["type"]) == (408, "urn:ascolto:problem:too-slow")


@pytest.mark.parametrize("path", ["/bug", "/down"])
async def test_nothing_of_a_bug_reaches_the_client(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path)

    assert answer.status_code in (500, 503)
    assert "hunter2" not in answer.text + str(answer.headers)
    assert "RuntimeError" not in answer.text
    assert answer.headers["content-type"] == "application/problem+json"


async def test_what_can_never_be_kept_is_the_clients_to_correct(client: httpx.AsyncClient) -> None:
    answer = await client.get("/unkeepable")

    assert answer.status_code == 400
    assert (answer.json()["field"], bool(answer.json()["fix"])) == ("body", True)
    assert "OverflowError" not in answer.text


@pytest.mark.parametrize("path", ["/who", "/bug", "/nowhere", "/mine", "/slow", "/page", "/metrics"])
async def test_every_answer_carries_the_same_protection(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers

    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")
    assert headers["referrer-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert "server" not in headers
    assert len(headers.get_list("content-security-policy")) == 1


async def test_a_form_that_another_sites_page_sends_is_refused(client: httpx.AsyncClient) -> None:
    sent = {
        "elsewhere": {"Sec-Fetch-Site": "cross-site"},
        "a neighbour": {"Sec-Fetch-Site": "same-site"},
        "an old browser": {"Origin": "https://evil.example"},
        "a sandbox": {"Origin": "null"},
        "our page": {"Sec-Fetch-Site": "same-origin", "Origin": "http://ascolto.example"},
        "typed in": {"Sec-Fetch-Site": "none"},
        "our page in an old browser": {"Origin": "http://ascolto.example"},
        "a program": {},
    }

    statuses = {
        who: (await client.post("/form", data={"text": "x"}, headers=headers)).status_code
        for who, headers in sent.items()
    }

    assert [who for who, status in statuses.items() if status == 403] == list(sent)[:4]
    assert {status for who, status in statuses.items() if who not in list(sent)[:4]} == {200}
    assert (await client.get("/who", headers={"Sec-Fetch-Site": "cross-site"})).status_code == 200


async def test_a_client_that_asks_too_often_waits_and_others_do_not() -> None:
    now = [0.0]
    app = app_with(Rates(2, 5, lambda: now[0]))
    async with client_of_app(app) as one, client_of_app(app, "192.0.2.2") as other:
        statuses = [(await one.get("/who")).status_code for _ in range(7)]
        refused = await one.get("/who")

        assert statuses == [200] * 5 + [429] * 2
        assert (refused.json()["type"], refused.headers["retry-after"]) == (
            "urn:ascolto:problem:too-many-requests",
            "1",
        )
        assert (await other.get("/who")).status_code == 200
        now[0] += 1
        assert [(await one.get("/who")).status_code for _ in range(3)] == [200, 200, 429]


async def test_wrong_tokens_are_counted_and_programs_of_the_house_are_not() -> None:
    app = app_with(Rates(1, 3, lambda: 0.0))
    async with client_of_app(app) as client:
        guesses = [
            (await client.get("/mine", headers={"Authorization": f"Bearer guess-{n}"})).status_code
            for n in range(5)
        ]
        ops = {
            (await client.get("/mine", headers={"Authorization": "Bearer ops"})).status_code for _ in range(9)
        }
        public = {
            (await client.get("/who", headers={"Authorization": "Bearer ops"})).status_code for _ in range(9)
        }
        operator = await client.get("/mine", headers={"Authorization": "Bearer op"})
        health = {(await client.get("/metrics")).status_code for _ in range(9)}

    assert guesses == [401, 401, 401, 429, 429]
    assert (ops, public, operator.status_code, health) == ({200}, {200}, 429, {200})


def test_an_ipv6_network_is_one_client() -> None:
    assert client_of("2001:db8::1") == client_of("2001:db8::ffff:1") != client_of("2001:db8:0:1::1")
    assert client_of("192.0.2.1") != client_of("192.0.2.2")
    assert client_of("nobody") == "nobody"
    assert client_of("::ffff:192.0.2.1") == client_of("192.0.2.1") != client_of("::ffff:192.0.2.2")


def test_a_clients_bucket_is_forgotten_when_very_many_others_came() -> None:
    rates = Rates(1, 1, lambda: 0.0)
    assert rates.take("first") == 0
    assert rates.take("first") > 0

    for number in range(50_000):
        rates.take(str(number))

    assert rates.take("first") == 0


FORWARDED = {"X-Forwarded-For": "198.51.100.7", "X-Forwarded-Proto": "https"}


@pytest.mark.parametrize(
    ("proxies", "peer", "seen"),
    [
        ("", "192.0.2.1", "192.0.2.1 http"),
        ("", "127.0.0.1", "127.0.0.1 http"),
        ("10.0.0.0/8", "192.0.2.1", "192.0.2.1 http"),
        ("10.0.0.0/8, 192.0.2.1", "192.0.2.1", "198.51.100.7 https"),
    ],
)
async def test_who_asks_for_whom_is_believed_of_the_gateway_only(proxies: str, peer: str, seen: str) -> None:
    app = app_with(limits=Limits(proxies=proxies))
    async with client_of_app(app, peer) as client:
        assert (await client.get("/who", headers=FORWARDED)).json() == seen


async def test_a_forged_address_before_the_gateways_own_is_not_believed() -> None:
    app = app_with(limits=Limits(proxies="10.0.0.0/8"))
    async with client_of_app(app, "10.0.0.1") as client:
        answer = await client.get("/who", headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})

    assert answer.json().startswith("198.51.100.7 ")


async def test_over_https_browsers_are_told_to_stay_there() -> None:
    app = app_with(limits=Limits(proxies="10.0.0.0/8"))
    async with client_of_app(app, "10.0.0.1") as client:
        secure = await client.get("/who", headers=FORWARDED)
        plain = await client.get("/who")

    assert "strict-transport-security" in secure.headers
    assert "strict-transport-security" not in plain.headers


async def test_requests_are_measured_by_their_route_and_status() -> None:
    metrics = Metrics("guarded")
    async with client_of_app(app_with(metrics=metrics)) as client:
        await client.get("/bug")
        await client.get("/who")

    said = metrics.registry.get_sample_value
    for route, status in (("/bug", "500"), ("/who", "200")):
        labels = {"route": route, "method": "GET", "status": status}
        assert said("http_request_duration_seconds_count", labels) == 1


def test_a_larger_body_belongs_to_the_paths_that_are_named_and_has_more_time() -> None:
    limits = Limits(bodies={"/forms": 1_000_000, "/v1/reports/*/photos": 20_000_000})
    bodies = {
        "/forms": 1_000_000,
        "/forms/x": 1_000_000,
        "/formsx": 65_536,
        "/v1/reports": 65_536,
        "/v1/reports/r/photos": 20_000_000,
        "/v1/reports/r/photos/ab": 20_000_000,
        "/v1/reports/r/withdrawal": 65_536,
    }
    assert {path: limits.body_at(path) for path in bodies} == bodies

    def seconds(path: str, length: bytes) -> float:
        return limits.seconds_for({"path": path, "headers": [(b"content-length", length)]})

    photo, usual = "/v1/reports/r/photos/ab", limits.seconds
    assert seconds(photo, b"13107200") == usual + 100
    assert seconds(photo, b"9" * 30) == usual + 20_000_000 / limits.slowest
    assert [seconds("/v1/reports", b"65536"), seconds(photo, b"x")] == [usual, usual]
