"""Existing data for requests: without it most generated requests fail at the first check."""

import json
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import yaml
from tests.http.services import NOW, Furnished

from chassis.ids import derive, uuid7
from chassis.transaction.inputs import Input, Lineage
from chassis.transaction.parked import Record, parked_key_id
from contracts.intake import ReportRegistered
from intake.app.open311_keys import HEADER, development_key
from notify.handlers.record_outcome import RecordFailure

REPORT = "0190a000-0000-7000-8000-000000000001"
COMMAND = "0190a000-0000-7000-8000-00000000000c"
APPLICANT = Path(__file__).parents[1] / "subsidies" / "scenarios" / "_applicant.yaml"
DISCARD = "POST /ops/parked/discard"
REPLACED_SHARE = 0.12  # share of the fields of a valid body that are taken from a generated one
Json = dict[str, Any]


async def _keep() -> None:
    """The endpoint does not use up its data."""


@dataclass
class ExistingData:
    """Existing path parameters and headers, valid bodies, and how to recreate what an endpoint uses up."""

    paths: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    bodies: dict[str, Json] = field(default_factory=dict)
    recreate: dict[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    always: dict[str, str] = field(default_factory=dict)  # headers of every request

    def of(self, path: str) -> dict[str, str]:
        """The parameters of this path that exist."""
        return {name: value for name, value in self.paths.items() if f"{{{name}}}" in path}

    def has_data(self, endpoint: str) -> bool:
        """Whether there is existing data for this endpoint."""
        return endpoint in self.bodies or bool(self.of(endpoint))

    async def restore(self, endpoint: str) -> None:
        """Recreate what an earlier request to this endpoint used up."""
        await self.recreate.get(endpoint, _keep)()

    def sound(self, endpoint: str, made_up: Any, rng: random.Random) -> Any:
        """A valid body with some fields of a generated one; the generated body when there is no valid one."""
        if endpoint not in self.bodies or not isinstance(made_up, Mapping):
            return made_up
        body = self.bodies[endpoint] | {
            name: value for name, value in made_up.items() if rng.random() < REPLACED_SHARE
        }
        return {name: value for name, value in body.items() if rng.random() > REPLACED_SHARE / 4}


async def existing_data(name: str, service: Furnished) -> ExistingData:
    """Create the existing data of a service."""
    known = await _FOUND.get(name, _no_data)(service)
    numbers, head = count(), parked_key_id(name, "intake.reports", "parked")

    async def park() -> None:
        record = Record("intake.reports", 0, next(numbers), b"parked", b"{", ())
        place = f"{record.topic}/{record.partition}/{record.offset}"
        item = Input(place, None, NOW, "parked", Lineage(place), record=record, unreadable="not JSON")
        await service.process.unit_of_work.run(await service.store.session(), [item])

    known.bodies[DISCARD] = {"head": head, "why": "nobody can read it"}
    known.bodies["POST /ops/parked/replay"] = {"head": head}
    known.bodies["POST /ops/republish"] = {"since": NOW.isoformat()}
    known.bodies["POST /ops/step-over"] = {
        "topic": "intake.reports",
        "partition": 3,
        "offset": 7,
        "why": "torn",
    }
    known.recreate[DISCARD] = park
    known.paths["run_id"] = (await (await service.process.open_dead_letters()).replay("somebody", head)).id
    return known


async def _no_data(_: Furnished) -> ExistingData:
    return ExistingData()


async def _receive(service: Furnished) -> None:
    fact = ReportRegistered(
        report_id=REPORT,
        category="contributo",
        kind="contribution",
        urgency="a",
        place_id="bg-monterosso",
        neighbourhood="monterosso",
        province="bergamo",
        channel="web",
        language="it",
        heard_at=NOW,
    )
    item = Input(derive("fuzz", "heard"), fact, NOW, REPORT, Lineage(REPORT))
    await service.process.unit_of_work.run(await service.store.session(), [item])


async def _a_report(service: Furnished) -> ExistingData:
    transport = httpx.ASGITransport(service.app)
    sender = {"Ascolto-Sender": "invented-sender-secret"}
    async with httpx.AsyncClient(transport=transport, base_url="http://intake.example") as client:
        categories = (await client.get("/v1/categories")).json()["categories"]
        places = (await client.get("/v1/places")).json()["places"]
        report = {
            "category": categories[0]["code"],
            "place_id": places[0]["id"],
            "description": "L'ascensore è fermo.",
            "contact": {"email": "qualcuno@example.org"},
        }
        public = report | {"category": "luce-scale"}
        kept, taken_back, shown = [
            (await client.post("/v1/reports", json=one, headers=sender)).raise_for_status().json()
            for one in (report, report, public)
        ]
    talk = await _a_talk(service)
    report_in_talk = {name: public[name] for name in ("category", "place_id", "description")}
    request = {
        "service_code": "luce-scale",
        "address_id": "bg-malpensata-01",
        "description": "Non si accende.",
    }
    open311 = {
        "service_code": "luce-scale",
        "service_request_id": shown["report_id"],
        "token": shown["report_id"],
    }
    return ExistingData(
        {"report_id": kept["report_id"], "tracking_code": taken_back["tracking_code"], "format": "xml"}
        | open311
        | {name: talk[name] for name in ("session_id", "follow_up_id")},
        {"Ascolto-Pin": taken_back["pin"]} | sender,
        {
            "POST /v1/reports": report,
            "POST /v1/reports/{tracking_code}/withdrawal": {"reason": "mistake"},
            "POST /v1/duplicates": {"category": "luce-scale", "place_id": "bg-malpensata-01"},
            "POST /v1/sessions": {"session_id": talk["session_id"]},
            "PUT /v1/sessions/{session_id}/household": {"contact": report["contact"], "frailty": True},
            "PUT /v1/sessions/{session_id}/notes": {"notes": "Torna la settimana prossima."},
            "PUT /v1/sessions/{session_id}/reports/{report_id}": report_in_talk,
            "PUT /v1/sessions/{session_id}/follow-ups/{follow_up_id}": talk["follow_up"],
            "POST /open311/v2/requests.{format}": request,
        },
        always={HEADER: development_key(bytes.fromhex("5e" * 32))},
    )


async def _a_talk(service: Furnished) -> Json:
    session_id, follow_up_id = uuid7(NOW), uuid7(NOW)
    await _post(service, "intake", "/v1/sessions", {"session_id": session_id})
    follow_up = {"at": (NOW + timedelta(days=7)).isoformat(), "what": "phone-call"}
    return {"session_id": session_id, "follow_up_id": follow_up_id, "follow_up": follow_up}


async def _a_case(service: Furnished) -> ExistingData:
    await _receive(service)
    move = {"operator": "operatore-2", "reason": "workload", "command_id": COMMAND}
    await _post(service, "routing", f"/v1/cases/{REPORT}/reassignment", move)
    return ExistingData({"report_id": REPORT}, {}, {"POST /v1/cases/{report_id}/reassignment": move})


async def _a_message(service: Furnished) -> ExistingData:
    await _receive(service)
    [message, *_] = await service.store.query("messages", {})
    failure = RecordFailure(message["_id"], REPORT, "gave-up")
    await service.process.context.run(failure, id=derive("fuzz", "failure"), key=REPORT)
    copy = {"reason": "not-received", "command_id": COMMAND}
    await _post(service, "notify", f"/v1/messages/{message['_id']}/copies", copy)
    known = {"report_id": REPORT, "message_id": message["_id"]}
    return ExistingData(known, {}, {"POST /v1/messages/{message_id}/copies": copy})


async def _post(service: Furnished, name: str, path: str, body: Json) -> None:
    """Run a command whose answer a repetition gets, whatever other requests change meanwhile."""
    transport = httpx.ASGITransport(service.app)
    token = {"Authorization": "Bearer operator"}
    async with httpx.AsyncClient(
        transport=transport, base_url=f"http://{name}.example", headers=token
    ) as client:
        (await client.post(path, json=body)).raise_for_status()


async def _an_application(service: Furnished) -> ExistingData:
    await _receive(service)
    [row] = await service.store.query("applications", {})
    data = json.loads(json.dumps(yaml.safe_load(APPLICANT.read_text()), default=str))
    data = {name: value for name, value in data.items() if name not in _OF_THE_SCENARIO}
    return ExistingData(
        {"application_id": row["_id"]}, bodies={"PUT /v1/applications/{application_id}/data": data}
    )


_OF_THE_SCENARIO = ("notice_on", "submitted_on", "available_cents")
_FOUND = {"intake": _a_report, "routing": _a_case, "subsidies": _an_application, "notify": _a_message}
