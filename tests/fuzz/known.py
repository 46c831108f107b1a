"""Existing data for requests: without it most generated requests fail at the first check."""

import json
from itertools import count
from pathlib import Path

import yaml
from tests.fuzz.existing import ExistingData, post
from tests.fuzz.known_intake import a_report
from tests.http.services import NOW, Furnished

from chassis.ids import derive
from chassis.transaction.inputs import Input, Lineage
from chassis.transaction.parked import Record, parked_key_id
from contracts.intake import ReportRegistered
from notify.handlers.record_outcome import RecordFailure

REPORT = "0190a000-0000-7000-8000-000000000001"
COMMAND = "0190a000-0000-7000-8000-00000000000c"
APPLICANT = Path(__file__).parents[1] / "subsidies" / "scenarios" / "_applicant.yaml"
DISCARD = "POST /ops/parked/discard"


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


async def _a_case(service: Furnished) -> ExistingData:
    await _receive(service)
    move = {"operator": "operatore-2", "reason": "workload", "command_id": COMMAND}
    await post(service, "routing", f"/v1/cases/{REPORT}/reassignment", move)
    return ExistingData({"report_id": REPORT}, {}, {"POST /v1/cases/{report_id}/reassignment": move})


async def _a_message(service: Furnished) -> ExistingData:
    await _receive(service)
    [message, *_] = await service.store.query("messages", {})
    failure = RecordFailure(message["_id"], REPORT, "gave-up")
    await service.process.context.run(failure, id=derive("fuzz", "failure"), key=REPORT)
    copy = {"reason": "not-received", "command_id": COMMAND}
    await post(service, "notify", f"/v1/messages/{message['_id']}/copies", copy)
    known = {"report_id": REPORT, "message_id": message["_id"]}
    return ExistingData(known, {}, {"POST /v1/messages/{message_id}/copies": copy})


async def _an_application(service: Furnished) -> ExistingData:
    await _receive(service)
    [row] = await service.store.query("applications", {})
    data = json.loads(json.dumps(yaml.safe_load(APPLICANT.read_text()), default=str))
    data = {name: value for name, value in data.items() if name not in _OF_THE_SCENARIO}
    return ExistingData(
        {"application_id": row["_id"]}, bodies={"PUT /v1/applications/{application_id}/data": data}
    )


_OF_THE_SCENARIO = ("notice_on", "submitted_on", "available_cents")
_FOUND = {"intake": a_report, "routing": _a_case, "subsidies": _an_application, "notify": _a_message}
