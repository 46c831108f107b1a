"""The ledger of the budgets: one entry per movement of money."""

from dataclasses import dataclass
from datetime import datetime

from subsidies.domain.decision_records import DecisionRecord


@dataclass(frozen=True)
class LedgerEntry:
    """One movement of a budget, in cents; the id is the decision's, so one decision moves money once."""

    decision_id: str
    application_id: str
    budget: str
    op: str
    cents: int
    at: datetime


def reservation(record: DecisionRecord) -> LedgerEntry:
    """The entry of a grant: its amount is reserved in its budget."""
    return LedgerEntry(
        record.decision_id,
        record.application_id,
        record.budget,
        "reserve",
        record.amount_cents,
        record.decided_at,
    )
