"""What the operators' app sends: everything twice, late, with a wrong clock, and by somebody else."""

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.intake.conftest import NOON, SECRET
from tests.intake.desk import log_in
from tests.intake.photo_files import jpeg_with_metadata

from chassis.ids import uuid7
from chassis.testing import MemoryService
from contracts.intake import ReportRegistered, SessionHeld
from intake.adapters.mail_addresses import is_address
from intake.app.readings import Reader
from intake.app.use_cases import use_cases
from intake.domain.drafts import Draft
from intake.handlers.documents import PHOTOS, REPORTS, SESSIONS, WAITING

ADA, BEA = (Reader(f"issuer|{name}", frozenset({"operator"}), name) for name in ("ada", "bea"))
REPORT = {
    "category": "infiltrazioni",
    "place_id": "bg-monterosso-01",
    "description": "Piove in cucina",
    "language": "ro",
    "contact": {"name": "Bruno Esempi", "phone": "035 000000"},
    "frailty": True,
}


async def phone_of(service: MemoryService, reader: Reader) -> httpx.AsyncClient:
    """The app of this person after a login and a look at the day."""
    client = (await log_in(service, SECRET, reader)).http
    client.headers["Ascolto-Person"] = (await client.get("/v1/field/day")).json()["owner"]
    return client


@pytest.fixture
async def phone(service: MemoryService) -> AsyncIterator[httpx.AsyncClient]:
    """Ada's phone."""
    client = await phone_of(service, ADA)
    yield client
    await client.aclose()


def body(age: timedelta = timedelta(hours=5), skew: timedelta = timedelta(), **more: Any) -> dict[str, Any]:
    """A report that was heard so long ago, sent by a clock that is so much behind ours."""
    sent_at = NOON - skew
    return REPORT | {"captured_at": (sent_at - age).isoformat(), "sent_at": sent_at.isoformat()} | more


async def test_a_report_that_is_sent_again_by_a_corrected_clock_is_the_same_and_keeps_its_first_hour(
    phone: httpx.AsyncClient, service: MemoryService
) -> None:
    path = f"/v1/field/reports/{uuid7(NOON)}"
    first = body(skew=timedelta(hours=-2))
    again = first | {"sent_at": NOON.isoformat()}

    answers = [await phone.put(path, json=one) for one in (first, again, first | {"description": "Altro"})]

    [kept] = await service.documents(REPORTS)
    assert [one.status_code for one in answers] == [201, 200, 422]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["outcome"] == "registered"
    assert len(answers[0].json()["pin"]) == 6
    assert (kept.heard_at, kept.skew_ms, kept.channel) == (NOON - timedelta(hours=5), -7_200_000, "operator")
    assert len([one for one in await service.published() if isinstance(one, ReportRegistered)]) == 1


@pytest.mark.parametrize(
    ("wrong", "reasons"),
    [
        ({"place_id": "gone"}, ["unknown-place"]),
        ({"category": "gone", "place_id": "gone"}, ["unknown-category", "unknown-place"]),
        ({"captured_at": "2026-11-25T12:00:00Z"}, ["captured-at"]),
        ({"captured_at": "2026-10-01T12:00:00Z"}, ["captured-at"]),
    ],
)
async def test_what_cannot_become_a_report_waits_for_the_desk_with_its_photos(
    wrong: dict[str, str], reasons: list[str], phone: httpx.AsyncClient, service: MemoryService
) -> None:
    path, data = f"/v1/field/reports/{uuid7(NOON)}", jpeg_with_metadata()
    sha256 = hashlib.sha256(data).hexdigest()

    answers = [
        await phone.put(path, json=body(skew=skew) | wrong) for skew in (timedelta(), timedelta(hours=1))
    ]
    photo = await phone.put(f"{path}/photos/{sha256}", content=data)

    [item] = await service.documents(WAITING)
    assert [one.status_code for one in answers] == [202, 202]
    assert [one.json()["outcome"] for one in answers] == ["waiting", "waiting"]
    assert list(item.reasons) == answers[0].json()["reasons"] == reasons
    assert photo.json() == {"sha256": sha256}
    assert await service.documents(REPORTS) == []


async def test_the_phone_learns_that_the_desk_completed_its_report(
    phone: httpx.AsyncClient, service: MemoryService
) -> None:
    report_id, sent = uuid7(NOON), body(place_id="gone", skew=timedelta(minutes=2))
    await phone.put(f"/v1/field/reports/{report_id}", json=sent)
    cases = use_cases(service.context, SECRET, is_address)
    draft = Draft("infiltrazioni", "bg-monterosso-01", "Piove in cucina")
    await cases.waiting.settle(report_id, ADA, draft, uuid7(NOON))

    again = await phone.put(f"/v1/field/reports/{report_id}", json=sent)

    [kept] = await service.documents(REPORTS)
    assert (again.status_code, again.json()["outcome"]) == (200, "registered")
    assert again.json()["tracking_code"] == kept.tracking_code
    assert (kept.heard_at, kept.skew_ms) == (NOON - timedelta(hours=5), 120_000)


