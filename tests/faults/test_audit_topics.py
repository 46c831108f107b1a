"""Every lie between topics and databases is seen: what nobody committed, what is not there, what was passed over."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from bench.faults.audit import DOUBLED, LOST, kind_of
from bench.faults.audit_topics import topic_lies
from pymongo import MongoClient

from chassis.clock import utc_now
from chassis.outbox.sent_log import day_log
from stack.account_world import EventRecord
from stack.system import System

pytestmark = pytest.mark.engines

NOW = utc_now()
Client = MongoClient[dict[str, Any]]


@pytest.fixture
def client(engines: System) -> Iterator[Client]:
    with MongoClient[dict[str, Any]](engines.mongod.admin) as client:
        yield client


class Said:
    """One opened case that all of the databases know of, until a test takes something away."""

    def __init__(self, client: Client) -> None:
        self.client, self.report, self.id = client, str(uuid.uuid4()), str(uuid.uuid4())
        body = {"report_id": self.report}
        place = (self.report, self.id, "case-opened.v1", "/ascolto/routing", self.report)
        self.fact = EventRecord("routing.cases", 3, 7_000_000, *place, 1, NOW.timestamp(), body)
        row = {"_id": self.id, "aggregateid": self.report, "type": "case-opened.v1", "sent_at": NOW}
        client["routing"][day_log(NOW)].insert_one(row)
        for service in ("intake", "notify"):
            client[service]["inbox"].insert_one({"_id": self.id})

    def lies(self, *facts: EventRecord) -> list[str]:
        return list(topic_lies(self.client, facts, {self.report}, NOW.timestamp() - 60))


def test_what_everybody_knows_of_is_no_lie(client: Client) -> None:
    said = Said(client)
    assert said.lies(said.fact) == []


def test_a_fact_that_no_transaction_wrote_is_a_ghost(client: Client) -> None:
    said = Said(client)
    client["routing"][day_log(NOW)].delete_one({"_id": said.id})

    lies = said.lies(said.fact)

    assert lies == [f"ghost: routing never committed fact {said.id}"]
    assert kind_of(lies[0]) == DOUBLED


def test_a_fact_put_down_as_sent_that_lies_nowhere_is_lost(client: Client) -> None:
    said = Said(client)

    lies = said.lies()

    assert lies == [f"{said.report}: case-opened.v1 is put down as sent by routing and lies on no topic"]
    assert kind_of(lies[0]) == LOST


def test_a_fact_without_a_receipt_was_passed_over_unless_it_is_parked(client: Client) -> None:
    said = Said(client)
    client["notify"]["inbox"].delete_one({"_id": said.id})

    lies = said.lies(said.fact)

    assert lies == [f"{said.report}: notify has no receipt for case-opened.v1 {said.id}"]
    assert kind_of(lies[0]) == LOST

    parked = {"topic": "routing.cases", "partition": 3, "offset": 7_000_000}
    name = client["notify"]["parked"].insert_one(dict(parked)).inserted_id
    try:
        assert said.lies(said.fact) == []
    finally:
        client["notify"]["parked"].delete_one({"_id": name})


def test_a_copy_of_a_fact_needs_no_receipt_of_its_own(client: Client) -> None:
    said = Said(client)
    copy = EventRecord(**vars(said.fact) | {"offset": 7_000_001})
    assert said.lies(said.fact, copy) == []
