"""The names under which a service is asked: its own, and no one that a request makes up."""

from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.http.services import SERVICES, Furnished, furnished, settings_of
from tests.http.test_middleware import LIMITS, app_with
from tests.http.test_routes import routes_of

from chassis.hosts import host_of, hosts_in
from chassis.http.middleware import Limits

OWN = "172.16.77.5"  # the address of the socket that the request came to
PUBLIC = Limits(hosts=hosts_in("https://ascolto.example.org, www.example.org:8443"))


def client_to(app: object, address: str = f"http://{OWN}:8080") -> httpx.AsyncClient:
    """Somebody who reaches the application under this address."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=address)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("ascolto.example.org", 200),
        ("ASCOLTO.example.org", 200),
        ("ascolto.example.org:9999", 200),
        ("ascolto.example.org.", 200),
        ("www.example.org", 200),
        ("guarded:8080", 200),
        (f"{OWN}:8080", 200),
        ("127.0.0.1:18080", 200),
        ("localhost", 200),
        ("[::1]:8080", 200),
        ("evil.example", 421),
        ("evil.example:8080", 421),
        ("ascolto.example.org.evil.example", 421),
        ("evil-ascolto.example.org", 421),
        ("172.16.77.6:8080", 421),
        ("[2001:db8::1]", 421),
        ("intake", 421),
        ("", 400),
        ("ascolto.example.org, evil.example", 400),
        ("ascolto.example.org@evil.example", 400),
        ("ascolto.example.org/evil", 400),
        ("ascolto.example.org:80:80", 400),
        ("ascolto.example.org:x", 400),
        ("http://ascolto.example.org", 400),
    ],
)
async def test_a_host_is_one_of_the_services_own(host: str, status: int) -> None:
    async with client_to(app_with(limits=PUBLIC)) as client:
        answer = await client.get("/who", headers={"Host": host})

    assert answer.status_code == status
    if status != 200:
        assert answer.headers["content-type"] == "application/problem+json"
        assert (answer.json()["field"], bool(answer.json()["fix"])) == ("Host", True)


async def test_two_hosts_are_none() -> None:
    async with client_to(app_with(limits=PUBLIC)) as client:
        for second in ("ascolto.example.org", "evil.example"):
            twice = [("Host", "ascolto.example.org"), ("Host", second)]
            assert (await client.get("/who", headers=twice)).status_code == 400


async def test_a_page_whose_name_leads_here_by_dns_is_not_ours() -> None:
    rebound = {"Host": "evil.example", "Origin": "http://evil.example", "Sec-Fetch-Site": "same-origin"}
    async with client_to(app_with(limits=LIMITS)) as client:
        answer = await client.post("/form", data={"text": "x"}, headers=rebound)

    assert answer.status_code == 421


@pytest.mark.parametrize("name", SERVICES)
async def test_no_path_leads_to_a_host_that_the_request_names(name: str, tmp_path: Path) -> None:
    async with furnished(name, tmp_path) as service, client_to(service.app) as client:
        for path in _paths(service):
            for host in ("evil.example", "localhost:4242"):
                answer = await client.get(path, headers={"Host": host, "X-Forwarded-Host": "evil.example"})
                place = answer.headers.get("location", "/")
                assert host != "evil.example" or answer.status_code == 421
                assert place.startswith("/")
                assert not place.startswith("//")
                assert "evil" not in answer.text + place
                assert "4242" not in answer.text + place


def _paths(service: Furnished) -> list[str]:
    paths = [(route.path or "").replace("{", "").replace("}", "") for route in routes_of(service.app)]
    return [
        *(f"{path}/" for path in paths),
        *(f"/{path}/" for path in paths),
        "//evil.example/",
        "//evil.example/..",
    ]


async def test_a_path_with_a_slash_too_many_leads_to_the_one_without_it() -> None:
    async with client_to(app_with(limits=LIMITS)) as client:
        found = await client.get("/who/?a=1%262")
        absent = await client.get("/nowhere/")
        other = await client.get("/notes/")

    assert (found.status_code, found.headers["location"]) == (307, "/who?a=1%262")
    assert (absent.status_code, other.status_code) == (404, 404)


@pytest.mark.parametrize("said", ["a b", "https://", "ascolto.example.org/path", "*"])
def test_a_setting_that_names_no_host_is_refused(said: str, tmp_path: Path) -> None:
    known = settings_of("intake", tmp_path).model_dump()

    with pytest.raises(ValueError, match="is no host: give names or addresses"):
        type(settings_of("intake", tmp_path))(**known | {"hosts": said})


def test_hosts_are_names_or_addresses_and_may_be_none() -> None:
    assert hosts_in("http://127.0.0.1:8080,") == {"127.0.0.1"}
    assert hosts_in("https://Ascolto.example.org/x, b.example.org:1,[::1]") == {
        "ascolto.example.org",
        "b.example.org",
        "::1",
    }
    assert hosts_in(" , ") == frozenset()


@given(st.text())
def test_whatever_a_header_says_is_a_bare_host_or_none(said: str) -> None:
    assert set(host_of(said)) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-:")
