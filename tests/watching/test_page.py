"""docs/operations.md lists every metric and alert, and receivers that Alertmanager accepts."""

from pathlib import Path

import yaml
from tests.watching.prometheus_tools import DEPLOY, ROOT, check
from tests.watching.rules import alerts
from tests.watching.table import PAGE, alerts_table, inside, metrics_table


def test_the_page_lists_every_metric(tmp_path: Path) -> None:
    assert inside("metrics") == metrics_table(tmp_path), "run `make dashboards`"


def test_the_page_lists_every_alert_with_its_runbook() -> None:
    assert inside("alerts") == alerts_table(), "run `make dashboards`"
    for name in alerts():
        assert f"(runbooks/{name}.md)" in inside("alerts")
        assert (ROOT / "docs" / "runbooks" / f"{name}.md").exists()


def test_alertmanager_accepts_the_receivers_of_the_page(tmp_path: Path) -> None:
    block = PAGE.read_text().split("```yaml\n")[1].split("```")[0]
    own = yaml.safe_load((DEPLOY / "alertmanager" / "alertmanager.yml").read_text())
    file = tmp_path / "alertmanager.yml"
    file.write_text(yaml.safe_dump(own | yaml.safe_load(block)))

    assert "2 receivers" in check("amtool", "check-config", file)
