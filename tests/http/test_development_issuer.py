"""The development issuer gives what services take, to whoever it knows, and guards no production."""

import hashlib
import json
import subprocess
import sys
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import ValidationError
from tests.http.services import settings_of

from chassis.http.issuer import Issuer
from chassis.http.service_token import ServiceToken
from chassis.http.tokens import OidcTokens, Principal
from chassis.settings import ServiceSettings
from stack.issuer import DevelopmentIssuer, build_app, load_key
from stack.issuer_page import PEOPLE, ROLES, USUAL

NAME, NOW = "http://127.0.0.1:8090", 1_795_435_200
CLIENTS = {
    "ascolto-notify": {"secret": "s3cret", "roles": ["service"]},
    "ascolto-routing": {"secret": "x", "roles": []},
}


@pytest.fixture
def client(tmp_path: Path) -> httpx.AsyncClient:
    """A program that reaches the issuer under another address than browsers do."""
    issuer = DevelopmentIssuer(NAME, load_key(tmp_path / "key"), CLIENTS, 600, lambda: float(NOW))
    return httpx.AsyncClient(transport=httpx.ASGITransport(build_app(issuer)), base_url="http://issuer:8080")


async def test_a_program_gets_a_token_that_services_take(client: httpx.AsyncClient) -> None:
    issuer = Issuer(NAME, client, address="http://issuer:8080", development=True)
    token = await ServiceToken(issuer, "ascolto-notify", "s3cret").token()

    tokens = OidcTokens(issuer, "ascolto", lambda: datetime.fromtimestamp(NOW, UTC))

    assert await tokens.read(token) == Principal("ascolto-notify", frozenset({"service"}))


@pytest.mark.parametrize(
    ("name", "secret", "said"),
    [
        ("ascolto-notify", "guessed", (401, "invalid_client")),
        ("nobody", "s3cret", (401, "invalid_client")),
        ("ascolto-routing", "x", (400, "unauthorized_client")),
    ],
)
async def test_nobody_else_gets_one(
    client: httpx.AsyncClient, name: str, secret: str, said: tuple[int, str]
) -> None:
    answer = await client.post("/token", data={"grant_type": "client_credentials"}, auth=(name, secret))

    assert (answer.status_code, answer.json()["error"]) == said


def test_its_key_is_made_once_and_is_its_owners(tmp_path: Path) -> None:
    first, again = load_key(tmp_path / "key"), load_key(tmp_path / "key")

    assert first.as_dict(private=True) == again.as_dict(private=True)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


async def refreshed(client: httpx.AsyncClient, token: str, secret: str = "x") -> httpx.Response:
    form = {"grant_type": "refresh_token", "refresh_token": token}
    return await client.post("/token", data=form, auth=("ascolto-routing", secret))


async def logged_in(client: httpx.AsyncClient) -> dict[str, Any]:
    """The tokens of a first login."""
    verifier = "an invented verifier of more than forty-three characters"
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {"client_id": "ascolto-routing", "redirect_uri": "http://127.0.0.1/x", "state": "s"}
    asked |= {"code_challenge": challenge, "code_challenge_method": "S256", "nonce": "n"}
    sent = await client.post("/authorize", data=asked | {"person": "ada-esempio", "role": "operator"})
    [code] = parse_qs(urlsplit(sent.headers["location"]).query)["code"]
    form = {"grant_type": "authorization_code", "code": code, "code_verifier": verifier}
    answer = await client.post(
        "/token", data=form | {"redirect_uri": asked["redirect_uri"]}, auth=("ascolto-routing", "x")
    )
    said: dict[str, Any] = answer.json()
    return said


def said_in(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))
    return claims


async def test_a_login_is_refreshed_with_the_roles_of_now(client: httpx.AsyncClient) -> None:
    first = await logged_in(client)
    await client.post("/people", data={"person": "ada-esempio", "take": "operator"})

    second = (await refreshed(client, first["refresh_token"])).json()

    assert (said_in(first["id_token"])["roles"], said_in(first["id_token"])["nonce"]) == (["operator"], "n")
    claims = said_in(second["id_token"])
    assert (claims["sub"], claims["aud"], claims["roles"]) == ("ada-esempio", "ascolto-routing", [])
    assert "nonce" not in claims
    assert said_in(second["access_token"])["roles"] == []


@pytest.fixture
def single(tmp_path: Path) -> httpx.AsyncClient:
    """A browser at an issuer with single sign-on."""
    clients = {
        **CLIENTS,
        "ascolto-intake": {"secret": "y", "roles": [], "back": "/segnalazioni/accesso/ritorno"},
    }
    issuer = DevelopmentIssuer(
        NAME, load_key(tmp_path / "key"), clients, 600, lambda: float(NOW), single_sign_on=True
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(build_app(issuer)), base_url=NAME)


