"""The gateway of the local stack: what it answers is what nginx answers with the deployed configuration."""

import asyncio
import gzip
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.gateway.environment import CONFIGURATION, SERVICES, Replica, free_port, program, running_gateway

from stack.gateway import Gateway, RunningServices, server_of
from stack.nginx_files import NginxFiles
from stack.ports import HOST, Ports
from stack.processes import identity

ID = "0190a000-0000-7000-8000-000000000001"
HTML, JSON = "text/html,*/*;q=0.8", "application/json"


@dataclass
class Local:
    """The gateway of the stack, with one replica of each service behind it."""

    url: str
    replicas: dict[str, list[Replica]] = field(default_factory=dict)

    def ports(self, service: str) -> Sequence[int]:
        """Where the replicas of a service are."""
        return [replica.port for replica in self.replicas[service]]

    async def another(self, service: str) -> Replica:
        """Starts one more replica of a service."""
        replica = Replica(service, free_port(), host=HOST)
        await replica.start()
        self.replicas.setdefault(service, []).append(replica)
        return replica


@asynccontextmanager
async def local_gateway(most_bytes: int | None = None) -> AsyncIterator[Local]:
    """The gateway of the stack with the deployed files; `most_bytes` is another limit of a body."""
    port = free_port()
    here = Local(f"http://{HOST}:{port}")
    for service in SERVICES:
        await here.another(service)
    files = NginxFiles.read(CONFIGURATION)
    app = Gateway(replace(files, most_bytes=most_bytes or files.most_bytes), here.ports)
    server = server_of(app, port)
    task = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield here
    finally:
        server.should_exit = True
        await task
        for replica in [one for many in here.replicas.values() for one in many]:
            await replica.stop()


@pytest.fixture
async def gateway() -> AsyncIterator[Local]:
    """A gateway for each test, because tests stop replicas."""
    async with local_gateway() as up:
        yield up


@pytest.fixture
async def client(gateway: Local) -> AsyncIterator[httpx.AsyncClient]:
    """A browser or a program on this machine."""
    async with httpx.AsyncClient(base_url=gateway.url, timeout=15) as made:
        yield made


@pytest.mark.parametrize(
    ("path", "service"),
    [
        *(
            (path, "intake")
            for path in (
                "/",
                "/segnala",
                "/segnala/luogo",
                "/stato?codice=A1",
                "/punti-di-ascolto",
                "/statistiche/dati.csv",
                "/segnalazioni-pubbliche?stato=aperte",
            )
        ),
        *(
            (path, "intake")
            for path in ("/privacy", "/accessibilita", "/lingua", "/static/a.css", "/v1/reports")
        ),
        *((path, "intake") for path in ("/open311/v2/requests.xml?status=open", "/open311/discovery.json")),
        *((path, "intake") for path in (f"/segnalazioni/{ID}/scheda", "/segnalazioni/accesso/ritorno")),
        *(
            (path, "routing")
            for path in (
                "/lavoro",
                "/lavoro/accesso",
                f"/lavoro/{ID}/chiudi",
                "/sistema",
                "/sistema/testi",
                "/v1/cases",
            )
        ),
        *(
            (path, "subsidies")
            for path in ("/contributi", f"/contributi/{ID}/dati", "/stato/contributo", "/v1/budgets")
        ),
        *((path, "notify") for path in ("/messaggi", "/messaggi/modelli", "/v1/messages")),
        *((f"/sistema/{name}", name) for name in SERVICES),
        *((f"/sistema/{name}/{ID}", name) for name in SERVICES),
        *((f"/openapi/{name}.json", name) for name in SERVICES),
    ],
)
async def test_each_path_reaches_its_service(path: str, service: str, client: httpx.AsyncClient) -> None:
    echo = (await client.get(path)).json()

    assert echo["service"] == service
    assert echo["path"] == ("/openapi.json" if path.startswith("/openapi") else path.partition("?")[0])


# What a browser asks for, its cookies, and the language of the page.
LANGUAGES = {
    ("", ""): "it",
    ("it-IT,en;q=0.5", ""): "it",
    ("en-GB,it;q=0.5", ""): "en",
    ("ar-EG", "a=b"): "ar",
    ("zh-Hans-CN", ""): "zh",
    ("de,en", ""): "it",
    ("fr", "lingua=uk; a=b"): "uk",
    ("fr", "lingua=it"): "it",
    ("ro", "lingua=<x>"): "it",
}


