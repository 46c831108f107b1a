"""Computes a decision and its explanation from the rule pack and the facts: the same bytes now and at any later time."""

from collections.abc import Mapping
from typing import Any

from subsidies.domain.canonical import digest_of
from subsidies.domain.decision_records import DecisionRecord
from subsidies.domain.decisions import Circumstances, Decision, decide
from subsidies.domain.explanation import explain, explain_correction
from subsidies.domain.facts import Facts
from subsidies.domain.pack_parser import parse_pack_text
from subsidies.domain.procedure import Correction


def decide_explained(
    pack_text: str, facts: Facts, at: Circumstances, correction: Correction | None = None
) -> tuple[Decision, dict[str, Any]]:
    """The decision by a pack's canonical text, and its explanation; raises InvalidPack."""
    pack = parse_pack_text(pack_text)
    decision = decide(pack, facts, at)
    explanation = explain(pack, facts, at, decision)
    if correction is not None:
        explanation = explain_correction(explanation, correction)
    return decision, explanation


def reproduce(record: DecisionRecord, pack_text: str, facts: Facts, note: str = "") -> dict[str, Any]:
    """The explanation of a recorded decision, computed again from its pack, its facts and the note of a correction."""
    correction = None if record.annulment is None else Correction(record.annulment, note)
    return decide_explained(pack_text, facts, record.circumstances, correction)[1]


def content_of(explanation: Mapping[str, Any]) -> dict[str, Any]:
    """What an officer confirms: all of an explanation but the money in the budget, which others change meanwhile."""
    return {name: value for name, value in explanation.items() if name != "available_cents"}


def content_digest(explanation: Mapping[str, Any], salt: str) -> str:
    """The salted digest of what an officer confirms; a handler compares it with the decision that it takes."""
    return digest_of(content_of(explanation), salt)


def disposition_of(explanation: Mapping[str, Any]) -> tuple[Any, ...]:
    """What a decision grants or refuses: the outcome, the budget and each paid line."""
    lines = tuple((line["for"], line["cents"]) for line in explanation["lines"])
    return explanation["outcome"], explanation["budget"], lines
