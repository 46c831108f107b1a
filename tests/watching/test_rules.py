"""Every alert fires when it must, does not fire otherwise, and has a runbook; promtool evaluates the rules."""

from pathlib import Path

import pytest
from tests.watching.prometheus_tools import DEPLOY, check
from tests.watching.rules import FILES, alert_of, alerts, cases, promtool_tests

pytestmark = pytest.mark.slow


def test_prometheus_accepts_the_rules() -> None:
    for file in FILES:
        assert "SUCCESS" in check("promtool", "check", "rules", "--lint=all", "--lint-fatal", file)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("side", ["fires", "rests"])
def test_every_alert(side: str, tmp_path: Path) -> None:
    file = tmp_path / "alerts.test.yml"
    file.write_text(promtool_tests(side))

    assert "SUCCESS" in check("promtool", "test", "rules", file)


def test_there_is_a_case_for_every_alert() -> None:
    assert {alert_of(name) for name in cases()["cases"]} == set(alerts())


def test_every_alert_has_a_severity_annotations_and_a_runbook() -> None:
    for alert in alerts().values():
        assert alert.severity in ("page", "ticket"), alert.name
        assert set(alert.annotations) == {"summary", "description", "runbook_url"}, alert.name
        assert alert.annotations["runbook_url"] == f"docs/runbooks/{alert.name}.md"


def test_alertmanager_accepts_its_configuration() -> None:
    output = check("amtool", "check-config", DEPLOY / "alertmanager" / "alertmanager.yml")
    assert "SUCCESS" in output
