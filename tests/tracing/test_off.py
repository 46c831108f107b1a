"""Without a collector nothing is traced: no tracer is made, no SDK is imported, and nothing is measurably slower."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from fastapi import APIRouter
from pydantic import ValidationError
from tests.http.services import SERVICES, furnished, settings_of
from tests.simulation.services import OpenPage, report_id
from tests.tracing.test_spans import command, unit_of_work

from chassis.http.app import build_app
from chassis.observe.metrics import Metrics
from chassis.observe.tracing import current_traceparent
from chassis.outbox.publish_spans import PublishSpans
from chassis.store.memory import MemoryStore

SIZE, BATCHES, TIMES = 200, 10, 5


@pytest.mark.parametrize("name", SERVICES)
async def test_no_tracer_is_made(name: str, tmp_path: Path) -> None:
    async with furnished(name, tmp_path) as service:
        process = service.process
        assert process.tracer is None
        assert process.unit_of_work.tracer is None
        assert process.relay.tracer is None
        assert "TraceMiddleware" not in repr(service.app.user_middleware)


def test_nothing_of_the_sdk_is_imported() -> None:
    program = (
        "import sys, intake.main, routing.main, subsidies.main, notify.main, chassis.runtime.server, "
        "intake.entrypoints.cli.import_reports; from chassis.observe.tracing import tracer_of\n"
        "assert tracer_of('intake', 'intake-0', '') is None\n"
        "found = [m for m in sys.modules if m.startswith(('opentelemetry.sdk', 'opentelemetry.exporter', 'requests'))]\n"
        "assert not found, found"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_framework_has_no_telemetry_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its spans would hold paths and queries; no variable of the environment switches them on."""
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")

    app = build_app("front", Metrics("front"), [APIRouter()], dict, dict)

    switches = ("tracing", "metrics", "logs", "auto_configure")
    assert [name for name in switches if app._telemetry[name]] == []  # type: ignore[literal-required]


@pytest.mark.slow
async def test_what_is_asked_while_nothing_is_traced_costs_less_than_one_percent_of_handling() -> None:
    """The cost for an event: a question for the tracer at its batch, for the current span, and at its publication."""
    session, engine = await MemoryStore().session(), unit_of_work(None)
    spans, row = PublishSpans(None, "intake.reports", 0), {"traceparent": None}

    async def handling(turn: int) -> float:
        began = time.perf_counter()
        for batch in range(BATCHES):
            numbers = range((turn * BATCHES + batch) * SIZE, (turn * BATCHES + batch + 1) * SIZE)
            await engine.run(session, [command(OpenPage(report_id(n)), f"open-{n}", None) for n in numbers])
        return time.perf_counter() - began

    def without_tracer() -> float:
        began = time.perf_counter()
        for _ in range(BATCHES):
            assert engine.tracer is None
            for _ in range(SIZE):
                current_traceparent()
                spans.begin(row)
            spans.end(SIZE)
        return time.perf_counter() - began

    handled = min([await handling(turn) for turn in range(TIMES)])
    asked = min(without_tracer() for _ in range(TIMES))

    assert asked / handled < 0.01, f"{asked / handled:.4f}"


def test_an_address_that_is_none_is_refused_at_the_start(tmp_path: Path) -> None:
    settings = settings_of("intake", tmp_path)
    assert settings.otlp_endpoint == ""
    with pytest.raises(ValidationError, match="otlp_endpoint"):
        type(settings)(**settings.model_dump() | {"otlp_endpoint": "collector:4318"})
