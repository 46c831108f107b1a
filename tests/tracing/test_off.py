"""Without a collector nothing is traced: no tracer is made, and no SDK is imported."""

import subprocess
import sys
from pathlib import Path

import pytest
from fastapi import APIRouter
from pydantic import ValidationError
from tests.http.services import SERVICES, furnished, settings_of

from chassis.http.app import build_app
from chassis.observe.metrics import Metrics


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


def test_an_address_that_is_none_is_refused_at_the_start(tmp_path: Path) -> None:
    settings = settings_of("intake", tmp_path)
    assert settings.otlp_endpoint == ""
    with pytest.raises(ValidationError, match="otlp_endpoint"):
        type(settings)(**settings.model_dump() | {"otlp_endpoint": "collector:4318"})
