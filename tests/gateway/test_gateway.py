"""The gateway with the deployed configuration: routes, replicas, and hidden internal paths."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from tests.gateway.environment import IN_FRONT, SERVICES, Gateway, filled, header, program, running_gateway
from tests.http.services import furnished
from tests.http.test_routes import routes_of

pytestmark = pytest.mark.slow

HIDDEN = ("/ops", "/internal", "/health", "/metrics", "/kit")
ID = "0190a000-0000-7000-8000-000000000001"

if program() is None and os.environ.get("CI") != "true":  # noqa: TID251 - only the environment says whether this is CI
    pytest.skip("nginx is missing: apt-get install nginx-light", allow_module_level=True)


@pytest.fixture
async def gateway(tmp_path: Path) -> AsyncIterator[Gateway]:
    """A gateway for each test, because tests stop replicas."""
    async with running_gateway(tmp_path) as up:
        yield up


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    """A client outside the deployment."""
    async with httpx.AsyncClient(base_url=gateway.url, timeout=15) as outside:
        yield outside


@pytest.mark.parametrize("name", SERVICES)
async def test_every_route_reaches_its_service_or_is_hidden(
    name: str, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    async with furnished(name, tmp_path) as service:
        places = {filled(route.path or "") for route in routes_of(service.app)} - {"/openapi.json"}
    assert len(places) > 8
    for place in places:
        answer = await client.get(place)
        if place.startswith(HIDDEN):
            assert answer.status_code == 404, f"{place} is open"
        else:
            assert answer.status_code == 200, f"{place} of {name} is missing in deploy/gateway/nginx.conf"
            assert (answer.json()["service"], answer.json()["path"]) == (name, place)


@pytest.mark.parametrize(
    "path",
    [
        *HIDDEN,
        "/openapi.json",
        "/gateway/away.json",
        f"/internal/contacts?report_id={ID}",
        "/%69nternal/reports/1",
        "//internal/reports/1",
        "/segnala/../internal/reports/1",
        "/segnala/%2e%2e/ops/parked",
        "/internal/contacts/../../segnala",
        "/ops%2fparked/../../segnala",
        "/segnalazionix",
        "/v1/reportsx",
        "/kit",
        "/accesso",
        "/uscita",
        "/sistema/altro",
        "/sistema/routingx",
        "/gateway/away.html",
        "/gateway/health/x",
    ],
)
async def test_other_paths_do_not_exist(path: str, gateway: Gateway) -> None:
    host, port = gateway.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(f"GET {path} HTTP/1.1\r\nHost: ascolto.example\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()

    assert answer.startswith(b"HTTP/1.1 404 ")
    assert all(not replica.asked for replica in gateway.replicas.values())
    assert b"nginx/" not in answer, "the version is shown"


async def test_the_openapi_documents_are_under_the_names_of_their_services(client: httpx.AsyncClient) -> None:
    for name in SERVICES:
        echo = (await client.get(f"/openapi/{name}.json")).json()
        assert (echo["service"], echo["path"]) == (name, "/openapi.json")


async def test_a_query_and_an_encoded_path_arrive_as_they_were_sent(client: httpx.AsyncClient) -> None:
    echo = (await client.get("/v1/status/AB%20C?pin=1%262&x=//..%2f")).json()

    assert (echo["path"], echo["query"]) == ("/v1/status/AB C", "pin=1%262&x=//..%2f")


async def test_forged_proxy_headers_are_replaced(client: httpx.AsyncClient) -> None:
    forged = {
        "X-Forwarded-For": "10.1.2.3",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Port": "1",
        "X-Real-IP": "10.1.2.3",
        "Forwarded": "for=10.1.2.3",
        "Host": "ascolto.example:8080",
    }
    echo = (await client.get("/", headers=forged)).json()

    assert header(echo, "x-forwarded-for") == "127.0.0.1"
    assert header(echo, "x-forwarded-proto") == "http"
    assert header(echo, "host") == "ascolto.example:8080"
    for name in ("x-forwarded-host", "x-forwarded-port", "x-real-ip", "forwarded"):
        assert header(echo, name) is None


async def test_the_client_address_of_the_proxy_in_front_is_trusted(gateway: Gateway) -> None:
    transport = httpx.AsyncHTTPTransport(local_address=IN_FRONT)
    async with httpx.AsyncClient(base_url=gateway.url, transport=transport) as front:
        echo = (await front.get("/", headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})).json()

    assert header(echo, "x-forwarded-for") == "198.51.100.7"


async def test_an_oversized_body_is_not_forwarded(client: httpx.AsyncClient, gateway: Gateway) -> None:
    fits = await client.post("/v1/reports", content=b"x" * 1_000_000)
    large = await client.post("/v1/reports", content=b"x" * 52_500_000)
    headers = {"Accept": "text/html", "Accept-Language": "ro,it;q=0.5"}
    page = await client.post("/segnala", content=b"x" * 52_500_000, headers=headers)

    assert (fits.status_code, fits.json()["bytes"]) == (200, 1_000_000)
    assert (large.status_code, large.json()["field"]) == (413, "body")
    assert page.status_code == 413
    assert "Trimitere prea mare" in page.text
    assert "50 de megaocteți" in page.text
    assert gateway.replicas["intake"].asked == ["POST /v1/reports"]


async def test_oversized_headers_are_not_forwarded(client: httpx.AsyncClient, gateway: Gateway) -> None:
    answer = await client.get("/", headers={"X-Long": "x" * 40_000})

    assert answer.status_code == 400
    assert answer.headers["server"] == "nginx"
    assert gateway.replicas["intake"].asked == []


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_requests_go_to_another_replica_when_one_is_down(
    method: str, client: httpx.AsyncClient, gateway: Gateway
) -> None:
    other = await gateway.another("intake")
    await gateway.replicas["intake"].stop()

    answers = [await client.request(method, "/v1/reports", content=b"{}") for _ in range(20)]

    assert {answer.status_code for answer in answers} == {200}
    assert len(other.asked) == 20


async def test_requests_are_distributed_over_all_replicas(
    client: httpx.AsyncClient, gateway: Gateway
) -> None:
    other = await gateway.another("routing")
    third = await gateway.another("routing")

    for _ in range(60):
        assert (await client.get("/v1/cases")).status_code == 200

    asked = [len(one.asked) for one in (gateway.replicas["routing"], other, third)]
    assert sum(asked) == 60
    assert min(asked) >= 5


async def test_new_replicas_are_found_and_removed_ones_dropped(
    client: httpx.AsyncClient, gateway: Gateway
) -> None:
    assert (await client.get("/")).status_code == 200
    later = await gateway.another("intake")
    first = gateway.replicas["intake"]
    gateway.names.table["intake"].remove(first.host)
    await asyncio.sleep(3.5)
    before = len(first.asked)

    echo = [(await client.get("/")).json()["host"] for _ in range(5)]

    assert echo == [later.host] * 5
    assert len(first.asked) == before


async def test_a_post_that_reached_a_service_is_not_sent_to_another(
    client: httpx.AsyncClient, gateway: Gateway
) -> None:
    other = await gateway.another("intake")
    replicas = (gateway.replicas["intake"], other)
    for replica in replicas:
        replica.status = 503

    answer = await client.post("/v1/reports", content=b"{}")
    asked = sum(len(replica.asked) for replica in replicas)
    await client.get("/v1/categories")

    assert (answer.status_code, asked) == (503, 1)
    assert sum(len(replica.asked) for replica in replicas) == 3, "a GET may be sent again"


async def test_an_unavailable_service_is_reported_in_the_accepted_format(
    client: httpx.AsyncClient, gateway: Gateway
) -> None:
    await gateway.replicas["intake"].stop()
    del gateway.names.table["routing"]

    for path in ("/v1/reports", "/v1/cases"):
        answer = await client.post(path, content=b"{}")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["fix"]
        assert answer.headers["connection"] == "close", "the body was not read"
        page = await client.get(path, headers={"Accept": "text/html,*/*"})
        assert (page.status_code, page.headers["retry-after"]) == (503, "2")
        assert "Riprovi tra qualche secondo" in page.text
    assert (await client.get("/v1/budgets")).status_code == 200


async def test_the_log_has_no_query(client: httpx.AsyncClient, tmp_path: Path) -> None:
    await client.get("/stato?code=ABCD-1234&pin=987654")
    for _ in range(100):
        if "/stato" in (tmp_path / "access.log").read_text():
            break
        await asyncio.sleep(0.02)

    assert "987654" not in (tmp_path / "access.log").read_text()


async def test_https_with_a_certificate(tmp_path: Path) -> None:
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
        echo = (await client.get("/", headers={"X-Forwarded-Proto": "http"})).json()

    assert header(echo, "x-forwarded-proto") == "https"
