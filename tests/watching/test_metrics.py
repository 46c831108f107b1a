"""Metrics follow the conventions of Prometheus: names, units, help, few labels, no personal data."""

from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from tests.http.services import SERVICES, furnished
from tests.watching.metric_names import labels_of, process_of
from tests.watching.prometheus_tools import check

from watcher.board import METRICS, Board, Sample

# Every label has few values: names in the code, topics, routes, partitions. No id of a report, a person or a place.
LABELS = {
    "budget", "command", "database", "engine", "group", "kind", "method", "outcome", "partition", "reason", "route",
    "service", "stage", "status", "topic",
}  # fmt: skip


@pytest.mark.parametrize("service", SERVICES)
async def test_promtool_accepts_the_metrics_of_a_service(service: str, tmp_path: Path) -> None:
    shown = generate_latest(process_of(service, tmp_path).metrics.registry).decode()

    assert "outbox_oldest_age_seconds" in shown
    check("promtool", "check", "metrics", given=shown)


def test_promtool_accepts_the_metrics_of_the_watcher() -> None:
    board, registry = Board(), CollectorRegistry()
    board.update("kafka", [Sample(name, 1, kind.labels) for name, kind in METRICS.items()])
    registry.register(board)

    shown = generate_latest(registry).decode()
    assert all(f"# TYPE {name} " in shown for name in METRICS)
    check("promtool", "check", "metrics", given=shown)


def test_promtool_rejects_a_metric_without_help() -> None:
    with pytest.raises(AssertionError, match="no help text"):
        check("promtool", "check", "metrics", given="# TYPE took_ms gauge\ntook_ms 1\n")


def test_no_label_is_unbounded(tmp_path: Path) -> None:
    for name, labels in labels_of(tmp_path).items():
        assert set(labels) <= LABELS, name


async def test_a_service_exports_its_gauges(tmp_path: Path) -> None:
    async with furnished("intake", tmp_path) as intake:
        assert (
            "reports_oldest_unanswered_age_seconds 0.0"
            in generate_latest(intake.process.metrics.registry).decode()
        )