@pytest.mark.parametrize(("asked", "language"), LANGUAGES.items())
async def test_a_wrong_address_is_told_in_the_reader_s_language(
    asked: tuple[str, str], language: str, client: httpx.AsyncClient
) -> None:
    headers = {"Accept": HTML, "Accept-Language": asked[0], "Cookie": asked[1]}
    answer = await client.get("/nowhere", headers=headers)

    direction = "rtl" if language == "ar" else "ltr"
    assert answer.status_code == 404
    assert f"<html lang='{language}' dir='{direction}'>" in answer.text
    assert ("Pagina non trovata" in answer.text) is (language == "it")
    assert ("In caso di pericolo" in answer.text) is (language == "it")
    assert "$" not in answer.text


def shown(answer: httpx.Response) -> Any:
    """What a client is told: the status, the headers that decide something, and the body, without where it came from."""
    names: tuple[str, ...] = (
        "content-type",
        "retry-after",
        "allow",
        "cache-control",
        "content-security-policy",
        "location",
    )
    headers = {name: answer.headers[name] for name in names if name in answer.headers}
    if not answer.text or answer.headers["content-type"] != "application/json":
        return answer.status_code, headers, answer.text
    body = answer.json()
    own = {"host", "x-forwarded-for", "connection"}
    body["headers"] = sorted((name, value) for name, value in body["headers"] if name not in own)
    return answer.status_code, headers, {**body, "host": ""}


async def asked_of_both(url: str) -> list[Any]:
    """The answers to a table of requests: paths, formats, methods, hosts, forged headers, sizes."""
    found: list[Any] = []
    async with httpx.AsyncClient(base_url=url, timeout=15, headers={"User-Agent": "x"}) as asking:
        paths = (
            "/",
            "/lavoro",
            "/sistema",
            "/sistema/x",
            "/kit",
            "/ops/parked",
            "/internal/reports/1",
            "/metrics",
            "/v1/reportsx",
            "/open311x",
            "/segnalazionix",
            "/openapi/intake.json?x=1",
            "/openapi.json",
            "/gateway/away.html",
            "/v1/status/AB%20C?pin=1%262&x=//..%2f",
            "/v1/status/%2e%2e",
            "/a//b",
            "/gateway/answers.css",
        )
        for path in paths:
            for accept in (HTML, JSON):
                found.append((path, accept, shown(await asking.get(path, headers={"Accept": accept}))))
        for wanted, cookie in LANGUAGES:
            headers = {"Accept": HTML, "Accept-Language": wanted, "Cookie": cookie}
            answer = await asking.get("/nowhere", headers=headers)
            found.append((wanted, cookie, shown(answer)))
        for method in ("HEAD", "POST", "PUT", "DELETE", "OPTIONS", "MADEUP", "TRACE"):
            answer = await asking.request(method, "/v1/reports", headers={"Accept": HTML}, content=b"{}")
            found.append((method, shown(answer) if method != "TRACE" else answer.status_code))
        for host in ("evil.example", "localhost:1", "127.0.0.1.evil.example"):
            answer = await asking.get("/stato", headers={"Host": host, "Accept": HTML})
            found.append((host, answer.status_code, answer.headers["content-type"]))
        forged = {
            "X-Forwarded-For": "10.1.2.3",
            "X-Forwarded-Proto": "https",
            "Forwarded": "for=1",
            "X-Real-IP": "1.2.3.4",
        }
        found.append(shown(await asking.get("/", headers=forged)))
        for size in (1_000_000, 1_048_577):
            found.append(
                (size, shown(await asking.post("/segnala", content=b"x" * size, headers={"Accept": HTML})))
            )
    return found


@pytest.mark.slow
@pytest.mark.skipif(program() is None, reason="nginx is missing: apt-get install nginx-light")
async def test_nginx_with_the_deployed_files_answers_the_same(gateway: Local, tmp_path: Path) -> None:
    ours = await asked_of_both(gateway.url)
    async with running_gateway(tmp_path) as nginx:
        theirs = await asked_of_both(nginx.url)

    assert len(ours) == len(theirs) > 40
    for one, other in zip(ours, theirs, strict=True):
        assert one == other, f"{one}\n{other}"


async def test_the_client_and_the_host_are_told_to_the_service(
    client: httpx.AsyncClient, gateway: Local
) -> None:
    echo = (
        await client.get("/", headers={"X-Forwarded-For": "10.1.2.3", "Forwarded": "for=10.1.2.3"})
    ).json()
    told = [
        (name, value) for name, value in echo["headers"] if name in ("x-forwarded-for", "forwarded", "host")
    ]

    assert sorted(told) == [("host", gateway.url.removeprefix("http://")), ("x-forwarded-for", HOST)]


async def test_requests_go_round_over_the_replicas_and_past_one_that_is_down(
    client: httpx.AsyncClient, gateway: Local
) -> None:
    first, second = gateway.replicas["routing"][0], await gateway.another("routing")
    for _ in range(10):
        await client.get("/lavoro")
    assert [len(first.asked), len(second.asked)] == [5, 5]

    await first.stop()
    answers = [await client.post("/v1/cases", content=b"{}") for _ in range(6)]

    assert {answer.status_code for answer in answers} == {200}
    assert len(second.asked) == 11


