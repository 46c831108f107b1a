"""The files of the register are checked when they are read."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis.seed import SeedError
from routing.adapters.register_files import read_register
from routing.domain.calendar import due
from routing.domain.registers import Register
from routing.domain.rules import Reported, decide

SEED = Path(__file__).parents[2] / "deploy" / "seed" / "routing"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped files, to be changed."""
    shutil.copytree(SEED.parent / "intake", tmp_path / "intake")
    return Path(shutil.copytree(SEED, tmp_path / "routing"))


def test_the_shipped_register_can_be_read_twice_with_the_same_content() -> None:
    assert read_register(SEED).content == read_register(SEED).content


def test_a_changed_file_changes_the_content(folder: Path) -> None:
    rules = folder / "rules.yaml"
    rules.write_text(rules.read_text().replace("2026-11-30", "2026-12-01"))

    assert read_register(folder).content != read_register(SEED).content


def spoil(folder: Path, file: str, written: str, misspelt: str) -> int:
    """Replace a text in a file, and return the line of its last occurrence."""
    path = folder / file
    text = path.read_text(encoding="utf-8")
    assert written in text
    path.write_text(text.replace(written, misspelt, 1), encoding="utf-8")
    return 1 + (text[: text.index(written)] + misspelt).count("\n")


@pytest.mark.parametrize(
    ("file", "written", "misspelt", "complaint"),
    [
        ("rules.yaml", "kinds: [technical]", "kind: [technical]", "when.1.kind: is not a field"),
        ("rules.yaml", "kinds: [technical]", "kinds: [tecnical]", "write one of 'technical', 'admin"),
        ("rules.yaml", "kinds: [technical]", "kinds: []", "write at least 1"),
        ("rules.yaml", "categories: [salute-assistenza]", "categories: [salute]", "no such code"),
        ("rules.yaml", "urgencies: [e0, e1]", "urgencies: [e0, e9]", "write one of a, e0, e1, n, s, u"),
        ("rules.yaml", "has_operator: true", "has_operator: yes", "write true or false"),
        ("rules.yaml", "route: technical-office", "route: tecnical-office", "write one of 'operator'"),
        ("rules.yaml", "name: social", "name: technical", "is there twice, first on line 33"),
        ("rules.yaml", "name: social", "name: The Social", "write a code"),
        ("rules.yaml", 'why: "i guasti', 'why: " " # "i guasti', "The text shows nothing"),
        ("operators.yaml", "substitutes: [operatore-2]", "substitutes: [nobody]", "operatore-2"),
        ("operators.yaml", "substitutes: [operatore-2]", "substitutes: [operatore-1]", "operatore-2"),
        ("operators.yaml", "monterosso, malpensata", "monterosso, malpensate", "no such code"),
        ("operators.yaml", "2026-12-31", "2026-12-32", "not a day that can be kept"),
        ("operators.yaml", '"2026-12-31"', "2026-12-23", "not before `first`"),
        ("operators.yaml", '"2026-12-31"', "2026-W53-4", "not a day that can be kept"),
        ("operators.yaml", "code: operatore-2", "code: operatore-1", "is there twice, first on line 12"),
        ("deadlines.yaml", "unknown: n", "unknown: zz", "write one of a, e0"),
        ("deadlines.yaml", "unknown: n", "unknown: no", "write one of a, e0"),
        ("deadlines.yaml", "unit: hours", "unit: fortnights", "write one of 'hours', 'days'"),
        ("deadlines.yaml", "number: 24,", "number: -24,", "write at least 1"),
        ("deadlines.yaml", "number: 24,", "number: 24.0,", "write a whole number"),
        ("deadlines.yaml", "number: 24,", "number: 024,", "write a whole number"),
        ("deadlines.yaml", "number: 24,", "number: 0x18,", "write a whole number"),
        ("deadlines.yaml", "number: 24,", "number: 1:30,", "write a whole number"),
        ("deadlines.yaml", "number: 24,", "number: true,", "write a whole number"),
        ("deadlines.yaml", "number: 24,", "number: 99999999999999999999,", "write at most 1000"),
        ("deadlines.yaml", "contact: {number: 3,", "contact: {number: 8,", "not after `done`"),
        ("deadlines.yaml", "closing_hour: 18", "closing_hour: 24", "write at most 23"),
        ("deadlines.yaml", "unknown: n", "unknown: n\nunknown: u", "is written twice, first on line 9"),
        ("calendar.yaml", "month: 6, day: 2", "month: 6, day: 31", "that month 6 has in every year"),
        ("calendar.yaml", "month: 4, day: 25", "month: 2, day: 29", "that month 2 has in every year"),
        ("calendar.yaml", "month: 6, day: 2", "month: 13, day: 2", "write at most 12"),
        ("calendar.yaml", "month: 6, day: 2", "month: 0, day: 2", "write at least 1"),
        ("calendar.yaml", "since: 2001", "since: -1", "write at least 1861"),
        ("calendar.yaml", "province: lecco", "provinces: lecco", "is not a field here"),
        ("calendar.yaml", "province: lecco", "province: milano", "write one of bergamo, lecco, sondrio"),
    ],
)
def test_a_mistake_is_refused_with_file_line_value_and_fix(
    folder: Path, file: str, written: str, misspelt: str, complaint: str
) -> None:
    line = spoil(folder, file, written, misspelt)

    with pytest.raises(SeedError) as refused:
        read_register(folder)

    told = [fault for fault in refused.value.faults if complaint in str(fault)]
    assert [(fault.file.name, fault.line) for fault in told] == [(file, line)]


