"""Rule packs and measures: strict, dated, and never decided by a draft."""

import random
import shutil
from datetime import date
from pathlib import Path

import pytest

from chassis.seed import SeedError
from stack.scenario_applications import NOTICE, REFUSED, contribution_cases
from subsidies.adapters.rule_files import Rules, read_pack_file, read_rules
from subsidies.app.application_data import ApplicationData
from subsidies.domain.decisions import Circumstances, Outcome, decide
from subsidies.domain.pack_parser import parse_pack_text
from subsidies.domain.packs import DraftPack, InvalidPack, in_force

SEED = Path(__file__).parents[2] / "deploy" / "seed" / "subsidies"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A writable copy of the shipped files."""
    shutil.copytree(SEED.parent / "intake", tmp_path / "intake")
    return Path(shutil.copytree(SEED, tmp_path / "subsidies"))


def change(path: Path, old: str, new: str) -> int:
    """Replace a text in a file; returns the last line of the replacement."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return 1 + (text[: text.index(old)] + new).count("\n")


def test_the_shipped_rules_can_decide_and_the_template_cannot(rules: Rules) -> None:
    assert [pack.id for pack in rules.packs] == ["crs-2019"]
    assert rules.drafts == ("fse-l1-template",)


def test_a_draft_is_refused_as_a_pack_even_when_every_value_is_filled_in(folder: Path) -> None:
    change(folder / "crs-2019.yaml", "id: crs-2019", "draft: true\nid: crs-2019")

    with pytest.raises(DraftPack, match="draft: true"):
        read_pack_file(folder / "crs-2019.yaml")


def test_a_template_without_its_draft_mark_names_the_first_value_to_fill_in(folder: Path) -> None:
    change(folder / "fse-l1-template.yaml", "draft: true\n", "")

    with pytest.raises(SeedError, match=r"fse-l1-template\.legal: write a text"):
        read_rules(folder)


def test_a_measure_cannot_be_decided_by_a_draft(folder: Path) -> None:
    change(folder / "measures.yaml", "pack_family: crs", "pack_family: fse-l1")

    with pytest.raises(SeedError, match=r"found none.*drafts: fse-l1-template"):
        read_rules(folder)


def test_the_pack_is_the_one_in_force_when_the_notice_was_published(folder: Path) -> None:
    later = (folder / "crs-2019.yaml").read_text(encoding="utf-8")
    later = later.replace("id: crs-2019", "id: crs-2027", 1).replace(
        "valid_from: 2025-01-01", "valid_from: 2027-01-01"
    )
    (folder / "crs-2027.yaml").write_text(later, encoding="utf-8")
    change(folder / "crs-2019.yaml", "valid_to: null", "valid_to: 2026-12-31")
    packs = [parse_pack_text(text.text) for text in read_rules(folder).packs]

    assert in_force(packs, "crs", date(2026, 12, 31)).id == "crs-2019"
    assert in_force(packs, "crs", date(2027, 1, 1)).id == "crs-2027"
    with pytest.raises(InvalidPack, match="found none"):
        in_force(packs, "crs", date(2024, 12, 31))


