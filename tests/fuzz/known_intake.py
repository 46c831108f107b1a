"""Existing data of intake: reports, one with a photo and one merged, and a talk."""

import hashlib
from datetime import timedelta
from pathlib import Path

import httpx
from tests.fuzz.existing import ExistingData, Json, post
from tests.http.services import NOW, Furnished

from chassis.ids import uuid7
from intake.app.open311_keys import HEADER, development_key

PHOTO = (Path(__file__).parents[1] / "intake" / "photos" / "turned.heic").read_bytes()
SHA256 = hashlib.sha256(PHOTO).hexdigest()
SENDER = {"Ascolto-Sender": "invented-sender-secret"}
PUBLIC, PLACE = "luce-scale", "bg-malpensata-01"
REPORT: Json = {
    "category": PUBLIC,
    "place_id": PLACE,
    "description": "La scala è al buio.",
    "contact": {"email": "qualcuno@example.org"},
}
SESSION = "/v1/sessions/{session_id}"
FOLLOW_UP = f"{SESSION}/follow-ups/{{follow_up_id}}"


async def a_report(service: Furnished) -> ExistingData:
    """Reports, a photo, a talk, and how to begin another talk when one has ended."""
    kept, taken_back, main = await _reports(service)
    merging = await _merge_and_split(service, kept["report_id"], main["report_id"])
    appointment = {"at": (NOW + timedelta(days=7)).isoformat(), "what": "phone-call"}
    known = ExistingData(
        {
            "report_id": kept["report_id"],
            "tracking_code": taken_back["tracking_code"],
            "sha256": SHA256,
            "size": "small",
            "follow_up_id": uuid7(NOW),
            "format": "xml",
            "service_code": PUBLIC,
            "service_request_id": main["report_id"],
            "token": main["report_id"],
        },
        {"Ascolto-Pin": taken_back["pin"]} | SENDER,
        {
            "POST /v1/reports": REPORT,
            "POST /v1/reports/{tracking_code}/withdrawal": {"reason": "mistake"},
            "POST /v1/duplicates": {"category": PUBLIC, "place_id": PLACE},
            f"PUT {SESSION}/household": {"contact": REPORT["contact"], "frailty": True},
            f"PUT {SESSION}/notes": {"notes": "Torna la settimana prossima."},
            f"PUT {SESSION}/reports/{{report_id}}": {name: REPORT[name] for name in list(REPORT)[:3]},
            f"PUT {FOLLOW_UP}": appointment,
            "POST /open311/v2/requests.{format}": {
                "service_code": PUBLIC,
                "address_id": PLACE,
                "description": "Non si accende.",
            },
        }
        | merging,
        always={HEADER: development_key(bytes.fromhex("5e" * 32))},
        files={"PUT /v1/reports/{report_id}/photos/{sha256}": PHOTO},
        own={f"{SESSION}/reports/{{report_id}}": {"report_id": uuid7(NOW)}},
    )
    await _let_talks_go_on(service, known, appointment)
    return known


async def _reports(service: Furnished) -> list[Json]:
    transport = httpx.ASGITransport(service.app)
    async with httpx.AsyncClient(
        transport=transport, base_url="http://intake.example", headers=SENDER
    ) as client:
        found = [(await client.post("/v1/reports", json=REPORT)).raise_for_status().json() for _ in range(3)]
        path = f"/v1/reports/{found[0]['report_id']}/photos/{SHA256}"
        (await client.put(path, content=PHOTO)).raise_for_status()
    return found


async def _merge_and_split(service: Furnished, report_id: str, main_id: str) -> Json:
    merge = {"command_id": uuid7(NOW), "main_id": main_id, "reason": "same-problem"}
    split = {"command_id": uuid7(NOW), "reason": "mistake"}
    await post(service, "intake", f"/internal/reports/{report_id}/merge", merge)
    await post(service, "intake", f"/internal/reports/{report_id}/split", split)
    path = "POST /internal/reports/{report_id}"
    return {f"{path}/merge": merge, f"{path}/split": split}


async def _let_talks_go_on(service: Furnished, known: ExistingData, appointment: Json) -> None:
    async def talk() -> None:
        known.paths["session_id"] = uuid7(NOW)
        await post(service, "intake", "/v1/sessions", {"session_id": known.paths["session_id"]})

    async def agree() -> None:
        path = FOLLOW_UP.format(**known.paths)
        await post(service, "intake", path, appointment, "PUT")

    await talk()
    known.bodies["POST /v1/sessions"] = {"session_id": known.paths["session_id"]}
    known.recreate |= {
        f"POST {SESSION}/end": talk,
        f"POST {SESSION}/abandonment": talk,
        f"DELETE {FOLLOW_UP}": agree,
    }
