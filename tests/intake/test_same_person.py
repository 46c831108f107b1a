"""Services learn which reports are of one person: those about the same place with the same address."""

from typing import Any

import httpx

from chassis.store.memory import MemoryStore

NOTIFY = {"Authorization": "Bearer token-of-notify"}
ADA = {"name": "Ada Esempio", "email": "ada@example.org"}


async def registered(
    client: httpx.AsyncClient, place: str = "bg-monterosso-01", contact: dict[str, str] | None = None
) -> str:
    body: dict[str, Any] = {"category": "infiltrazioni", "place_id": place, "description": "Piove in casa"}
    answer = await client.post("/v1/reports", json=body | {"contact": ADA if contact is None else contact})
    report_id: str = answer.json()["report_id"]
    return report_id


async def same_person(client: httpx.AsyncClient, report_id: str) -> set[str]:
    answer = await client.get(f"/internal/people/{report_id}", headers=NOTIFY)
    return set(answer.json()["report_ids"])


async def test_reports_with_one_address_about_one_place_belong_together(client: httpx.AsyncClient) -> None:
    first = await registered(client)
    second = await registered(client, contact=ADA | {"email": "Ada@example.org", "name": "A. Esempio"})
    await registered(client, contact={"email": "bruno@example.org"})
    elsewhere = await registered(client, "bg-monterosso-02")

    assert await same_person(client, first) == await same_person(client, second) == {first, second}
    assert await same_person(client, elsewhere) == {elsewhere}


async def test_reports_of_a_build_that_stored_no_hashes_are_found(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    first, second = await registered(client), await registered(client)
    row = await store.get("private", first)
    assert row is not None
    del row["schema"], row["state"]["lookup"], row["state"]["words"]
    session = await store.session()
    await session.transact(lambda tx: tx.upsert("private", [row]))

    assert await same_person(client, second) == {first, second}


async def test_a_report_without_an_address_is_alone(client: httpx.AsyncClient) -> None:
    first = await registered(client, contact={"phone": "035 000000"})
    await registered(client, contact={"phone": "035 000000"})

    assert await same_person(client, first) == {first}


async def test_who_belongs_together_is_told_to_services_alone(client: httpx.AsyncClient) -> None:
    report_id = await registered(client)
    operator = {"Authorization": "Bearer token-of-operator"}

    assert await same_person(client, "0190a000-0000-7000-8000-000000000009") == set()
    for headers in (operator, {}):
        answer = await client.get(f"/internal/people/{report_id}", headers=headers)
        assert answer.status_code in (401, 403)
