"""Reads guidance.yaml, and texts.LANGUAGE.yaml: a translation of every sentence of rules that applicants read."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import Field

from chassis.seed import Fault, Row, SeedError, SeedFile, Text, load, read, refuse
from subsidies.domain.packs import Pack, Predicate
from subsidies.domain.rule_texts import ITALIAN, LANGUAGES, RuleTexts

GUIDANCE = "guidance.yaml"


class _GuidanceFile(Row):
    guidance: Mapping[str, Text]


class _TextsFile(Row):
    sentences: Annotated[tuple[Mapping[str, Text], ...], Field(min_length=1)]


def is_text_file(path: Path) -> bool:
    """Whether a file of the folder has texts and is no rule pack."""
    return path.name == GUIDANCE or path.stem.startswith("texts.")


def read_rule_texts(folder: Path, packs: Sequence[Pack], others: Sequence[str]) -> Mapping[str, RuleTexts]:
    """The texts by language; raises SeedError with every sentence that has no translation.

    `others` are Italian sentences beside those of the packs. Translations of sentences that no rule has any more may stay, for the
    decisions that were taken by it.
    """
    guidance = _guidance(folder, packs)
    found = {ITALIAN: RuleTexts({}, guidance)}
    wanted = list(
        dict.fromkeys([*(one for pack in packs for one in _sentences(pack)), *others, *guidance.values()])
    )
    faults: list[Fault] = []
    for language in LANGUAGES:
        try:
            file = load(folder / f"texts.{language}.yaml")
            found[language] = RuleTexts(_translations(file, language, wanted), guidance)
        except SeedError as error:
            faults += error.faults
    refuse(faults)
    return found


def _guidance(folder: Path, packs: Sequence[Pack]) -> Mapping[str, str]:
    file = load(folder / GUIDANCE)
    guidance = read(file, _GuidanceFile).guidance
    known = {one.code for pack in packs for one in _conditions(pack)}
    fix = "no rule pack has a condition of this code; correct it or remove it"
    refuse([file.fault(("guidance", code), fix) for code in guidance if code not in known])
    return guidance


def _translations(file: SeedFile, language: str, wanted: Sequence[str]) -> Mapping[str, str]:
    rows = read(file, _TextsFile).sentences
    faults: list[Fault] = []
    found: dict[str, str] = {}
    for number, row in enumerate(rows):
        place = ("sentences", number)
        if set(row) != {ITALIAN, language}:
            faults.append(
                file.fault(place, f"write the Italian sentence as {ITALIAN}, the translation as {language}")
            )
            continue
        italian = row[ITALIAN]
        if italian in found:
            faults.append(file.fault((*place, ITALIAN), "is there twice; remove one"))
        elif _named(italian) != _named(row[language]):
            fix = "write {value} and {limit} where the Italian sentence has them, and no other braces"
            faults.append(file.fault((*place, language), fix))
        found[italian] = row[language]
    missing = "is missing; translate it, or write the Italian sentence until somebody does"
    faults += [file.fault(("sentences",), f"“{one}” {missing}") for one in wanted if one not in found]
    refuse(faults)
    return found


def _conditions(pack: Pack) -> Iterator[Predicate]:
    yield from pack.predicates
    yield from (one for track in pack.tracks for one in track.predicates)


def _sentences(pack: Pack) -> Iterator[str]:
    """Every Italian sentence of a pack that an applicant reads."""
    yield pack.title
    for one in _conditions(pack):
        yield from (one.pass_text, one.fail_text)
    yield from (one.authority for one in pack.remedies)


def _named(text: str) -> set[str]:
    return set(re.findall(r"\{[^}]*\}?|\}", text))
