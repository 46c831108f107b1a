"""Metrics keep the rules of their trade: names, units, help, few labels, and nothing personal in them."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from tests.http.services import SERVICES, furnished
from tests.watching.metric_names import labels_of, process_of
from tests.watching.prometheus_tools import asked

from watcher.board import METRICS, Board, Sample

# Every label here has few values: names of ours, of topics, of routes, of partitions. No id of a report, a person or a place.
LABELS = {
    "budget", "command", "database", "engine", "group", "kind", "method", "outcome", "partition", "reason", "route",
    "service", "stage", "status", "topic",
}  # fmt: skip


@pytest.mark.parametrize("service", SERVICES)
async def test_promtool_finds_nothing_wrong_with_what_a_service_shows(service: str, tmp_path: Path) -> None:
    shown = generate_latest(process_of(service, tmp_path).metrics.registry).decode()

    assert "outbox_oldest_age_seconds" in shown
    asked("promtool", "check", "metrics", given=shown)


def test_promtool_finds_nothing_wrong_with_what_the_watcher_shows() -> None:
    board, registry = Board(), CollectorRegistry()
    board.show("kafka", [Sample(name, 1, kind.labels) for name, kind in METRICS.items()])
    registry.register(board)

    shown = generate_latest(registry).decode()
    assert all(f"# TYPE {name} " in shown for name in METRICS)
    asked("promtool", "check", "metrics", given=shown)


def test_promtool_would_find_it() -> None:
    with pytest.raises(AssertionError, match="no help text"):
        asked("promtool", "check", "metrics", given="# TYPE took_ms gauge\ntook_ms 1\n")


def test_no_label_has_values_without_end(tmp_path: Path) -> None:
    for name, labels in labels_of(tmp_path).items():
        assert set(labels) <= LABELS, name


async def test_the_metrics_of_a_service_are_shown_to_anybody_inside(tmp_path: Path) -> None:
    async with furnished("intake", tmp_path) as intake:
        assert (
            "reports_oldest_unanswered_age_seconds 0.0"
            in generate_latest(intake.process.metrics.registry).decode()
        )
