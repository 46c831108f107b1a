"""The file of categories and its translations: every mistake is refused with file, line and fix."""

import shutil
from pathlib import Path

import pytest

from chassis.seed import SeedError
from intake.adapters.category_files import FILE, read_categories, read_category_texts
from intake.domain.categories import Categories, Kind, Visibility
from intake.domain.category_texts import LANGUAGES, CategoryWords, paths

SEED = Path(__file__).parents[2] / "deploy" / "seed" / "intake"
SMALL = """\
groups:
  - {code: casa, label: Casa, kind: technical}
  - {code: tetti, label: Tetti, kind: technical, under: casa}
  - {code: persone, label: Persone, kind: social}
  - {code: pericoli, label: Pericoli, kind: danger}
diversions:
  - {code: pericolo, label: Pericolo, calls: ["112"]}
categories:
  - code: lift
    label: Ascensore
    kind: technical
    group: tetti
    urgency: u
    keywords: [ascensore]
    questions:
      - {code: fermo, label: "Fermo?", type: yes-no, raises: [{answers: [yes], urgency: e1}]}
      - {code: dove, label: "Dove?", type: one-of, options: [{code: su, label: Su}, {code: giu, label: Giù}]}
      - {code: quando, label: "Quando?", type: date, only_if: {question: dove, answers: [su]}}
      - {code: quanti, label: "Quanti?", type: number, least: 1, most: 9, only_if: {places: [stair]}}
  - {code: soli, label: Soli, kind: social, group: persone, urgency: s, keywords: [solo]}
  - {code: gas, label: Gas, kind: danger, group: pericoli, urgency: e0, keywords: [gas], diversion: pericolo}
"""
MISTAKES = [
    ("type: date", "type: day", 18, "write one of 'yes-no'"),
    ("kind: social, group", "kind: sociale, group", 20, "write one of 'technical'"),
    ("code: soli", "code: lift", 20, "is there twice, first on line 9"),
    ("code: soli", "code: Così", 20, "lowercase"),
    ("code: soli", "code: so.li", 20, "without a dot"),
    ("code: soli, ", "", 20, "code: is missing"),
    ("code: dove", "code: fermo", 17, "is there twice, first on line 16"),
    ("code: giu", "code: su", 17, "is there twice, first on line 17"),
    ("code: persone, label", "code: casa, label", 4, "is there twice, first on line 2"),
    ("under: casa", "under: tetti", 3, "a group of the kind technical that is written above: casa"),
    ("under: casa", "under: pericoli", 3, "that is written above"),
    ("group: persone", "group: casa", 20, "write a group of the kind social: persone"),
    ("urgency: e0", "urgency: e1", 21, "write e0 for the kind danger"),
    (", diversion: pericolo", "", 21, "write a diversion for the kind danger"),
    ("diversion: pericolo", "diversion: fuoco", 21, "there is no such code; write one of pericolo"),
    ('calls: ["112"]', "calls: [lift]", 7, "write 112 or 115 too"),
    ('calls: ["112"]', 'calls: ["113"]', 7, "write one of '112', '115' or 'lift'"),
    ("urgency: s,", "urgency: s, visibility: public,", 20, "only technical categories can be public"),
    ("question: dove", "question: doves", 18, "above this one: fermo, dove"),
    ("question: dove", "question: quando", 18, "above this one: fermo, dove"),
    ("type: yes-no,", "type: yes-no, only_if: {question: dove, answers: [su]},", 16, "above this one: none"),
    ("answers: [su]", "answers: [sopra]", 18, "there is no such code; write one of giu, su"),
    (", answers: [su]", "", 18, "answers: is missing"),
    ("{places: [stair]}", "{answers: [yes]}", 19, "write question and answers, or places"),
    ("places: [stair]", "places: [scala]", 19, "write one of 'province'"),
    ("answers: [yes]", "answers: [maybe]", 16, "there is no such code; write one of no, yes"),
    ("urgency: e1}", "urgency: n}", 16, "write a class above u"),
    ("urgency: e1}", "urgency: e0}", 16, "for an immediate danger write a diversion"),
    ("answers: [yes], urgency: e1", "answers: [yes]", 16, "write an urgency or a diversion"),
    ("type: date,", "type: date, raises: [{answers: [su], urgency: e1}],", 18, "raises nothing"),
    ("{code: giu, label: Giù}", "", 17, "at least two options"),
    ("type: date,", "type: date, options: [{code: su, label: Su}],", 18, "the type date has none"),
    ("type: date,", "type: date, most: 3,", 18, "only a number has bounds"),
    ("least: 1", "least: 10", 19, "write at most 9"),
    ("keywords: [solo]", "keywords: []", 20, "write at least 1"),
    ("    urgency: u", "    urgenza: u", 13, "is not a field"),
]


