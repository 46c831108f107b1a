"""The smoke test of a new deployment: pages and APIs at the public origin, without any manual step before."""

import json
import re
from collections.abc import Mapping

import httpx
from deploy.compose.ops import command
from tests.compose.commands import StepError
from tests.compose.deployment import Deployment

from stack.issuer_page import PEOPLE


def check(deployment: Deployment) -> list[str]:
    """Returns what works, in words; raises StepError for the first failure."""
    with httpx.Client(base_url=deployment.url, timeout=15, follow_redirects=False) as client:
        return [
            _register(client, "/v1/places", "places"),
            _register(client, "/v1/categories", "categories"),
            _page(client, "/segnala"),
            _page(client, "/stato"),
            _budgets(client, deployment),
            _login(client, deployment),
            _hidden(client),
            _ops(deployment),
        ]


def _require(right: bool, what: str, answer: httpx.Response) -> None:
    if not right:
        raise StepError(f"{what}: {answer.request.url} answered {answer.status_code} {answer.text[:300]}")


def _register(client: httpx.Client, path: str, name: str) -> str:
    answer = client.get(path)
    _require(answer.status_code == 200 and bool(answer.json()[name]), f"there are no {name}", answer)
    return f"{len(answer.json()[name])} {name}"


def _page(client: httpx.Client, path: str) -> str:
    answer = client.get(path, headers={"Accept": "text/html"})
    _require(answer.status_code == 200 and "<form" in answer.text, "there is no form", answer)
    return f"the form {path}"


def _token(deployment: Deployment, role: str) -> Mapping[str, str]:
    known = json.loads((deployment.secrets / "issuer_clients").read_text())[f"ascolto-{role}"]
    form = {"grant_type": "client_credentials", "client_id": f"ascolto-{role}"}
    answer = httpx.post(f"{deployment.issuer}/token", data=form | {"client_secret": known["secret"]})
    _require(answer.status_code == 200, f"no token for {role}", answer)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def _budgets(client: httpx.Client, deployment: Deployment) -> str:
    answer = client.get("/v1/budgets", headers=_token(deployment, "officer"))
    _require(answer.status_code == 200 and bool(answer.json()), "there is no budget", answer)
    return "budgets of the rule pack in force"


def _login(client: httpx.Client, deployment: Deployment) -> str:
    """Logs in like a browser: page, issuer, redirect, page."""
    sent = client.get("/lavoro/accesso", headers={"Accept": "text/html"})
    _require(sent.status_code == 303, "no redirect to the issuer", sent)
    location = sent.headers["Location"]
    _require(location.startswith(deployment.issuer), "the redirect does not name the issuer", sent)
    asked = dict(httpx.URL(location).params)
    chosen = httpx.post(
        f"{deployment.issuer}/authorize", data=asked | {"person": next(iter(PEOPLE)), "role": "operator"}
    )
    _require(chosen.status_code == 303, "the issuer refuses the choice", chosen)
    back = client.get(chosen.headers["Location"])
    _require(back.status_code == 303, "the login does not return", back)
    page = client.get(back.headers["Location"])
    _require(page.status_code == 200 and bool(re.search("/uscita", page.text)), "not logged in", page)
    return "login of staff"


def _hidden(client: httpx.Client) -> str:
    for path in ("/ops/parked", "/internal/contacts?report_id=1", "/metrics", "/health/ready"):
        answer = client.get(path)
        _require(answer.status_code == 404, "an internal path is public", answer)
    return "internal paths are hidden"


def _ops(deployment: Deployment) -> str:
    secret = json.loads((deployment.secrets / "issuer_clients").read_text())["ascolto-ops"]["secret"]
    words = command("routing", "ascolto-ops", ["list"])
    answer = deployment.compose(*words[2:], stdin=f"{secret}\n".encode())
    if not isinstance(json.loads(answer), dict | list):
        raise StepError(f"the operators' command line printed {answer[:300]}")
    return "the operators' command line"