def test_the_mistakes_of_all_files_are_reported_together(folder: Path) -> None:
    spoil(folder, "calendar.yaml", "month: 6, day: 2", "month: 13, day: 2")
    spoil(folder, "deadlines.yaml", "closing_hour: 18", "closing_hour: 24")

    with pytest.raises(SeedError) as refused:
        read_register(folder)

    assert [fault.file.name for fault in refused.value.faults] == ["deadlines.yaml", "calendar.yaml"]


def test_codes_are_not_checked_without_the_files_of_intake(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SEED, tmp_path / "alone" / "routing"))
    spoil(folder, "operators.yaml", "monterosso, malpensata", "elsewhere, malpensata")

    assert "elsewhere" in read_register(folder).operators[0].neighbourhoods


HOSTILE: st.SearchStrategy[object] = st.one_of(
    st.integers(-3, 40), st.sampled_from([True, None, "", "x", 2**70, -0.5, "2026-02-30", [], {}, "31"])
)


@given(st.data())
@settings(
    max_examples=3 * settings().max_examples // 2,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_an_accepted_register_decides_every_report_on_every_day(folder: Path, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["calendar.yaml", "deadlines.yaml"]))
    tree = yaml.safe_load((SEED / name).read_text(encoding="utf-8"))
    rows = tree["feasts" if name == "calendar.yaml" else "clocks"]
    row = data.draw(st.sampled_from(rows))
    row[data.draw(st.sampled_from(sorted(row)))] = data.draw(HOSTILE)
    for other in ("calendar.yaml", "deadlines.yaml"):
        shutil.copy(SEED / other, folder / other)
    (folder / name).write_text(json.dumps(tree), encoding="utf-8")

    try:
        register = read_register(folder)
    except SeedError:
        return

    decide_all(register)


def decide_all(register: Register) -> None:
    for year in range(2024, 2036):
        moment = datetime(year, 2, 27, 12, tzinfo=UTC)
        for province in ("bergamo", "lecco", "sondrio", "elsewhere"):
            for urgency in ("e0", "e1", "u", "n", "a", "s", "new"):
                assert due(register.calendar, urgency, province, moment).done > moment
                asked = Reported("verde", "technical", urgency, "monterosso", province)
                assert decide(asked, register.rules, register.operators, moment.date()).why
