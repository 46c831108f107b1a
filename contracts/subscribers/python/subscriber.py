"""Subscribes to every public topic and writes one line per event: python subscriber.py BOOTSTRAP GROUP FILE (credentials in KAFKA_…)."""

import json
import os
import sys
from pathlib import Path

from confluent_kafka import Consumer, Message

TOPICS = ["intake.reports", "routing.cases", "subsidies.measures", "notify.messages"]
# The field that this program reads of each type. Types that are not listed are skipped, other fields are ignored.
WANTED = {
    "report-registered.v1": "category",
    "report-withdrawn.v1": "reason",
    "report-joined.v1": "main_id",
    "case-opened.v1": "route",
    "case-held.v1": "reason",
    "case-escalated.v1": "missed",
    "case-resolved.v1": "outcome",
    "case-merged.v1": "main_id",
    "case-raised.v1": "rule",
    "budget-exhausted.v1": "measure",
    "message-sent.v1": "template",
    "message-failed.v1": "reason",
    "message-suppressed.v1": "reason",
}
# The environment variables of the connection, and the settings of the client.
ENV = ("KAFKA_PROTOCOL", "KAFKA_MECHANISM", "KAFKA_USER", "KAFKA_PASSWORD", "KAFKA_CA")
LOGIN = ("security.protocol", "sasl.mechanism", "sasl.username", "sasl.password", "ssl.ca.location")


def row_of(message: Message, seen: set[str]) -> dict[str, str]:
    """The row of one record: its value, or why it is skipped (a duplicate, or an unknown type)."""
    headers = {name: value.decode() for name, value in message.headers()}
    row = {"id": headers["ce_id"], "type": headers["ce_type"]}
    if row["id"] in seen or row["type"] not in WANTED:
        return row | {"skipped": "copy" if row["id"] in seen else "unknown"}
    value = json.loads(message.value())[WANTED[headers["ce_type"]]]
    return row | {"subject": headers["ce_subject"], "sequence": headers["ce_sequence"], "value": value}


def main(bootstrap: str, group: str, path: Path) -> None:
    """Read until killed, from the beginning or from the committed offsets of the group."""
    # In your program: a table, written in one transaction with the effect.
    seen = {json.loads(line)["id"] for line in (path.read_text().splitlines() if path.exists() else [])}
    login = {name: os.environ[var] for var, name in zip(ENV, LOGIN, strict=True) if var in os.environ}  # noqa: TID251
    settings = {"group.id": group, "auto.offset.reset": "earliest", "enable.auto.commit": False}
    consumer = Consumer(login | settings | {"bootstrap.servers": bootstrap, "session.timeout.ms": 10_000})
    consumer.subscribe(TOPICS)
    with path.open("a") as file:
        while True:
            messages = [one for one in consumer.consume(100, 0.5) if one.error() is None]
            for message in messages:
                row = row_of(message, seen)
                seen.add(row["id"])
                file.write(json.dumps(row) + "\n")
                file.flush()
            if messages:  # only after the effects: a crash repeats events and loses none
                consumer.commit(asynchronous=False)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
