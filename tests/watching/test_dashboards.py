"""Dashboards ask what can be answered: every question parses, and every metric in it is one that there is."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from deploy.grafana import draw
from tests.architecture.compose_files import written_services
from tests.watching.metric_names import THEIRS, asked_for, declared
from tests.watching.prometheus_tools import DEPLOY, ROOT, asked
from tests.watching.rules import FILES, rules

RUNBOOKS = ROOT / "docs" / "runbooks"


def questions_of_dashboards() -> Iterator[tuple[str, str]]:
    for file in sorted(draw.FOLDER.glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel.get("targets", ()):
                yield f"{file.stem}: {panel['title']}", target["expr"].replace("$job", "intake")


def questions_of_rules() -> Iterator[tuple[str, str]]:
    for rule in rules():
        yield rule.get("alert") or rule["record"], rule["expr"]


def questions_of_runbooks() -> Iterator[tuple[str, str]]:
    for file in sorted([*RUNBOOKS.glob("*.md"), ROOT / "docs" / "operations.md"]):
        for block in file.read_text().split("```promql\n")[1:]:
            for line in block.split("```")[0].strip().splitlines():
                yield file.stem, line


def everything() -> list[tuple[str, str]]:
    return [*questions_of_dashboards(), *questions_of_rules(), *questions_of_runbooks()]


def test_every_question_parses(tmp_path: Path) -> None:
    found = everything()
    as_rules = [{"record": f"question_{number}", "expr": expr} for number, (_, expr) in enumerate(found)]
    file = tmp_path / "questions.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "questions", "rules": as_rules}]}))

    assert f"{len(found)} rules found" in asked("promtool", "check", "rules", file)
    assert {name.partition(":")[0] for name, _ in questions_of_dashboards()} == {
        "overview",
        "service",
        "engines",
    }
    assert len(found) > 80


def test_every_metric_that_is_asked_for_exists(tmp_path: Path) -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    known = declared(tmp_path) | recorded | THEIRS

    unknown = {where: names for where, expr in everything() if (names := asked_for(expr) - known)}
    assert unknown == {}


@pytest.mark.parametrize(
    ("expr", "names"),
    [
        ('sum by (job) (rate(a_total{x="b"}[5m])) / b_count offset 1h', {"a_total", "b_count"}),
        ("max(a:b:c) > 0.5 and on (group) (d or vector(0))", {"a:b:c", "d"}),
        ("absent(up) or 0 * e_seconds", {"up", "e_seconds"}),
    ],
)
def test_the_names_in_a_question_are_found(expr: str, names: set[str]) -> None:
    assert asked_for(expr) == names


def test_dashboards_are_as_their_questions_say() -> None:
    files = {file.name: file.read_text() for file in draw.FOLDER.glob("*.json")}
    assert files == draw.drawn(), "run `make dashboards`"


def test_every_dashboard_is_deployed_and_its_panels_do_not_overlap() -> None:
    mounted = {Path(one["target"]).name for one in written_services()["grafana"]["configs"]}
    for name, text in draw.drawn().items():
        places = [panel["gridPos"] for panel in json.loads(text)["panels"]]
        cells = [
            (x, y)
            for place in places
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ]
        assert len(cells) == len(set(cells)), name
        assert name in mounted


def test_prometheus_takes_its_configuration(tmp_path: Path) -> None:
    text = (DEPLOY / "prometheus" / "prometheus.yml").read_text()
    for file in FILES:
        assert f"/etc/prometheus/{file.name}" in text
    copy = tmp_path / "prometheus.yml"
    copy.write_text(text.replace("/etc/prometheus", str(DEPLOY / "prometheus")))

    assert "SUCCESS" in asked("promtool", "check", "config", copy)


def test_every_service_is_scraped_at_its_own_port() -> None:
    config: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    found = {
        one["job_name"]: (entry["names"], entry["port"])
        for one in config["scrape_configs"]
        for entry in one.get("dns_sd_configs", ())
    }
    ours = {
        name: ([name], int(port))
        for name, spec in written_services().items()
        if (port := (spec.get("environment") or {}).get(f"{name.upper()}_PORT"))
    }
    assert found == ours
