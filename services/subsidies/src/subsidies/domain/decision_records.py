"""The stored record of a decision: rules and outcomes, without any personal value."""

from dataclasses import dataclass
from datetime import datetime

from subsidies.domain.decision_texts import rule_text
from subsidies.domain.decisions import Circumstances, Decision, Outcome
from subsidies.domain.expressions import KINDS
from subsidies.domain.procedure import Annulment


@dataclass(frozen=True)
class Reason:
    """One condition of a decision: the rule and its result, never the value that was compared."""

    code: str
    comparator: str
    threshold: str
    outcome: str
    legal: str


@dataclass(frozen=True)
class DecisionRecord:
    """A decision with everything it depends on except the encrypted data.

    `annulment` is set when the decision annuls and replaces an earlier one, which stays as it was recorded.
    `digest` is the salted SHA-256 of the explanation: a reproduction of the decision must give the same bytes.
    """

    decision_id: str
    application_id: str
    cause: str
    measure: str
    budget: str
    pack: str
    pack_hash: str
    track: str
    notice_on: str
    submitted_on: str
    available_cents: int
    outcome: Outcome
    amount_cents: int
    partial: bool
    reasons: tuple[Reason, ...]
    digest: str
    decided_at: datetime
    annulment: Annulment | None = None

    @property
    def circumstances(self) -> Circumstances:
        """The circumstances in which the decision was made."""
        return Circumstances.of(
            measure=self.measure,
            budget=self.budget,
            pack_hash=self.pack_hash,
            notice_on=self.notice_on,
            submitted_on=self.submitted_on,
            available_cents=self.available_cents,
        )


def record_decision(
    decision: Decision,
    at: Circumstances,
    *,
    pack_id: str,
    decision_id: str,
    application_id: str,
    cause: str,
    digest: str,
    decided_at: datetime,
) -> DecisionRecord:
    """The record of a decision made in these circumstances."""
    return DecisionRecord(
        decision_id=decision_id,
        application_id=application_id,
        cause=cause,
        measure=at.measure,
        budget=at.budget,
        pack=pack_id,
        pack_hash=at.pack_hash,
        track=decision.assessment.track.code,
        notice_on=at.notice_on.isoformat(),
        submitted_on=at.submitted_on.isoformat(),
        available_cents=at.available_cents,
        outcome=decision.outcome,
        amount_cents=decision.amount_cents,
        partial=decision.partial,
        reasons=_reasons(decision),
        digest=digest,
        decided_at=decided_at,
    )


def _reasons(decision: Decision) -> tuple[Reason, ...]:
    return tuple(
        Reason(
            code=finding.predicate.code,
            comparator=finding.predicate.test.comparator.value,
            threshold=rule_text(
                finding.predicate.test.comparator,
                finding.predicate.test.threshold,
                KINDS[finding.predicate.test.value],
            ),
            outcome=finding.result.value,
            legal=finding.predicate.legal,
        )
        for finding in decision.assessment.findings
    )
