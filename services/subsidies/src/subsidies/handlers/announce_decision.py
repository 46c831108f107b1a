"""The events of a decision: the submission, the outcome, and the budget that the grant exhausts."""

from collections.abc import Iterator
from typing import Any

from contracts.base import Event
from contracts.subsidies import (
    ApplicationSubmitted,
    BudgetExhausted,
    DecisionAnnulled,
    SubsidyGranted,
    SubsidyRefused,
    SubsidyWaitlisted,
)
from subsidies.domain.applications import Application
from subsidies.domain.budgets import Budget
from subsidies.domain.decision_records import DecisionRecord
from subsidies.domain.decisions import Outcome


def announce_decision(application: Application, record: DecisionRecord, budget: Budget) -> Iterator[Event]:
    """The events of one decision in their order; `budget` is the budget after the decision."""
    yield ApplicationSubmitted(
        application_id=application.application_id,
        report_id=application.report_id,
        measure=application.measure,
    )
    yield _outcome(application, record)
    if record.outcome is Outcome.GRANTED and budget.available_cents == 0:
        yield _exhausted(budget)


def announce_correction(
    application: Application, annulled: DecisionRecord, record: DecisionRecord, before: Budget, after: Budget
) -> Iterator[Event]:
    """The events of a decision that annuls another; the budget of the new decision, before and after both."""
    yield announce_annulment(application, annulled, record)
    yield _outcome(application, record)
    if before.available_cents > 0 and after.available_cents == 0:
        yield _exhausted(after)


def announce_annulment(
    application: Application, annulled: DecisionRecord, record: DecisionRecord
) -> DecisionAnnulled:
    """The event that a decision is annulled, for which reason, and which decision replaces it."""
    return DecisionAnnulled(
        application_id=application.application_id,
        report_id=application.report_id,
        measure=annulled.measure,
        decision_id=annulled.decision_id,
        replaced_by=record.decision_id,
        reason=record.annulment.reason if record.annulment else "",
        budget=annulled.budget,
        released_cents=annulled.amount_cents,
    )


def _exhausted(budget: Budget) -> BudgetExhausted:
    return BudgetExhausted(budget=budget.code, measure=budget.measure, allocated_cents=budget.allocated_cents)


def _outcome(application: Application, record: DecisionRecord) -> Event:
    fields: dict[str, Any] = {
        "application_id": application.application_id,
        "report_id": application.report_id,
        "measure": record.measure,
        "decision_id": record.decision_id,
        "pack": record.pack,
        "pack_hash": record.pack_hash[:16],
    }
    match record.outcome:
        case Outcome.GRANTED:
            money = {"amount_cents": record.amount_cents, "partial": record.partial}
            return SubsidyGranted(budget=record.budget, **fields, **money)
        case Outcome.WAITLISTED:
            return SubsidyWaitlisted(budget=record.budget, **fields)
        case Outcome.REFUSED:
            return SubsidyRefused(**fields)
