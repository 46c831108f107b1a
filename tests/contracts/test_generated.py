"""All generated files are current; edited, missing and superfluous files are found."""

from pathlib import Path

import pytest

from contracts import gate, generation
from contracts.event_map import drafts
from contracts.topics import BY_TYPE
from stack.tools import REPOSITORY

PLANTED = {
    "a schema is edited": ("schemas/consumer/case-opened.v1.json", "Code", "code"),
    "a document is edited": ("asyncapi/routing.json", "technical", "Technical"),
    "a golden record is edited": ("golden/case-held.v1.json", "bergamo", "lecco"),
    "a vector is edited": ("vectors/partitions.json", '"12": 8', '"12": 9'),
    "the topics of the guide are edited": ("README.md", "| 12 |", "| 24 |"),
    "the changelog is edited": ("CHANGELOG.md", "1.0", "1.1"),
    "the types are edited": ("typescript/ascolto.d.ts", "string", "any"),
}


def test_all_generated_files_are_current_and_the_gate_finds_nothing() -> None:
    assert gate.problems() == []


def test_the_same_registry_gives_the_same_bytes() -> None:
    assert generation.files() == generation.files()


@pytest.mark.parametrize("crime", PLANTED)
def test_a_hand_edited_file_is_found(home: Path, crime: str) -> None:
    name, before, after = PLANTED[crime]
    path = home / name
    text = path.read_text()
    path.write_text(text.replace(before, after, 1))
    if path.read_text() == text:
        path.write_text(text + "\n")

    assert any(name in one for one in gate.problems(home))


def test_a_missing_and_a_superfluous_file_are_found_and_corrected(home: Path) -> None:
    (home / "schemas/headers.json").unlink()
    (home / "schemas/consumer/case-dreamt.v1.json").write_text("{}")

    assert len(generation.stale(home)) == 2
    generation.write(home)

    assert generation.stale(home) == []


@pytest.mark.parametrize("folder", ["examples", "invalid"])
def test_an_event_without_examples_is_found(home: Path, folder: str) -> None:
    (home / folder / "case-opened.v1.json").unlink()

    assert any(f"{folder}/case-opened.v1.json" in one for one in gate.problems(home))


def test_an_example_that_the_contract_refuses_is_found(home: Path) -> None:
    path = home / "examples/case-resolved.v1.json"
    path.write_text(path.read_text().replace('"outcome": "solved"', '"outcome": "All is well"', 1))

    assert any("solved: case-resolved.v1: outcome" in one for one in gate.problems(home))


def test_an_invalid_example_that_the_contract_takes_is_found(home: Path) -> None:
    path = home / "invalid/case-resolved.v1.json"
    path.write_text(path.read_text().replace("It was a mistake, says the neighbour.", "mistake", 1))

    assert any("is not refused" in one for one in gate.problems(home))


def test_examples_of_an_event_that_does_not_exist_are_found(home: Path) -> None:
    (home / "examples/case-dreamt.v1.json").write_text("{}")

    assert "examples/case-dreamt.v1.json: no such event" in gate.problems(home)


def test_a_gate_that_opens_too_easily_is_found_by_its_own_table(home: Path) -> None:
    path = home / "vectors/compatibility.json"
    path.write_text(path.read_text().replace('"verdict": "forbidden"', '"verdict": "allowed"', 1))

    assert any(one.startswith("vectors/compatibility.json") for one in gate.problems(home))


def test_every_event_has_a_baseline_or_is_a_draft() -> None:
    frozen = {path.name for path in (REPOSITORY / "contracts/baselines").iterdir() if path.is_dir()}

    assert set(BY_TYPE) - frozen == drafts(REPOSITORY)
