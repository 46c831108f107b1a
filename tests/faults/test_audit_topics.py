"""Every violation between topics and databases is found: uncommitted, missing and unhandled facts."""

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bench.faults.audit import DOUBLED, LOST, kind_of
from bench.faults.audit_topics import topic_violations
from pymongo import MongoClient

from chassis.clock import utc_now
from stack.account_world import EventRecord
from stack.system import System

pytestmark = pytest.mark.engines

ROOT = Path(__file__).resolve().parents[2]
NOW = utc_now()
Client = MongoClient[dict[str, Any]]


@pytest.fixture
def client(engines: System) -> Iterator[Client]:
    with MongoClient[dict[str, Any]](engines.mongod.admin) as client:
        yield client


class HandledCase:
    """One opened case that all databases have handled, until a test removes a part."""

    def __init__(self, client: Client) -> None:
        self.client, self.report, self.id = client, str(uuid.uuid4()), str(uuid.uuid4())
        body = {"report_id": self.report}
        place = (self.report, self.id, "case-opened.v1", "/ascolto/routing", self.report)
        self.fact = EventRecord("routing.cases", 3, 7_000_000, *place, 1, NOW.timestamp(), body)
        row = {"_id": self.id, "aggregateid": self.report, "type": "case-opened.v1", "sent_at": NOW}
        client["routing"]["outbox"].insert_one(row)
        for service in ("intake", "notify"):
            client[service]["inbox"].insert_one({"_id": self.id})

    def violations(self, *facts: EventRecord) -> list[str]:
        return list(topic_violations(self.client, facts, {self.report}, NOW.timestamp() - 60))


def test_a_fact_that_every_consumer_handled_is_no_violation(client: Client) -> None:
    case = HandledCase(client)
    assert case.violations(case.fact) == []


def test_a_fact_that_no_transaction_wrote_is_a_ghost(client: Client) -> None:
    case = HandledCase(client)
    client["routing"]["outbox"].delete_one({"_id": case.id})

    violations = case.violations(case.fact)

    assert violations == [f"ghost: routing never committed fact {case.id}"]
    assert kind_of(violations[0]) == DOUBLED


def test_a_fact_marked_as_sent_that_is_on_no_topic_is_lost(client: Client) -> None:
    case = HandledCase(client)

    violations = case.violations()

    assert violations == [f"{case.report}: case-opened.v1 is marked as sent by routing and is on no topic"]
    assert kind_of(violations[0]) == LOST


def test_a_fact_without_a_receipt_is_unhandled_unless_it_is_parked(client: Client) -> None:
    case = HandledCase(client)
    client["notify"]["inbox"].delete_one({"_id": case.id})

    violations = case.violations(case.fact)

    assert violations == [f"{case.report}: notify has no receipt for case-opened.v1 {case.id}"]
    assert kind_of(violations[0]) == LOST

    parked = {"topic": "routing.cases", "partition": 3, "offset": 7_000_000}
    name = client["notify"]["parked"].insert_one(dict(parked)).inserted_id
    try:
        assert case.violations(case.fact) == []
    finally:
        client["notify"]["parked"].delete_one({"_id": name})


def test_a_copy_of_a_fact_needs_no_receipt_of_its_own(client: Client) -> None:
    case = HandledCase(client)
    copy = EventRecord(**vars(case.fact) | {"offset": 7_000_001})
    assert case.violations(case.fact, copy) == []


@pytest.mark.parametrize(
    ("example", "lost"), [("typed-by-a-tenant", False), ("asks-for-a-contribution", True)]
)
def test_only_a_fact_that_concerns_the_service_needs_a_receipt(
    example: str, lost: bool, client: Client
) -> None:
    examples = json.loads((ROOT / "contracts/examples/report-registered.v1.json").read_text())
    name, report = str(uuid.uuid4()), str(uuid.uuid4())
    body = examples[example]["body"] | {"report_id": report}
    about = (report, name, "report-registered.v1", "/ascolto/intake", report, 1, NOW.timestamp(), body)
    row = {"_id": name, "aggregateid": report, "type": "report-registered.v1", "sent_at": NOW}
    client["intake"]["outbox"].insert_one(row)
    for service in ("routing", "notify"):
        client[service]["inbox"].insert_one({"_id": name})

    fact = EventRecord("intake.reports", 3, 7_000_000, *about)
    violations = list(topic_violations(client, [fact], {report}, NOW.timestamp() - 60))

    wanted = f"{report}: subsidies has no receipt for report-registered.v1 {name}"
    assert violations == ([wanted] if lost else [])
