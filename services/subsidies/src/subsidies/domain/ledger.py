"""The ledger of the budgets: one entry per movement of money."""

from dataclasses import dataclass
from datetime import datetime

from subsidies.domain.decision_records import DecisionRecord

RESERVE, RELEASE = "reserve", "release"


@dataclass(frozen=True)
class LedgerEntry:
    """One movement of a budget, in cents: a reservation is positive, its release negative.

    A decision reserves its money once and releases it once, so decision and operation identify the entry.
    """

    decision_id: str
    application_id: str
    budget: str
    op: str
    cents: int
    at: datetime


def reservation(record: DecisionRecord) -> LedgerEntry:
    """The entry of a grant: its amount is reserved in its budget."""
    return _entry(record, RESERVE, record.amount_cents, record.decided_at)


def release(record: DecisionRecord, at: datetime) -> LedgerEntry:
    """The entry of an annulled grant: the amount that it had reserved is available again."""
    return _entry(record, RELEASE, -record.amount_cents, at)


def _entry(record: DecisionRecord, op: str, cents: int, at: datetime) -> LedgerEntry:
    return LedgerEntry(record.decision_id, record.application_id, record.budget, op, cents, at)
