"""A stream of records with duplicates, unknown types and malformed records, and its expected processing."""

import json
from pathlib import Path
from typing import Any

from contracts.routing import CaseEscalated, CaseOpened, CaseResolved
from contracts.samples import HOME, golden

Row = dict[str, Any]


def stream(home: Path = HOME) -> Row:
    """Records in order of arrival, the expected result of each, and the final state of each key."""
    opened, escalated, resolved = (golden(one, home) for one in (CaseOpened, CaseEscalated, CaseResolved))
    fates = [
        ("new", opened[0]),
        ("new", _numbered(opened[1], 1)),
        ("new", _numbered(escalated[0], 2)),
        ("copy", opened[0]),
        ("unknown type", _typed(_numbered(escalated[1], 3), "case-dreamt.v7")),
        ("new", _numbered(_with_field(resolved[0], "mood", "good"), 4)),
        ("copy", _numbered(escalated[0], 2)),
        ("broken", _numbered(resolved[1] | {"value": '{"report_id": 7}'}, 2)),
        ("broken", _numbered(opened[3] | {"value": None}, 1)),
        ("new", _numbered(resolved[2], 1)),
    ]
    kept = [record for fate, record in fates if fate == "new"]
    return {
        "description": "Process the records in order. `fate` is the expected result of each record; `state` is the expected final state.",
        "records": [{"fate": fate} | _without_example(record) for fate, record in fates],
        "ids": [record["headers"]["ce_id"] for record in kept],
        "state": {record["key"]: record["headers"]["ce_type"] for record in kept},
    }


def _without_example(record: Row) -> Row:
    return {name: value for name, value in record.items() if name != "example"}


def _numbered(record: Row, sequence: int) -> Row:
    return record | {"headers": record["headers"] | {"ce_sequence": f"{sequence:010d}"}}


def _typed(record: Row, tag: str) -> Row:
    return record | {"headers": record["headers"] | {"ce_type": tag}}


def _with_field(record: Row, name: str, value: str) -> Row:
    body = json.loads(record["value"]) | {name: value}
    return record | {"value": json.dumps(body, separators=(",", ":"))}
