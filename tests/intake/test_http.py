"""The JSON API."""

import asyncio
import unicodedata
import uuid
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from chassis.http.context import ServiceContext
from chassis.ids import uuid7
from chassis.service import DirectRoute
from chassis.store.memory import MemoryStore
from intake.app.tracking_codes import TrackingCodes
from intake.domain.drafts import tidy
from intake.entrypoints.api.new_report import NewReport

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SENDER = {"Ascolto-Sender": "a-secret-of-our-own"}
SECRET_TEXT = "La signora Esempio ha il soffitto bagnato"


def report(**changes: Any) -> dict[str, Any]:
    body = {"category": "infiltrazioni", "place_id": "bg-monterosso-01", "description": SECRET_TEXT}
    return body | changes


async def forget(store: MemoryStore) -> None:
    """Delete the inbox rows, as after their expiry."""
    await store.delete("inbox", [row["_id"] for row in await store.query("inbox", {})])


async def test_a_registered_report_shows_its_status_with_its_receipt(client: httpx.AsyncClient) -> None:
    made = await client.post("/v1/reports", json=report())
    receipt = made.json()

    status = await client.get(receipt["status_url"], headers={"Ascolto-Pin": receipt["pin"]})

    assert made.status_code == 201
    assert made.headers["Location"] == f"/v1/status/{receipt['tracking_code']}"
    assert status.json() == {
        "tracking_code": receipt["tracking_code"],
        "status": "registered",
        "category": "infiltrazioni",
        "registered_at": "2026-11-20T12:00:00Z",
        "updated_at": "2026-11-20T12:00:00Z",
    }


def test_a_report_is_registered_by_a_direct_route(app: FastAPI) -> None:
    [route] = [route for route in app.routes if getattr(route, "path", "") == "/v1/reports"]

    assert isinstance(route, DirectRoute)


async def test_the_same_body_again_is_the_same_report(client: httpx.AsyncClient, store: MemoryStore) -> None:
    body = report(report_id=uuid7(NOON))

    first = await client.post("/v1/reports", json=body, headers=SENDER)
    second = await client.post("/v1/reports", json=body, headers=SENDER)

    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert await store.count("reports", {}) == 1
    assert await store.count("outbox", {}) == 1


