"""The explanation of a decision with its values, for programs and in Italian; equal inputs give equal bytes."""

from dataclasses import asdict
from datetime import date
from typing import Any

from subsidies.domain.assessment import Finding
from subsidies.domain.decision_texts import (
    appeal_text,
    correction_text,
    decision_text,
    finding_text,
    rule_text,
    scale_text,
)
from subsidies.domain.decisions import Circumstances, Decision
from subsidies.domain.equivalence_scale import scale_hundredths
from subsidies.domain.expressions import KINDS
from subsidies.domain.facts import Facts, Value
from subsidies.domain.packs import Pack
from subsidies.domain.procedure import Correction


def explain(pack: Pack, facts: Facts, at: Circumstances, decision: Decision) -> dict[str, Any]:
    """Every value, rule and amount of a decision; it contains personal values, so it is computed on demand and never stored."""
    allowed = decision.assessment.entitlement
    return {
        "measure": at.measure,
        "pack": pack.id,
        "pack_hash": at.pack_hash,
        "track": decision.assessment.track.code,
        "notice_on": at.notice_on.isoformat(),
        "submitted_on": at.submitted_on.isoformat(),
        "predicates": [_finding(one) for one in decision.assessment.findings],
        "owed_cents": allowed.owed_cents,
        "cap_cents": decision.assessment.track.cap_cents,
        "cap_legal": decision.assessment.track.cap_legal,
        "deducted_cents": allowed.deducted_cents,
        "due_cents": allowed.due_cents,
        "budget": at.budget,
        "available_cents": at.available_cents,
        "outcome": decision.outcome.value,
        "amount_cents": decision.amount_cents,
        "partial": decision.partial,
        "lines": [{"for": line.charge, "cents": line.cents} for line in decision.lines],
        "warnings": _warnings(pack, facts),
        "text": decision_text(pack, decision),
        "appeal": {"text": appeal_text(pack), "remedies": [asdict(remedy) for remedy in pack.remedies]},
    }


def explain_correction(explanation: dict[str, Any], correction: Correction) -> dict[str, Any]:
    """The explanation of a decision that annuls an earlier one: the same, and why the earlier one is annulled."""
    text = f"{correction_text(correction)}\n{explanation['text']}"
    return explanation | {"annulment": asdict(correction.annulment) | {"note": correction.note}, "text": text}


def _finding(finding: Finding) -> dict[str, Any]:
    test = finding.predicate.test
    return {
        "code": finding.predicate.code,
        "value_of": test.value,
        "value": _plain(finding.value),
        "comparator": test.comparator.value,
        "threshold": rule_text(test.comparator, test.threshold, KINDS[test.value]),
        "limit": _plain(finding.limit),
        "outcome": finding.result.value,
        "legal": finding.predicate.legal,
        "text": finding_text(finding),
    }


def _plain(value: Value | None) -> Any:
    match value:
        case date():
            return value.isoformat()
        case tuple():
            return list(value)
        case _:
            return value


def _warnings(pack: Pack, facts: Facts) -> list[str]:
    """Discrepancies for the officer to check; they do not decide, because INPS attests the scale (DPCM 159/2013)."""
    stated = scale_hundredths(pack.scale, facts.household)
    attested = facts.attestation.se_hundredths
    if stated == attested:
        return []
    warning = (
        f"La scala di equivalenza attestata ({scale_text(attested)}) non è quella della composizione dichiarata "
        f"({scale_text(stated)}): {pack.scale.legal}. Ha deciso quella attestata."
    )
    return [warning]
