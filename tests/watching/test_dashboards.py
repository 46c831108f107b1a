"""Every query of dashboards, rules and runbooks parses, and every metric in it exists."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from deploy.grafana import draw
from tests.architecture.compose_files import REPLICA_OF, written_services
from tests.watching.metric_names import EXTERNAL_METRICS, declared, names_in
from tests.watching.prometheus_tools import DEPLOY, ROOT, check
from tests.watching.rules import FILES, rules

RUNBOOKS = ROOT / "docs" / "runbooks"


def queries_of_dashboards() -> Iterator[tuple[str, str]]:
    for file in sorted(draw.FOLDER.glob("*.json")):
        for panel in json.loads(file.read_text())["panels"]:
            for target in panel.get("targets", ()):
                yield f"{file.stem}: {panel['title']}", target["expr"].replace("$job", "intake")


def queries_of_rules() -> Iterator[tuple[str, str]]:
    for rule in rules():
        yield rule.get("alert") or rule["record"], rule["expr"]


def queries_of_runbooks() -> Iterator[tuple[str, str]]:
    for file in sorted([*RUNBOOKS.glob("*.md"), ROOT / "docs" / "operations.md"]):
        for block in file.read_text().split("```promql\n")[1:]:
            for line in block.split("```")[0].strip().splitlines():
                yield file.stem, line


def all_queries() -> list[tuple[str, str]]:
    return [*queries_of_dashboards(), *queries_of_rules(), *queries_of_runbooks()]


def test_every_query_parses(tmp_path: Path) -> None:
    found = all_queries()
    as_rules = [{"record": f"query_{number}", "expr": expr} for number, (_, expr) in enumerate(found)]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": as_rules}]}))

    assert f"{len(found)} rules found" in check("promtool", "check", "rules", file)
    assert {name.partition(":")[0] for name, _ in queries_of_dashboards()} == {
        "overview",
        "service",
        "engines",
    }
    assert len(found) > 80


def test_every_metric_in_a_query_exists(tmp_path: Path) -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    known = declared(tmp_path) | recorded | EXTERNAL_METRICS

    unknown = {where: names for where, expr in all_queries() if (names := names_in(expr) - known)}
    assert unknown == {}


@pytest.mark.parametrize(
    ("expr", "names"),
    [
        ('sum by (job) (rate(a_total{x="b"}[5m])) / b_count offset 1h', {"a_total", "b_count"}),
        ("max(a:b:c) > 0.5 and on (group) (d or vector(0))", {"a:b:c", "d"}),
        ("absent(up) or 0 * e_seconds", {"up", "e_seconds"}),
    ],
)
def test_the_names_in_a_query_are_found(expr: str, names: set[str]) -> None:
    assert names_in(expr) == names


def test_dashboards_match_panels_yml() -> None:
    files = {file.name: file.read_text() for file in draw.FOLDER.glob("*.json")}
    assert files == draw.rendered(), "run `make dashboards`"


def test_every_dashboard_is_deployed_and_its_panels_do_not_overlap() -> None:
    mounted = {Path(one["target"]).name for one in written_services()["grafana"]["configs"]}
    for name, text in draw.rendered().items():
        places = [panel["gridPos"] for panel in json.loads(text)["panels"]]
        cells = [
            (x, y)
            for place in places
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ]
        assert len(cells) == len(set(cells)), name
        assert name in mounted


def test_prometheus_accepts_its_configuration(tmp_path: Path) -> None:
    text = (DEPLOY / "prometheus" / "prometheus.yml").read_text()
    for file in FILES:
        assert f"/etc/prometheus/{file.name}" in text
    copy = tmp_path / "prometheus.yml"
    copy.write_text(text.replace("/etc/prometheus", str(DEPLOY / "prometheus")))

    assert "SUCCESS" in check("promtool", "check", "config", copy)


def test_every_service_is_scraped_at_its_own_port() -> None:
    config: dict[str, Any] = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    found = {
        one["job_name"]: (entry["names"], entry["port"])
        for one in config["scrape_configs"]
        for entry in one.get("dns_sd_configs", ())
    }
    ours = {
        name: ([name, *(one for one, of in REPLICA_OF.items() if of == name)], int(port))
        for name, spec in written_services().items()
        if (port := (spec.get("environment") or {}).get(f"{name.upper()}_PORT"))
    }
    assert found == ours