async def test_fifty_concurrent_sends_register_one_report(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    body = report(report_id=uuid7(NOON))

    answers = await asyncio.gather(
        *(client.post("/v1/reports", json=body, headers=SENDER) for _ in range(50))
    )

    assert sorted(answer.status_code for answer in answers) == [200] * 49 + [201]
    assert len({answer.text for answer in answers}) == 1
    assert await store.count("outbox", {}) == 1


async def test_a_resend_is_known_after_its_inbox_row_has_expired(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    body = report(report_id=uuid7(NOON))
    first = await client.post("/v1/reports", json=body, headers=SENDER)
    await forget(store)

    again = await client.post("/v1/reports", json=body, headers=SENDER)
    await forget(store)
    other = await client.post("/v1/reports", json=body | {"description": "altro testo"})

    assert (again.status_code, again.json()) == (200, first.json())
    assert (other.status_code, other.json()["type"]) == (422, "urn:ascolto:problem:id-reused")


async def test_a_report_stored_under_former_rules_is_known_when_it_is_resent(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    decomposed = unicodedata.normalize("NFD", "Perché è così")
    contact = {"name": unicodedata.normalize("NFD", "Nicolò Prova"), "email": "nicolo..prova@example.org"}
    body = report(report_id=uuid7(NOON), description=decomposed, contact=contact)
    former = tidy(NewReport.model_validate(body).draft())
    sound = await client.post("/v1/reports", json=body | {"contact": None}, headers=SENDER)
    row = await store.get("reports", body["report_id"])
    assert row is not None
    row["state"]["fingerprint"] = TrackingCodes(b"s" * 32).fingerprint(former)
    session = await store.session()
    await session.transact(lambda tx: tx.replace("reports", [({"_id": row["_id"]}, row)]))
    await forget(store)

    again = await client.post("/v1/reports", json=body, headers=SENDER)

    assert (again.status_code, again.json()) == (200, sound.json())


async def test_a_name_and_a_text_are_stored_in_nfc(client: httpx.AsyncClient) -> None:
    contact = {"name": unicodedata.normalize("NFD", "Nicolò Prova"), "email": "nicolo@example.org"}
    body = report(description=unicodedata.normalize("NFD", "Perché è così"), contact=contact)
    receipt = (await client.post("/v1/reports", json=body)).json()

    headers = {"Authorization": "Bearer token-of-operator"}
    full = (await client.get(f"/internal/reports/{receipt['report_id']}", headers=headers)).json()

    assert (full["description"], full["contact"]["name"]) == ("Perché è così", "Nicolò Prova")


async def test_another_body_under_the_same_id_is_refused(client: httpx.AsyncClient) -> None:
    body = report(report_id=uuid7(NOON))
    await client.post("/v1/reports", json=body)

    other = await client.post("/v1/reports", json=body | {"place_id": "lc-rancio-01"})

    assert (other.status_code, other.json()["type"]) == (422, "urn:ascolto:problem:id-reused")


async def test_a_refused_report_can_be_corrected_under_its_id(client: httpx.AsyncClient) -> None:
    body = report(report_id=uuid7(NOON), category="pericolo-immediato")

    refused = await client.post("/v1/reports", json=body)
    corrected = await client.post("/v1/reports", json=body | {"category": "acqua"})

    assert refused.status_code == 422
    assert corrected.status_code == 201


async def test_an_immediate_danger_is_referred_to_112_and_not_stored(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    answer = await client.post("/v1/reports", json=report(category="pericolo-immediato"))

    assert (answer.status_code, answer.json()["type"]) == (422, "urn:ascolto:problem:call-112")
    assert "112" in answer.json()["detail"]
    assert "115" in answer.json()["detail"]
    assert await store.count("reports", {}) == 0
    assert await store.count("private", {}) == 0


@pytest.mark.parametrize(
    ("changes", "field", "fix"),
    [
        ({"category": "astronavi"}, "category", "GET /v1/categories"),
        ({"place_id": "luna"}, "place_id", "GET /v1/places"),
        ({"description": " \n "}, "description", "wrong"),
        ({"description": "a" * 4001}, "description", "4000"),
        ({"description": "nul\x00o"}, "description", "UTF-8"),
        ({"contact": {"email": "nessuno"}}, "contact.email", "nome@example.org"),
        ({"contact": {"email": "a@example.org\nBcc: b@example.org"}}, "contact.email", "nome@example.org"),
        ({"contact": {"phone": "chiamami"}}, "contact.phone", "+39"),
        ({"language": "italiano"}, "language", "ISO"),
        ({"heard_at": "2027-01-01T00:00:00Z"}, "heard_at", "passed"),
        ({"heard_at": "1999-01-01T00:00:00Z"}, "heard_at", "years"),
        ({"heard_at": "0001-01-01T00:00:00+14:00"}, "heard_at", "2026-11-20T12:00:00Z"),
        ({"heard_at": "9999-12-31T23:59:59-12:00"}, "heard_at", "2026-11-20T12:00:00Z"),
        ({"heard_at": 1_700_000_000}, "heard_at", "2026-11-20T12:00:00Z"),
        ({"heard_at": "2026-11-20 12:00:00"}, "heard_at", "2026-11-20T12:00:00Z"),
        ({"description": "\u200b\u2060"}, "description", "wrong"),
        ({"contact": {"name": "\u200b"}}, "contact.name", "letters"),
        ({"contact": {"email": "mario..prova@example.org"}}, "contact.email", "nome@example.org"),
        ({"report_id": "7f1b5a2e-8f3c-4b5d-9e6f-0a1b2c3d4e5f"}, "report_id", "UUIDv7"),
        ({"surprise": 1}, "surprise", "surprise"),
    ],
)
async def test_a_wrong_field_is_named_with_its_fix(
    client: httpx.AsyncClient, changes: dict[str, Any], field: str, fix: str
) -> None:
    answer = await client.post("/v1/reports", json=report(**changes))

    problem = answer.json()
    assert answer.status_code == 422
    assert problem["field"] == field
    assert fix in problem["fix"]


async def test_half_a_surrogate_pair_is_refused(client: httpx.AsyncClient) -> None:
    body = b'{"category":"acqua","place_id":"bg-monterosso","description":"\\ud800"}'

    answer = await client.post("/v1/reports", content=body, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["field"]) == (422, "description")


async def test_a_wrong_pin_and_an_unknown_code_get_the_same_response(client: httpx.AsyncClient) -> None:
    receipt = (await client.post("/v1/reports", json=report())).json()
    wrong = "000000" if receipt["pin"] != "000000" else "111111"

    wrong_pin = await client.get(receipt["status_url"], headers={"Ascolto-Pin": wrong})
    unknown = await client.get("/v1/status/00000-00000", headers={"Ascolto-Pin": receipt["pin"]})
    no_code = await client.get("/v1/status/ciao", headers={"Ascolto-Pin": receipt["pin"]})

    assert wrong_pin.status_code == unknown.status_code == no_code.status_code == 404
    assert wrong_pin.json() == unknown.json() == no_code.json()
    assert wrong_pin.json()["type"] == "urn:ascolto:problem:no-such-report"


async def test_a_code_is_refused_after_five_wrong_pins_whether_or_not_it_exists(
    client: httpx.AsyncClient,
) -> None:
    receipt = (await client.post("/v1/reports", json=report())).json()
    codes = (receipt["tracking_code"], "00000-00000")
    for _ in range(5):
        for code in codes:
            await client.get(f"/v1/status/{code}", headers={"Ascolto-Pin": "abc"})

    answers = [
        await client.get(f"/v1/status/{code}", headers={"Ascolto-Pin": receipt["pin"]}) for code in codes
    ]

    assert [answer.status_code for answer in answers] == [429, 429]


async def test_two_reports_with_one_code_are_distinguished_by_their_pins(
    client: httpx.AsyncClient, store: MemoryStore, context: ServiceContext
) -> None:
    receipts = [(await client.post("/v1/reports", json=report())).json() for _ in range(2)]
    session = await store.session()
    row = await store.get("reports", receipts[1]["report_id"])
    assert row is not None
    row["state"]["tracking_code"] = receipts[0]["tracking_code"]
    await session.transact(lambda tx: tx.replace("reports", [({"_id": row["_id"]}, row)]))

    status = await client.get(receipts[0]["status_url"], headers={"Ascolto-Pin": receipts[1]["pin"]})

    assert status.status_code == 200


async def test_a_report_is_withdrawn_once(client: httpx.AsyncClient, store: MemoryStore) -> None:
    receipt = (await client.post("/v1/reports", json=report())).json()
    path, pin = f"/v1/reports/{receipt['tracking_code']}/withdrawal", {"Ascolto-Pin": receipt["pin"]}

    first = await client.post(path, json={"reason": "mistake"}, headers=pin)
    second = await client.post(path, json={"reason": "other"}, headers=pin)

    assert first.json() == second.json() == {"tracking_code": receipt["tracking_code"], "status": "withdrawn"}
    said = await store.query("outbox", {"type": "report-withdrawn.v1"})
    assert len(said) == 1


async def ask_for_contacts(client: httpx.AsyncClient, *reports: str) -> dict[str, Any]:
    headers = {"Authorization": "Bearer token-of-notify"}
    answer = await client.get("/internal/contacts", params={"report_id": reports}, headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()["contacts"]
    return found


async def test_a_contact_is_for_services_and_a_text_for_operators(client: httpx.AsyncClient) -> None:
    contact = {"name": "Ada Esempio", "email": "ada@example.org"}
    receipt = (
        await client.post("/v1/reports", json=report(contact=contact, language="ar", frailty=True))
    ).json()
    notify, operator = ({"Authorization": f"Bearer token-of-{who}"} for who in ("notify", "operator"))

    known = await ask_for_contacts(client, receipt["report_id"])
    full = await client.get(f"/internal/reports/{receipt['report_id']}", headers=operator)

    recognised = {
        "tracking_code": receipt["tracking_code"],
        "category": "تسرب مياه من السقف أو الجدران",
        "place": "Scaletta Charles Darwin, edificio A",
    }
    assert known == {receipt["report_id"]: contact | {"language": "ar"} | recognised}
    assert (full.json()["description"], full.json()["frailty"]) == (SECRET_TEXT, True)
    contacts, reports = (f"contacts?report_id={receipt['report_id']}", f"reports/{receipt['report_id']}")
    for path, headers in ((contacts, operator), (contacts, {}), (reports, notify), (reports, {})):
        answer = await client.get(f"/internal/{path}", headers=headers)
        assert answer.status_code in (401, 403)


async def test_a_sensitive_category_has_no_label_for_a_subject_line(client: httpx.AsyncClient) -> None:
    body = report(category="salute-assistenza", contact={"email": "ada@example.org"})
    receipt = (await client.post("/v1/reports", json=body)).json()

    known = await ask_for_contacts(client, receipt["report_id"])

    assert known[receipt["report_id"]]["category"] is None
    assert known[receipt["report_id"]]["place"] == "Scaletta Charles Darwin, edificio A"


async def test_services_read_the_names_of_reports_by_id_and_by_code(client: httpx.AsyncClient) -> None:
    receipt = (await client.post("/v1/reports", json=report())).json()
    code = receipt["tracking_code"].lower().replace("-", " ")

    async def names(**params: Any) -> Any:
        headers = {"Authorization": "Bearer token-of-notify"}
        return (await client.get("/internal/names", params=params, headers=headers)).json()["names"]

    name = {
        "tracking_code": receipt["tracking_code"],
        "category": "Infiltrazioni d'acqua",
        "place": "Scaletta Charles Darwin, edificio A",
    }
    assert await names(report_id=[receipt["report_id"], uuid7(NOON)]) == {receipt["report_id"]: name}
    assert await names(tracking_code=code) == {receipt["report_id"]: name}
    assert await names(tracking_code="A84A5-ZGR6S") == await names(tracking_code="?") == {}
    operator = {"Authorization": "Bearer token-of-operator"}
    assert (await client.get("/internal/names", headers=operator)).status_code == 403


async def test_a_report_without_an_address_has_no_contact(client: httpx.AsyncClient) -> None:
    receipt = (await client.post("/v1/reports", json=report(contact={"phone": "035 000000"}))).json()

    assert await ask_for_contacts(client, receipt["report_id"]) == {receipt["report_id"]: None}


async def test_contacts_are_queried_together_and_an_unknown_id_is_absent(
    client: httpx.AsyncClient,
) -> None:
    receipts = [
        (await client.post("/v1/reports", json=report(contact={"email": f"{name}@example.org"}))).json()
        for name in ("ada", "bea")
    ]
    none = "0190a000-0000-7000-8000-00000000dead"

    known = await ask_for_contacts(client, *(receipt["report_id"] for receipt in receipts), none)

    assert {one: found["email"] for one, found in known.items()} == {
        receipts[0]["report_id"]: "ada@example.org",
        receipts[1]["report_id"]: "bea@example.org",
    }


@pytest.mark.parametrize(
    "words", ["", "?report_id=x", "?" + "&".join([f"report_id={uuid.UUID(int=7)}"] * 101)]
)
async def test_a_query_for_contacts_names_between_one_and_a_hundred_reports(
    client: httpx.AsyncClient, words: str
) -> None:
    answer = await client.get(
        f"/internal/contacts{words}", headers={"Authorization": "Bearer token-of-notify"}
    )

    assert answer.status_code == 422
    assert "report_id" in answer.text


async def test_an_erased_report_keeps_its_status_and_nothing_personal(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    receipt = (await client.post("/v1/reports", json=report(contact={"email": "ada@example.org"}))).json()
    row = await store.get("private", receipt["report_id"])
    assert row is not None
    row["state"]["key"] = b""
    session = await store.session()
    await session.transact(lambda tx: tx.replace("private", [({"_id": row["_id"]}, row)]))

    known = await ask_for_contacts(client, receipt["report_id"])
    full = await client.get(
        f"/internal/reports/{receipt['report_id']}", headers={"Authorization": "Bearer token-of-operator"}
    )

    assert known == {receipt["report_id"]: None}
    assert (full.status_code, full.json()["description"], full.json()["contact"]) == (200, None, None)


async def test_nothing_personal_is_stored_in_clear_or_published(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    contact = {"name": "Ada Esempio", "email": "ada@example.org", "phone": "035 000000"}
    receipt = (await client.post("/v1/reports", json=report(contact=contact, frailty=True))).json()

    stored = [
        str(row)
        for name in ("reports", "private", "inbox", "outbox", "jobs", "timers")
        for row in await store.query(name, {})
    ]

    for secret in (SECRET_TEXT, f"'{receipt['pin']}'", *contact.values()):
        assert not [row for row in stored if secret in row]


async def test_frailty_is_revealed_by_neither_field_names_nor_sizes(
    client: httpx.AsyncClient, store: MemoryStore
) -> None:
    receipts = [
        (await client.post("/v1/reports", json=report(frailty=frail))).json() for frail in (True, False)
    ]

    rows = [await store.get("private", receipt["report_id"]) for receipt in receipts]

    shapes = [{name: len(data) for name, data in row["state"]["fields"].items()} for row in rows if row]
    assert shapes[0] == shapes[1]


async def test_the_registers_are_public(client: httpx.AsyncClient) -> None:
    categories = (await client.get("/v1/categories")).json()
    places = (await client.get("/v1/places")).json()

    assert {"code": "verde", "kind": "technical"}.items() <= {
        key: value for row in categories["categories"] if row["code"] == "verde" for key, value in row.items()
    }.items()
    assert {row["province"] for row in places["places"]} == {"bergamo", "lecco", "sondrio"}
