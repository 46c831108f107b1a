"""Scenarios in YAML that an officer can read: the given facts, and the outcome by law."""

import copy
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from subsidies.adapters.rule_files import Rules
from subsidies.app.application_data import ApplicationData
from subsidies.domain.decisions import Circumstances
from subsidies.domain.reproduction import decide_explained

FOLDER = Path(__file__).parent / "scenarios"
CIRCUMSTANCES = ("notice_on", "submitted_on", "available_cents")


def scenarios() -> Iterator[Any]:
    for path in sorted(FOLDER.glob("[!_]*.yaml")):
        for scenario in yaml.safe_load(path.read_text(encoding="utf-8")):
            yield pytest.param(scenario, id=scenario["name"])


def stated(given: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = copy.deepcopy(
        yaml.safe_load((FOLDER / "_applicant.yaml").read_text(encoding="utf-8"))
    )
    for name, value in given.items():
        *parents, last = name.split(".")
        place = body
        for parent in parents:
            place = place[parent]
        assert last in place, f"{name} is not a field"
        place[last] = value
    return body


@pytest.mark.parametrize("scenario", list(scenarios()))
def test_a_scenario_ends_as_the_law_says(scenario: dict[str, Any], rules: Rules) -> None:
    body = stated(scenario["given"])
    notice_on, submitted_on, available = (body.pop(name) for name in CIRCUMSTANCES)
    facts = ApplicationData.model_validate(body).facts()
    at = Circumstances("crs-2026", "crs-2026-bergamo", "0" * 64, notice_on, submitted_on, available)

    _, explanation = decide_explained(rules.packs[0].text, facts, at)

    expected = dict(scenario["expect"])
    fails = [one["code"] for one in explanation["predicates"] if one["outcome"] == "fail"]
    assert fails == expected.pop("fails", [])
    assert {name: explanation[name] for name in expected} == expected
    assert sum(line["cents"] for line in explanation["lines"]) == explanation["amount_cents"]


def test_every_scenario_says_why() -> None:
    for param in scenarios():
        assert set(param.values[0]) == {"name", "note", "given", "expect"}


def test_the_scenarios_hold_dates_as_days() -> None:
    assert stated({})["notice_on"] == date(2026, 1, 15)
