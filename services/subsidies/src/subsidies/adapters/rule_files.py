"""Rules and measures as the agency keeps them: one YAML file per rule pack, and measures.yaml, in one folder."""

import hashlib
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, StrictInt, ValidationError, model_validator

from subsidies.domain.measure import Measure
from subsidies.domain.pack import BadPack, Draft, Pack, in_force
from subsidies.handlers.allocate_budget import AllocateBudget
from subsidies.handlers.documents import PackText
from subsidies.handlers.publish_measures import PublishMeasures
from subsidies.handlers.replay import canonical, pack_of

MEASURES = "measures.yaml"
Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]


class BadRules(ValueError):
    """A file cannot be used; the text says which, where and what to write instead."""


@dataclass(frozen=True)
class Rules:
    """Everything the folder says; drafts are named and decide nothing."""

    packs: tuple[PackText, ...]
    drafts: tuple[str, ...]
    measures: PublishMeasures
    budgets: tuple[AllocateBudget, ...]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _BudgetRow(_Strict):
    code: Code
    province: Code
    allocated_cents: Annotated[StrictInt, Field(gt=0, le=10**12)]


class _MeasureRow(_Strict):
    code: Code
    title: str
    pack_family: Code
    notice_on: date
    opens_on: date
    closes_on: date | None
    budgets: Annotated[list[_BudgetRow], Field(min_length=1)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.opens_on < self.notice_on or (self.closes_on is not None and self.closes_on < self.opens_on):
            raise ValueError("write notice_on, opens_on and closes_on in the order of their days")
        if len({row.province for row in self.budgets}) != len(self.budgets):
            raise ValueError("give each province one budget")
        return self


class _MeasuresFile(_Strict):
    measures: Annotated[list[_MeasureRow], Field(min_length=1)]

    @model_validator(mode="after")
    def _codes_once(self) -> Self:
        codes = [one.code for one in self.measures] + [
            row.code for one in self.measures for row in one.budgets
        ]
        if len(set(codes)) != len(codes):
            raise ValueError("give each measure and each budget its own code")
        return self


def read_rules(folder: Path) -> Rules:
    """Read and check the folder; raises BadRules with the file, the place and the fix."""
    texts: list[PackText] = []
    drafts: list[str] = []
    for path in sorted(folder.glob("*.yaml")):
        if path.name == MEASURES:
            continue
        try:
            texts.append(read_pack_file(path))
        except Draft:
            drafts.append(path.stem)
    raw = _load(folder / MEASURES)
    try:
        rows = _MeasuresFile.model_validate(raw).measures
        measures = tuple(_measure(row, texts) for row in rows)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise BadRules(f"{folder / MEASURES}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    except BadPack as error:
        raise BadRules(f"{folder / MEASURES}: {error}; drafts: {', '.join(drafts) or 'none'}") from error
    allocations = tuple(
        AllocateBudget(leaf.code, row.code, leaf.province, leaf.allocated_cents)
        for row in rows
        for leaf in row.budgets
    )
    content = hashlib.sha256(canonical({"measures": [asdict(one) for one in measures]})).hexdigest()
    return Rules(tuple(texts), tuple(drafts), PublishMeasures(content, measures), allocations)


def read_pack_file(path: Path) -> PackText:
    """One pack as canonical text under its hash; raises Draft for a draft and BadRules for a bad one."""
    raw = _load(path)
    try:
        body = canonical(raw)
        text = PackText(hashlib.sha256(body).hexdigest(), str(raw.get("id")), body.decode())
        pack_of(text.text)
    except Draft:
        raise
    except (BadPack, TypeError) as error:
        raise BadRules(f"{path}: {error}") from error
    return text


def _measure(row: _MeasureRow, texts: list[PackText]) -> Measure:
    packs: dict[Pack, PackText] = {pack_of(text.text): text for text in texts}
    chosen = in_force(packs, row.pack_family, row.notice_on)
    return Measure(
        code=row.code,
        title=row.title,
        notice_on=row.notice_on.isoformat(),
        opens_on=row.opens_on.isoformat(),
        closes_on=None if row.closes_on is None else row.closes_on.isoformat(),
        pack=packs[chosen].hash,
        budgets=tuple((leaf.province, leaf.code) for leaf in row.budgets),
    )


class _Loader(yaml.SafeLoader):
    """YAML without its surprises: a key written twice is an error, a day stays the text that is written."""


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    doubled = {str(key) for key in keys if keys.count(key) > 1}
    if doubled:
        raise BadRules(f"{node.start_mark}: written twice: {', '.join(sorted(doubled))}")
    return loader.construct_mapping(node, deep=True)


def _text(loader: _Loader, node: yaml.ScalarNode) -> Any:
    return loader.construct_scalar(node)


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _text)


def _load(path: Path) -> dict[str, Any]:
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 - a SafeLoader
    except yaml.YAMLError as error:
        raise BadRules(f"{path}: is not YAML: {error}") from error
    if not isinstance(raw, dict):
        raise BadRules(f"{path}: write a mapping")
    return raw