def asked_by(client: str, path: str) -> dict[str, str]:
    """The query of an authorization request."""
    asked = {"client_id": client, "redirect_uri": f"http://127.0.0.1:1{path}", "state": "s", "nonce": "n"}
    return asked | {"code_challenge": "c" * 43, "code_challenge_method": "S256"}


async def test_a_second_service_is_entered_without_a_question_until_the_browser_signs_out(
    single: httpx.AsyncClient,
) -> None:
    first, second = (
        asked_by("ascolto-routing", "/x"),
        asked_by("ascolto-intake", "/segnalazioni/accesso/ritorno"),
    )
    assert (await single.get("/authorize", params=second)).status_code == 200
    await single.post("/authorize", data=first | {"person": "carla-inventata", "role": ""})

    silent = await single.get("/authorize", params=second)
    again = await single.get("/authorize", params=second | {"prompt": "login"})
    people = await single.get("/people")
    out = await single.get("/logout", params={"post_logout_redirect_uri": "http://127.0.0.1:1/lavoro"})

    assert (silent.status_code, again.status_code) == (303, 200)
    assert silent.headers["location"].startswith("http://127.0.0.1:1/segnalazioni/accesso/ritorno?code=")
    assert people.status_code == 200
    assert 'href="http://127.0.0.1:1/lavoro"' in out.text
    assert (await single.get("/authorize", params=second)).status_code == 200


async def test_signing_out_ends_every_login_of_the_browser(single: httpx.AsyncClient) -> None:
    first = await logged_in(single)

    await single.get("/logout")

    assert (await refreshed(single, first["refresh_token"])).status_code == 400


def test_each_role_is_the_usual_one_of_one_person() -> None:
    assert len({*USUAL.values()}) == len(USUAL) == len(PEOPLE)
    assert {*USUAL.values()} == {*ROLES}


@pytest.mark.parametrize("path", ["/accesso/ritorno", "/segnalazioni/accesso", ""])
async def test_a_client_returns_where_it_is_registered(single: httpx.AsyncClient, path: str) -> None:
    refused = await single.get("/authorize", params=asked_by("ascolto-intake", path))

    assert refused.status_code == 400
    assert "/segnalazioni/accesso/ritorno" in refused.text


async def test_a_logout_leads_to_no_other_machine(single: httpx.AsyncClient) -> None:
    out = await single.get("/logout", params={"post_logout_redirect_uri": "http://evil.example/"})

    assert "evil.example" not in out.text


async def test_a_refresh_token_is_good_once_and_used_twice_it_ends_the_login(
    client: httpx.AsyncClient,
) -> None:
    first = await logged_in(client)
    second = (await refreshed(client, first["refresh_token"])).json()
    assert (await refreshed(client, second["refresh_token"], "guessed")).status_code == 401

    again = await refreshed(client, first["refresh_token"])
    after = await refreshed(client, second["refresh_token"])

    for answer in (again, after, await refreshed(client, ""), await refreshed(client, "x.y")):
        assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})


@pytest.mark.parametrize(
    "change",
    [{"person": "nobody", "end": "all"}, {"person": "ada-esempio", "take": "admin"}, {"take": "operator"}],
)
async def test_its_page_changes_only_people_and_roles_that_there_are(
    client: httpx.AsyncClient, change: dict[str, str]
) -> None:
    assert (await client.post("/people", data=change)).status_code in (400, 422)


async def test_its_private_key_is_not_published(client: httpx.AsyncClient) -> None:
    [key] = (await client.get("/jwks")).json()["keys"]

    assert "d" not in key


def test_it_does_not_start_where_the_stage_is_production(tmp_path: Path) -> None:
    (tmp_path / "clients").write_text(json.dumps(CLIENTS))
    words = [
        "--stage",
        "production",
        "--port",
        "0",
        "--key",
        tmp_path / "key",
        "--clients",
        tmp_path / "clients",
    ]
    done = subprocess.run(
        [sys.executable, "-m", "stack.issuer", *map(str, words)], capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 2
    assert "set ASCOLTO_ISSUER to a real OpenID provider" in done.stderr
    assert not (tmp_path / "key").exists()


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"stage": "production"}, "issuer: give an https address"),
        ({"proxies": "*"}, "proxies"),
        ({"proxies": "10.0.0.1, gateway"}, "proxies"),
        ({"rate": -1}, "rate"),
    ],
)
def test_settings_that_would_let_anybody_in_are_refused(
    tmp_path: Path, told: dict[str, Any], field: str
) -> None:
    sound = settings_of("intake", tmp_path).model_dump()

    with pytest.raises(ValidationError, match=field):
        ServiceSettings(**sound | told)
