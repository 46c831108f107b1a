"""The parser of rule packs; it accepts only packs that are complete and consistent."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from subsidies.domain.expressions import (
    COMPARATORS,
    KINDS,
    Comparator,
    Comparison,
    Kind,
    PatrimonyScale,
    SameAs,
    Threshold,
)
from subsidies.domain.pack_node import Node
from subsidies.domain.packs import Cover, DraftPack, InvalidPack, Pack, Predicate, Remedy, Scale, Track

_HEAD = (
    "id",
    "family",
    "title",
    "legal",
    "valid_from",
    "valid_to",
    "predicates",
    "tracks",
    "scale",
    "remedies",
)
_WITHOUT_THRESHOLD = (Comparator.IS_TRUE, Comparator.IS_FALSE)
_WITH_CODES = (Comparator.IN, Comparator.NOT_IN, Comparator.NONE_OF)


@lru_cache(maxsize=64)
def parse_pack_text(text: str) -> Pack:
    """The pack of a canonical text, cached; raises InvalidPack."""
    return parse_pack(json.loads(text))


def parse_pack(raw: Mapping[str, Any]) -> Pack:
    """The pack of a parsed file; raises DraftPack for a draft and InvalidPack with place and fix for any other fault."""
    name = str(raw.get("id", "pack")) if isinstance(raw, Mapping) else "pack"
    head = Node(raw, name).fields(_HEAD, ("draft",))
    if head["draft"].raw is True:
        raise DraftPack(f"{name}: is a draft; fill in its values and remove `draft: true` to use it")
    pack = Pack(
        id=head["id"].code(),
        family=head["family"].code(),
        title=head["title"].text(),
        legal=head["legal"].text(),
        valid_from=head["valid_from"].day(),
        valid_to=None if head["valid_to"].is_null else head["valid_to"].day(),
        predicates=tuple(_predicate(row) for row in head["predicates"].rows()),
        tracks=tuple(_track(row) for row in head["tracks"].rows()),
        scale=_scale(head["scale"]),
        remedies=tuple(_remedy(row) for row in head["remedies"].rows()),
    )
    _check_whole(pack)
    return pack


def _check_whole(pack: Pack) -> None:
    if pack.valid_to is not None and pack.valid_to < pack.valid_from:
        raise InvalidPack(f"{pack.id}.valid_to: write a day that is not before valid_from", ("valid_to",))
    for number, track in enumerate(pack.tracks):
        at = ("tracks", number, "predicates")
        predicates = pack.predicates + track.predicates
        codes = Counter(one.code for one in predicates)
        doubled = [code for code, times in codes.items() if times > 1]
        if doubled:
            raise InvalidPack(
                f"{pack.id}.{track.code}: give each condition its own code: {', '.join(doubled)}", at
            )
        something_due = Comparison("due-cents", Comparator.GT, 0)
        if not any(one.test == something_due and one.when is None for one in predicates):
            raise InvalidPack(
                f"{pack.id}.{track.code}: add the condition that due-cents is gt 0; without it a grant could be empty",
                at,
            )
    if len({track.code for track in pack.tracks}) != len(pack.tracks):
        raise InvalidPack(f"{pack.id}.tracks: give each track its own code", ("tracks",))


def _predicate(node: Node) -> Predicate:
    part = node.fields(("code", "legal", "value", "comparator", "pass", "fail"), ("threshold", "when"))
    when = part["when"]
    inner = None if when.is_null else when.fields(("value", "comparator"), ("threshold",))
    return Predicate(
        code=part["code"].text(),
        legal=part["legal"].text(),
        test=_comparison(part),
        when=None if inner is None else _comparison(inner),
        pass_text=_template(part["pass"]),
        fail_text=_template(part["fail"]),
    )


def _comparison(part: dict[str, Node]) -> Comparison:
    value, comparator = _value(part["value"]), part["comparator"].one_of(Comparator)
    if comparator not in COMPARATORS[KINDS[value]]:
        raise part["comparator"].error(
            f"write one of {', '.join(sorted(COMPARATORS[KINDS[value]]))} for {value}"
        )
    return Comparison(value, comparator, _threshold(part["threshold"], KINDS[value], comparator))


def _threshold(node: Node, kind: Kind, comparator: Comparator) -> Threshold:
    if comparator in _WITHOUT_THRESHOLD:
        if not node.is_null:
            raise node.error(f"leave the threshold of {comparator} out")
        return None
    if comparator in _WITH_CODES:
        return tuple(row.text() for row in node.rows())
    if isinstance(node.raw, Mapping):
        return _computed(node, kind)
    if kind is Kind.DATE:
        raise node.error("write {same_as: notice-on} or {same_as: submitted-on}")
    return node.integer()


def _computed(node: Node, kind: Kind) -> Threshold:
    if "same_as" in node.raw:
        other = node.fields(("same_as",))["same_as"]
        if KINDS[_value(other)] is not kind:
            raise other.error(f"write a value that is a {kind} too")
        return SameAs(other.text())
    part = node.fields(("one_person_cents", "base_cents", "per_pse_cents"))
    if kind is not Kind.CENTS:
        raise node.error("use a threshold in cents for an amount only")
    scale = PatrimonyScale(
        *(part[name].integer() for name in ("one_person_cents", "base_cents", "per_pse_cents"))
    )
    if scale.per_pse_cents % 100:
        raise part["per_pse_cents"].error("write whole euro in cents, so that PSE in hundredths stays exact")
    return scale


def _track(node: Node) -> Track:
    part = node.fields(("code", "title", "cap_cents", "cap_legal", "covers", "predicates"), ("deduct",))
    return Track(
        code=part["code"].text(),
        title=part["title"].text(),
        cap_cents=part["cap_cents"].integer(1),
        cap_legal=part["cap_legal"].text(),
        covers=tuple(_cover(row) for row in part["covers"].rows()),
        deduct=None if part["deduct"].is_null else _amount(part["deduct"]),
        predicates=tuple(_predicate(row) for row in part["predicates"].rows()),
    )


def _cover(node: Node) -> Cover:
    part = node.fields(("line",), ("amount",))
    line = part["line"].text()
    if (line == "arrears") is not part["amount"].is_null:
        raise node.error(
            "write an amount for every line, and none for arrears, which are paid month by month"
        )
    return Cover(line, None if part["amount"].is_null else _amount(part["amount"]))


def _scale(node: Node) -> Scale:
    names = ("legal", "base", "further_member", "children", "per_disabled", "composition")
    part = node.fields(names)
    children = (row.fields(("at_least", "increase")) for row in part["children"].rows())
    composition = (row.fields(("code", "increase")) for row in part["composition"].rows())
    return Scale(
        legal=part["legal"].text(),
        base=tuple(row.integer(100) for row in part["base"].rows()),
        further_member=part["further_member"].integer(),
        children=tuple((row["at_least"].integer(1), row["increase"].integer()) for row in children),
        per_disabled=part["per_disabled"].integer(),
        composition=tuple((row["code"].text(), row["increase"].integer()) for row in composition),
    )


def _remedy(node: Node) -> Remedy:
    part = node.fields(("authority", "days", "legal"))
    return Remedy(part["authority"].text(), part["days"].integer(1), part["legal"].text())


def _value(node: Node) -> str:
    if node.text() not in KINDS:
        raise node.error(f"write one of {', '.join(sorted(KINDS))}")
    return node.text()


def _amount(node: Node) -> str:
    name = _value(node)
    if KINDS[name] is not Kind.CENTS or name == "due-cents":
        raise node.error("write the name of an amount in cents")
    return name


def _template(node: Node) -> str:
    text = node.text()
    if re.search(r"[{}]", re.sub(r"\{(value|limit)\}", "", text)):
        raise node.error("use braces for {value} and {limit} only")
    return text
