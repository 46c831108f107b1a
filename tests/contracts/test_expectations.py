"""Expectations of teams hold, and a change that breaks one names the team."""

import json
from pathlib import Path
from typing import Any

import pytest

from contracts import expectations

EXPECTED = "consumers/invented-desk/case-opened.json"
BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "a field that is not published": (
        {"value": {"type": "object", "required": ["mood"]}},
        "mood: may be missing",
    ),
    "another type": (
        {"value": {"type": "object", "properties": {"route": {"type": "integer"}}}},
        "route: string comes",
    ),
    "a closed list": (
        {"value": {"type": "object", "properties": {"route": {"enum": ["operator"]}}}},
        "closed list",
    ),
    "no null": (
        {"value": {"type": "object", "properties": {"operator": {"type": "string"}}}},
        "operator: null comes",
    ),
    "a header that is not always there": ({"headers": ["ce_traceparent"]}, "header ce_traceparent"),
    "an internal topic": ({"topic": "subsidies.applications", "type": "subsidy-granted.v1"}, "is internal"),
    "a type from nowhere": ({"type": "case-dreamt.v1"}, "is not published on routing.cases"),
    "an unknown word": ({"mood": "good"}, "an expectation has team"),
}


def test_the_expectations_of_teams_hold() -> None:
    assert expectations.problems() == []


@pytest.mark.parametrize("reason", BROKEN)
def test_an_expectation_that_does_not_hold_is_reported_with_its_contact(home: Path, reason: str) -> None:
    change, words = BROKEN[reason]
    row: dict[str, Any] = json.loads((home / EXPECTED).read_text())
    (home / EXPECTED).write_text(json.dumps(row | change))

    found = expectations.problems(home)

    assert words in found[0]
    assert reason == "an unknown word" or "invented-desk@example.org" in found[0]
