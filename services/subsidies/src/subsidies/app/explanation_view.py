"""The explanation of a decision as pages show it: conditions with their values, amounts, remedies."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from subsidies.domain.expressions import KINDS, Kind


@dataclass(frozen=True)
class ConditionRow:
    """One condition: its result, its sentence without the legal reference, and the values compared."""

    code: str
    result: str
    sentence: str
    legal: str
    value_of: str
    kind: str
    value: Any
    limit: Any


@dataclass(frozen=True)
class ChargeRow:
    """One paid charge; `period` is YYYY-MM for arrears, else empty."""

    charge: str
    period: str
    cents: int


@dataclass(frozen=True)
class ExplanationView:
    """All of an explanation but its one text."""

    outcome: str
    track: str
    partial: bool
    amount_cents: int
    owed_cents: int
    cap_cents: int
    cap_legal: str
    deducted_cents: int
    due_cents: int
    available_cents: int
    conditions: tuple[ConditionRow, ...]
    charges: tuple[ChargeRow, ...]
    warnings: tuple[str, ...]
    remedies: tuple[Mapping[str, Any], ...]
    annulment: Mapping[str, Any] | None
    notice_on: str
    submitted_on: str


def explanation_view(explanation: Mapping[str, Any]) -> ExplanationView:
    """The view of an explanation; failed conditions come first."""
    names = {name: explanation[name] for name in ExplanationView.__dataclass_fields__ if name in explanation}
    rows = sorted(map(_condition, explanation["predicates"]), key=lambda row: row.result != "fail")
    return ExplanationView(
        **names
        | {
            "conditions": tuple(rows),
            "charges": tuple(_charge(line) for line in explanation["lines"]),
            "warnings": tuple(explanation["warnings"]),
            "remedies": tuple(explanation["appeal"]["remedies"]),
            "annulment": explanation.get("annulment"),
        }
    )


def _condition(row: Mapping[str, Any]) -> ConditionRow:
    kind = KINDS[row["value_of"]]
    return ConditionRow(
        code=row["code"],
        result=row["outcome"],
        sentence=row["text"].removesuffix(f" ({row['legal']})"),
        legal=row["legal"],
        value_of=row["value_of"],
        kind=kind.value,
        value=_typed(row["value"], kind),
        limit=_typed(row["limit"], kind),
    )


def _typed(value: Any, kind: Kind) -> Any:
    return date.fromisoformat(value) if kind is Kind.DATE and isinstance(value, str) else value


def _charge(line: Mapping[str, Any]) -> ChargeRow:
    charge, _, period = line["for"].partition(":")
    return ChargeRow(charge, period, line["cents"])
