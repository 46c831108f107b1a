"""What becomes of a phone's report about a problem that others reported, and of its photos that cannot be taken."""

import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.intake.conftest import NOON, SECRET
from tests.intake.desk import log_in
from tests.intake.photo_files import bomb, jpeg_with_metadata, zipped
from tests.intake.test_field_api import ADA, body, phone_of

from chassis.ids import uuid7
from chassis.testing import MemoryService
from contracts.intake import ReportJoined
from intake.app.readings import Reader
from intake.domain.reports import Report
from intake.handlers.documents import PHOTOS, REPORTS, SESSIONS
from intake.handlers.withdraw_report import WithdrawReport

FIELD = "/v1/field/reports"
LIFT: dict[str, Any] = {"category": "ascensore", "place_id": "bg-monterosso-02"}
CLARA = Reader("issuer|clara", frozenset({"coordinator"}), "Clara")
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'/>"


@pytest.fixture
async def phone(service: MemoryService) -> AsyncIterator[httpx.AsyncClient]:
    """Ada's phone."""
    client = await phone_of(service, ADA)
    yield client
    await client.aclose()


async def stored(service: MemoryService, report_id: str) -> Report:
    found = await service.document(REPORTS, report_id)
    assert found is not None
    return found


async def neighbour(phone: httpx.AsyncClient) -> str:
    """A report of the lift by somebody else."""
    report_id = uuid7(NOON)
    text: dict[str, Any] = {"description": "L'ascensore è fermo al terzo piano da stamattina."}
    sent = await phone.put(f"{FIELD}/{report_id}", json=body(**LIFT, **text))
    assert sent.json()["similar"] == []
    return report_id


async def test_a_report_of_a_talk_joins_the_chosen_one_and_stays_in_the_talk(
    phone: httpx.AsyncClient, service: MemoryService
) -> None:
    main, report_id, session_id = await neighbour(phone), uuid7(NOON), uuid7(NOON)
    times = {"started_at": (NOON - timedelta(hours=6)).isoformat(), "sent_at": NOON.isoformat()}
    await phone.put(f"/v1/field/talks/{session_id}", json=times)
    sent = body(**LIFT, joins=main, session_id=session_id)

    answers = [await phone.put(f"{FIELD}/{report_id}", json=sent) for _ in range(2)]

    [session] = await service.documents(SESSIONS)
    assert [(one.status_code, one.json()["similar"]) for one in answers] == [(201, []), (200, [])]
    assert (await stored(service, report_id)).merged_into == main
    assert (await stored(service, report_id)).session_id == session_id
    assert [one.report_id for one in session.reports] == [report_id]
    assert len([one for one in await service.published() if isinstance(one, ReportJoined)]) == 1


async def test_a_report_that_chose_one_that_has_ended_is_registered_by_itself_and_again_the_same(
    phone: httpx.AsyncClient, service: MemoryService
) -> None:
    main, report_id = await neighbour(phone), uuid7(NOON)
    await service.command(WithdrawReport(main, "mistake"), id="withdraw", key=main)

    answers = [await phone.put(f"{FIELD}/{report_id}", json=body(**LIFT, joins=main)) for _ in range(2)]

    assert [one.status_code for one in answers] == [201, 200]
    assert answers[0].json()["tracking_code"] == answers[1].json()["tracking_code"]
    assert (await stored(service, report_id)).merged_into is None


async def test_what_was_not_compared_names_similar_reports_and_the_phone_says_which_is_the_same(
    phone: httpx.AsyncClient, service: MemoryService
) -> None:
    main, report_id, other = await neighbour(phone), uuid7(NOON), uuid7(NOON)
    text: dict[str, Any] = {"description": "ascensore bloccato al terzo piano"}
    sent = await phone.put(f"{FIELD}/{report_id}", json=body(**LIFT, **text))
    seen = await phone.put(f"{FIELD}/{other}", json=body(**LIFT, **text, compared=True))
    said = {"command_id": uuid7(NOON), "main_id": main}

    answers = [await phone.post(f"{FIELD}/{report_id}/same", json=said) for _ in range(2)]

    [similar] = sent.json()["similar"]
    assert (similar["report_id"], similar["status"], similar["voices"]) == (main, "registered", 1)
    assert "description" not in similar
    assert seen.json()["similar"] == []
    assert [one.status_code for one in answers] == [200, 200]
    assert (await stored(service, report_id)).merged_into == main


async def put_photo(phone: httpx.AsyncClient, report_id: str, data: bytes) -> httpx.Response:
    return await phone.put(f"{FIELD}/{report_id}/photos/{hashlib.sha256(data).hexdigest()}", content=data)


@pytest.mark.parametrize("place", ["bg-monterosso-01", "gone"])
async def test_the_desk_sees_why_photos_are_missing_of_a_report_and_of_what_waits(
    place: str, phone: httpx.AsyncClient, service: MemoryService
) -> None:
    report_id = uuid7(NOON)
    sent: dict[str, Any] = body(place_id=place, photos_left_out=["photo-large", "photo-unreadable"])
    for _ in range(2):
        await phone.put(f"{FIELD}/{report_id}", json=sent)
    answers = [await put_photo(phone, report_id, one) for one in (zipped(), zipped(), SVG, bomb())]
    good = await put_photo(phone, report_id, jpeg_with_metadata())
    desk = await log_in(service, SECRET, CLARA)

    page = "/da-completare" if place == "gone" else ""
    shown = (await desk.open(f"/segnalazioni{page}/{report_id}")).text
    inbox = (await desk.open("/segnalazioni")).text
    await desk.http.aclose()

    [kept] = await service.documents(PHOTOS)
    assert [one.status_code for one in (*answers, good)] == [415, 415, 415, 422, 201]
    assert [one.reason for one in kept.left_out] == [
        "photo-large",
        "photo-unreadable",
        "not-a-photo",
        "not-a-photo",
        "photo-too-many-pixels",
    ]
    assert "5 foto non si sono potute aggiungere" in shown
    assert "una foto fatta di troppi punti" in shown
    assert ("foto non arrivate" in inbox) == (place != "gone")


async def test_a_photo_under_a_wrong_hash_is_not_left_out_and_nobody_leaves_one_out_for_another(
    phone: httpx.AsyncClient, service: MemoryService
) -> None:
    report_id = uuid7(NOON)
    await phone.put(f"{FIELD}/{report_id}", json=body())
    wrong = await phone.put(f"{FIELD}/{report_id}/photos/{'0' * 64}", content=jpeg_with_metadata())
    unknown = await put_photo(phone, uuid7(NOON), zipped())

    assert (wrong.status_code, unknown.status_code) == (422, 404)
    assert await service.documents(PHOTOS) == []
