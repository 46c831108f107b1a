"""Who reads what a tenant wrote: the right to, and the line in the audit."""

import httpx
import pytest

from chassis.store.memory import MemoryStore

TEXT = "La signora Esempio ha il soffitto bagnato"


async def report(client: httpx.AsyncClient, category: str = "infiltrazioni") -> str:
    body = {"category": category, "place_id": "bg-monterosso-01", "description": TEXT}
    made = await client.post("/v1/reports", json=body)
    found: str = made.json()["report_id"]
    return found


async def read(client: httpx.AsyncClient, report_id: str, role: str = "operator") -> httpx.Response:
    headers = {"Authorization": f"Bearer token-of-{role}"}
    return await client.get(f"/internal/reports/{report_id}", headers=headers)


async def test_a_reading_is_in_the_audit(client: httpx.AsyncClient, store: MemoryStore) -> None:
    report_id = await report(client)

    full = await read(client, report_id)

    [row] = await store.query("audit", {})
    assert full.json()["description"] == TEXT
    assert (row["by"], row["action"]) == ("token-of-operator", "read-report")
    assert row["details"] == {"report_id": report_id, "roles": ["operator"], "part": "full"}
    assert TEXT not in str(row)


async def test_nothing_is_shown_when_the_audit_cannot_be_written(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    report_id = await report(client)

    async def nothing_inserted(collection: str, documents: object) -> int:
        return 0

    store.insert_missing = nothing_inserted  # type: ignore[method-assign]

    answer = await read(client, report_id)

    assert answer.status_code == 503
    assert TEXT not in answer.text


@pytest.mark.parametrize(("category", "status"), [("contributo-affitto", 200), ("infiltrazioni", 403)])
async def test_an_officer_reads_reports_about_contributions_only(
    client: httpx.AsyncClient, store: MemoryStore, category: str, status: int
) -> None:
    report_id = await report(client, category)

    answer = await read(client, report_id, "officer")

    assert answer.status_code == status
    assert (TEXT in answer.text) is (status == 200)
    assert await store.count("audit", {}) == (1 if status == 200 else 0)


async def test_a_report_that_does_not_exist_is_not_read(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    answer = await read(client, "0190a000-0000-7000-8000-00000000dead")

    assert answer.status_code == 404
    assert await store.count("audit", {}) == 0
