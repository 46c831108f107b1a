"""The development issuer gives what services take, to whoever it knows, and guards no production."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from tests.doors.services import settings_of

from chassis.issuer import Issuer
from chassis.service_token import ServiceToken
from chassis.settings import ServiceSettings
from chassis.tokens import OidcTokens, Principal
from stack.issuer import DevelopmentIssuer, build_app, load_key

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