async def test_a_photo_is_acknowledged_by_its_hash_as_often_as_it_is_sent(
    phone: httpx.AsyncClient, service: MemoryService
) -> None:
    report, data = f"/v1/field/reports/{uuid7(NOON)}", jpeg_with_metadata()
    sha256 = hashlib.sha256(data).hexdigest()
    early = await phone.put(f"{report}/photos/{sha256}", content=data)
    await phone.put(report, json=body())

    answers = [await phone.put(f"{report}/photos/{sha256}", content=data) for _ in range(2)]
    other = await phone.put(f"{report}/photos/{'0' * 64}", content=data)

    [kept] = await service.documents(PHOTOS)
    assert early.status_code == 404
    assert [(one.status_code, one.json()) for one in answers] == [
        (201, {"sha256": sha256}),
        (200, {"sha256": sha256}),
    ]
    assert other.status_code == 422
    assert [one.sha256 for one in kept.photos] == [sha256]


async def test_a_talk_is_sent_whole_again_and_late(phone: httpx.AsyncClient, service: MemoryService) -> None:
    session_id, report = uuid7(NOON), uuid7(NOON)
    talk = f"/v1/field/talks/{session_id}"
    began = {"started_at": (NOON - timedelta(hours=3)).isoformat(), "sent_at": NOON.isoformat()}
    household = {"contact": {"name": "Bruno Esempi", "email": "nessuno"}, "place_id": "bg-monterosso-01"}
    visit = {"at": (NOON + timedelta(days=2)).isoformat(), "what": "home-visit"}
    problem = body(session_id=session_id)

    kept = [await phone.put(talk, json=began | {"household": household, "notes": "Sola."}) for _ in range(2)]
    first = [await phone.put(f"/v1/field/reports/{report}", json=problem) for _ in range(2)]
    agreed = [await phone.put(f"{talk}/follow-ups/{uuid7(NOON)}", json=visit) for _ in range(1)]
    ended = [await phone.post(f"{talk}/end", json={"ended_at": NOON.isoformat()}) for _ in range(2)]
    late = await phone.put(f"/v1/field/reports/{uuid7(NOON)}", json=problem)
    day = (await phone.get("/v1/field/day")).json()

    [session] = await service.documents(SESSIONS)
    held = [one for one in await service.published() if isinstance(one, SessionHeld)]
    assert [one.status_code for one in (*kept, *first, *agreed, *ended, late)] == [
        201,
        200,
        201,
        200,
        200,
        200,
        200,
        201,
    ]
    assert kept[0].json()["left_out"] == ["contact.email"]
    assert [one.report_id for one in session.reports] == [report]
    assert len(held) == 1
    assert [one["what"] for one in day["appointments"]] == ["home-visit"]


async def test_a_known_household_is_found_and_its_reading_is_in_the_audit(
    phone: httpx.AsyncClient, service: MemoryService
) -> None:
    report_id = uuid7(NOON)
    await phone.put(f"/v1/field/reports/{report_id}", json=body())

    [found] = (await phone.post("/v1/field/households", json={"text": "esempi BRUNO"})).json()
    nobody = await phone.post("/v1/field/households", json={"text": "Nessuno Qui"})

    [line] = await service.context.audited({"details.report_id": report_id})
    assert found["household"]["contact"]["phone"] == "035 000000"
    assert (found["household"]["place_id"], found["household"]["frailty"]) == ("bg-monterosso-01", True)
    assert nobody.json() == []
    assert line["by"] == ADA.subject


async def test_nobody_sends_what_another_person_kept_and_nothing_is_a_redirect(
    phone: httpx.AsyncClient, service: MemoryService
) -> None:
    path = f"/v1/field/reports/{uuid7(NOON)}"
    other = await phone_of(service, BEA)
    async with service.client() as nobody:
        other.headers["Ascolto-Person"] = phone.headers["Ascolto-Person"]
        stranger = await other.put(path, json=body())
        unnamed = await phone.put(path, json=body(), headers={"Ascolto-Person": ""})
        await other.aclose()
        unknown = [await nobody.put(path, json=body()), await nobody.get("/v1/field/day")]

    assert (stranger.status_code, unnamed.status_code) == (403, 403)
    assert stranger.json()["type"].endswith(":another-person")
    assert [one.status_code for one in unknown] == [401, 401]
    assert await service.documents(REPORTS) == []


async def test_the_bundle_has_what_a_phone_needs_and_is_sent_once(phone: httpx.AsyncClient) -> None:
    first = await phone.get("/v1/field/bundle")
    again = await phone.get("/v1/field/bundle", headers={"If-None-Match": first.headers["etag"]})

    bundle = first.json()
    assert again.status_code == 304
    assert {"bg-monterosso-01"} < {row[0] for row in bundle["places"]["rows"]}
    assert "infiltrazioni" in {one["code"] for one in bundle["categories"]["categories"]}
    assert bundle["search"]["abbreviations"]["v.le"] == "viale"


async def test_the_app_is_kept_whole_and_holds_nothing_of_anybody(
    phone: httpx.AsyncClient, service: MemoryService
) -> None:
    async with service.client() as nobody:
        page, shell, worker = [
            await client.get(path)
            for client, path in ((phone, "/campo"), (nobody, "/campo/guscio"), (nobody, "/campo/sw.js"))
        ]
        closed = await nobody.get("/campo")
        line = worker.text.split("const APP = ", 1)[1].split(";\n", 1)[0]
        kept = [
            await nobody.get(path.strip(' "')) for path in line.split('"kept": [')[1].split("]")[0].split(",")
        ]

    assert page.text == shell.text
    assert closed.status_code == 303
    assert worker.headers["service-worker-allowed"] == "/campo"
    assert "'unsafe" not in page.headers["content-security-policy"]
    assert {one.status_code for one in kept} == {200}
    assert all(name in line for name in ("main.js", "kit.", "icons."))
