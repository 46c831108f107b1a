"""Every sentence of rules that an applicant reads is there in eight languages, and a file that lacks one says which."""

import shutil
from pathlib import Path

import pytest
from tests.subsidies.conftest import SEED

from chassis.seed import SeedError
from subsidies.adapters.rule_files import Rules, read_rules
from webkit.i18n.languages import PUBLIC

ITALIAN = "L'ISEE ordinario {value} non è inferiore a {limit}."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SEED, tmp_path / "subsidies"))


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_languages_of_the_rules_are_those_of_the_pages(rules: Rules) -> None:
    assert set(rules.texts) == set(PUBLIC)
    said = {texts.translate(ITALIAN) for texts in rules.texts.values()}
    assert len(said) == len(PUBLIC)
    assert all("{value}" in one and "{limit}" in one for one in said)


@pytest.mark.parametrize(
    ("file", "old", "new", "error"),
    [
        ("texts.ar.yaml", f'it: "{ITALIAN}"', 'it: "Altro {value}"', f"“{ITALIAN}” is missing; translate it"),
        ("texts.ro.yaml", "ro: ", "fr: ", "write the Italian sentence as it, the translation as ro"),
        (
            "texts.es.yaml",
            "es inferior a {limit}",
            "es inferior",
            "write {value} and {limit} where the Italian",
        ),
        ("texts.zh.yaml", "（{limit}）", "（{limits}）", "write {value} and {limit} where the Italian"),
        (
            "guidance.yaml",
            "isee-below-limit:",
            "isee-bellow-limit:",
            "no rule pack has a condition of this code",
        ),
        ("crs-2019.yaml", "va sanata presso l'INPS", "va corretta", "va corretta.” is missing; translate it"),
        ("measures.yaml", "2026 (esempio)", "2027", "“Contributo regionale di solidarietà 2027” is missing"),
    ],
)
def test_what_is_missing_or_wrong_is_refused_with_its_file(
    file: str, old: str, new: str, error: str, folder: Path
) -> None:
    change(folder / file, old, new)

    with pytest.raises(SeedError) as refused:
        read_rules(folder)

    assert error in str(refused.value)
    assert file in str(refused.value) or file in ("crs-2019.yaml", "measures.yaml")


def test_a_sentence_of_the_past_is_said_in_italian_and_its_translation_may_stay(folder: Path) -> None:
    past, there = "Una frase di un pacchetto di ieri.", "A sentence of yesterday's pack."
    english = folder / "texts.en.yaml"
    english.write_text(f'{english.read_text()}  - it: "{past}"\n    en: "{there}"\n', encoding="utf-8")

    texts = read_rules(folder).texts

    assert (texts["en"].translate(past), texts["fr"].translate(past)) == (there, past)
