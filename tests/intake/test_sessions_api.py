"""The JSON API of listening sessions, as the operators' app uses it: everything is sent twice."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.intake.conftest import NOON

from chassis.ids import uuid7
from chassis.testing import MemoryService
from contracts.intake import SessionHeld
from intake.handlers.documents import REPORTS

SESSION = f"/v1/sessions/{uuid7(NOON)}"
HOUSEHOLD = {
    "contact": {"name": "Bruno Esempi", "phone": "035 000000"},
    "place_id": "bg-monterosso-01",
    "language": "ro",
    "frailty": True,
}
PROBLEM = {"category": "infiltrazioni", "description": "Piove in cucina"}


@pytest.fixture
async def operator(service: MemoryService) -> AsyncIterator[httpx.AsyncClient]:
    """The client of an operator."""
    async with service.client("token-of-operator") as client:
        yield client


async def twice(client: httpx.AsyncClient, method: str, path: str, body: Any = None) -> list[int]:
    return [(await client.request(method, path, json=body)).status_code for _ in range(2)]


async def test_a_talk_that_was_held_offline_is_sent_later_and_twice(
    operator: httpx.AsyncClient, service: MemoryService
) -> None:
    report, visit = f"{SESSION}/reports/{uuid7(NOON)}", f"{SESSION}/follow-ups/{uuid7(NOON)}"
    began = {"session_id": SESSION.rpartition("/")[2], "started_at": "2026-11-20T08:00:00+01:00"}
    met = {"at": "2026-12-04T09:30:00+01:00", "what": "phone-call", "words": "Dopo le cinque."}

    assert await twice(operator, "POST", "/v1/sessions", began | {"sent_at": NOON.isoformat()}) == [201, 200]
    assert await twice(operator, "PUT", f"{SESSION}/household", HOUSEHOLD) == [204, 204]
    first = await operator.put(report, json=PROBLEM)
    again = await operator.put(report, json=PROBLEM)
    other = await operator.put(report, json=PROBLEM | {"description": "Altro"})
    assert await twice(operator, "PUT", visit, met) == [204, 204]
    assert await twice(operator, "PUT", f"{SESSION}/notes", {"notes": "Da richiamare."}) == [204, 204]
    listed = (await operator.get("/v1/sessions")).json()["sessions"]
    assert await twice(operator, "POST", f"{SESSION}/end", {}) == [200, 200]
    state = (await operator.get(SESSION)).json()

    [kept] = await service.documents(REPORTS)
    held = [one for one in await service.published() if isinstance(one, SessionHeld)]
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 422)
    assert again.json() == first.json()
    assert kept.heard_at == NOON - timedelta(hours=5)
    assert (kept.language, kept.urgency) == ("ro", "u")
    assert [one["session_id"] for one in listed] == [state["session_id"]]
    assert (state["status"], state["skew_ms"], len(state["report_ids"])) == ("ended", 0, 1)
    assert [len(one.follow_ups) for one in held] == [1]


@pytest.mark.parametrize(
    ("path", "body", "slug"),
    [
        ("household", HOUSEHOLD | {"place_id": "nowhere"}, "unknown-place"),
        ("household", HOUSEHOLD | {"contact": {"phone": "chiamami"}}, "contact-phone"),
        ("household", HOUSEHOLD | {"language": "ital"}, "unknown-language"),
        ("notes", {"notes": "x" * 4001}, "notes-too-long"),
        ("reports/01a1f8d3-ea00-73a9-be28-2153f3a7d486", PROBLEM, "unknown-place"),
        (
            "follow-ups/01a1f8d3-ea00-7df7-a474-0bbe0fecc31b",
            {"at": "2026-11-01T09:00:00Z", "what": "office"},
            "follow-up-time",
        ),
    ],
)
async def test_what_is_wrong_is_refused_by_name(
    operator: httpx.AsyncClient, path: str, body: Any, slug: str
) -> None:
    await operator.post("/v1/sessions", json={"session_id": SESSION.rpartition("/")[2]})
    refused = await operator.put(f"{SESSION}/{path}", json=body)

    assert (refused.status_code, refused.json()["type"]) == (422, f"urn:ascolto:problem:{slug}")
    assert refused.json()["detail"]


@pytest.mark.parametrize("token", [None, "token-of-officer"])
async def test_only_operators_hold_sessions(service: MemoryService, token: str | None) -> None:
    async with service.client(token) as client:
        assert (await client.get("/v1/sessions")).status_code == (403 if token else 401)
