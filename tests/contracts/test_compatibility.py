"""The gate judges every change as its table requires, and refuses planted changes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.contracts.conftest import Run

from contracts import baselines, gate, pages
from contracts.acceptance import unread
from contracts.compatibility import BACKWARD, FORWARD, breaks, compare
from contracts.schemas import producer
from contracts.topics import BY_NAME, BY_TYPE
from stack.tools import REPOSITORY

CASES = json.loads((REPOSITORY / "contracts" / "vectors" / "compatibility.json").read_text())
WORDS = {
    "backward": {BACKWARD},
    "forward": {FORWARD},
    "both": {BACKWARD, FORWARD},
    "policy": set(),
    "": set(),
}
MODEL = "src/contracts/routing.py"
# A change of a model, and a word of the error that refuses it.
CRIMES = {
    "a field is added, required": ('outcome: Code = Field(', 'by_whom: Code\n    outcome: Code = Field(', "by_whom"),
    "a field is removed": ('    operator: Code | None = Field(description="The operator, when the route is operator.")\n', "", "operator"),
    "a field is renamed": ("missed: Code", "which: Code", "missed"),
    "a type changes": ("contact_due_at: Instant", "contact_due_at: int", "contact_due_at"),
    "null becomes possible": ("    route: Code =", "    route: Code | None =", "route"),
    "a type is renamed": ('"case-held.v1"', '"case-held.v2"', "case-held.v1: is missing"),
    "an event moves to another topic": ('topic: ClassVar[str] = "routing.cases"', 'topic: ClassVar[str] = "routing.more"', "moves"),
}  # fmt: skip


def test_the_table_is_long_enough_and_has_no_case_twice() -> None:
    assert len(CASES) >= 40
    assert len({case["change"] for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda one: one["change"])
def test_a_change_is_judged_as_the_table_says(case: dict[str, Any]) -> None:
    found = breaks(case["before"], case["after"])

    assert ("forbidden" if found else "allowed") == case["verdict"], [str(one) for one in found]
    assert {BACKWARD, FORWARD} & {one.verdict for one in found} == WORDS[case["breaks"]]


@pytest.mark.parametrize("case", CASES, ids=lambda one: one["change"])
def test_what_breaks_one_way_breaks_the_other_way_back(case: dict[str, Any]) -> None:
    there = {one.verdict for one in breaks(case["before"], case["after"])}
    back = {one.verdict for one in breaks(case["after"], case["before"])}

    assert (BACKWARD in there) == (FORWARD in back)


@pytest.mark.parametrize("tag", BY_TYPE)
def test_a_schema_is_compatible_with_itself(tag: str) -> None:
    assert compare(producer(BY_TYPE[tag]), producer(BY_TYPE[tag])) == []


def test_a_name_is_never_taken_for_something_else_however_long_ago_it_was_published(home: Path) -> None:
    first = json.loads((home / "baselines/case-resolved.v1/1.json").read_text())
    older = first | {"properties": first["properties"] | {"outcome": {"type": "integer"}}}
    (home / "baselines/case-resolved.v1/2.json").write_text(json.dumps(first))
    (home / "baselines/case-resolved.v1/1.json").write_text(json.dumps(older))
    (home / "baselines/SHA256SUMS").write_text(baselines.sums(home))

    found = baselines.problems(home)

    assert found
    assert all("against revision 1: outcome" in one for one in found)


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], None]:
    """Changes the source of a module of models, and replaces its events in the registry."""

    def change(before: str, after: str) -> None:
        source = (REPOSITORY / "contracts" / MODEL).read_text()
        assert before in source
        module: dict[str, Any] = {"__name__": "planted"}
        exec(source.replace(before, after, 1), module)
        planted = [one for one in module.values() if isinstance(one, type) and "type_tag" in vars(one)]
        for event in BY_NAME["routing.cases"].events:
            monkeypatch.delitem(BY_TYPE, event.type_tag)
        for event in planted:
            monkeypatch.setitem(BY_TYPE, event.type_tag, event)

    return change


@pytest.mark.parametrize("crime", CRIMES)
def test_a_planted_change_is_refused_by_name(plant: Callable[[str, str], None], crime: str) -> None:
    before, after, word = CRIMES[crime]

    plant(before, after)

    assert any(word in one and "against revision 1" in one for one in gate.problems())


def test_an_allowed_change_asks_for_a_release_and_then_passes(
    home: Path, plant: Callable[[str, str], None]
) -> None:
    rule = '    rule: Code = Field(description="The rule that decided.")\n'
    plant(rule, f"    shift: Code | None = None\n{rule}")

    assert baselines.problems(home) == [
        "case-opened.v1: changed since revision 1: python -m contracts release"
    ]
    assert baselines.release(home) == ["baselines/case-opened.v1/2.json"]
    assert baselines.problems(home) == []
    assert "**1.1**: shift: is added, optional" in pages.changelog(home)


def test_the_command_that_make_check_runs_fails_on_a_planted_change(home: Path, run: Run) -> None:
    path = home / MODEL
    path.write_text(path.read_text().replace("missed: Code", "which: Code", 1))

    result = run("check")

    assert result.returncode == 1
    assert "case-escalated.v1: against revision 1: missed" in result.stderr


TOPIC = {
    "partitions": 12,
    "retention_days": 14,
    "classification": "public",
    "events": ["a.v1"],
    "max_record_bytes": 9,
}


@pytest.mark.parametrize(
    ("change", "allowed"),
    [
        ({"partitions": 24}, False),
        ({"retention_days": 7}, False),
        ({"retention_days": 30}, True),
        ({"classification": "internal"}, False),
        ({"max_record_bytes": 10}, False),
        ({"max_record_bytes": 8}, True),
        ({"events": []}, False),
        ({"events": ["a.v1", "b.v1"]}, True),
    ],
)
def test_a_topic_keeps_what_was_promised_about_it(change: dict[str, Any], *, allowed: bool) -> None:
    [finding] = baselines.findings("topics", {"t": TOPIC}, {"t": TOPIC | change})

    assert finding.allowed is allowed


def test_a_topic_never_goes_away() -> None:
    assert not baselines.findings("topics", {"t": TOPIC}, {})[0].allowed


def test_a_frozen_file_that_was_edited_is_found(home: Path) -> None:
    path = home / "baselines/case-opened.v1/1.json"
    path.write_text(path.read_text().replace("The rule that decided.", "The rule."))

    assert any("frozen" in one for one in baselines.problems(home))


def test_a_schema_that_cannot_be_compared_is_refused() -> None:
    assert unread({"type": "string", "not": {"const": "a"}}, {"type": "string"})
    assert unread(False, {"type": "string"})
    assert not unread(True, {"type": "string"})
