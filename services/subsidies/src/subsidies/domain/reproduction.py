"""Computes a decision and its explanation from the rule pack and the facts: the same bytes now and at any later time."""

from typing import Any

from subsidies.domain.decision_records import DecisionRecord
from subsidies.domain.decisions import Circumstances, Decision, decide
from subsidies.domain.explanation import explain
from subsidies.domain.facts import Facts
from subsidies.domain.pack_parser import parse_pack_text


def decide_explained(pack_text: str, facts: Facts, at: Circumstances) -> tuple[Decision, dict[str, Any]]:
    """The decision by a pack's canonical text, and its explanation; raises InvalidPack."""
    pack = parse_pack_text(pack_text)
    decision = decide(pack, facts, at)
    return decision, explain(pack, facts, at, decision)


def reproduce(record: DecisionRecord, pack_text: str, facts: Facts) -> dict[str, Any]:
    """The explanation of a recorded decision, computed again from its pack and its facts."""
    return decide_explained(pack_text, facts, record.circumstances)[1]
