"""Every alert fires when it should, rests when it should, and says what to do; promtool is the judge."""

from pathlib import Path

import pytest
from tests.watching.prometheus_tools import DEPLOY, asked
from tests.watching.rules import FILES, alert_of, alerts, as_promtool_has_it, cases


def test_prometheus_takes_the_rules() -> None:
    for file in FILES:
        assert "SUCCESS" in asked("promtool", "check", "rules", "--lint=all", "--lint-fatal", file)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("side", ["fires", "rests"])
def test_every_alert(side: str, tmp_path: Path) -> None:
    file = tmp_path / "alerts.test.yml"
    file.write_text(as_promtool_has_it(side))

    assert "SUCCESS" in asked("promtool", "test", "rules", file)


def test_there_is_a_case_for_every_alert() -> None:
    assert {alert_of(name) for name in cases()["cases"]} == set(alerts())


def test_every_alert_says_how_urgent_it_is_what_is_wrong_and_what_to_do() -> None:
    for alert in alerts().values():
        assert alert.severity in ("page", "ticket"), alert.name
        assert set(alert.annotations) == {"summary", "description", "runbook_url"}, alert.name
        assert alert.annotations["runbook_url"] == f"docs/runbooks/{alert.name}.md"


def test_alertmanager_takes_its_configuration() -> None:
    said = asked("amtool", "check-config", DEPLOY / "alertmanager" / "alertmanager.yml")
    assert "SUCCESS" in said