async def test_a_post_that_reached_a_service_is_not_sent_to_another(
    client: httpx.AsyncClient, gateway: Local
) -> None:
    both = (gateway.replicas["intake"][0], await gateway.another("intake"))
    for replica in both:
        replica.status = 503

    answer = await client.post("/v1/reports", content=b"{}")
    asked = sum(len(replica.asked) for replica in both)
    await client.get("/v1/categories")

    assert (answer.status_code, asked) == (503, 1)
    assert sum(len(replica.asked) for replica in both) == 3, "a GET may be sent again"


async def test_a_service_that_does_not_run_is_told_in_the_format_that_was_asked_for(
    client: httpx.AsyncClient, gateway: Local
) -> None:
    await gateway.replicas["intake"][0].stop()
    await gateway.replicas["routing"].pop().stop()

    for path in ("/v1/reports", "/lavoro"):
        page = await client.post(path, headers={"Accept": HTML}, content=b"x")
        problem = await client.post(path, content=b"x")
        assert (page.status_code, page.headers["retry-after"]) == (503, "2")
        assert "<a href='tel:112'>112</a>" in page.text
        assert (problem.status_code, problem.json()["type"]) == (503, "urn:ascolto:problem:unavailable")


async def test_a_chunked_body_has_the_same_limit() -> None:
    async def parts(count: int) -> AsyncIterator[bytes]:
        for _ in range(count):
            yield b"x" * 65_536

    async with local_gateway(most_bytes=1_048_576) as up, httpx.AsyncClient(base_url=up.url) as client:
        fits = await client.post("/v1/reports", content=parts(16))
        large = await client.post("/v1/reports", content=parts(17))
        headers = {"Accept": HTML, "Accept-Language": "fr"}
        page = await client.post("/segnala", content=parts(17), headers=headers)

    assert (fits.status_code, fits.json()["bytes"]) == (200, 1_048_576)
    assert (large.status_code, page.status_code) == (413, 413)
    assert "<html lang='fr' dir='ltr'>" in page.text
    assert "Envoi trop volumineux" in page.text


PAGE = {"content-type": "text/html; charset=utf-8"}


@pytest.mark.parametrize("behind", ["local", pytest.param("nginx", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("answer", "asked", "compressed"),
    [
        (PAGE, {}, True),
        ({"content-type": "application/json"}, {}, True),
        ({"content-type": "image/svg+xml"}, {}, True),
        (PAGE, {"Cookie": "sessione-routing=x"}, False),
        ({"content-type": "image/png"}, {}, False),
        ({**PAGE, "content-encoding": "gzip"}, {}, None),
    ],
)
async def test_text_is_compressed_unless_secrets_may_be_beside_it(
    behind: str, answer: Mapping[str, str], asked: Mapping[str, str], compressed: bool | None, tmp_path: Path
) -> None:
    if behind == "nginx" and program() is None:
        pytest.skip("nginx is missing: apt-get install nginx-light")
    text = gzip.compress(b"come compressed" * 200) if compressed is None else b"a page " * 400
    async with running_gateway(tmp_path) if behind == "nginx" else local_gateway() as up:
        replica = up.replicas["intake"][0] if isinstance(up, Local) else up.replicas["intake"]
        replica.answer = (text, {**answer, "cache-control": "immutable", "content-length": str(len(text))})
        async with httpx.AsyncClient(base_url=up.url) as browser:
            got = await browser.get("/static/a", headers=asked)
            plain = await browser.get("/static/a", headers={**asked, "Accept-Encoding": "identity"})

    assert got.headers["cache-control"] == "immutable"
    assert got.headers.get("content-encoding") == (None if compressed is False else "gzip")
    assert got.content == (gzip.decompress(text) if compressed is None else text)
    assert compressed is not True or "accept-encoding" in got.headers["vary"].lower()
    assert plain.headers.get("content-encoding") == ("gzip" if compressed is None else None)


def test_the_running_processes_of_a_service_are_found_in_the_state_folder(tmp_path: Path) -> None:
    for ordinal in (0, 1, 2):
        folder = tmp_path / "services" / f"intake-{ordinal}"
        folder.mkdir(parents=True)
        pid = os.getpid() if ordinal != 1 else 2**22 - 1
        (folder / f"intake-{ordinal}.pid").write_text(f"{pid} {identity(pid) or 'gone'}\n")
    running = RunningServices(tmp_path)

    ports = [Ports(tmp_path / "services" / f"intake-{ordinal}")["http"] for ordinal in (0, 2)]

    assert running("intake") == ports
    assert running("routing") == []
