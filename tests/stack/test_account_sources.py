"""What lies in real databases, on real topics and in a mailbox reaches the account as it lies there."""

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


def test_every_mail_of_the_day_is_read_copies_too_and_older_ones_are_not(tmp_path: Path) -> None:
    a_mail(tmp_path, 100.0, "older")
    a_mail(tmp_path, 200.5, "one")
    a_mail(tmp_path, 201.5, "one")

    found = list(read_mailbox(tmp_path, 200.0))

    assert found == [
        ReceivedMail("one", "report", "case-opened", 200.5),
        ReceivedMail("one", "report", "case-opened", 201.5),
    ]


@dataclass
class Place:
    """Real engines, and what was put there to be taken away again."""

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

    def say(self, topic: str, headers: list[tuple[str, bytes]], body: bytes = b"{}") -> None:
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
def place(engines: System, tmp_path: Path) -> Iterator[Place]:
    engines.provision()
    found = Place(engines, tmp_path)
    yield found
    found.clear()


def headers_of(place: Place, name: str = "fact-1") -> list[tuple[str, bytes]]:
    return Envelope(
        id=f"{place.report}/{name}",
        type="case-opened.v1",
        source="/ascolto/routing",
        subject=place.report,
        time=NOW,
        sequence=1,
        correlation_id=place.report,
    ).headers()


@pytest.mark.engines
def test_documents_of_the_day_are_read_and_those_of_other_days_are_not(place: Place) -> None:
    place.put("intake", "reports", place.report, state={"report_id": place.report})
    place.put("intake", "reports", str(uuid.uuid4()), state={"report_id": "older"})
    place.put("routing", "cases", place.report, state=None)
    place.put("subsidies", "applications", str(uuid.uuid4()), state={"report_id": place.report})

    documents = place.read().documents

    assert [one["_id"] for one in documents[REPORTS]] == [place.report]
    assert documents[CASES] == []  # a document that is only awaited is no case
    assert len(documents[APPLICATIONS]) == 1


@pytest.mark.engines
def test_records_are_read_with_every_byte_and_copies_are_kept(place: Place) -> None:
    body = f'{{"report_id": "{place.report}"}}'.encode()
    for _ in range(2):
        place.say("routing.cases", headers_of(place), body)

    facts = place.read().facts

    assert [fact.id for fact in facts] == [f"{place.report}/fact-1"] * 2
    assert (facts[0].key, facts[0].sequence, facts[0].report_id) == (place.report, 1, place.report)
    assert body in facts[0].raw
    assert b"/ascolto/routing" in facts[0].raw


@pytest.mark.engines
@pytest.mark.parametrize("broken", ["headers", "body"])
def test_a_record_that_nobody_can_read_is_left_over(place: Place, broken: str) -> None:
    place.say("routing.cases", [] if broken == "headers" else headers_of(place), b"{")

    left = [one for one in place.read().leftovers if one.report_id == place.report]

    assert [one.what.partition(":")[0] for one in left] == ["an unreadable record on routing.cases"]


@pytest.mark.engines
def test_what_is_still_under_way_is_left_over(place: Place) -> None:
    ours, key = {"correlation": place.report}, place.report.encode()
    due = {"due": NOW - timedelta(minutes=1)}
    place.put("intake", "outbox", str(uuid.uuid4()), type="report-registered.v1", **ours)
    place.put("notify", "jobs", str(uuid.uuid4()), kind="SendMessage", **ours)
    place.put("routing", "timers", str(uuid.uuid4()), kind="DueDatePassed", **due, **ours)
    place.put("routing", "timers", str(uuid.uuid4()), due=NOW + timedelta(days=1), **ours)
    place.put("subsidies", "parked", str(uuid.uuid4()), key=key, reason="failed")

    left = {one.what for one in place.read().leftovers if one.report_id == place.report}

    assert left == {
        "an event that is not sent in intake (report-registered.v1)",
        "a job that is not done in notify (SendMessage)",
        "a timer that is past its time in routing (DueDatePassed)",
        "a parked record in subsidies (failed)",
    }


@pytest.mark.engines
def test_a_refused_id_is_found_wherever_it_is_kept(place: Place) -> None:
    place.put("intake", "inbox", f"command:RegisterReport:report:{place.refused}")
    place.put("notify", "messages", str(uuid.uuid4()), state={"report_id": place.refused})
    place.put("routing", "outbox_log", str(uuid.uuid4()), aggregateid=place.refused)

    traces = set(place.read().traces)

    assert traces == {
        (place.refused, "intake.inbox"),
        (place.refused, "notify.messages"),
        (place.refused, "routing.outbox_log"),
    }
