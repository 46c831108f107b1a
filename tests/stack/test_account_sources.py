"""The sources read real databases, topics and a mailbox completely."""

import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer
from pymongo import MongoClient

from contracts.envelope import Envelope
from stack.account_sources import Sources, read_mailbox
from stack.account_world import APPLICATIONS, CASES, REPORTS, LoggedRequest, Observations, ReceivedMail
from stack.system import System

NOW = datetime.fromtimestamp(int(time.time()), UTC)


def a_mail(folder: Path, at: float, message_id: str) -> None:
    mail = EmailMessage()
    mail["X-Ascolto-Message"], mail["X-Ascolto-Report"] = message_id, "report"
    mail["X-Ascolto-Template"] = "case-opened"
    mail.set_content("Testo inventato.")
    (folder / f"{int(at * 1e9)}-{uuid.uuid4()}.eml").write_bytes(mail.as_bytes())


def test_every_mail_of_the_scenario_is_read_with_copies_but_no_older_ones(tmp_path: Path) -> None:
    a_mail(tmp_path, 100.0, "older")
    a_mail(tmp_path, 200.5, "one")
    a_mail(tmp_path, 201.5, "one")

    found = list(read_mailbox(tmp_path, 200.0))

    assert found == [
        ReceivedMail("one", "report", "case-opened", 200.5),
        ReceivedMail("one", "report", "case-opened", 201.5),
    ]


@dataclass
class PlantedData:
    """Real engines with temporary test data."""

    system: System
    mails: Path
    report: str = field(default_factory=lambda: str(uuid.uuid4()))
    refused: str = field(default_factory=lambda: str(uuid.uuid4()))
    rows: list[tuple[str, str, Any]] = field(default_factory=list)

    def client(self) -> MongoClient[dict[str, Any]]:
        return MongoClient(self.system.mongod.admin)

    def put(self, database: str, collection: str, name: str, **fields: Any) -> None:
        with self.client() as client:
            client[database][collection].insert_one({"_id": name} | fields)
        self.rows.append((database, collection, name))

    def clear(self) -> None:
        with self.client() as client:
            for database, collection, name in self.rows:
                client[database][collection].delete_one({"_id": name})

    def publish(self, topic: str, headers: list[tuple[str, bytes]], body: bytes = b"{}") -> None:
        producer = Producer(self.system.kafka.admin.librdkafka())
        producer.produce(topic, body, self.report.encode(), headers=headers)
        assert producer.flush(20) == 0

    def read(self) -> Observations:
        asked = [
            LoggedRequest("report", self.report, "accepted", 201),
            LoggedRequest("flawed", self.refused, "unknown-place", 422, "unknown-place"),
        ]
        since = time.time() - 60
        return Sources(self.system.mongod.admin, self.system.kafka.admin, self.mails, since).read_all(asked)


@pytest.fixture
def data(engines: System, tmp_path: Path) -> Iterator[PlantedData]:
    engines.provision()
    found = PlantedData(engines, tmp_path)
    yield found
    found.clear()


def headers_of(data: PlantedData, name: str = "fact-1") -> list[tuple[str, bytes]]:
    return Envelope(
        id=f"{data.report}/{name}",
        type="case-opened.v1",
        source="/ascolto/routing",
        subject=data.report,
        time=NOW,
        sequence=1,
        correlation_id=data.report,
    ).headers()


@pytest.mark.engines
def test_only_documents_of_the_scenario_are_read(data: PlantedData) -> None:
    data.put("intake", "reports", data.report, state={"report_id": data.report})
    data.put("intake", "reports", str(uuid.uuid4()), state={"report_id": "older"})
    data.put("routing", "cases", data.report, state=None)
    data.put("subsidies", "applications", str(uuid.uuid4()), state={"report_id": data.report})

    documents = data.read().documents

    assert [one["_id"] for one in documents[REPORTS]] == [data.report]
    assert documents[CASES] == []  # a document without a state is no case
    assert len(documents[APPLICATIONS]) == 1


@pytest.mark.engines
def test_records_are_read_with_every_byte_and_copies_are_kept(data: PlantedData) -> None:
    body = f'{{"report_id": "{data.report}"}}'.encode()
    for _ in range(2):
        data.publish("routing.cases", headers_of(data), body)

    facts = data.read().facts

    assert [fact.id for fact in facts] == [f"{data.report}/fact-1"] * 2
    assert (facts[0].key, facts[0].sequence, facts[0].report_id) == (data.report, 1, data.report)
    assert body in facts[0].raw
    assert b"/ascolto/routing" in facts[0].raw


@pytest.mark.engines
@pytest.mark.parametrize("broken", ["headers", "body"])
def test_a_malformed_record_is_left_over(data: PlantedData, broken: str) -> None:
    data.publish("routing.cases", [] if broken == "headers" else headers_of(data), b"{")

    left = [one for one in data.read().leftovers if one.report_id == data.report]

    assert [one.what.partition(":")[0] for one in left] == ["an unreadable record on routing.cases"]


@pytest.mark.engines
def test_outstanding_work_is_left_over(data: PlantedData) -> None:
    ours, key = {"correlation": data.report}, data.report.encode()
    due = {"due": NOW - timedelta(minutes=1)}
    data.put("intake", "outbox", str(uuid.uuid4()), type="report-registered.v1", **ours)
    data.put("notify", "jobs", str(uuid.uuid4()), kind="SendMessage", **ours)
    data.put("routing", "timers", str(uuid.uuid4()), kind="DueDatePassed", **due, **ours)
    data.put("routing", "timers", str(uuid.uuid4()), due=NOW + timedelta(days=1), **ours)
    data.put("subsidies", "parked", str(uuid.uuid4()), key=key, reason="failed")

    left = {one.what for one in data.read().leftovers if one.report_id == data.report}

    assert left == {
        "an event that is not sent in intake (report-registered.v1)",
        "a job that is not done in notify (SendMessage)",
        "a timer that is past its time in routing (DueDatePassed)",
        "a parked record in subsidies (failed)",
    }


@pytest.mark.engines
def test_a_refused_id_is_found_wherever_it_is_kept(data: PlantedData) -> None:
    data.put("intake", "inbox", f"command:RegisterReport:report:{data.refused}")
    data.put("notify", "messages", str(uuid.uuid4()), state={"report_id": data.refused})
    data.put("routing", "outbox", str(uuid.uuid4()), aggregateid=data.refused)

    traces = set(data.read().traces)

    assert traces == {
        (data.refused, "intake.inbox"),
        (data.refused, "notify.messages"),
        (data.refused, "routing.outbox"),
    }
