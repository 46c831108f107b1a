"""The arithmetic of what a report costs, and the parsing of mongod's counters and profile."""

from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest
from bench.bare import BARE, BARE_IDLE
from bench.breakdown import Count, Found, count, lines
from bench.cost_report import costs, journey_line, ratio
from bench.costs import IDLE, WORKERS, Cost
from bench.counters import Counters
from bench.figures import Figures
from bench.journey import QUIET, STEADY


def status(requests: int, finds: int, committed: int, inserted: int) -> dict[str, Any]:
    """A reply to `serverStatus`, with fields that are not counters of commands among those of commands."""
    return {
        "network": {"numRequests": requests},
        "transactions": {"totalCommitted": committed, "totalAborted": 1},
        "metrics": {
            "document": {"inserted": inserted, "updated": 2, "deleted": 0, "returned": 9},
            "commands": {"find": {"total": finds, "failed": 0}, "<UNKNOWN>": 3, "top": {"total": 0}},
        },
    }


def test_commands_of_the_benchmark_itself_are_not_counted() -> None:
    before = Counters.read(status(1000, 300, 50, 80), {})
    found = Counters.read(status(1100, 350, 60, 100), {"find": 10, "serverStatus": 1}).less(before)

    assert found.totals["requests"] == 100 - 11
    assert found.commands["find"] == 50 - 10
    assert found.totals["committed"] == 10
    assert found.writes == 20


@pytest.fixture
def rest() -> Cost:
    """Idle work of 10 s: 100 requests, 0.1 s of each process."""
    return Cost(IDLE, 0, 10.0, dict.fromkeys(WORKERS, 0.1), counters(100))


def counters(requests: int, committed: int = 0) -> Counters:
    totals = dict.fromkeys(("requests", "committed", "aborted", "inserted", "updated", "deleted"), 0)
    return Counters(totals | {"requests": requests, "committed": committed}, {"find": requests})


def test_idle_work_of_the_same_length_is_subtracted(rest: Cost) -> None:
    busy = Cost(QUIET, 25, 5.0, dict.fromkeys(WORKERS, 0.3), counters(2050, 180)).less(rest)

    assert busy.counted("requests") == (2050 - 50) / 25
    assert busy.milliseconds("mongod") == pytest.approx(1000 * (0.3 - 0.05) / 25)
    assert busy.milliseconds() == pytest.approx(len(WORKERS) * busy.milliseconds("mongod"))
    assert rest.share("intake", "routing") == pytest.approx(0.02)


def test_the_line_for_machines_and_the_table_have_the_same_figures(rest: Cost) -> None:
    busy = Cost(QUIET, 25, 5.0, dict.fromkeys(WORKERS, 0.3), counters(2050, 180))
    figures = Figures(1, costs=[rest, busy])

    assert "80.0 requests, 7.2 transactions" in journey_line(figures)
    text = "\n".join(costs(figures))
    assert "| requests to MongoDB | 80.0 |" in text
    assert "10.0 requests/s to MongoDB" in text


def test_a_report_is_compared_with_plain_drivers_without_the_idle_work_of_either(rest: Cost) -> None:
    ours = Cost(STEADY, 100, 5.0, dict.fromkeys(WORKERS, 1.05), counters(0))
    bare = Cost(BARE, 100, 5.0, {"mongod": 1.0, "kafka": 0.5, BARE: 1.5}, counters(0))
    calm = Cost(BARE_IDLE, 0, 2.0, {"mongod": 0.0, "kafka": 0.2, BARE: 0.0}, counters(0))
    figures = Figures(1, costs=[rest, ours, bare, calm, ours, bare, calm])

    assert ratio(figures) == pytest.approx(7.0 / 2.5)
    assert ratio(figures, idle=True) == pytest.approx(7.35 / 3.0)
    assert "report 2.8× bare" in journey_line(figures)


def test_nothing_is_said_about_what_was_not_measured(rest: Cost) -> None:
    assert list(costs(Figures(1, costs=[replace(rest, name=QUIET)]))) == []
    assert journey_line(Figures(1)) == (
        "journey: drain - of floor, report -× bare, - requests, - transactions, letters -/s, "
        "half-busy -/s p50 - ms p99 - ms"
    )


def test_requests_and_writes_are_counted_by_service_collection_and_command() -> None:
    insert = {"op": "insert", "ns": "intake.inbox", "command": {"insert": "inbox"}, "user": "intake@intake"}
    entries: list[dict[str, Any]] = [
        insert | {"ninserted": 3},
        {"op": "remove", "ns": "notify.outbox", "command": {"q": {}}, "user": "notify@notify", "ndeleted": 1},
        {"op": "command", "ns": "admin.$cmd", "command": {"commitTransaction": 1}, "user": "intake@intake"},
        {"op": "query", "ns": "intake.inbox", "command": {"find": "inbox"}, "user": "admin@admin"},
        insert | {"ninserted": 1},
    ]
    found: Found = defaultdict(Count)
    count(entries, found)

    assert found == {
        ("intake", "inbox", "insert"): Count(2, 4),
        ("notify", "outbox", "delete"): Count(1, 1),
        ("intake", "(none)", "commitTransaction"): Count(1),
    }
    assert list(lines(found, 1))[2] == "| intake | inbox | insert | 2.00 | 4.00 |"
