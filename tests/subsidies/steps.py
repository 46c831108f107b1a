"""Steps of the tests: reports, the data of an application, and what the service has published."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from chassis.testing import MemoryService
from chassis.transaction.inputs import Result
from contracts.intake import ReportRegistered
from subsidies.adapters.memory import MemoryIntake
from subsidies.adapters.rule_files import Rules
from subsidies.app.application_data import ApplicationData
from subsidies.app.desk import Desk
from subsidies.app.encryption import ApplicationDataEncryption
from subsidies.entrypoints.startup import put_in_force
from subsidies.handlers.documents import (
    application_of,
)

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SECRET = b"an invented secret of 32 bytes.."
SEED = Path(__file__).parents[2] / "deploy" / "seed" / "subsidies"
APPLICANT = Path(__file__).parent / "scenarios" / "_applicant.yaml"


def report(number: int) -> str:
    return f"0190a000-0000-7000-8000-{number:012d}"


def registered(number: int, kind: str = "contribution") -> ReportRegistered:
    return ReportRegistered(
        report_id=report(number),
        category="contributo",
        kind=kind,
        urgency="a",
        place_id="bg-monterosso",
        neighbourhood="monterosso",
        province="bergamo",
        channel="web",
        language="it",
        heard_at=NOW,
    )


def body(**changes: Any) -> dict[str, Any]:
    """The applicant of the scenarios, as JSON; `part__field` changes one field."""
    raw = yaml.safe_load(APPLICANT.read_text(encoding="utf-8"))
    for name in ("notice_on", "submitted_on", "available_cents"):
        del raw[name]
    made: dict[str, Any] = json.loads(json.dumps(raw, default=str))
    for name, value in changes.items():
        part, _, field = name.partition("__")
        if field:
            made[part][field] = value
        else:
            made[part] = value
    return made


def path(number: int, rest: str = "") -> str:
    return f"/v1/applications/{application_of(report(number))}{rest}"


async def start(service: Any, rules: Rules, **cents: int) -> None:
    """Seed the service, with other allocations where a test needs them."""
    budgets = [
        replace(one, allocated_cents=cents.get(one.province, one.allocated_cents)) for one in rules.budgets
    ]
    await put_in_force(service.context, rules.packs, budgets, rules.measures)


async def apply(service: Any, number: int) -> None:
    outcome = await service.event(registered(number))
    assert outcome.result is Result.DONE, outcome.error


def desk_of(service: MemoryService, rules: Rules) -> Desk:
    return Desk(service.context, ApplicationDataEncryption(SECRET), rules.procedure, MemoryIntake())


def data(**changes: Any) -> ApplicationData:
    return ApplicationData.model_validate_json(json.dumps(body(**changes)))


async def published(service: Any) -> list[str]:
    rows = await service.store.query("outbox", {}, [("stamp", 1)])
    return [row["type"] for row in rows]
