"""The collections of subsidies."""

from dataclasses import dataclass

from chassis.documents import Collection
from chassis.ids import derive
from chassis.sealing import Sealed
from subsidies.domain.applications import Application
from subsidies.domain.budgets import Budget
from subsidies.domain.decision_records import DecisionRecord
from subsidies.domain.ledger import LedgerEntry
from subsidies.domain.measures import Register
from subsidies.domain.packs import PackText

CURRENT = "current"


@dataclass(frozen=True)
class Private:
    """The encrypted data of an application; they are erased by removing the key and keeping the rest."""

    application_id: str
    sealed: Sealed


APPLICATIONS = Collection(
    "applications", Application, lambda one: one.application_id, publishes=("subsidies.applications",)
)
PRIVATE = Collection("private", Private, lambda one: one.application_id)
DECISIONS = Collection("decisions", DecisionRecord, lambda one: one.decision_id)
BUDGETS = Collection("budgets", Budget, lambda one: one.code, publishes=("subsidies.measures",))
# Reference data: an entry never changes, and the decision in the same transaction is guarded.
LEDGER = Collection("ledger", LedgerEntry, lambda one: one.decision_id, reference=True)
PACKS = Collection("packs", PackText, lambda one: one.hash, reference=True)
REGISTERS = Collection("registers", Register, lambda one: one.id, reference=True)


def application_of(report_id: str) -> str:
    """The id of the only application of a report."""
    return derive(report_id, "application")


def decision_of(application_id: str) -> str:
    """The id of the only decision on an application."""
    return derive(application_id, "decision")
