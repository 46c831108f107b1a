"""The rule files of the agency: one YAML file per rule pack, measures.yaml and procedure.yaml, in one folder."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from chassis.seed import (
    Code,
    Day,
    Fault,
    KeyPath,
    Row,
    SeedError,
    SeedFile,
    Text,
    Written,
    cells,
    each,
    load,
    loose,
    read,
    refuse,
    twice,
)
from subsidies.adapters.procedure_file import PROCEDURE, read_procedure
from subsidies.adapters.rule_texts import is_text_file, read_rule_texts
from subsidies.domain.canonical import canonical
from subsidies.domain.expressions import CODES, COMPOSITION
from subsidies.domain.measures import Measure
from subsidies.domain.pack_parser import parse_pack_text
from subsidies.domain.packs import DraftPack, InvalidPack, Pack, PackText, in_force
from subsidies.domain.procedure import Procedure
from subsidies.domain.rule_texts import RuleTexts
from subsidies.handlers.allocate_budget import AllocateBudget
from subsidies.handlers.publish_measures import PublishMeasures

MEASURES = "measures.yaml"


@dataclass(frozen=True)
class Rules:
    """The content of the folder; `drafts` names the packs that are not in use, `texts` are by language."""

    packs: tuple[PackText, ...]
    drafts: tuple[str, ...]
    measures: PublishMeasures
    budgets: tuple[AllocateBudget, ...]
    procedure: Procedure
    texts: Mapping[str, RuleTexts]


class _BudgetRow(Row):
    code: Code
    province: Code
    allocated_cents: Annotated[int, Field(gt=0, le=10**12)]


class _MeasureRow(Row):
    code: Code
    title: Text
    pack_family: Code
    notice_on: Day
    opens_on: Day
    closes_on: Day | None
    budgets: Annotated[tuple[_BudgetRow, ...], Field(min_length=1)]


class _MeasuresFile(Row):
    measures: Annotated[tuple[_MeasureRow, ...], Field(min_length=1)]


def read_rules(folder: Path) -> Rules:
    """Read and check the folder; raises SeedError with every fault: file, place and fix."""
    texts, drafts = _read_packs(folder)
    file = load(folder / MEASURES)
    rows = read(file, _MeasuresFile).measures
    refuse(_faults(file, rows, cells(folder.parent / "intake" / "places.csv", "code", kind="province")))
    measures = tuple(_measure(file, number, row, texts, drafts) for number, row in enumerate(rows))
    allocations = tuple(
        AllocateBudget(leaf.code, row.code, leaf.province, leaf.allocated_cents)
        for row in rows
        for leaf in row.budgets
    )
    content = hashlib.sha256(canonical({"measures": [asdict(one) for one in measures]})).hexdigest()
    procedure = read_procedure(folder)
    sentences = [*(one.title for one in measures), *(one.text for one in procedure.reasons)]
    translated = read_rule_texts(folder, [parse_pack_text(text.text) for text in texts], sentences)
    published = PublishMeasures(content, measures)
    return Rules(tuple(texts), tuple(drafts), published, allocations, procedure, translated)


def _read_packs(folder: Path) -> tuple[list[PackText], list[str]]:
    """The packs, and the names of the drafts."""
    texts: list[PackText] = []
    drafts: list[str] = []
    faults: list[Fault] = []
    for path in sorted(folder.glob("*.yaml")):
        if path.name in (MEASURES, PROCEDURE) or is_text_file(path):
            continue
        try:
            texts.append(read_pack_file(path))
        except DraftPack:
            drafts.append(path.stem)
        except SeedError as error:
            faults += error.faults
    refuse(faults)
    return texts, drafts


def _faults(file: SeedFile, rows: tuple[_MeasureRow, ...], known: frozenset[str] | None) -> Iterator[Fault]:
    """Duplicate codes, unknown provinces, and days in the wrong order."""
    codes: list[Written] = []
    for number, row in enumerate(rows):
        at = ("measures", number)
        codes.append(((*at, "code"), row.code))
        provinces: list[Written] = []
        for which, leaf in enumerate(row.budgets):
            codes.append(((*at, "budgets", which, "code"), leaf.code))
            provinces.append(((*at, "budgets", which, "province"), leaf.province))
        yield from twice(file, provinces)
        yield from loose(file, provinces, known)
        if row.opens_on < row.notice_on:
            yield file.fault((*at, "opens_on"), "write a day that is not before notice_on")
        if row.closes_on is not None and row.closes_on < row.opens_on:
            yield file.fault((*at, "closes_on"), "write a day that is not before opens_on")
    yield from twice(file, codes)


def read_pack_file(path: Path) -> PackText:
    """One pack as canonical text with its hash; raises DraftPack for a draft and SeedError for an invalid pack."""
    file = load(path)
    body = canonical(file.value)
    text = PackText(hashlib.sha256(body).hexdigest(), str(file.value.get("id")), body.decode())
    try:
        parse_pack_text(text.text)
    except DraftPack:
        raise
    except InvalidPack as error:
        raise SeedError([Fault(path, file.line(error.path), "", str(error))]) from error
    refuse(_unknown_codes(file))
    return text


def _unknown_codes(file: SeedFile) -> Iterator[Fault]:
    """Codes that no application can contain; checked in files only, so that packs of past decisions stay readable."""
    tracks = file.value["tracks"]
    lists: list[tuple[KeyPath, Any]] = [(("predicates",), file.value["predicates"])]
    lists += [(("tracks", number, "predicates"), track["predicates"]) for number, track in enumerate(tracks)]
    for at, predicates in lists:
        for number, predicate in enumerate(predicates):
            for where, test in (((), predicate), (("when",), predicate.get("when") or {})):
                if test.get("value") in CODES and isinstance(test.get("threshold"), list):
                    written = each((*at, number, *where, "threshold"), test["threshold"])
                    yield from loose(file, written, CODES[test["value"]])
    increases = enumerate(file.value["scale"]["composition"])
    written = [(("scale", "composition", number, "code"), row["code"]) for number, row in increases]
    yield from loose(file, written, COMPOSITION)


def _measure(
    file: SeedFile, number: int, row: _MeasureRow, texts: list[PackText], drafts: list[str]
) -> Measure:
    packs: dict[Pack, PackText] = {parse_pack_text(text.text): text for text in texts}
    try:
        chosen = in_force(packs, row.pack_family, row.notice_on)
    except InvalidPack as error:
        fix = f"{error}; drafts: {', '.join(drafts) or 'none'}"
        raise SeedError([file.fault(("measures", number, "pack_family"), fix)]) from error
    return Measure(
        code=row.code,
        title=row.title,
        notice_on=row.notice_on.isoformat(),
        opens_on=row.opens_on.isoformat(),
        closes_on=None if row.closes_on is None else row.closes_on.isoformat(),
        pack=packs[chosen].hash,
        budgets=tuple((leaf.province, leaf.code) for leaf in row.budgets),
    )