def refused(folder: Path, text: str) -> SeedError:
    (folder / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(SeedError) as found:
        read_categories(folder)
    return found.value


@pytest.mark.parametrize(("before", "after", "line", "says"), MISTAKES)
def test_a_mistake_names_its_line_and_its_fix(
    tmp_path: Path, before: str, after: str, line: int, says: str
) -> None:
    assert SMALL.count(before) >= 1

    faults = refused(tmp_path, SMALL.replace(before, after, 1)).faults

    assert (FILE, line) in [(one.file.name, one.line) for one in faults if says in str(one)], faults


def test_two_questions_that_wait_for_each_other_are_refused(tmp_path: Path) -> None:
    circle = SMALL.replace(
        '"Dove?", type: one-of,', '"Dove?", type: one-of, only_if: {question: sì, answers: [yes]},'
    )
    circle = circle.replace("question: sì", "question: altro").replace("code: quando", "code: altro")

    assert "above this one: fermo" in str(refused(tmp_path, circle))


def test_what_the_file_says_is_what_the_tree_has(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(SMALL, encoding="utf-8")

    tree = read_categories(tmp_path)

    lift = tree.category("lift")
    assert lift is not None
    assert (lift.path, lift.is_public) == (("technical", "casa", "tetti"), False)
    assert [one.code for one in lift.questions] == ["fermo", "dove", "quando", "quanti"]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("  ascensore:\n", "  ascensori:\n", "categories.ascensore.label: is missing"),
        ("  ascensore:\n", "  ascensori:\n", "categories.ascensori.label: categories.yaml has no such text"),
        ("      fermo:\n", "      fermi:\n", "categories.ascensore.questions.fermo.label: is missing"),
        ("          tetto:", "          tetti:", "questions.da-dove.options.tetto: is missing"),
        ('  alloggio: "Inside the flat"\n', "", "groups.alloggio: is missing"),
        ('label: "Lift stopped or broken"', 'label: ""', "write something"),
        ('keywords: ["lift"', 'keyword: ["lift"', "is not a field"),
    ],
)
def test_a_text_that_a_language_lacks_is_named(tmp_path: Path, before: str, after: str, says: str) -> None:
    shutil.copytree(SEED, tmp_path, dirs_exist_ok=True)
    file = tmp_path / "categories.en.yaml"
    text = file.read_text(encoding="utf-8")
    assert before in text
    file.write_text(text.replace(before, after, 1), encoding="utf-8")

    with pytest.raises(SeedError) as found:
        read_category_texts(tmp_path)

    assert all(one.file.name == file.name and one.line > 1 for one in found.value.faults)
    assert says in str(found.value)


def test_a_language_without_a_file_is_named(tmp_path: Path) -> None:
    shutil.copytree(SEED, tmp_path, dirs_exist_ok=True)
    (tmp_path / "categories.uk.yaml").unlink()

    with pytest.raises(SeedError, match=r"categories\.uk\.yaml, line 1: cannot be read"):
        read_category_texts(tmp_path)


def test_the_shipped_tree_is_public_in_common_areas_only_and_has_every_text_in_every_language() -> None:
    tree, texts = read_categories(SEED), read_category_texts(SEED)

    assert {one.kind for one in tree.categories if one.visibility is Visibility.PUBLIC} == {Kind.TECHNICAL}
    private = {"muffa", "porta-insicura", "corrente", "acqua", "allagamento", "isolamento", "altro"}
    assert not [code for code in private if (found := tree.category(code)) is None or found.is_public]
    assert {one.language for one in texts} == set(LANGUAGES)
    assert all(set(one.texts) == set(paths(tree)) for one in texts)
    assert all(italian_free(tree, CategoryWords(one)) for one in texts)


def italian_free(tree: Categories, words: CategoryWords) -> bool:
    """Whether no label of a category is still the Italian one."""
    return all(words.category(one) != one.label for one in tree.categories)
