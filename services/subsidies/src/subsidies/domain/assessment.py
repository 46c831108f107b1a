"""Evaluates the conditions of a rule pack on one application: each with its value, its limit and its result."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from subsidies.domain.entitlement import Entitlement, entitlement
from subsidies.domain.expressions import COMPARE, Comparison, PatrimonyScale, SameAs, Threshold
from subsidies.domain.facts import Facts, Value, values_of
from subsidies.domain.packs import Pack, Predicate, Track


class ConditionResult(StrEnum):
    """The result of one condition."""

    PASS = "pass"  # noqa: S105 - not a secret
    FAIL = "fail"
    NOT_APPLICABLE = "not-applicable"


@dataclass(frozen=True)
class Finding:
    """One condition evaluated on one application."""

    predicate: Predicate
    value: Value
    limit: Value | None
    result: ConditionResult


@dataclass(frozen=True)
class Assessment:
    """All conditions of one track, and what the track allows."""

    track: Track
    findings: tuple[Finding, ...]
    entitlement: Entitlement

    @property
    def passed(self) -> bool:
        """Whether no condition failed."""
        return all(finding.result is not ConditionResult.FAIL for finding in self.findings)


def assess(pack: Pack, facts: Facts, notice_on: date, submitted_on: date) -> Assessment:
    """Evaluate a pack on the track that the application names; without one, on the first that passes, else the last.

    Raises ValueError when the pack does not have the named track.
    """
    values = values_of(facts, notice_on, submitted_on)
    wanted = [track for track in pack.tracks if facts.track in (None, track.code)]
    if not wanted:
        raise ValueError(f"{pack.id} has no track {facts.track}")
    tried: list[Assessment] = []
    for track in wanted:
        tried.append(_on_track(pack, track, facts, values))
        if tried[-1].passed:
            break
    return tried[-1]


def _on_track(pack: Pack, track: Track, facts: Facts, values: dict[str, Value]) -> Assessment:
    allowed = entitlement(track, facts, values)
    known = values | {"due-cents": allowed.due_cents}
    predicates = pack.predicates + track.predicates
    return Assessment(track, tuple(_evaluate(one, facts, known) for one in predicates), allowed)


def _evaluate(predicate: Predicate, facts: Facts, values: dict[str, Value]) -> Finding:
    value, limit = values[predicate.test.value], limit_of(predicate.test.threshold, facts, values)
    if predicate.when is not None and not _holds(predicate.when, facts, values):
        return Finding(predicate, value, limit, ConditionResult.NOT_APPLICABLE)
    result = ConditionResult.PASS if _holds(predicate.test, facts, values) else ConditionResult.FAIL
    return Finding(predicate, value, limit, result)


def _holds(test: Comparison, facts: Facts, values: dict[str, Value]) -> bool:
    return COMPARE[test.comparator](values[test.value], limit_of(test.threshold, facts, values))


def limit_of(threshold: Threshold, facts: Facts, values: dict[str, Value]) -> Value | None:
    """The threshold for this application, in the unit of the value it is compared with."""
    match threshold:
        case SameAs(value):
            return values[value]
        case PatrimonyScale():
            return threshold.limit_cents(facts.household.members, facts.attestation.se_hundredths)
        case _:
            return threshold
