"""Commit times of a report's stages, read from oplog entries."""

from datetime import UTC, datetime, timedelta
from typing import Any

from bench.stages import DECIDED, KEPT, ROUTED, read

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def inserted(namespace: str, document: dict[str, Any], op: str = "i") -> dict[str, Any]:
    return {"ns": namespace, "op": op, "o": document}


def committed(seconds: int, *operations: dict[str, Any]) -> dict[str, Any]:
    """One transaction as an oplog entry."""
    when = NOON + timedelta(seconds=seconds)
    return {"ns": "admin.$cmd", "op": "c", "wall": when, "o": {"applyOps": list(operations)}}


def letter(report: str, template: str) -> dict[str, Any]:
    return inserted("notify.messages", {"_id": "m", "state": {"report_id": report, "template": template}})


def test_a_stage_is_reached_when_it_is_first_committed() -> None:
    case = inserted("routing.cases", {"_id": "c1", "state": {"report_id": "r1"}})
    found = read(
        [
            committed(1, inserted("intake.outbox", {"_id": "f"}), inserted("intake.reports", {"_id": "r1"})),
            inserted("intake.reports", {"_id": "r2"}) | {"wall": NOON + timedelta(seconds=2)},
            committed(3, case),
            committed(4, letter("r1", "report-received")),
            committed(5, letter("r1", "case-opened"), letter("r2", "case-held")),
            committed(6, letter("r1", "case-opened")),
        ]
    )

    after = {
        name: {one: when - NOON.timestamp() for one, when in rows.items()} for name, rows in found.items()
    }
    assert after == {KEPT: {"r1": 1, "r2": 2}, ROUTED: {"r1": 3}, DECIDED: {"r1": 5, "r2": 5}}


def test_updates_and_deletes_reach_no_stage() -> None:
    change = inserted("routing.cases", {"$v": 2, "diff": {}}, op="u")
    removal = inserted("intake.reports", {"_id": "r1"}, op="d")

    assert read([committed(1, change, removal)]) == {KEPT: {}, ROUTED: {}, DECIDED: {}}