def test_two_packs_for_the_same_day_are_refused(folder: Path) -> None:
    text = (folder / "crs-2019.yaml").read_text(encoding="utf-8").replace("id: crs-2019", "id: crs-other", 1)
    (folder / "crs-other.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(SeedError, match="found crs-2019, crs-other"):
        read_rules(folder)


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("threshold: 936000", "threshold: 9360.00", "write a whole number"),
        ("threshold: 936000", "treshold: 936000", "unknown: treshold"),
        (
            "comparator: lt\n        threshold: 936000",
            "comparator: lte\n        threshold: 936000",
            "write one of le, lt",
        ),
        (
            "comparator: lt\n        threshold: 936000",
            "comparator: in\n        threshold: [x]",
            "for isee-ordinary-cents",
        ),
        ("value: isee-ordinary-cents", "value: isee-family-cents", "write one of annual-rent-cents"),
        ("threshold: {same_as: notice-on}", "threshold: {same_as: area}", "a date too"),
        ("threshold: {same_as: notice-on}", "threshold: 2026-01-01", "same_as: notice-on"),
        ("per_pse_cents: 500000", "per_pse_cents: 500050", "whole euro"),
        ("ordinario {value} è inferiore", "ordinario {isee} è inferiore", "braces"),
        ("code: assigned-24-months", "code: area-admitted", "its own code: area-admitted"),
        ("value: due-cents\n    comparator: gt", "value: due-cents\n    comparator: ge", "due-cents is gt 0"),
        ("cap_cents: 185000", "cap_cents: null", r"cap_cents: write a whole number of at least 1"),
        ("valid_to: null", "valid_to: 2024-12-31", "not before valid_from"),
        ("valid_to: null", "valid_to: soon", "YYYY-MM-DD"),
        ("{line: arrears}", "{line: arrears, amount: annual-rent-cents}", "none for arrears"),
        ("comparator: is-false", "comparator: is-false\n    threshold: 1", "leave the threshold"),
        ("family: crs", "family: crs\nfamily: crs", "family: is written twice, first on line"),
        (
            "threshold: [sap]",
            "threshold: [sapp]",
            r'LINE predicates.1.threshold.1 is "sapp".*of sap, sas',
        ),
        ("threshold: [a3, a4", "threshold: [a3, a5", "write one of a1, a2"),
        ("code: working-parents,", "code: working-parent,", "write one of single-non"),
        ("id: crs-2019", "id: CRS 2019", "LINE .*write a code"),
        ("cap_cents: 185000", "cap_cents: 18500000000000000", "at most 1000000000000"),
        ("valid_from: 2025-01-01", "valid_from: 2025-W01-3", "LINE .*YYYY-MM-DD"),
        ("days: 60", "days: 0", "LINE .*at least 1"),
        ("code: indigent\n", "code: proven-difficulty\n", "each track its own code"),
    ],
)
def test_a_wrong_pack_is_refused_with_its_place_and_the_fix(
    folder: Path, old: str, new: str, error: str
) -> None:
    line = change(folder / "crs-2019.yaml", old, new)

    with pytest.raises(SeedError, match=error.replace("LINE", f"line {line}:")):
        read_rules(folder)


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        (
            "allocated_cents: 800000",
            "allocated_cents: 8000.00",
            "LINE measures.1.budgets.2.allocated_cents",
        ),
        ("province: lecco", "province: bergamo", "LINE .* is there twice, first on line 22"),
        ("province: lecco", "province: milano", "LINE .*write one of bergamo, lecco, sondrio"),
        ("code: crs-2026-lecco", "code: crs-2026-bergamo", "LINE .* is there twice, first on line 22"),
        ("opens_on: 2026-01-15", "opens_on: 2026-01-14", "LINE .*not before notice_on"),
        ("closes_on: null", "closes_on: 2026-01-14", "LINE .*not before opens_on"),
        ("opens_on: 2026-01-15", "opens_on: 2026-02-30", "LINE .*not a day that can be kept"),
        ("opens_on: 2026-01-15", "opens_on: 2026-01-15T10:00:00", "LINE .*YYYY-MM-DD"),
        ("opens_on: 2026-01-15", "opens_on: 20260115", "LINE .*YYYY-MM-DD"),
        ("allocated_cents: 800000", "allocated_cents: -1", "LINE .*write more than 0"),
        ("allocated_cents: 800000", "allocated_cents: true", "LINE .*a whole number"),
        ("title:", "titel:", "title: is missing"),
        ("closes_on: null", "closes_on: null\n    colour: red", "LINE .*colour .*not a field"),
    ],
)
def test_a_wrong_measure_is_refused_with_its_place(folder: Path, old: str, new: str, error: str) -> None:
    line = change(folder / "measures.yaml", old, new)

    with pytest.raises(SeedError, match=error.replace("LINE", f"line {line}:")):
        read_rules(folder)


def test_a_comment_does_not_change_a_pack_and_a_value_does(folder: Path, rules: Rules) -> None:
    path = folder / "crs-2019.yaml"
    change(path, "id: crs-2019", "# a remark\nid: crs-2019")
    assert read_pack_file(path).hash == rules.packs[0].hash

    change(path, "threshold: 936000", "threshold: 936001")
    assert read_pack_file(path).hash != rules.packs[0].hash


def test_a_number_written_as_text_is_refused(folder: Path) -> None:
    change(folder / "crs-2019.yaml", "cap_cents: 185000", 'cap_cents: "185000"')

    with pytest.raises(SeedError, match="write a whole number"):
        read_rules(folder)


@pytest.mark.parametrize("today", [NOTICE, date(2026, 11, 29), date(2027, 6, 1), date(2029, 2, 28)])
def test_the_rules_say_of_the_invented_households_of_a_day_what_it_expects(today: date, rules: Rules) -> None:
    pack = parse_pack_text(rules.packs[0].text)
    at = Circumstances("m", "b", "0" * 64, date.fromisoformat(rules.measures.measures[0].notice_on), today, 1)

    for data, expected in contribution_cases(random.Random(7), 48, today):
        data["tenancy"]["province"] = "bergamo"
        decision = decide(pack, ApplicationData.model_validate(data).facts(), at)
        assert (expected == REFUSED) is (decision.outcome is Outcome.REFUSED), data

    assert at.notice_on == NOTICE
