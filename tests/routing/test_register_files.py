"""The register's files are checked before anything is decided by them."""

import shutil
from pathlib import Path

import pytest

from routing.adapters.register_files import RegisterError, read_register

SEED = Path(__file__).parents[2] / "deploy" / "seed" / "routing"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped files to spoil."""
    return Path(shutil.copytree(SEED, tmp_path / "routing"))


def test_the_shipped_register_can_be_read_twice_with_the_same_content() -> None:
    assert read_register(SEED).content == read_register(SEED).content


def test_a_changed_file_is_another_content(folder: Path) -> None:
    rules = folder / "rules.yaml"
    rules.write_text(rules.read_text().replace("2026-11-01", "2026-12-01"))

    assert read_register(folder).content != read_register(SEED).content


@pytest.mark.parametrize(
    ("file", "written", "misspelt", "complaint"),
    [
        (
            "rules.yaml",
            "kinds: [technical]",
            "kind: [technical]",
            "rules.rules.2.when.0.kind is not a known field",
        ),
        ("rules.yaml", "route: technical-office", "route: tecnical-office", "rules.rules.2.route"),
        ("rules.yaml", "name: social", "name: technical", "technical is there twice"),
        ("rules.yaml", "name: social", "name: The Social", "'The Social' is not a code"),
        (
            "operators.yaml",
            "substitutes: [operatore-2]",
            "substitutes: [nobody]",
            "substitute nobody is not an operator",
        ),
        ("deadlines.yaml", "unknown: n", "unknown: zz", "zz is not one of the classes"),
        ("deadlines.yaml", "unit: hours", "unit: fortnights", "clocks.0.contact.unit"),
        ("calendar.yaml", "province: lecco", "provinces: lecco", "provinces is not a known field"),
    ],
)
def test_a_mistake_is_refused_with_its_place(
    folder: Path, file: str, written: str, misspelt: str, complaint: str
) -> None:
    text = (folder / file).read_text()
    assert written in text
    (folder / file).write_text(text.replace(written, misspelt, 1))

    with pytest.raises(RegisterError, match=complaint):
        read_register(folder)
