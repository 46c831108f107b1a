"""Draws the dashboards: the questions of `panels.yml` as Grafana's JSON in `dashboards/`. `make dashboards` runs it."""

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


def questions() -> dict[str, Any]:
    """The dashboards as they are asked for."""
    found: dict[str, Any] = yaml.safe_load((HERE / "panels.yml").read_text(encoding="utf-8"))
    return found


def panel(number: int, asked: dict[str, Any], place: dict[str, int]) -> dict[str, Any]:
    """A panel as Grafana has it."""
    legend = asked.get("legend", "")
    target = {"datasource": SOURCE, "expr": asked["expr"], "legendFormat": legend, "refId": "A"}
    field: dict[str, Any] = {"unit": asked.get("unit", "none"), "min": 0}
    if "alarm" in asked:
        steps = [{"color": "green", "value": None}, {"color": "red", "value": asked["alarm"]}]
        field["thresholds"] = {"mode": "absolute", "steps": steps}
    return {
        "id": number,
        "type": "stat" if "alarm" in asked else "timeseries",
        "title": asked["title"],
        "description": asked.get("says", ""),
        "datasource": SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": field, "overrides": []},
        "targets": [target],
    }


def panels(rows: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The rows one below the other, the panels of a row side by side: six figures or three curves."""
    drawn: list[dict[str, Any]] = []
    y = 0
    for heading, asked in rows.items():
        place = {"x": 0, "y": y, "w": WIDE, "h": 1}
        drawn.append({"id": len(drawn) + 1, "type": "row", "title": heading, "gridPos": place, "panels": []})
        y += 1
        across, high = (6, LOW) if "alarm" in asked[0] else (min(3, len(asked)), HIGH)
        for index, one in enumerate(asked):
            place = {"x": index % across * (WIDE // across), "y": y + index // across * high}
            drawn.append(panel(len(drawn) + 1, one, place | {"w": WIDE // across, "h": high}))
        y += -(-len(asked) // across) * high
    return drawn


def dashboard(name: str, asked: dict[str, Any]) -> dict[str, Any]:
    """A whole dashboard."""
    return {
        "uid": f"ascolto-{name}",
        "title": asked["title"],
        "tags": ["ascolto"],
        "timezone": "Europe/Rome",
        "refresh": "10s",
        "time": {"from": "now-1h", "to": "now"},
        "editable": False,
        "schemaVersion": 41,
        "templating": {"list": [_choice()] if "$job" in str(asked) else []},
        "links": [{"type": "dashboards", "tags": ["ascolto"], "title": "Ascolto", "asDropdown": False}],
        "panels": panels(asked["rows"]),
    }


def _choice() -> dict[str, Any]:
    options = [{"text": job, "value": job, "selected": job == "intake"} for job in JOBS.split(",")]
    chosen = {"text": "intake", "value": "intake"}
    return {
        "name": "job",
        "label": "Service",
        "type": "custom",
        "query": JOBS,
        "options": options,
        "current": chosen,
    }


def drawn() -> dict[str, str]:
    """What the file of each dashboard holds."""
    return {
        f"{name}.json": json.dumps(dashboard(name, asked), indent=1, ensure_ascii=False) + "\n"
        for name, asked in questions().items()
    }


def main() -> None:
    """Writes every dashboard."""
    argparse.ArgumentParser(prog="draw.py", description=__doc__).parse_args()
    FOLDER.mkdir(exist_ok=True)
    for name, text in drawn().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    sys.stdout.write(f"dashboards: {', '.join(drawn())} are in {FOLDER.name}/\n")


if __name__ == "__main__":
    main()
