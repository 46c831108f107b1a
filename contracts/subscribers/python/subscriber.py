"""Hears every public topic and writes one line per event: python subscriber.py BOOTSTRAP GROUP FILE."""

import json
import sys
from pathlib import Path

from confluent_kafka import Consumer, Message

TOPICS = ["intake.reports", "routing.cases", "subsidies.measures", "notify.messages"]
# The field this program wants of each type. A type that is not here is skipped, a field that is not named is not looked at.
WANTED = {
    "report-registered.v1": "category",
    "report-withdrawn.v1": "reason",
    "case-opened.v1": "route",
    "case-held.v1": "reason",
    "case-escalated.v1": "missed",
    "case-resolved.v1": "outcome",
    "budget-exhausted.v1": "measure",
    "message-sent.v1": "template",
    "message-failed.v1": "reason",
    "message-suppressed.v1": "reason",
}


def row_of(message: Message, seen: set[str]) -> dict[str, str]:
    """What one record means: news, a copy, or nothing for us."""
    headers = {name: value.decode() for name, value in message.headers()}
    row = {"id": headers["ce_id"], "type": headers["ce_type"]}
    if headers["ce_id"] in seen:
        return row | {"skipped": "copy"}
    if headers["ce_type"] not in WANTED:
        return row | {"skipped": "unknown"}
    value = json.loads(message.value())[WANTED[headers["ce_type"]]]
    return row | {"subject": headers["ce_subject"], "sequence": headers["ce_sequence"], "value": value}


def main(bootstrap: str, group: str, path: Path) -> None:
    """Read from the beginning, or from where the group was when it was killed, for ever."""
    lines = path.read_text().splitlines() if path.exists() else []
    seen = {
        json.loads(line)["id"] for line in lines
    }  # yours: a table, written with the effect in one transaction
    settings = {"bootstrap.servers": bootstrap, "group.id": group, "enable.auto.commit": False}
    consumer = Consumer(settings | {"auto.offset.reset": "earliest", "session.timeout.ms": 10_000})
    consumer.subscribe(TOPICS)
    with path.open("a") as file:
        while True:
            messages = [one for one in consumer.consume(100, 0.5) if one.error() is None]
            for message in messages:
                row = row_of(message, seen)
                seen.add(row["id"])
                file.write(json.dumps(row) + "\n")
                file.flush()
            if messages:
                consumer.commit(
                    asynchronous=False
                )  # only after the effects: a crash repeats, and never loses


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
