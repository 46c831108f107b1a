"""Writes Grafana's dashboards, `dashboards/*.json`, from the panels of `panels.yml`. `make dashboards` runs it."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
FOLDER = HERE / "dashboards"
SOURCE = {"type": "prometheus", "uid": "prometheus"}
WIDE, HIGH, LOW = 24, 8, 4
JOBS = "intake,routing,subsidies,notify"


def specifications() -> dict[str, Any]:
    """The dashboards of `panels.yml`, by name."""
    found: dict[str, Any] = yaml.safe_load((HERE / "panels.yml").read_text(encoding="utf-8"))
    return found


def panel(number: int, spec: dict[str, Any], position: dict[str, int]) -> dict[str, Any]:
    """One panel in Grafana's JSON model."""
    legend = spec.get("legend", "")
    target = {"datasource": SOURCE, "expr": spec["expr"], "legendFormat": legend, "refId": "A"}
    field: dict[str, Any] = {"unit": spec.get("unit", "none"), "min": 0}
    if "alarm" in spec:
        steps = [{"color": "green", "value": None}, {"color": "red", "value": spec["alarm"]}]
        field["thresholds"] = {"mode": "absolute", "steps": steps}
    return {
        "id": number,
        "type": "stat" if "alarm" in spec else "timeseries",
        "title": spec["title"],
        "description": spec.get("description", ""),
        "datasource": SOURCE,
        "gridPos": position,
        "fieldConfig": {"defaults": field, "overrides": []},
        "targets": [target],
    }


def panels(rows: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The panels of all rows with their positions: six single values or three graphs side by side."""
    result: list[dict[str, Any]] = []
    y = 0
    for heading, specs in rows.items():
        position = {"x": 0, "y": y, "w": WIDE, "h": 1}
        result.append(
            {"id": len(result) + 1, "type": "row", "title": heading, "gridPos": position, "panels": []}
        )
        y += 1
        across, high = (6, LOW) if "alarm" in specs[0] else (min(3, len(specs)), HIGH)
        for index, one in enumerate(specs):
            position = {"x": index % across * (WIDE // across), "y": y + index // across * high}
            result.append(panel(len(result) + 1, one, position | {"w": WIDE // across, "h": high}))
        y += -(-len(specs) // across) * high
    return result


def dashboard(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    """One dashboard in Grafana's JSON model."""
    return {
        "uid": f"ascolto-{name}",
        "title": spec["title"],
        "tags": ["ascolto"],
        "timezone": "Europe/Rome",
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "editable": False,
        "schemaVersion": 41,
        "templating": {"list": [_service_variable()] if "$job" in str(spec) else []},
        "links": [{"type": "dashboards", "tags": ["ascolto"], "title": "Ascolto", "asDropdown": False}],
        "panels": panels(spec["rows"]),
    }


def _service_variable() -> dict[str, Any]:
    options = [{"text": job, "value": job, "selected": job == "intake"} for job in JOBS.split(",")]
    current = {"text": "intake", "value": "intake"}
    return {
        "name": "job",
        "label": "Service",
        "type": "custom",
        "query": JOBS,
        "options": options,
        "current": current,
    }


def rendered() -> dict[str, str]:
    """The content of each dashboard file, by file name."""
    return {
        f"{name}.json": json.dumps(dashboard(name, spec), indent=1, ensure_ascii=False) + "\n"
        for name, spec in specifications().items()
    }


def main() -> None:
    """Writes every dashboard file."""
    argparse.ArgumentParser(prog="draw.py", description=__doc__).parse_args()
    FOLDER.mkdir(exist_ok=True)
    for name, text in rendered().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    sys.stdout.write(f"dashboards: {', '.join(rendered())} written to {FOLDER.name}/\n")


if __name__ == "__main__":
    main()
