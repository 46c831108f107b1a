"""Takes one decision on the data of an application: by the rules, from the money that is available."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from chassis.documents import Put
from chassis.errors import Refused
from chassis.handling import Moment
from chassis.sealing import Sealed
from subsidies.domain.applications import Application, Status
from subsidies.domain.budgets import Budget
from subsidies.domain.canonical import digest_of
from subsidies.domain.decision_records import DecisionRecord, record_decision
from subsidies.domain.decisions import Circumstances
from subsidies.domain.facts import Facts
from subsidies.domain.packs import PackText
from subsidies.domain.procedure import Correction
from subsidies.domain.reproduction import content_digest, decide_explained
from subsidies.handlers.documents import DRAFTS, Draft, decision_of


@dataclass(frozen=True, kw_only=True)
class DecisionCommand:
    """What a decision is taken on; `sealed` is the encrypted data, `expected` the digest of a preview that was confirmed."""

    application_id: str
    measure: str
    notice_on: str
    pack_hash: str
    budget: str
    facts: Facts
    sealed: Sealed
    salt: str
    expected: str = ""


def take_decision(
    command: DecisionCommand,
    application: Application,
    budget: Budget,
    pack: PackText,
    moment: Moment,
    submitted_on: date,
    correction: Correction | None = None,
) -> DecisionRecord:
    """The record of the decision; raises Refused 409 when it is not the one that was confirmed."""
    at = Circumstances(
        measure=command.measure,
        budget=budget.code,
        pack_hash=command.pack_hash,
        notice_on=date.fromisoformat(command.notice_on),
        submitted_on=submitted_on,
        available_cents=budget.available_cents,
    )
    decision, explanation = decide_explained(pack.text, command.facts, at, correction)
    if command.expected and content_digest(explanation, command.salt) != command.expected:
        raise preview_outdated()
    record = record_decision(
        decision,
        at,
        pack_id=pack.id,
        decision_id=decision_of(command.application_id, application.annulments),
        application_id=command.application_id,
        cause=moment.cause,
        digest=digest_of(explanation, command.salt),
        decided_at=moment.now,
    )
    return record if correction is None else replace(record, annulment=correction.annulment)


def preview_outdated() -> Refused:
    """The refusal of a decision that differs from the confirmed preview."""
    return Refused(
        "preview-outdated",
        "The data, the rules, the measure or the available money have changed since the preview.",
        fix="Read the new preview and decide again.",
    )


def decided(application: Application, record: DecisionRecord) -> Application:
    """The application with this decision in force."""
    return replace(
        application,
        measure=record.measure,
        status=Status.DECIDED,
        outcome=record.outcome,
        budget=record.budget,
        amount_cents=record.amount_cents,
        partial=record.partial,
        decision_id=record.decision_id,
        decided_at=record.decided_at,
    )


def without_draft(draft: Draft | None) -> list[Put[Any]]:
    """The write that removes what was typed, once it is decided."""
    return [] if draft is None or draft.sealed is None else [DRAFTS.put(Draft(draft.application_id, None))]


def answer_of(record: DecisionRecord) -> dict[str, Any]:
    """The answer for the officer: the outcome and the reasons, without personal values."""
    reasons = [
        {
            "code": reason.code,
            "comparator": reason.comparator,
            "threshold": reason.threshold,
            "outcome": reason.outcome,
            "legal": reason.legal,
        }
        for reason in record.reasons
    ]
    return {
        "application_id": record.application_id,
        "decision_id": record.decision_id,
        "outcome": record.outcome.value,
        "amount_cents": record.amount_cents,
        "partial": record.partial,
        "reasons": reasons,
    }
